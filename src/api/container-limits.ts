import { flag } from "./query.ts";
import { JSON_TYPE } from "./media-types.ts";
import { route, stream } from "./route.ts";

/** What a container uses, and how much it may. */
export const containerLimits = [
  route("GET /containers/{id}/stats", {
    summary: "What a container uses of processor, memory, disks and networks: one JSON object per second, or a single one.",
    query: { stream: flag("Go on until the container is removed; true by default.", true), "one-shot": flag("With stream=false: answer at once, without a look to compare with.") },
    failures: [400, 404],
    respond: async ({ engine, ref, query, signal }) => {
      const answer = engine.containerStats(ref, { stream: query.stream, oneShot: query["one-shot"] }, signal);
      if (answer.kind === "stream") return stream(JSON_TYPE, answer.frames);
      return { kind: "text", status: 200, text: await answer.text, headers: { "Content-Type": JSON_TYPE } };
    },
  }),
];
