import { EngineError } from "../base/mod.ts";
import type { EventMessage } from "../spec/mod.ts";
import { JSON_TYPE } from "./media-types.ts";
import { filters, text } from "./query.ts";
import { route, stream } from "./route.ts";
import { jsonLines } from "./streams.ts";

/** With the fields that containers' and images' events had before API 1.22 and that clients still read. */
function withOldFields(event: EventMessage): object {
  if (event.Type !== "container" && event.Type !== "image") return event;
  const from = event.Type === "container" ? event.Actor?.Attributes?.["image"] : undefined;
  return { status: event.Action, id: event.Actor?.ID, ...(from && { from }), ...event };
}

async function* asWritten(messages: AsyncIterable<EventMessage>): AsyncGenerator<object> {
  for await (const message of messages) yield withOldFields(message);
}

export const events = [
  route("GET /events", {
    summary: "What happens in the engine, one JSON object per line, as it happens.",
    query: { since: text("Also what happened since."), until: text("End at this instant."), filters: filters(undefined) },
    failures: [400],
    respond: ({ engine, query, signal }) => {
      const [since, until] = [query.since, query.until].map(Number);
      if (query.since && query.until && since !== undefined && until !== undefined && since > until)
        throw new EngineError("InvalidParameter", `\`since\` time (${query.since}) cannot be after \`until\` time (${query.until})`);
      return stream(JSON_TYPE, jsonLines(asWritten(engine.events(query, signal))));
    },
  }),
];
