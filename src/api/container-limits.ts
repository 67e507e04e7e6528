import { flag } from "./query.ts";
import { JSON_TYPE } from "./media-types.ts";
import type { LabelChange, PortChange } from "../engine/mod.ts";
import { portBinding, updateRequest } from "./container-request.ts";
import { listOf, mapOf, string, struct } from "./json-shape.ts";
import { json, route, stream } from "./route.ts";

const labelChange = struct<LabelChange>("hako.LabelChange", { Add: mapOf(string), Remove: listOf(string) });
const portChange = struct<PortChange>("hako.PortChange", { Add: mapOf(listOf(portBinding)), Remove: mapOf(listOf(portBinding)) });

/** What a container uses, and how much it may. */
export const containerLimits = [
  route("GET /containers/{id}/stats", {
    summary: "What a container uses of processor, memory, disks and networks: one JSON object per second, or a single one.",
    query: { stream: flag("Go on until the container is removed; true by default.", true), "one-shot": flag("With stream=false: answer at once, without a look to compare with.") },
    failures: [400, 404],
    respond: async ({ engine, ref, query, signal }) => {
      const answer = await engine.containerStats(ref, { stream: query.stream, oneShot: query["one-shot"] }, signal);
      if (answer.kind === "stream") return stream(JSON_TYPE, answer.frames);
      return { kind: "text", status: 200, text: await answer.text, headers: { "Content-Type": JSON_TYPE } };
    },
  }),
  route("POST /containers/{id}/update", {
    summary: "Changes limits and restart policy of a container, at once when it runs; what is zero or absent stays.",
    body: updateRequest,
    bodyOptional: true,
    failures: [400, 404, 409],
    respond: async ({ engine, ref, json: body }) => json(await engine.updateContainer(ref, body ?? {})),
  }),
  route("POST /hako/containers/{id}/labels", {
    summary: "Sets and takes away labels of a container, running or not (Hakobune's own): {\"Add\": {\"name\": \"value\"}, \"Remove\": [\"name\"]}.",
    body: labelChange,
    failures: [400, 404, 409],
    respond: async ({ engine, ref, json: body }) => json(await engine.changeLabels(ref, body)),
  }),
  route("POST /hako/containers/{id}/ports", {
    summary: "Publishes and takes back ports of a container, at once when it runs (Hakobune's own): {\"Add\": {\"80/tcp\": [{\"HostPort\": \"8080\"}]}, \"Remove\": {\"81/tcp\": []}}.",
    body: portChange,
    failures: [400, 404, 409],
    respond: async ({ engine, ref, json: body }) => json(await engine.changePorts(ref, body)),
  }),
];
