import { MAGIC_BYTES, sniffCompression } from "../archive/mod.ts";
import { EngineError } from "../base/mod.ts";
import { parseAsFar, DockerfileError, type Dockerfile } from "../dockerfile/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { reasonOf } from "./build-error.ts";
import type { BuildClient } from "./client.ts";
import { isTrue } from "./exporters/boolean.ts";
import { unpackedDownload } from "./frontend/source-finder.ts";
import { makeVertex } from "./graph/make-vertex.ts";
import type { Vertex } from "./graph/vertex.ts";
import { shownAs, shownIfFails, type Tell } from "./internal-vertex.ts";
import type { BuildDeps } from "./ports.ts";
import type { BuildRequest } from "./request.ts";
import type { Result } from "./solver/types.ts";
import { gitVertex } from "./sources/git-vertex.ts";

const MAX_DOCKERFILE_BYTES = 4 * 1024 * 1024;
const DOWNLOAD_MODE = 0o600;
const TAR_MAGIC_AT = 257;

export interface Definition {
  /** As far as it could be read. */
  readonly file: Dockerfile;
  readonly error: DockerfileError | undefined;
  /** What progress shows of reading it; warnings belong to that. */
  readonly definition: Digest;
  /** The context, when it is no folder of the client's. */
  readonly remote: Vertex | undefined;
}

export interface DefinitionOptions {
  readonly request: BuildRequest;
  readonly client: BuildClient;
  readonly tell: Tell;
  readonly signal: AbortSignal;
}

/** The Dockerfile of a build, wherever it is. @throws EngineError, DockerfileError when there is nothing to read */
export async function loadDefinition(deps: BuildDeps, options: DefinitionOptions): Promise<Definition> {
  const { request, client, tell } = options;
  const { context, dockerfile } = request;
  if (context.kind === "git" || context.kind === "http") return await remoteDefinition(deps, options);
  const path = dockerfile.kind === "text" ? dockerfile.name : dockerfile.path;
  const { text: read, digest } = await shownAs(tell, `[internal] load build definition from ${path}`, async (work) => {
    if (dockerfile.kind === "remote") throw new EngineError("InvalidParameter", "there is no remote context to take the Dockerfile from");
    const text = dockerfile.kind === "text" ? dockerfile.text : await client.file(dockerfile.folder, dockerfile.path, MAX_DOCKERFILE_BYTES);
    if (text === undefined) throw new EngineError("InvalidParameter", `failed to read dockerfile: open ${path}: no such file or directory`);
    work.done("transferring dockerfile:", text.length);
    return { text, digest: work.digest };
  });
  return { ...parsed(read, path, request), remote: undefined, definition: digest };
}

function parsed(text: Uint8Array | string, filename: string, { buildArgs }: BuildRequest): Pick<Definition, "file" | "error"> {
  const { dockerfile, error } = parseAsFar(text, { filename, syntax: buildArgs["BUILDKIT_SYNTAX"] });
  return { file: dockerfile, error };
}

async function remoteDefinition(deps: BuildDeps, options: DefinitionOptions): Promise<Definition> {
  const { kind } = options.request.context;
  try {
    return await (kind === "git" ? gitDefinition(deps, options) : httpDefinition(deps, options));
  } catch (error) {
    if (!(error instanceof EngineError) || error instanceof DockerfileError || options.signal.aborted) throw error;
    const reason = reasonOf(error);
    throw new EngineError(error.kind, `${kind === "git" ? READ_DOCKERFILE : "failed to read downloaded context: "}${reason.startsWith(READ_DOCKERFILE) ? reason.slice(READ_DOCKERFILE.length) : reason}`, { cause: error });
  }
}

const READ_DOCKERFILE = "failed to read dockerfile: ";

async function gitDefinition(deps: BuildDeps, options: DefinitionOptions): Promise<Definition> {
  const { request: { context, buildArgs }, tell, signal } = options;
  if (context.kind !== "git") throw new Error("the context is no repository");
  const name = `[internal] load git source ${context.url}`;
  const vertex = await gitVertex(context.url, { keepGitFolder: isTrue(buildArgs["BUILDKIT_CONTEXT_KEEP_GIT_DIR"]) || undefined, checksum: "", name, resolve: (remote, ref) => shownIfFails(tell, name, () => deps.resolveGit(remote, ref, signal)) });
  return await withFiles(deps, vertex, options);
}

async function httpDefinition(deps: BuildDeps, options: DefinitionOptions): Promise<Definition> {
  const { request: { context, dockerfile }, signal } = options;
  if (context.kind !== "http") throw new Error("a local context is no remote one");
  const name = `[internal] load remote build context`;
  const validator = await deps.resolveHttp(context.url, signal);
  const download = makeVertex({ kind: "http", url: context.url, validator, fileName: "context", mode: DOWNLOAD_MODE }, [], { name });
  const head = await reading(deps, download, options, (files) => files.readFile("/context", MAX_DOCKERFILE_BYTES));
  if (head !== undefined && !isArchive(head)) return { ...parsed(head, dockerfile.kind === "text" ? dockerfile.name : dockerfile.path, options.request), remote: undefined, definition: download.digest };
  return await withFiles(deps, unpackedDownload(context.url, validator, name), options);
}

async function withFiles(deps: BuildDeps, vertex: Vertex, options: DefinitionOptions): Promise<Definition> {
  const { dockerfile } = options.request;
  if (dockerfile.kind === "text") return { ...parsed(dockerfile.text, dockerfile.name, options.request), remote: vertex, definition: vertex.digest };
  if (dockerfile.kind === "file" && options.request.context.kind !== "local" && dockerfile.folder !== "context" && dockerfile.folder !== "dockerfile") {
    const bytes = await options.client.file(dockerfile.folder, dockerfile.path, MAX_DOCKERFILE_BYTES);
    if (bytes !== undefined) return { ...parsed(bytes, dockerfile.path, options.request), remote: vertex, definition: vertex.digest };
  }
  const bytes = await reading(deps, vertex, options, (files) => files.readFile(`/${dockerfile.path}`, MAX_DOCKERFILE_BYTES));
  if (bytes === undefined) throw new EngineError("InvalidParameter", `failed to read dockerfile: open ${dockerfile.path}: no such file or directory`);
  return { ...parsed(bytes, dockerfile.path, options.request), remote: vertex, definition: vertex.digest };
}

async function reading<T>(deps: BuildDeps, vertex: Vertex, { client, tell, signal }: DefinitionOptions, read: (files: ReturnType<BuildDeps["files"]>) => T): Promise<T> {
  await using solved = await deps.solver.solve([vertex], { client, tell, signal });
  const [result] = solved.results as [Result];
  return read(deps.files(result.layers.map(({ n }) => n)));
}

function isArchive(bytes: Uint8Array): boolean {
  if (sniffCompression(bytes.subarray(0, MAGIC_BYTES)) !== "none") return true;
  return Buffer.from(bytes.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + 5)).toString("latin1") === "ustar";
}
