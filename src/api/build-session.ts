import { buildRequestOf, buildRequestShape } from "./build-request.ts";
import { hijack, route } from "./route.ts";

export const buildSession = [
  route("POST /hako/build", {
    summary: "Builds for a client that answers the build's questions: the connection turns into a stream of frames (Hakobune's own; src/spec/build).",
    body: buildRequestShape,
    success: [101, 200],
    failures: [400],
    hijacks: true,
    respond: ({ engine, json: wire }) => hijack(engine.openBuildSession(buildRequestOf(wire))),
  }),
];
