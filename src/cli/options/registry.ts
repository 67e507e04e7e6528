import type { RegistrySettings } from "../../configuration/mod.ts";
import { Failure } from "../failure.ts";
import type { Flags } from "../flags.ts";

const DEFAULT_ADDRESS = "127.0.0.1:5000";
const DEFAULT_ROOT = "/var/lib/hako-registry";
const HOUR_MS = 3_600_000;

/** @throws Failure naming the flag that is wrong */
export function registrySettings(flags: Flags): RegistrySettings {
  return {
    ...parseAddress(flags.string("addr") ?? DEFAULT_ADDRESS),
    tls: tlsFiles(flags),
    root: flags.string("root") ?? DEFAULT_ROOT,
    readOnly: flags.bool("read-only"),
    graceMs: 24 * HOUR_MS,
  };
}

/** `host:port`, `:port` for all addresses, `[v6]:port`. */
function parseAddress(text: string): { hostname: string; port: number } {
  const match = /^(?:tcp:\/\/)?(\[[0-9a-fA-F:.]+\]|[^:[\]/]*):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) throw new Failure(`invalid value "${text}" for --addr: give it as HOST:PORT, such as 127.0.0.1:5000 or :5000`);
  return { hostname: match[1]?.replace(/^\[|\]$/g, "") || "0.0.0.0", port };
}

function tlsFiles(flags: Flags): RegistrySettings["tls"] {
  const certPath = flags.string("tls-cert");
  const keyPath = flags.string("tls-key");
  if (certPath === undefined && keyPath === undefined) return undefined;
  if (certPath === undefined || keyPath === undefined) throw new Failure("--tls-cert and --tls-key go together");
  return { certPath, keyPath };
}
