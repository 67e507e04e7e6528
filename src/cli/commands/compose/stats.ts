import { observeContainers } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { selection } from "../../compose/selection.ts";
import { isRunning } from "../../compose/service-container.ts";
import { showStats } from "../stats.ts";
import { out } from "../../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { client, flags } = invocation;
  const { name, services } = await selection(invocation);
  const wanted = (await observeContainers(client, name)).filter((container) => (flags.bool("all") || isRunning(container)) && (services.length === 0 || services.includes(container.service)));
  if (wanted.length > 0) return await showStats(client, wanted.map(({ id }) => id), flags);
  out("");
  return 0;
}
