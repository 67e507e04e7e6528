import { ApiError, removeNetwork } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { Failure } from "../failure.ts";
import { err, out } from "../output.ts";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  let failed = false;
  for (const name of args) {
    try {
      await removeNetwork(client, name);
      out(`${name}\n`);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (flags.bool("force") && error.status === 404) continue;
      err(`${error.message}\n`);
      failed = true;
    }
  }
  // Docker ends with this line too.
  if (failed) throw new Failure("exit status 1");
  return 0;
}
