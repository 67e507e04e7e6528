import { events, type EventLine } from "../../client/mod.ts";
import type { EventMessage } from "../../spec/mod.ts";
import type { Invocation } from "../command.ts";
import { readFilters } from "../options/filters.ts";
import { eventTime as readTime } from "../options/time.ts";
import { out, printable } from "../output.ts";

export async function run({ flags, client }: Invocation): Promise<number> {
  const show = await formatter(flags.string("format"));
  const stream = events(client, { since: readTime(flags.string("since")), until: readTime(flags.string("until")), filters: readFilters(flags.list("filter")) });
  for await (const line of stream) out(`${show(line)}\n`);
  return 0;
}

async function formatter(format: string | undefined): Promise<(line: EventLine) => string> {
  if (format === undefined || format === "") return ({ event, text }) => eventLine(event, text);
  if (format === "json") return ({ text }) => text;
  const { inspectTemplate } = await import("../format/inspect-template.ts");
  const template = inspectTemplate(format, { goType: "*events.Message", prefix: "Error parsing format: ", exitCode: 64 });
  return ({ event }) => template(event);
}

function eventLine({ Type = "", Action = "", Actor, time = 0 }: EventMessage, text: string): string {
  const attributes = Object.entries(Actor?.Attributes ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const suffix = attributes.length === 0 ? "" : ` (${attributes.map(([key, value]) => `${key}=${value}`).join(", ")})`;
  return printable(`${eventTime(time, /"timeNano":\d+(\d{9})\b/.exec(text)?.[1] ?? "")} ${Type} ${Action} ${Actor?.ID ?? ""}${suffix}`);
}

/** RFC 3339 in the local zone with nine digits. */
function eventTime(seconds: number, fraction: string): string {
  const offset = -new Date(seconds * 1000).getTimezoneOffset();
  const local = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19);
  const zone = offset === 0 ? "Z" : `${offset < 0 ? "-" : "+"}${String(Math.trunc(Math.abs(offset) / 60)).padStart(2, "0")}:${String(Math.abs(offset) % 60).padStart(2, "0")}`;
  return `${local}.${fraction.padStart(9, "0")}${zone}`;
}
