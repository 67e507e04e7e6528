import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { EngineError } from "../../base/mod.ts";

/** Where a plugin listens. */
export interface PluginAddress {
  readonly name: string;
  /** The path of its socket, or where over TCP. */
  readonly at: { readonly kind: "unix"; readonly path: string } | { readonly kind: "tcp"; readonly host: string; readonly tls?: PluginTls };
}

export interface PluginTls {
  readonly insecure: boolean;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

/** Folders that are looked through, in this order. */
export interface PluginFolders {
  readonly sockets: readonly string[];
  readonly specs: readonly string[];
}

export const DOCKERS_FOLDERS: PluginFolders = { sockets: ["/run/docker/plugins"], specs: ["/etc/docker/plugins", "/usr/lib/docker/plugins"] };

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;
const MAX_SPEC_BYTES = 64 * 1024;

/** The plugin of a name: a socket first, then what a `.spec` or `.json` file says. Undefined when there is none. */
export function findPlugin(name: string, folders: PluginFolders): PluginAddress | undefined {
  if (!NAME.test(name) || name.length > 128) return undefined;
  const socket = inFolders(folders.sockets, name, ["sock"]).find(isSocket);
  if (socket !== undefined) return { name, at: { kind: "unix", path: socket } };
  const spec = inFolders(folders.specs, name, ["spec", "json"]).map((path) => [path, readSpec(path)] as const).find(([, text]) => text !== undefined);
  return spec && parseSpec(name, spec[0], spec[1] ?? "");
}

/** Names of all plugins that are there. */
export function pluginNames({ sockets, specs }: PluginFolders): string[] {
  const found = [...sockets.flatMap((folder) => namesIn(folder, ["sock"])), ...specs.flatMap((folder) => namesIn(folder, ["spec", "json"]))];
  return [...new Set(found)].filter((name) => NAME.test(name)).sort();
}

const inFolders = (folders: readonly string[], name: string, endings: readonly string[]): string[] => folders.flatMap((folder) => endings.flatMap((ending) => [join(folder, `${name}.${ending}`), join(folder, name, `${name}.${ending}`)]));

function namesIn(folder: string, endings: readonly string[]): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const ending = endings.find((candidate) => entry.endsWith(`.${candidate}`));
    if (ending !== undefined) return [basename(entry, `.${ending}`)];
    return entriesOf(join(folder, entry)).some((inner) => endings.some((candidate) => inner === `${entry}.${candidate}`)) ? [entry] : [];
  });
}

function entriesOf(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // Not there, or no folder, ignoring: no plugins.
    return [];
  }
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

function readSpec(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isFile() || stat.size > MAX_SPEC_BYTES) return undefined;
  return readFileSync(path, "utf8");
}

/** @throws EngineError System for a file that says nothing of use */
function parseSpec(name: string, path: string, text: string): PluginAddress {
  if (!path.endsWith(".json")) return { name, at: parseAddress(name, text.trim()) };
  try {
    const { Addr: address, TLSConfig: tls } = JSON.parse(text) as { Addr?: unknown; TLSConfig?: { InsecureSkipVerify?: boolean; CAFile?: string; CertFile?: string; KeyFile?: string } };
    return { name, at: parseAddress(name, String(address ?? ""), tls && { insecure: tls.InsecureSkipVerify ?? false, ...(tls.CAFile && { caFile: tls.CAFile }), ...(tls.CertFile && { certFile: tls.CertFile }), ...(tls.KeyFile && { keyFile: tls.KeyFile }) }) };
  } catch (error) {
    if (error instanceof SyntaxError) throw new EngineError("System", `the file ${path} of plugin ${JSON.stringify(name)} is no JSON: ${error.message}`);
    throw error;
  }
}

function parseAddress(name: string, address: string, tls?: PluginTls): PluginAddress["at"] {
  const [, scheme = "", rest = ""] = /^(unix|tcp):\/\/(.+)$/.exec(address) ?? [];
  if (scheme === "unix") return { kind: "unix", path: rest };
  if (scheme === "tcp") return { kind: "tcp", host: rest, ...(tls && { tls }) };
  throw new EngineError("System", `plugin ${JSON.stringify(name)} has an address that is none: ${JSON.stringify(address.slice(0, 128))}`);
}
