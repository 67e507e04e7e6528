import { appendFileSync, statSync } from "node:fs";

/** Adds one frame to a container's log and its index (D6), for words that no process is there to say. The log comes first. */
export function appendLogFrame(log: { path: string; indexPath: string }, stream: 1 | 2, text: string, timeNs: bigint): void {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  const entry = Buffer.alloc(16);
  entry.writeBigUInt64LE(BigInt(statSync(log.path, { throwIfNoEntry: false })?.size ?? 0), 0);
  entry.writeBigUInt64LE(timeNs, 8);
  appendFileSync(log.path, Buffer.concat([header, payload]));
  appendFileSync(log.indexPath, entry);
}
