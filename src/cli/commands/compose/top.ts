import { topContainer } from "../../../client/mod.ts";
import { observeContainers } from "../../../compose/mod.ts";
import type { Invocation } from "../../command.ts";
import { selection } from "../../compose/selection.ts";
import { alignTabs } from "../../format/columns.ts";
import { out, printable } from "../../output.ts";

const CELL_WIDTH = 4;
const PADDING = 2;

export async function run(invocation: Invocation): Promise<number> {
  const { client } = invocation;
  const { name, services } = await selection(invocation);
  const running = (await observeContainers(client, name)).filter(({ service, state }) => state === "running" && (services.length === 0 || services.includes(service)));
  const tops = await Promise.all(running.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(async (container) => ({ container, top: await topContainer(client, container.id) })));
  // Programs of ps differ in their columns: each has its value where a container tells it.
  const titles = [...new Set(tops.flatMap(({ top }) => top.Titles))];
  const lines = tops.flatMap(({ container: { service, number, oneOff, labels }, top: { Titles, Processes } }) =>
    (Processes ?? []).map((cells) => [service, oneOff ? (labels["com.docker.compose.slug"] ?? "").slice(0, 12) : String(number), ...titles.map((title) => cells[Titles.indexOf(title)] ?? "-")].map(printable).join("\t")),
  );
  if (lines.length > 0) out(`${alignTabs([["SERVICE", "#", ...titles].join("\t"), ...lines].join("\n"), CELL_WIDTH, PADDING)}\n`);
  return 0;
}
