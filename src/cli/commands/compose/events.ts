import { events } from "../../../client/mod.ts";
import { LABELS } from "../../../compose/mod.ts";
import type { EventMessage } from "../../../spec/mod.ts";
import { goJson } from "../../compose/json-array.ts";
import { selection } from "../../compose/selection.ts";
import type { Invocation } from "../../command.ts";
import { eventTime } from "../../options/time.ts";
import { out, printable } from "../../output.ts";

export async function run(invocation: Invocation): Promise<number> {
  const { flags, client } = invocation;
  const { name, services } = await selection(invocation);
  const stream = events(client, { since: eventTime(flags.string("since")), until: eventTime(flags.string("until")), filters: { type: ["container"], label: [`${LABELS.project}=${name}`] } });
  for await (const { event, text } of stream) {
    const service = event.Actor?.Attributes?.[LABELS.service] ?? "";
    if (services.length > 0 && !services.includes(service)) continue;
    out(flags.bool("json") ? `${goJson(jsonOf(event, service, text))}\n` : `${lineOf(event, text)}\n\n`);
  }
  return 0;
}

function jsonOf(event: EventMessage, service: string, text: string): Record<string, unknown> {
  return { action: event.Action, attributes: Object.fromEntries(attributesOf(event)), id: event.Actor?.ID, service, time: `${new Date((event.time ?? 0) * 1000).toISOString().slice(0, 19)}.${fraction(text)}Z`, type: event.Type };
}

function lineOf(event: EventMessage, text: string): string {
  const time = `${new Date((event.time ?? 0) * 1000).toISOString().slice(0, 19).replace("T", " ")}.${fraction(text).slice(0, 6)}`;
  return printable(`${time} ${event.Type} ${event.Action} ${event.Actor?.ID} (${attributesOf(event).map((pair) => pair.join("=")).join(", ")})`);
}

/** Those of compose itself are left out. */
const attributesOf = ({ Actor }: EventMessage): [string, string][] => Object.entries(Actor?.Attributes ?? {}).filter(([key]) => !key.startsWith("com.docker.compose.")).toSorted(([a], [b]) => (a < b ? -1 : 1));

const fraction = (text: string): string => /"timeNano":\d+(\d{9})\b/.exec(text)?.[1] ?? "000000000";
