import type { CommandSpec } from "./command.ts";
import type { ConfigFile, ProxyConfig } from "./config-file.ts";
import type { Flags } from "./flags.ts";

/** Fills in what the configuration file says and the command line does not. `host` chooses among proxies. */
export function applyConfiguration({ flags, host, command, file }: { flags: Flags; host: string; command: CommandSpec; file: ConfigFile }): void {
  const { format, filters, proxies } = command.configured ?? {};
  if (file.detachKeys && flags.has("detach-keys") && !flags.string("detach-keys")) add(flags, "detach-keys", file.detachKeys);
  const configuredFormat = format && file[format];
  if (configuredFormat && !flags.string("format") && !(flags.has("quiet") && flags.bool("quiet"))) add(flags, "format", configuredFormat);
  if (filters) addFilters(flags, file.pruneFilters ?? []);
  if (proxies) addProxies(flags, file.proxies?.[host] ?? file.proxies?.["default"] ?? {});
}

function add(flags: Flags, name: string, value: string): void {
  const flag = flags.find(name);
  if (flag) flags.set(flag, value);
}

/** `label` and `label!` of the same value contradict each other: the command line's wins. */
function addFilters(flags: Flags, configured: readonly string[]): void {
  const written = new Set(flags.list("filter"));
  for (const filter of configured) {
    const [, key = "", value = ""] = /^(label!?)=(.*)$/s.exec(filter) ?? [];
    const opposite = key === "label" ? `label!=${value}` : key === "label!" ? `label=${value}` : undefined;
    if (filter.includes("=") && !(opposite !== undefined && written.has(opposite))) add(flags, "filter", filter);
  }
}

const PROXY_VARIABLES: Readonly<Record<keyof ProxyConfig, string>> = { httpProxy: "HTTP_PROXY", httpsProxy: "HTTPS_PROXY", noProxy: "NO_PROXY", ftpProxy: "FTP_PROXY", allProxy: "ALL_PROXY" };

/** Programs look for either case of the name. */
function addProxies(flags: Flags, proxies: ProxyConfig): void {
  const written = new Set(flags.list("env").map((variable) => variable.split("=")[0]));
  for (const [key, variable] of Object.entries(PROXY_VARIABLES)) {
    const value = proxies[key as keyof ProxyConfig];
    for (const name of [variable, variable.toLowerCase()]) if (value && !written.has(name)) add(flags, "env", `${name}=${value}`);
  }
}
