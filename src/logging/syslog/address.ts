import { existsSync } from "node:fs";
import { refuse } from "../option-values.ts";

export type SyslogAddress =
  | { readonly network: "udp" | "tcp" | "tcp+tls"; readonly host: string; readonly port: number }
  | { readonly network: "unix" | "unixgram"; readonly path: string }
  /** The machine's own. */
  | { readonly network: "local" };

const DEFAULT_PORT = 514;

/** `syslog-address`. @throws EngineError InvalidParameter, in Docker's words */
export function parseSyslogAddress(text: string | undefined): SyslogAddress {
  if (!text) return { network: "local" };
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//.exec(text)?.[1] ?? "";
  const rest = scheme === "" ? text : text.slice(scheme.length + 3);
  switch (scheme) {
    case "unix":
    case "unixgram":
      if (!existsSync(rest)) refuse(`stat ${rest}: no such file or directory`);
      return { network: scheme, path: rest };
    case "udp":
    case "tcp":
    case "tcp+tls":
      return { network: scheme, ...hostAndPort(rest) };
    default:
      return refuse(`unsupported scheme: '${scheme}'`);
  }
}

function hostAndPort(text: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:/[\]]+))(?::(\d{1,5}))?\/?$/.exec(text);
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (!match || port > 65535) return refuse(`address ${text.slice(0, 128)}: invalid port or host`);
  return { host: match[1] ?? match[2] ?? "", port };
}
