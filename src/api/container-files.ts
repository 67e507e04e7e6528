import { EngineError } from "../base/mod.ts";
import type { ContainerPathStat } from "../engine/mod.ts";
import { createRequest } from "./container-request.ts";
import { JSON_TYPE, TAR_TYPE } from "./media-types.ts";
import { flag, list, text } from "./query.ts";
import { empty, json, route, stream } from "./route.ts";

const EXPORT_TYPE = "application/octet-stream";

const path = text("The file or folder in the container; a relative one is relative to the root.");

/** @throws EngineError InvalidParameter, in Docker's words */
function given(value: string | undefined): string {
  if (!value) throw new EngineError("InvalidParameter", "bad parameter: pathcannot be empty");
  if (value.includes("\0")) throw new EngineError("InvalidParameter", "bad parameter: path contains a NUL byte");
  return value;
}

const statHeader = (stat: ContainerPathStat): Record<string, string> => ({ "X-Docker-Container-Path-Stat": Buffer.from(JSON.stringify(stat)).toString("base64") });

/** A container's files: archives in and out, what changed, and images made of it. */
export const containerFiles = [
  route("HEAD /containers/{id}/archive", {
    summary: "What a path in a container is, as base64 JSON in X-Docker-Container-Path-Stat.",
    query: { path },
    failures: [400, 404],
    respond: async ({ engine, ref, query, signal }) => empty(200, statHeader(await engine.statContainerPath(ref, given(query.path), signal))),
  }),
  route("GET /containers/{id}/archive", {
    summary: "A tar of a file or folder of a container.",
    query: { path },
    failures: [400, 404],
    respond: async ({ engine, ref, query, signal }) => {
      const { stat, bytes, writeTo } = await engine.readContainerPath(ref, given(query.path), signal);
      return stream(TAR_TYPE, bytes, statHeader(stat), writeTo);
    },
  }),
  route("PUT /containers/{id}/archive", {
    summary: "Unpacks a tar, in any compression, in a folder of a container.",
    query: { path, noOverwriteDirNonDir: flag("A folder is not replaced by something else, nor the other way round."), copyUIDGID: flag("What is written belongs to the container's user.") },
    failures: [400, 404, 409],
    handsOver: true,
    respond: async ({ engine, ref, query, body, signal }) => {
      const { noOverwriteDirNonDir, copyUIDGID } = query;
      await engine.writeContainerPath(ref, { path: given(query.path), noOverwriteDirNonDir, copyUIDGID }, { bytes: body.chunks, connection: body.connection }, signal);
      return empty(200);
    },
  }),
  route("GET /containers/{id}/changes", {
    summary: "What a container has changed of its image's files; null for nothing.",
    failures: [404],
    respond: async ({ engine, ref, signal }) => stream(JSON_TYPE, await engine.containerChanges(ref, signal)),
  }),
  route("GET /containers/{id}/export", {
    summary: "A tar of all files of a container, without its volumes.",
    failures: [404],
    respond: async ({ engine, ref, signal }) => {
      const { bytes, writeTo } = await engine.exportContainer(ref, signal);
      return stream(EXPORT_TYPE, bytes, {}, writeTo);
    },
  }),
  route("POST /commit", {
    summary: "Makes an image of a container's changes.",
    query: {
      container: text("The container."),
      repo: text("The image's name."),
      tag: text("Its tag."),
      comment: text("Its comment."),
      author: text("Who made it."),
      pause: flag("Pause the container meanwhile.", true),
      changes: list("Dockerfile instructions to apply; may be repeated."),
    },
    body: createRequest,
    bodyOptional: true,
    success: [201],
    failures: [400, 404, 409],
    respond: async ({ engine, query, json: body, signal }) => {
      const { container, changes, ...options } = query;
      if (!container) throw new EngineError("InvalidParameter", 'invalid name or ID supplied: ""');
      const { HostConfig: _, NetworkingConfig: __, ...config } = body;
      return json(await engine.commitContainer(container, { ...options, changes: [...changes], config }, signal), 201);
    },
  }),
];
