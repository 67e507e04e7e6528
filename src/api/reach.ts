import { text } from "./query.ts";
import { json, route } from "./route.ts";

/** Who reaches a container, and why others do not. */
export const reach = [
  route("GET /hako/containers/{id}/reach", {
    summary: "Who reaches a container's ports, and through which element or rule (Hakobune's own).",
    query: { port: text("One port only: 80, 53/udp.") },
    failures: [400, 404],
    respond: async ({ engine, ref, query }) => json(await engine.containerReach(ref, query.port || undefined)),
  }),
];
