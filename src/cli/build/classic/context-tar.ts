import { closeSync, constants, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { encodeHeader, endOfArchive, nameFromText, padding } from "../../../archive/mod.ts";
import { ignoreMatcher, ignorePatterns } from "../../../dockerfile/mod.ts";
import { FILE_KIND, kindOfMode, type ListedEntry } from "../../../spec/mod.ts";
import { Failure } from "../../failure.ts";
import { reason, walkEntries, type IgnoreRules } from "../walk-folder.ts";

const PIECE_BYTES = 256 * 1024;
const PERMISSIONS = 0o7777;
const IGNORE_FILE = ".dockerignore";

/** A Dockerfile that lies elsewhere, under the name by which the archive has it. */
export interface GivenDockerfile {
  readonly name: string;
  readonly text: string;
}

/**
 * A folder as the archive of a classic build: what .dockerignore leaves out is left out, except it and the Dockerfile, which the engine itself needs.
 * @param dockerfile relative to the folder, or one from elsewhere @throws Failure
 */
export async function* contextTar(root: string, dockerfile: string | GivenDockerfile): AsyncGenerator<Uint8Array, void, void> {
  const entries: ListedEntry[] = [];
  walkEntries(root, rulesOf(root, typeof dockerfile === "string" ? dockerfile : undefined), (entry) => void entries.push(entry));
  for (const entry of entries) yield* member(root, entry);
  if (typeof dockerfile === "object") yield* given(dockerfile);
  yield endOfArchive();
}

/** The archive of a build that has no context but its Dockerfile. */
export async function* dockerfileTar(dockerfile: GivenDockerfile): AsyncGenerator<Uint8Array, void, void> {
  yield* given(dockerfile);
  yield endOfArchive();
}

function* given({ name, text }: GivenDockerfile): Generator<Uint8Array, void, void> {
  const bytes = Buffer.from(text);
  yield encodeHeader({ kind: "file", name, size: bytes.length, mode: 0o644 });
  yield bytes;
  yield padding(bytes.length);
}

function rulesOf(root: string, dockerfile: string | undefined): IgnoreRules | undefined {
  const text = readText(join(root, `${dockerfile ?? ""}${IGNORE_FILE}`)) ?? readText(join(root, IGNORE_FILE));
  if (text === undefined) return undefined;
  const matcher = ignoreMatcher([...ignorePatterns(text), `!${IGNORE_FILE}`, ...(dockerfile === undefined ? [] : [`!${dockerfile}`])]);
  return { ignores: (path) => matcher.ignores(path), mayHold: (path) => matcher.mayContainIncluded(path) };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function* member(root: string, { path, mode, size, mtimeSeconds, linkTarget }: ListedEntry): Generator<Uint8Array, void, void> {
  const common = { mode: mode & PERMISSIONS, mtimeNs: BigInt(mtimeSeconds) * 1_000_000_000n };
  const kind = kindOfMode(mode);
  if (kind === FILE_KIND.folder) yield encodeHeader({ ...common, kind: "directory", name: nameFromText(`${path}/`) });
  else if (kind === FILE_KIND.link) yield encodeHeader({ ...common, kind: "symlink", name: nameFromText(path), linkName: nameFromText(linkTarget ?? "") });
  else if (kind === FILE_KIND.file) {
    yield encodeHeader({ ...common, kind: "file", name: nameFromText(path), size });
    yield* content(`${root}/${path}`, size);
    yield padding(size);
  }
}

/** As many bytes as the header has said: one that has shrunk since is filled up, of one that has grown the rest is left out. */
function* content(path: string, size: number): Generator<Uint8Array, void, void> {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    throw new Failure(`error from sender: open ${path}: ${reason(error)}`);
  }
  try {
    for (let left = size; left > 0; ) {
      const piece = Buffer.alloc(Math.min(left, PIECE_BYTES));
      const read = readSync(fd, piece, 0, piece.length, null);
      yield read === 0 ? piece : piece.subarray(0, read);
      left -= read === 0 ? piece.length : read;
    }
  } finally {
    closeSync(fd);
  }
}
