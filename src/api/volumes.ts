import { mapOf, opaque, string, struct } from "./json-shape.ts";
import { filters, flag, text } from "./query.ts";
import { EngineError } from "../base/mod.ts";
import { TAR_TYPE } from "./media-types.ts";
import { empty, json, route, stream } from "./route.ts";
import { notManager } from "./swarm.ts";

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
    failures: [400, 404, 409, 503],
    respond: async ({ engine, json: { ClusterVolumeSpec, ...request } }) => (ClusterVolumeSpec ? notManager() : json(await engine.createVolume(request), 201)),
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
  route("POST /hako/volumes/{name}/rename", {
    summary: "Gives a volume that no container uses another name (Hakobune's own).",
    query: { name: text("The new name.") },
    success: [204],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      if (!query.name) throw new EngineError("InvalidParameter", "the new name of the volume is missing: ?name=");
      await engine.renameVolume(ref, query.name);
      return empty();
    },
  }),
  route("GET /hako/volumes/{name}/archive", {
    summary: "A tar of all that a volume holds (Hakobune's own).",
    failures: [404],
    respond: async ({ engine, ref, signal }) => {
      const { bytes, writeTo } = await engine.saveVolume(ref, signal);
      return stream(TAR_TYPE, bytes, {}, writeTo);
    },
  }),
  route("PUT /hako/volumes/{name}/archive", {
    summary: "Fills a volume from a tar, in any compression; makes it if it is not there (Hakobune's own).",
    failures: [400, 404, 409],
    handsOver: true,
    respond: async ({ engine, ref, body, signal }) => {
      await engine.loadVolume(ref, { bytes: body.chunks, connection: body.connection }, signal);
      return empty(200);
    },
  }),
  route("POST /volumes/prune", {
    summary: "Removes volumes that no container uses.",
    query: { filters: filters(["all", "label", "label!"]) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.pruneVolumes(query.filters)),
  }),
];
