import { EngineError } from "../base/mod.ts";
import type { ContainerCreateRequest } from "../spec/mod.ts";
import { createRequest } from "./container-request.ts";
import { filters, flag, integer, text } from "./query.ts";
import { empty, json, route } from "./route.ts";

const LIST_FILTERS = ["ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network", "publish", "since", "status", "volume"];
const PRUNE_FILTERS = ["label", "label!", "until"];

/** @throws EngineError InvalidParameter when nothing but the host's side is given */
function withConfig(body: ContainerCreateRequest): ContainerCreateRequest {
  const hasConfig = Object.keys(body).some((key) => key !== "HostConfig" && key !== "NetworkingConfig");
  if (!hasConfig) throw new EngineError("InvalidParameter", "config cannot be empty in order to create a container");
  return body;
}

const stopQuery = { signal: text("The signal to stop with, instead of the container's."), t: integer("Seconds until it is killed; negative: never.") };
const notFound = [404];

export const containers = [
  route("GET /containers/json", {
    summary: "Lists containers.",
    query: {
      all: flag("Also those that do not run."),
      limit: integer("The newest ones, whatever their state."),
      size: flag("With the sizes of their layers."),
      filters: filters(LIST_FILTERS),
    },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.listContainers(query)),
  }),
  route("POST /containers/create", {
    summary: "Creates a container.",
    query: { name: text("Its name; one is made up otherwise."), platform: text("os/arch[/variant] the image must have.") },
    body: createRequest,
    success: [201],
    failures: [400, 404, 409],
    respond: async ({ engine, query, json: body }) => json(await engine.createContainer({ ...query, body: withConfig(body) }), 201),
  }),
  route("GET /containers/{id}/json", {
    summary: "Everything about one container.",
    query: { size: flag("With the sizes of its layers.") },
    failures: notFound,
    respond: async ({ engine, ref, query }) => json(await engine.inspectContainer(ref, query)),
  }),
  route("POST /containers/{id}/start", {
    summary: "Starts a container; 304 when it runs already.",
    query: { detachKeys: text("Keys that detach an attached terminal.") },
    success: [204, 304],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => empty((await engine.startContainer(ref, query)) === "started" ? 204 : 304),
  }),
  route("POST /containers/{id}/stop", {
    summary: "Stops a container; 304 when it does not run.",
    query: stopQuery,
    success: [204, 304],
    failures: notFound,
    respond: async ({ engine, ref, query }) => empty((await engine.stopContainer(ref, { signal: query.signal, timeoutSeconds: query.t })) === "stopped" ? 204 : 304),
  }),
  route("POST /containers/{id}/restart", {
    summary: "Stops a container, then starts it.",
    query: stopQuery,
    success: [204],
    failures: notFound,
    respond: async ({ engine, ref, query }) => {
      await engine.restartContainer(ref, { signal: query.signal, timeoutSeconds: query.t });
      return empty();
    },
  }),
  route("POST /containers/{id}/kill", {
    summary: "Sends a signal to a container's first process.",
    query: { signal: text("Name or number; SIGKILL by default.") },
    success: [204],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      await engine.killContainer(ref, query.signal === "" ? undefined : query.signal);
      return empty();
    },
  }),
  route("POST /containers/{id}/pause", {
    summary: "Freezes a container's processes.",
    success: [204],
    failures: [404, 409],
    respond: async ({ engine, ref }) => {
      await engine.pauseContainer(ref);
      return empty();
    },
  }),
  route("POST /containers/{id}/unpause", {
    summary: "Thaws a container's processes.",
    success: [204],
    failures: [404, 409],
    respond: async ({ engine, ref }) => {
      await engine.unpauseContainer(ref);
      return empty();
    },
  }),
  route("POST /containers/{id}/rename", {
    summary: "Gives a container another name.",
    query: { name: text("The new name.") },
    success: [204],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      if (!query.name) throw new EngineError("InvalidParameter", "Neither old nor new names may be empty");
      await engine.renameContainer(ref, query.name);
      return empty();
    },
  }),
  route("DELETE /containers/{id}", {
    summary: "Removes a container.",
    query: { v: flag("Also its anonymous volumes."), force: flag("Kill it first if it runs."), link: flag("Remove the link of that name instead.") },
    success: [204],
    failures: [400, 404, 409],
    respond: async ({ engine, ref, query }) => {
      await engine.removeContainer(ref, { force: query.force, removeVolumes: query.v, link: query.link });
      return empty();
    },
  }),
  route("GET /containers/{id}/top", {
    summary: "The processes in a container.",
    query: { ps_args: text("Arguments as for ps; -ef by default.") },
    failures: [404, 409],
    respond: async ({ engine, ref, query }) => json(await engine.topContainer(ref, query.ps_args || "-ef")),
  }),
  route("POST /containers/prune", {
    summary: "Removes every container that does not run.",
    query: { filters: filters(PRUNE_FILTERS) },
    failures: [400],
    respond: async ({ engine, query }) => json(await engine.pruneContainers(query.filters)),
  }),
];
