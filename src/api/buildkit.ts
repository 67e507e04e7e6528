import { EngineError } from "../base/mod.ts";
import { hijack, route, type Exchange } from "./route.ts";

/** BuildKit's own protocol: gRPC on connections that leave HTTP/1.1 behind. */
export const buildkit = [
  route("POST /grpc", {
    summary: "Builds in BuildKit's own protocol: the connection turns into one of HTTP/2, on which the client calls moby.buildkit.v1.Control.",
    success: [101],
    failures: [400],
    hijacks: true,
    respond: ({ engine, headers }) => {
      requireHttp2(headers);
      return hijack(engine.openBuildkitControl(), "h2c");
    },
  }),
  route("POST /session", {
    summary: "What a build needs of its client: the connection turns into one of HTTP/2, on which the engine calls the client.",
    success: [101],
    failures: [400],
    hijacks: true,
    respond: ({ engine, headers }) => {
      requireHttp2(headers);
      return hijack(engine.openBuildkitSession({ id: one(headers["x-docker-expose-session-uuid"]), sharedKey: one(headers["x-docker-expose-session-sharedkey"]) }), "h2c");
    },
  }),
];

function requireHttp2(headers: Exchange["headers"]): void {
  const protocol = one(headers["upgrade"]);
  if (protocol === "") throw new EngineError("InvalidParameter", "no upgrade proto in request");
  if (protocol !== "h2c") throw new EngineError("InvalidParameter", `protocol ${protocol} not supported`);
}

const one = (value: string | string[] | undefined): string => (Array.isArray(value) ? (value[0] ?? "") : (value ?? ""));
