import { FrameReader, type Connection } from "../client/mod.ts";
import { err, StreamWriter } from "./output.ts";

/** Copies what the container writes to our own output until the stream ends; a terminal's is raw, others' come in frames. */
export async function copyOutput(connection: { read(): Promise<Uint8Array | undefined> }, tty: boolean): Promise<void> {
  const stdout = new StreamWriter(1);
  if (tty) {
    for (let chunk = await connection.read(); chunk; chunk = await connection.read()) await stdout.write(chunk);
    return;
  }
  const stderr = new StreamWriter(2);
  const frames = new FrameReader();
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) {
    for (const { stream, payload } of frames.pushJoined(chunk)) {
      if (stream === 3) err(`error from daemon in stream: ${Buffer.from(payload).toString()}\n`);
      else await (stream === 2 ? stderr : stdout).write(payload);
    }
  }
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
