import { EngineError } from "../base/mod.ts";
import { filters } from "./query.ts";
import { json, route, type Method, type Route } from "./route.ts";
import { notYet } from "./streams.ts";

const without = (endpoint: `${Method} /${string}`, sentence: string): Route => route(endpoint, { summary: `Answers: ${sentence}.`, success: [], failures: [501], respond: () => notYet(sentence) });

const noPlugin = (endpoint: `${Method} /${string}`): Route =>
  route(endpoint, {
    summary: "There are no plugins.",
    success: [],
    failures: [404],
    respond: ({ ref }) => {
      throw new EngineError("NotFound", `plugin ${JSON.stringify(ref)} not found`);
    },
  });

const PLUGINS = "managed plugins, which are images with a runtime of their own, are not supported: a volume driver that listens on a socket in /run/docker/plugins works as it is";

/** What Docker's API has and this engine has not: each says so in a sentence. */
export const unsupported = [
  without("POST /build/cancel", "a build is cancelled by closing the connection that it was asked for on"),
  route("GET /plugins", {
    summary: "There are no plugins.",
    query: { filters: filters(["capability", "enabled"]) },
    failures: [400],
    respond: ({ query }) => {
      const { enabled = [] } = query.filters;
      if (!enabled.every((value) => value === "true" || value === "false")) throw new EngineError("InvalidParameter", `invalid filter 'enabled=[${enabled.join(" ")}]'`);
      return json([]);
    },
  }),
  noPlugin("GET /plugins/{name}/json"),
  noPlugin("DELETE /plugins/{name}"),
  noPlugin("POST /plugins/{name}/enable"),
  noPlugin("POST /plugins/{name}/disable"),
  noPlugin("POST /plugins/{name}/upgrade"),
  noPlugin("POST /plugins/{name}/push"),
  noPlugin("POST /plugins/{name}/set"),
  without("GET /plugins/privileges", PLUGINS),
  without("POST /plugins/pull", PLUGINS),
  without("POST /plugins/create", PLUGINS),
  without("PUT /volumes/{name}", "cluster volumes are not supported"),
];
