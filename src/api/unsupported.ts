import { EngineError } from "../base/mod.ts";
import { json, route, type Method, type Route } from "./route.ts";
import { notYet } from "./streams.ts";

const without = (endpoint: `${Method} /${string}`, sentence: string): Route => route(endpoint, { summary: `Answers: ${sentence}.`, success: [], failures: [501], respond: () => notYet(sentence) });

/** For endpoints of one container, an unknown one is still 404. */
const ofContainer = (endpoint: `${Method} /containers/{id}/${string}`, sentence: string): Route =>
  route(endpoint, {
    summary: `Answers: ${sentence}.`,
    success: [],
    failures: [404, 501],
    respond: async ({ engine, ref }) => {
      await engine.inspectContainer(ref);
      return notYet(sentence);
    },
  });

const noPlugin = (endpoint: `${Method} /${string}`): Route =>
  route(endpoint, {
    summary: "There are no plugins.",
    success: [],
    failures: [404],
    respond: ({ ref }) => {
      throw new EngineError("NotFound", `plugin ${JSON.stringify(ref)} not found`);
    },
  });

const REGISTRIES = "registries are not supported yet: load or import the image";
const COPYING = "copying files is not supported yet";
const PLUGINS = "plugins are not supported";

/** What Docker's API has and this engine has not: each says so in a sentence. */
export const unsupported = [
  without("POST /auth", "logging in to a registry is not supported yet"),
  without("GET /distribution/{name}/json", REGISTRIES),
  without("POST /build", "building images is not supported yet"),
  route("POST /build/prune", { summary: "There is no build cache yet.", respond: () => json({ CachesDeleted: null, SpaceReclaimed: 0 }) }),
  without("POST /build/cancel", "building images is not supported yet"),
  without("POST /session", "build sessions are not supported yet"),
  without("POST /grpc", "build sessions are not supported yet"),
  without("POST /commit", "committing a container is not supported yet"),
  ofContainer("GET /containers/{id}/changes", "listing the changes of a container is not supported yet"),
  ofContainer("GET /containers/{id}/export", "exporting a container is not supported yet"),
  ofContainer("GET /containers/{id}/archive", COPYING),
  ofContainer("HEAD /containers/{id}/archive", COPYING),
  ofContainer("PUT /containers/{id}/archive", COPYING),
  route("GET /plugins", { summary: "There are no plugins.", respond: () => json([]) }),
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
