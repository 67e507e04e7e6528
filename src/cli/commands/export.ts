import { isatty } from "node:tty";
import { exportContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { checkOutputPath } from "../copy/local.ts";
import { Failure } from "../failure.ts";
import { writeWhole } from "../options/output-file.ts";
import { StreamWriter } from "../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  const [container = ""] = args;
  const path = flags.string("output") ?? "";
  if (path === "" && isatty(1)) throw new Failure("cowardly refusing to save to a terminal. Use the -o flag or redirect");
  if (path !== "") checkTarget(path);
  const answer = await exportContainer(client, container);
  if (path === "") {
    const out = new StreamWriter(1);
    for await (const piece of answer.body) await out.write(piece);
  } else await writeWhole(path, answer);
  return 0;
}

function checkTarget(path: string): void {
  try {
    checkOutputPath(path);
  } catch (error) {
    throw new Failure(`failed to export container: ${error instanceof Error ? error.message : String(error)}`);
  }
}
