import { restartContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { forEachName } from "./simple.ts";

export function run({ flags, args, client }: Invocation): Promise<number> {
  const options = { signal: flags.string("signal"), timeoutSeconds: flags.number("timeout") ?? flags.number("time") };
  return forEachName(args, (name) => restartContainer(client, name, options));
}
