import { waitContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { err, out } from "../output.ts";

export async function run({ args, client }: Invocation): Promise<number> {
  let exitCode = 0;
  for (const name of args) {
    try {
      const { StatusCode } = await (await waitContainer(client, name)).result;
      out(`${StatusCode}\n`);
    } catch (error) {
      err(`${error instanceof Error ? error.message : String(error)}\n`);
      exitCode = 1;
    }
  }
  return exitCode;
}
