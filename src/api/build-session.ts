import { buildRequestOf, buildRequestShape } from "./build-request.ts";
import { text } from "./query.ts";
import { empty, hijack, json, route, stream } from "./route.ts";

/** Builds for the command line, and what is remembered of builds. */
export const buildSession = [
  route("POST /hako/build", {
    summary: "Builds for a client that answers the build's questions: the connection turns into a stream of frames (Hakobune's own; src/spec/build).",
    query: { name: text("What the build is called in the history."), context: text("Where it is built from, as the history shows it."), dockerfile: text("The Dockerfile, as the history shows it.") },
    body: buildRequestShape,
    success: [101, 200],
    failures: [400],
    hijacks: true,
    respond: ({ engine, json: wire, query: { name, context, dockerfile } }) => hijack(engine.openBuildSession(buildRequestOf(wire), { name: name ?? "", context: context ?? "", dockerfile: dockerfile ?? "" })),
  }),
  route("GET /hako/builds", {
    summary: "The builds that are remembered, the latest first (Hakobune's own).",
    respond: ({ engine }) => json(engine.listBuilds()),
  }),
  route("GET /hako/builds/{id}", {
    summary: "What is remembered of a build (Hakobune's own).",
    failures: [404],
    respond: ({ engine, ref }) => json(engine.inspectBuild(ref)),
  }),
  route("GET /hako/builds/{id}/logs", {
    summary: "What happened in a build, as its client was told: one JSON text a line (Hakobune's own).",
    failures: [404],
    respond: ({ engine, ref }) => {
      const messages = Buffer.from(engine.buildLogs(ref));
      return stream("application/x-ndjson", (async function* () { yield messages; })());
    },
  }),
  route("DELETE /hako/builds/{id}", {
    summary: "Forgets a build (Hakobune's own).",
    success: [204],
    failures: [404],
    respond: ({ engine, ref }) => {
      engine.removeBuild(ref);
      return empty();
    },
  }),
];
