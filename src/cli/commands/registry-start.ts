import { startRegistry } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { serviceSettings } from "../options/registry.ts";
import { out, printable } from "../output.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const { Address } = await startRegistry(client, serviceSettings(flags));
  out(`${printable(Address)}\n`);
  return 0;
}
