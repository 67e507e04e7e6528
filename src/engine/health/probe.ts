import { isIPv4, isIPv6 } from "node:net";
import { EngineError } from "../../base/mod.ts";
import type { ContainerConfig } from "../record.ts";

/** How a container's health is asked for. */
export type Probe =
  | { readonly kind: "exec"; readonly argv: readonly string[] }
  /** The engine connects inside the container's network namespace: no program of the image is needed. */
  | { readonly kind: "tcp"; readonly target: ProbeTarget }
  | { readonly kind: "http"; readonly target: ProbeTarget; readonly path: string };

export interface ProbeTarget {
  /** Tried in this order; both of loopback's for `localhost`. */
  readonly addresses: readonly string[];
  readonly port: number;
  /** As it was written: what an HTTP probe says in its Host line. */
  readonly text: string;
}

const DEFAULT_SHELL = ["/bin/sh", "-c"];
const MAX_PATH_BYTES = 2048;

/** Undefined: none, `NONE`, or one that nobody understands, as an image may bring it: Docker passes it over as well. */
export function probeOf(config: Pick<ContainerConfig, "Healthcheck" | "Shell">): Probe | undefined {
  try {
    return parseProbe(config);
  } catch {
    return undefined;
  }
}

/** @throws EngineError InvalidParameter */
export function parseProbe(config: Pick<ContainerConfig, "Healthcheck" | "Shell">): Probe | undefined {
  const [kind, ...rest] = config.Healthcheck?.Test ?? [];
  switch (kind) {
    case "CMD":
      return { kind: "exec", argv: rest };
    case "CMD-SHELL":
      return { kind: "exec", argv: [...(config.Shell?.length ? config.Shell : DEFAULT_SHELL), ...rest] };
    case "TCP":
      return parseTcpProbe(rest);
    case "HTTP":
      return parseHttpProbe(rest);
    default:
      return undefined;
  }
}

/** `["TCP", "5432"]` or `["TCP", "127.0.0.1:5432"]`. @throws EngineError InvalidParameter */
function parseTcpProbe(rest: readonly string[]): Probe {
  const [text = ""] = rest;
  const match = /^(?:(localhost|[0-9.]+|\[[0-9A-Fa-f:.]+\])?:)?(\d{1,5})$/.exec(text);
  const target = rest.length === 1 && match ? targetOf(match[1] ?? "localhost", Number(match[2])) : undefined;
  if (!target) throw new EngineError("InvalidParameter", `invalid TCP health check ${JSON.stringify(text.slice(0, 128))}: it must be a port, or address:port with an address inside the container`);
  return { kind: "tcp", target };
}

/** `["HTTP", "http://localhost:8080/healthz"]`; also `8080`, `:8080/healthz`, `/healthz` and `/healthz:8080`. @throws EngineError InvalidParameter */
function parseHttpProbe(rest: readonly string[]): Probe {
  const [text = ""] = rest;
  const refuse = (reason: string): never => {
    throw new EngineError("InvalidParameter", `invalid HTTP health check ${JSON.stringify(text.slice(0, 128))}: ${reason}`);
  };
  if (rest.length !== 1) refuse("it must be one URL, path or port");
  if (/^https:/i.test(text)) refuse("probes speak plain HTTP; use a TCP health check for a port that speaks TLS");
  if (text.length > MAX_PATH_BYTES || !/^[\x21-\x7e]+$/.test(text)) refuse("it must be printable, without spaces, and at most 2048 characters long");
  const match = /^(?:http:\/\/(localhost|[0-9.]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?|:?(\d{1,5})|)(\/[^#]*?)?(?::(\d{1,5}))?$/.exec(text);
  if (!match || text === "") return refuse("it must be http://localhost[:port][/path], port[/path] or /path[:port]; host names are not looked up");
  const [, host = "localhost", urlPort, port, path = "/", pathPort] = match;
  if (pathPort !== undefined && (urlPort ?? port) !== undefined) refuse("it names two ports");
  const target = targetOf(host, Number(urlPort ?? port ?? pathPort ?? 80)) ?? refuse("its address or port is out of range");
  return { kind: "http", target, path };
}

function targetOf(host: string, port: number): ProbeTarget | undefined {
  if (port < 1 || port > 65535) return undefined;
  const bare = host.replace(/^\[|\]$/g, "");
  const text = port === 80 ? host : `${host}:${port}`;
  if (host === "localhost") return { addresses: ["127.0.0.1", "::1"], port, text };
  return isIPv4(host) || isIPv6(bare) ? { addresses: [bare], port, text } : undefined;
}
