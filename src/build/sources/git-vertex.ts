import { EngineError } from "../../base/mod.ts";
import { parseGitURL } from "../../dockerfile/mod.ts";
import { makeVertex } from "../graph/make-vertex.ts";
import type { Vertex } from "../graph/vertex.ts";

/** Asks the repository what a name stands for. @throws EngineError */
export type ResolveGit = (remote: string, ref: string) => Promise<string>;

const COMMIT = /^[0-9a-f]{40}$/;

export interface GitVertexOptions {
  readonly keepGitFolder: boolean | undefined;
  /** A commit, or how it begins. */
  readonly checksum: string;
  readonly name: string;
  readonly resolve: ResolveGit;
}

/** A source whose key is the commit. @throws EngineError when the repository has no such ref, or it is not the commit that was asked for */
export async function gitVertex(text: string, { keepGitFolder, checksum, name, resolve }: GitVertexOptions): Promise<Vertex> {
  const url = parseGitURL(text);
  const wanted = checksum || url.checksum;
  const commit = COMMIT.test(url.ref) ? url.ref : await resolve(url.remote, url.ref).catch((error: unknown) => {
    throw error instanceof EngineError ? new EngineError(error.kind, `failed to load cache key: ${error.message}`, { cause: error }) : error;
  });
  if (wanted !== "" && !commit.startsWith(wanted.toLowerCase())) throw new EngineError("InvalidParameter", `expected checksum to match ${wanted}, got ${commit}`);
  return makeVertex({ kind: "git", url: url.remote, ref: url.ref, commit, subfolder: url.subfolder, keepGitFolder: keepGitFolder ?? url.keepGitFolder ?? false }, [], { name });
}
