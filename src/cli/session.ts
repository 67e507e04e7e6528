import { ApiError, ConnectionLostError, FrameReader, OUTCOME_STREAM, type Connection, type WaitResult } from "../client/mod.ts";
import { err, StreamWriter } from "./output.ts";

/** Copies what the container writes to our own output until the stream ends; a terminal's is raw, others' come in frames. @returns the outcome, where a last frame has it, all of it */
export async function copyOutput(connection: { read(): Promise<Uint8Array | undefined> }, tty: boolean): Promise<string> {
  const stdout = new StreamWriter(1);
  let outcome = "";
  if (tty) {
    for (let chunk = await connection.read(); chunk; chunk = await connection.read()) await stdout.write(chunk);
    return outcome;
  }
  const stderr = new StreamWriter(2);
  const frames = new FrameReader();
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) {
    for (const { stream, payload } of frames.pushJoined(chunk)) {
      if (stream === OUTCOME_STREAM) outcome += Buffer.from(payload).toString();
      else if (stream === 3) err(`error from daemon in stream: ${Buffer.from(payload).toString()}\n`);
      else await (stream === 2 ? stderr : stdout).write(payload);
    }
    // Nothing follows it: the connection's end need not be waited for.
    if (outcome !== "" && frames.whole) break;
  }
  return frames.whole ? outcome : "";
}

/** Stays with a process whose connection also tells how it ended. @returns that; @throws ApiError where it was not started */
export async function stayJoined(connection: Connection, stdin: boolean): Promise<WaitResult> {
  // Its end is not waited for: a container may end while nobody types.
  if (stdin) copyInput(connection).catch(() => connection.endWriting());
  const text = await copyOutput(connection, false);
  connection.close();
  if (text === "") throw new ConnectionLostError("waiting for the end");
  const outcome = JSON.parse(text) as WaitResult | { readonly status: number; readonly message: string };
  if ("message" in outcome) throw new ApiError(outcome.status, outcome.message);
  return outcome;
}

/** Sends our standard input until its end, which the container reads as end of file. */
export async function copyInput(connection: Connection): Promise<void> {
  const reader = Bun.stdin.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    if (!(await connection.write(value))) return;
  }
  connection.endWriting();
}
