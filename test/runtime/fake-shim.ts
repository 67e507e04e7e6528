import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "../scratch.ts";

export interface Frame {
  readonly type: number;
  readonly payload: Buffer;
}

export function frame(type: number, ...fields: (number | bigint | string)[]): Buffer {
  const parts = fields.map((field) => {
    if (typeof field === "string") {
      const text = Buffer.from(field);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(text.length);
      return Buffer.concat([length, text, Buffer.alloc(1)]);
    }
    const bytes = Buffer.alloc(typeof field === "bigint" ? 8 : 4);
    if (typeof field === "bigint") bytes.writeBigUInt64LE(field);
    else bytes.writeUInt32LE(field);
    return bytes;
  });
  const payload = Buffer.concat(parts);
  const header = Buffer.alloc(8);
  header.writeUInt16LE(type);
  header.writeUInt32LE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

export const hello = (state: number, pid = 0, startedNs = 0n, logEnd = 0n): Buffer => frame(1, 1, state, pid, startedNs, logEnd);
export const started = (pid: number, timeNs: bigint): Buffer => frame(33, pid, timeNs);
export const exited = (code: number, signal: number, oom: number, timeNs: bigint): Buffer => frame(35, code, signal, oom, timeNs);

/** Plays the shim's side of the protocol, as slowly and in as small pieces as a test wants. */
export class FakeShim implements AsyncDisposable {
  readonly dir = scratchFolder();
  readonly path = join(this.dir, "s");
  readonly frames: Frame[] = [];
  readonly sockets: Socket[] = [];
  readonly #server: Server;
  #waiting: (() => void)[] = [];

  constructor(private readonly onFrame: (frame: Frame, socket: Socket) => void) {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.path, resolve));
    return this;
  }

  /** Resolves when so many frames have come in. */
  async received(count: number): Promise<void> {
    while (this.frames.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    rmSync(this.dir, { recursive: true, force: true });
  }

  #accept(socket: Socket): void {
    this.sockets.push(socket);
    let pending = Buffer.alloc(0);
    let raw = false;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      if (raw) return;
      pending = Buffer.concat([pending, bytes]);
      while (!raw && pending.length >= 8 && pending.length >= 8 + pending.readUInt32LE(4)) {
        const length = pending.readUInt32LE(4);
        const next: Frame = { type: pending.readUInt16LE(0), payload: Buffer.from(pending.subarray(8, 8 + length)) };
        pending = pending.subarray(8 + length);
        this.frames.push(next);
        raw = next.type === 1 && next.payload.readUInt32LE(4) !== 0;
        this.onFrame(next, socket);
        for (const wake of this.#waiting.splice(0)) wake();
      }
      if (raw && pending.length > 0) socket.emit("raw", pending);
    });
  }
}
