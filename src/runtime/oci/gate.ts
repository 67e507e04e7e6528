import { ERRNO, errnoName } from "../../linux/mod.ts";
import { opName, StartError } from "../shim-errors.ts";
import { SocketStream } from "../socket-stream.ts";

const FAILED = 0x46;
const DETAIL_AT = 12;

/** A connection to a process that waits at a gate (native/ops/table.ts, `gate`). */
export interface Gate {
  /** Lets it go. Resolves when it has executed its program, or ended; rejects with StartError when that failed. */
  open(): Promise<void>;
}

/** Resolves when the process stands at the gate. @throws StartError when it ended before */
export async function reachGate(socketPath: string): Promise<Gate> {
  const there = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  let received = Buffer.alloc(0);
  const stream = await SocketStream.connect(socketPath, {
    onData: (bytes) => {
      received = Buffer.concat([received, bytes]);
      there.resolve();
    },
    onEnd: () => {
      there.reject(new StartError("gate", ERRNO.ECHILD, "ECHILD", "the process ended while it was being prepared"));
      ended.resolve();
    },
  });
  await there.promise;
  return {
    open: async () => {
      await stream.write(Uint8Array.of(1));
      await ended.promise;
      const failure = received.indexOf(FAILED);
      if (failure > 0) throw failureOf(received.subarray(failure));
    },
  };
}

/** native/shim/child.h, struct sync_failure. */
function failureOf(bytes: Buffer): StartError {
  const errno = bytes.readUInt32LE(8);
  const detail = bytes.subarray(DETAIL_AT);
  const end = detail.indexOf(0);
  return new StartError(opName(bytes.readUInt32LE(4)), errno, errnoName(errno), detail.toString("utf8", 0, end < 0 ? undefined : end));
}
