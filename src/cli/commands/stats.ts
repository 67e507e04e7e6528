import { containerStats, listContainers, type Client } from "../../client/mod.ts";
import type { Invocation } from "../command.ts";
import type { Flags } from "../flags.ts";
import { renderListing, type Listing } from "../format/listing.ts";
import { out } from "../output.ts";
import { statsListing, statsRow, type StatsRow } from "../stats/figures.ts";
import { StatsWatch } from "../stats/watch.ts";
import { stdoutIsTerminal } from "../terminal.ts";

const REDRAW_MS = 500;
const HOME = "\x1b[H";
const CLEAR_SCREEN = "\x1b[2J";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

export async function run({ flags, args, client }: Invocation): Promise<number> {
  return await showStats(client, args, flags);
}

/** @param flags format, no-trunc, no-stream, all */
export async function showStats(client: Client, args: readonly string[], flags: Flags): Promise<number> {
  const format = flags.string("format");
  const listing = statsListing(flags.bool("no-trunc"));
  if (flags.bool("no-stream")) {
    out(await renderListing(await singleRows(client, args, flags.bool("all")), listing, { format }));
    return 0;
  }
  const watch = new StatsWatch(client);
  await (args.length > 0 ? watch.followNamed(args) : watch.followAll(flags.bool("all")));
  await redraw(watch, listing, format, args.length > 0);
  if (watch.failure) throw watch.failure;
  return 0;
}

async function singleRows(client: Client, names: readonly string[], stoppedToo: boolean): Promise<StatsRow[]> {
  if (names.length > 0) return Promise.all(names.map(async (name) => statsRow(name, await containerStats(client, name))));
  const present = await listContainers(client, { all: stoppedToo });
  const rows = await Promise.allSettled(present.map(async ({ Id = "" }) => statsRow(Id, await containerStats(client, Id))));
  // Whoever was removed meanwhile is no failure of those that are there.
  return rows.flatMap((row) => (row.status === "fulfilled" ? [row.value] : []));
}

/** Until the engine ends it, or everyone that was named is gone. */
async function redraw(watch: StatsWatch, listing: Listing<StatsRow>, format: string | undefined, named: boolean): Promise<void> {
  const terminal = stdoutIsTerminal();
  if (terminal) out(CLEAR_SCREEN);
  while (!watch.failure) {
    if (watch.takeChanged()) {
      const text = await renderListing(watch.rows, listing, { format });
      out(terminal ? `${HOME}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_BELOW}` : text);
    }
    if (named && watch.isEmpty) return;
    await Bun.sleep(REDRAW_MS);
  }
}
