import { readFd } from "../linux/mod.ts";

/** What helpers that work job after job are asked for over stdin. */

/** The next job: four bytes of length (little endian) and JSON; undefined at the end. */
export function nextJob<T>(): T | undefined {
  const head = new Uint8Array(new ArrayBuffer(4));
  if (!fill(head)) return undefined;
  const body = new Uint8Array(new ArrayBuffer(Buffer.from(head.buffer).readUInt32LE()));
  return fill(body) ? (JSON.parse(Buffer.from(body.buffer).toString("utf8")) as T) : undefined;
}

/** As the helper reads it. */
export function jobBytes(job: unknown): Uint8Array {
  const body = Buffer.from(JSON.stringify(job));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(body.length);
  return Buffer.concat([head, body]);
}

/** False at the end. */
export function fill(bytes: Uint8Array<ArrayBuffer>): boolean {
  for (let filled = 0; filled < bytes.length; ) {
    const length = readFd(0, bytes.subarray(filled));
    if (length === 0) return false;
    filled += length;
  }
  return true;
}
