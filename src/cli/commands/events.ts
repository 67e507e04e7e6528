import { events } from "../../client/mod.ts";
import type { EventMessage } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { readFilters } from "../options/filters.ts";
import { goTimestamp } from "../options/time.ts";
import { out, printable } from "../output.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const show = await formatter(flags.string("format"));
  const stream = events(client, { since: goTimestamp(flags.string("since")), until: goTimestamp(flags.string("until")), filters: readFilters(flags.list("filter")) });
  for await (const event of stream) out(`${show(event)}\n`);
  return 0;
}

async function formatter(format: string | undefined): Promise<(event: EventMessage) => string> {
  if (format === undefined || format === "") return eventLine;
  const { inspectTemplate } = await import("../format/inspect-template.ts");
  return inspectTemplate(format === "json" ? "{{json .}}" : format);
}

function eventLine({ Type = "", Action = "", Actor, time = 0, timeNano }: EventMessage): string {
  const attributes = Object.entries(Actor?.Attributes ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const suffix = attributes.length === 0 ? "" : ` (${attributes.map(([key, value]) => `${key}=${value}`).join(", ")})`;
  return printable(`${eventTime(time, timeNano)} ${Type} ${Action} ${Actor?.ID ?? ""}${suffix}`);
}

/** RFC 3339 in the local zone with nine digits. A number has lost the last two or three of them on its way here. */
function eventTime(seconds: number, nanoseconds: number | undefined): string {
  const offset = -new Date(seconds * 1000).getTimezoneOffset();
  const local = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19);
  const fraction = nanoseconds === undefined ? 0 : Math.max(0, nanoseconds - seconds * 1e9);
  const zone = offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${String(Math.trunc(Math.abs(offset) / 60)).padStart(2, "0")}:${String(Math.abs(offset) % 60).padStart(2, "0")}`;
  return `${local}.${String(fraction).padStart(9, "0")}${zone}`;
}
