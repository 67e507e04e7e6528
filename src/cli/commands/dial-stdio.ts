import type { Invocation } from "../command.ts";
import { StreamWriter } from "../output.ts";
import { copyInput } from "../session.ts";

/** Joins our standard input and output with the engine's socket: what ssh runs on the engine's machine. */
export async function run({ client }: Invocation): Promise<number> {
  const connection = await client.connect();
  // Its end is passed on; the answer to it may still come.
  copyInput(connection).catch(() => connection.endWriting());
  const stdout = new StreamWriter(1);
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) await stdout.write(chunk);
  return 0;
}
