import { pruneNetworks } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { readFilters } from "../options/filters.ts";
import { out } from "../output.ts";
import { confirm } from "./simple.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  if (!flags.bool("force")) await confirm("This will remove all custom networks not used by at least one container.");
  const deleted = (await pruneNetworks(client, readFilters(flags.list("filter")))).NetworksDeleted ?? [];
  if (deleted.length > 0) out(`Deleted Networks:\n${deleted.map((name) => `${name}\n`).join("")}\n`);
  return 0;
}
