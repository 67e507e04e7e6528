import type { GivenFile } from "../container/mounts.ts";

const BLOCK = 512;

/** A ustar archive of a few small files with absolute paths. */
export async function* encodeFiles(files: readonly GivenFile[]): AsyncGenerator<Uint8Array, void, void> {
  for (const { path, content, mode, uid, gid } of files) {
    const bytes = Buffer.from(content);
    yield header(path.replace(/^\/+/, ""), bytes.length, { mode, uid, gid });
    yield bytes;
    yield Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK);
  }
  yield Buffer.alloc(2 * BLOCK);
}

function header(path: string, size: number, { mode, uid, gid }: Pick<GivenFile, "mode" | "uid" | "gid">): Buffer {
  const block = Buffer.alloc(BLOCK);
  const [prefix, name] = splitPath(path);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, "0")}\0`;
  block.write(name, 0, 100);
  block.write(octal(mode, 8), 100);
  block.write(octal(uid, 8), 108);
  block.write(octal(gid, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(Math.floor(Date.now() / 1000), 12), 136);
  block.write("        0", 148);
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
