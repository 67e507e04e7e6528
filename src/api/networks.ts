import { filters, flag, text } from "./query.ts";
import { json, route } from "./route.ts";
import { notYet } from "./streams.ts";

const LATER = "user-defined networks are not supported yet: use bridge, host or none";

export const networks = [
  route("GET /networks", {
    summary: "Lists networks.",
    query: { filters: filters(["dangling", "driver", "id", "label", "name", "scope", "type"]) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.listNetworks(query.filters)),
  }),
  route("GET /networks/{id}", {
    summary: "One network.",
    query: { verbose: flag("Has no effect."), scope: text("Has no effect: all networks are local.") },
    failures: [404],
    respond: async ({ engine, ref }) => json(await engine.inspectNetwork(ref)),
  }),
  route("POST /networks/create", { summary: "Creates a network; not supported yet.", success: [], failures: [501], respond: () => notYet(LATER) }),
  route("DELETE /networks/{id}", { summary: "Removes a network; not supported yet.", success: [], failures: [501], respond: () => notYet(LATER) }),
  route("POST /networks/{id}/connect", { summary: "Connects a container to a network; not supported yet.", success: [], failures: [501], respond: () => notYet(LATER) }),
  route("POST /networks/{id}/disconnect", { summary: "Disconnects a container from a network; not supported yet.", success: [], failures: [501], respond: () => notYet(LATER) }),
  route("POST /networks/prune", {
    summary: "Removes networks without containers: there are none to remove yet.",
    query: { filters: filters(["label", "label!", "until"]) },
    failures: [400],
    respond: () => json({ NetworksDeleted: null }),
  }),
];
