import { stopRegistry } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";

export async function run({ client }: Invocation): Promise<number> {
  await stopRegistry(client);
  return 0;
}
