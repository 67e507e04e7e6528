import type { GivenFile } from "../container/mounts.ts";

const BLOCK = 512;

/** One entry of an archive. */
export type TarEntry = { readonly path: string; readonly mode: number; readonly uid?: number; readonly gid?: number; readonly mtimeSeconds?: number } & (
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "folder" }
  | { readonly kind: "link"; readonly target: string }
);

const FLAGS = { file: "0", link: "2", folder: "5" } as const;
const MAX_LINK_BYTES = 100;

/** A ustar archive of a few small files with absolute paths. */
export function encodeFiles(files: readonly GivenFile[]): AsyncGenerator<Uint8Array, void, void> {
  return encodeEntries(files.map(({ path, content, mode, uid, gid }) => ({ kind: "file", path, mode, uid, gid, bytes: Buffer.from(content) })));
}

/** A ustar archive; each entry is asked for when the one before is sent. @throws Error for a path that is too long for one */
export async function* encodeEntries(entries: Iterable<TarEntry>): AsyncGenerator<Uint8Array, void, void> {
  for (const entry of entries) {
    const size = entry.kind === "file" ? entry.bytes.length : 0;
    yield header(entry, size);
    if (entry.kind !== "file") continue;
    yield entry.bytes;
    yield Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function header(entry: TarEntry, size: number): Buffer {
  const { mode, uid = 0, gid = 0, mtimeSeconds = Date.now() / 1000 } = entry;
  const path = entry.path.replace(/^\/+/, "") + (entry.kind === "folder" ? "/" : "");
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(path);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
  block.write(name, 0, 100);
  block.write(octal(mode & 0o7777, 8), 100);
  block.write(octal(uid, 8), 108);
  block.write(octal(gid, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(Math.floor(mtimeSeconds), 12), 136);
  block.write(`        ${FLAGS[entry.kind]}`, 148);
  if (entry.kind === "link") {
    if (Buffer.byteLength(entry.target) > MAX_LINK_BYTES) throw new Error(`the link ${entry.path} leads to a path that is too long for an archive`);
    block.write(entry.target, 157, MAX_LINK_BYTES);
  }
  block.write("ustar\x0000", 257);
  block.write(prefix, 345, 155);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

/** A name of more than 100 bytes is cut at a slash. */
function splitPath(path: string): [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= 100) return ["", path];
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) if (Buffer.byteLength(path.slice(at + 1)) <= 100 && Buffer.byteLength(path.slice(0, at)) <= 155) return [path.slice(0, at), path.slice(at + 1)];
  throw new Error(`the path ${path} is too long for an archive`);
}
