import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseGitURL } from "../../dockerfile/mod.ts";
import { remoteContext } from "../build/context-argument.ts";
import { Failure } from "../failure.ts";
import { checkOut, placeIn, resolveRef } from "../remote/git.ts";
import { DEFAULT_FILES, MAX_DEFINITION_BYTES, type FoundFile } from "./read-definitions.ts";

const DOWNLOAD_MS = 60_000;

export interface RemoteFiles extends AsyncDisposable {
  readonly files: readonly FoundFile[];
}

/** Definitions of a repository, or the one file that a URL is; they are there until they are disposed of. @throws Failure */
export async function readRemote(url: string, names: readonly string[]): Promise<RemoteFiles> {
  const folder = mkdtempSync(join(tmpdir(), "hako-bake-"));
  const dispose = async (): Promise<void> => rmSync(folder, { recursive: true, force: true });
  try {
    const files = remoteContext(url)?.kind === "git" ? await filesOfRepository(url, names, join(folder, "checkout")) : [await download(url, folder)];
    return { files, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error instanceof Failure && !error.message.startsWith("ERROR: ") ? new Failure(`ERROR: ${error.message}`) : error;
  }
}

async function filesOfRepository(url: string, names: readonly string[], folder: string): Promise<FoundFile[]> {
  const { remote, ref, subfolder } = parseGitURL(url);
  await checkOut(remote, await resolveRef(remote, ref, url), folder);
  const place = (name: string): string => placeIn(folder, join("/", subfolder, name), name);
  const wanted = names.length > 0 ? names : DEFAULT_FILES.filter((name) => existsSync(join(folder, subfolder, name)));
  return wanted.map((name) => ({ name, path: place(name) }));
}

/** By what it holds, where its name does not say. */
async function download(url: string, folder: string): Promise<FoundFile> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_MS) }).catch((error: unknown) => {
    throw new Failure(`ERROR: failed to load ${url}: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (!answer.ok) throw new Failure(`ERROR: failed to load ${url}: invalid response status ${answer.status}`);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body ?? []) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes > MAX_DEFINITION_BYTES) throw new Failure(`ERROR: non-archive definition URL bigger than maximum allowed size (${MAX_DEFINITION_BYTES} bytes)`);
  }
  const content = Buffer.concat(pieces);
  if (/^(?:BZh|\x1f\x8b\x08|\xfd7zXZ\0)/.test(content.subarray(0, 6).toString("latin1")) || content.subarray(257, 262).toString("latin1") === "ustar") throw new Failure(`ERROR: ${url} is an archive: unpack it, and name its files`);
  const path = join(folder, "definition");
  writeFileSync(path, content);
  return { name: basename(new URL(url).pathname) || "definition", path };
}
