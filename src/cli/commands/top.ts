import { topContainer } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import { alignTabs } from "../format/columns.ts";
import { out, printable } from "../output.ts";

/** Docker lays this one list out more widely than the others. */
const CELL_WIDTH = 20;

export async function run({ args, client }: Invocation): Promise<number> {
  const [name = "", ...psArgs] = args;
  const { Titles, Processes } = await topContainer(client, name, psArgs.length > 0 ? psArgs.join(" ") : undefined);
  const lines = [Titles, ...(Processes ?? [])].map((cells) => cells.map(printable).join("\t"));
  out(`${alignTabs(lines.join("\n"), CELL_WIDTH)}\n`);
  return 0;
}
