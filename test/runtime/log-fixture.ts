import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { scratchFolder } from "../scratch.ts";

export interface Line {
  readonly stream: 1 | 2;
  readonly text: string;
  readonly timeNs: bigint;
  readonly continues?: boolean;
}

export function frameOf(stream: number, payload: string | Uint8Array): Buffer {
  const bytes = Buffer.from(payload as string);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

/** The two files that a shim would have written. */
export function encodeLog(lines: readonly Line[]): { log: Buffer; index: Buffer } {
  const frames: Buffer[] = [];
  const index = Buffer.alloc(lines.length * 16);
  let offset = 0;
  lines.forEach((line, number) => {
    const frame = frameOf(line.stream, line.text);
    index.writeBigUInt64LE(BigInt(offset), number * 16);
    index.writeBigUInt64LE(line.timeNs | (line.continues ? 1n << 63n : 0n), number * 16 + 8);
    frames.push(frame);
    offset += frame.length;
  });
  return { log: Buffer.concat(frames), index };
}

export class LogFolder implements Disposable {
  readonly dir = scratchFolder();
  readonly path = join(this.dir, "log");
  readonly indexPath = join(this.dir, "log.idx");

  write(log: Uint8Array, index: Uint8Array): this {
    writeFileSync(this.path, log);
    writeFileSync(this.indexPath, index);
    return this;
  }

  [Symbol.dispose](): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
