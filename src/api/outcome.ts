import { messageOf } from "../base/mod.ts";
import type { StreamSession } from "../engine/mod.ts";
import { statusOf } from "./status.ts";

/** Beside Docker's streams 0 to 3. */
const OUTCOME_STREAM = 4;
const STDOUT_STREAM = 1;

/**
 * The session in Docker's frames, a terminal's as well, and a last one with how it came out, in JSON: what `outcome` resolves
 * with, or `{"status", "message"}` of its failure. Nobody has to ask for that by requests of their own.
 *
 * @param outcome is handed the end of the session's output, and may begin what the session shows
 */
export function withOutcome(session: StreamSession, outcome: (output: Promise<void>) => Promise<unknown>): StreamSession {
  return {
    tty: false,
    async run(duplex) {
      const write = session.tty ? (bytes: Uint8Array) => duplex.write(frame(STDOUT_STREAM, bytes)) : (bytes: Uint8Array) => duplex.write(bytes);
      const output = session.run({ input: duplex.input, closed: duplex.closed, write, end: () => undefined });
      const value = await outcome(output).catch((error: unknown) => ({ status: statusOf(error), message: messageOf(error) }));
      // Who has left needs to know nothing.
      await duplex.write(frame(OUTCOME_STREAM, Buffer.from(JSON.stringify(value)))).catch(() => undefined);
      duplex.end();
    },
  };
}

function frame(stream: number, payload: Uint8Array): Uint8Array {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}
