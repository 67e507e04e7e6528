import { mapOf, opaque, string, struct } from "./json-shape.ts";
import { filters, flag } from "./query.ts";
import { empty, json, route } from "./route.ts";
import { notYet } from "./streams.ts";

const createRequest = struct<{ Name?: string; Driver?: string; DriverOpts?: Record<string, string>; Labels?: Record<string, string>; ClusterVolumeSpec?: Record<string, unknown> }>("volume.CreateOptions", {
  Name: string,
  Driver: string,
  DriverOpts: mapOf(string),
  Labels: mapOf(string),
  ClusterVolumeSpec: opaque,
});

export const volumes = [
  route("GET /volumes", {
    summary: "Lists volumes.",
    query: { filters: filters(["dangling", "driver", "label", "name"]) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.listVolumes(query.filters)),
  }),
  route("POST /volumes/create", {
    summary: "Creates a volume, or finds the one of that name.",
    body: createRequest,
    success: [201],
    failures: [400, 409],
    respond: async ({ engine, json: { ClusterVolumeSpec, ...request } }) => (ClusterVolumeSpec ? notYet("cluster volumes are not supported") : json(await engine.createVolume(request), 201)),
  }),
  route("GET /volumes/{name}", { summary: "One volume.", failures: [404], respond: async ({ engine, ref }) => json(await engine.inspectVolume(ref)) }),
  route("DELETE /volumes/{name}", {
    summary: "Removes a volume that no container uses.",
    query: { force: flag("No error when there is none.") },
    success: [204],
    failures: [404, 409],
    respond: async ({ engine, ref, query }) => {
      await engine.removeVolume(ref, query);
      return empty();
    },
  }),
  route("POST /volumes/prune", {
    summary: "Removes volumes that no container uses.",
    query: { filters: filters(["all", "label", "label!"]) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.pruneVolumes(query.filters)),
  }),
];
