import { mapOf, string, struct } from "./json-shape.ts";
import { json, route } from "./route.ts";

const settings = struct<{ Settings?: Record<string, string> }>("RegistryStart", { Settings: mapOf(string) });

/** The registry that the engine keeps running. */
export const registryService = [
  route("GET /hako/registry", {
    summary: "The registry that the engine runs: address, process, since when, and the bytes of its folder (Hakobune's own).",
    respond: async ({ engine }) => json(await engine.registryStatus()),
  }),
  route("POST /hako/registry/start", {
    summary: "Starts the registry; Settings are values for the flags of `hako registry serve`, by their names (Hakobune's own).",
    body: settings,
    bodyOptional: true,
    failures: [400, 409],
    respond: async ({ engine, json: body }) => json(await engine.startRegistry(body.Settings ?? {})),
  }),
  route("POST /hako/registry/stop", {
    summary: "Stops the registry, if it is on; its content stays (Hakobune's own).",
    respond: async ({ engine }) => {
      await engine.stopRegistry();
      return json(await engine.registryStatus());
    },
  }),
];
