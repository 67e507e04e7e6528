import { EngineError } from "../base/mod.ts";
import { JSON_TYPE } from "./media-types.ts";
import { filters, text } from "./query.ts";
import { route, stream } from "./route.ts";
import { jsonLines } from "./streams.ts";

const FILTERS = ["config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service", "type", "volume"];

export const events = [
  route("GET /events", {
    summary: "What happens in the engine, one JSON object per line, as it happens.",
    query: { since: text("Also what happened since."), until: text("End at this instant."), filters: filters(FILTERS) },
    failures: [400],
    respond: ({ engine, query, signal }) => {
      const [since, until] = [query.since, query.until].map(Number);
      if (query.since && query.until && since !== undefined && until !== undefined && since > until)
        throw new EngineError("InvalidParameter", `\`since\` time (${query.since}) cannot be after \`until\` time (${query.until})`);
      return stream(JSON_TYPE, jsonLines(engine.events(query, signal)));
    },
  }),
];
