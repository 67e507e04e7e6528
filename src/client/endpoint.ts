import { EngineError } from "../base/mod.ts";

/** Where an engine listens, as written in `-H` and DOCKER_HOST: `unix:///path` or `tcp://host:port`. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number };

export const DEFAULT_HOST = "unix:///run/hako/hako.sock";
const DEFAULT_TCP_PORT = 2375;

export function parseEndpoint(host: string): Endpoint {
  if (host.startsWith("unix://")) return { kind: "unix", path: host.slice("unix://".length) || "/run/hako/hako.sock" };
  const tcp = /^(?:tcp|http):\/\/(\[[0-9a-fA-F:.]+\]|[^:/]*)(?::(\d+))?\/?$/.exec(host);
  if (tcp) {
    const port = tcp[2] === undefined ? DEFAULT_TCP_PORT : Number(tcp[2]);
    if (port > 0 && port < 65536) return { kind: "tcp", hostname: tcp[1]?.replace(/^\[|\]$/g, "") || "127.0.0.1", port };
  }
  if (!host.includes("://")) throw new EngineError("InvalidParameter", `unable to parse docker host "${host}"`);
  throw new EngineError("InvalidParameter", `the host "${host}" cannot be used: write unix:///path/to/socket or tcp://address:port`);
}
