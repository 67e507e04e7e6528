import { EngineError } from "../base/mod.ts";

/** Texts in PEM form; what is undefined is not sent, or the system's own authorities are trusted. */
export interface TlsMaterial {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Whether the engine's certificate is checked. */
  readonly verify: boolean;
}

/** Where an engine listens, as written in `-H` and DOCKER_HOST: `unix:///path`, `tcp://host:port` or `ssh://user@host`. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly hostname: string; readonly port: number; readonly tls?: TlsMaterial }
  | SshEndpoint;

export interface SshEndpoint {
  readonly kind: "ssh";
  readonly hostname: string;
  readonly user?: string;
  readonly port?: number;
  /** The engine's socket over there; undefined: the one that the program there finds itself. */
  readonly path?: string;
}

export const DEFAULT_HOST = "unix:///run/hako/hako.sock";
const DEFAULT_TCP_PORT = 2375;
const DEFAULT_TLS_PORT = 2376;

/** @throws EngineError InvalidParameter in docker's words. `tls` concerns tcp alone; a unix socket and ssh need none. */
export function parseEndpoint(host: string, tls?: TlsMaterial): Endpoint {
  if (host.startsWith("unix://")) return { kind: "unix", path: host.slice("unix://".length) || "/run/hako/hako.sock" };
  if (host.startsWith("ssh://")) return parseSsh(host);
  const address = host.startsWith("tcp://") ? host.slice("tcp://".length) : host;
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::(\d+))?\/?$/.exec(address);
  const port = match?.[2] === undefined ? (tls ? DEFAULT_TLS_PORT : DEFAULT_TCP_PORT) : Number(match[2]);
  if (!match || address.includes("://") || port < 1 || port > 65535) throw new EngineError("InvalidParameter", `invalid bind address format: ${host}`);
  return { kind: "tcp", hostname: match[1]?.replace(/^\[|\]$/g, "") || "localhost", port, ...(tls && { tls }) };
}

function parseSsh(host: string): SshEndpoint {
  const invalid = (reason: string) => new EngineError("InvalidParameter", `ssh host connection is not valid: ${reason}`);
  const match = /^ssh:\/\/(?:([^@/]*)@)?(\[[^\]/]+\]|[^:/?#]*)(?::(\d+))?(\/[^?#]*)?([?#].*)?$/.exec(host);
  if (!match) throw invalid(`invalid SSH URL: ${host}`);
  const [, user, name = "", port, path, extra] = match;
  if (user?.includes(":")) throw invalid("plain-text password is not supported");
  if (name === "") throw invalid("no host specified");
  // ssh would read it as one of its options.
  if (name.startsWith("-") || user?.startsWith("-")) throw invalid(`invalid SSH URL: ${host}`);
  if (extra) throw invalid(`${extra.startsWith("?") ? "query parameters are" : "fragments are"} not allowed: ${JSON.stringify(extra.slice(1))}`);
  return { kind: "ssh", hostname: name.replace(/^\[|\]$/g, ""), ...(user && { user }), ...(port && { port: Number(port) }), ...(path && path !== "/" && { path }) };
}

/** The endpoint as people write it. */
export function formatEndpoint(endpoint: Endpoint): string {
  switch (endpoint.kind) {
    case "unix":
      return `unix://${endpoint.path}`;
    case "tcp":
      return `tcp://${bracketed(endpoint.hostname)}:${endpoint.port}`;
    case "ssh":
      return `ssh://${endpoint.user ? `${endpoint.user}@` : ""}${bracketed(endpoint.hostname)}${endpoint.port ? `:${endpoint.port}` : ""}${endpoint.path ?? ""}`;
  }
}

const bracketed = (hostname: string): string => (hostname.includes(":") ? `[${hostname}]` : hostname);
