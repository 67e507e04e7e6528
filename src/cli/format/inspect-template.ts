import { Failure } from "../failure.ts";
import { out } from "../output.ts";
import { markStruct, Template, TemplateError, type Lookup } from "../../template/mod.ts";

/** How docker words what is wrong with a template for one type of its own. */
export interface TemplateWords {
  /** Name of that type. */
  readonly goType: string;
  readonly name?: string;
  readonly prefix?: string;
  readonly exitCode?: number;
}

/** `inspect --format`: fields by their Go names too, where those differ from JSON's only by case (`.ID` is `Id`). */
export function inspectTemplate(format: string, words?: TemplateWords): (data: unknown) => string {
  const fail = (message: string, exitCode: number) => new Failure(words ? `${words.prefix ?? ""}${named(message, words.name ?? "")}` : `template parsing error: ${message}`, words?.exitCode ?? exitCode);
  let template: Template;
  try {
    template = new Template(format);
  } catch (error) {
    if (error instanceof TemplateError) throw fail(`template: :1: ${error.message}`, 64);
    throw error;
  }
  return (data) => {
    const find: Lookup = words ? (value, name) => (value === data ? typedMember(value, name, words.goType) : lookup(value, name)) : lookup;
    try {
      markStructs("", data);
      return template.run(data, { lookup: find });
    } catch (error) {
      if (error instanceof TemplateError) throw fail(error.message, 1);
      throw error;
    }
  };
}

/** One value through a template; as docker, it ends the line that it had begun when that fails. */
export function printThrough(template: (data: unknown) => string, data: unknown): void {
  let text = "";
  try {
    text = template(data);
  } finally {
    out(`${text}\n`);
  }
}

const named = (message: string, name: string): string => message.replace(/^template: :/, `template: ${name}:`).replace('executing ""', `executing ${JSON.stringify(name)}`);

function typedMember(value: unknown, name: string, goType: string): unknown {
  try {
    return lookup(value, name);
  } catch (error) {
    throw error instanceof TemplateError ? new TemplateError(`can't evaluate field ${name} in type ${goType}`) : error;
  }
}

/** Fields that the engine leaves out when they are empty, and that templates may still ask for. */
const LEFT_OUT = new Set(["Annotations", "ArgsEscaped", "ExposedPorts", "Health", "Healthcheck", "ImageManifestDescriptor", "Init", "MacAddress", "Mounts", "NetworkDisabled", "OnBuild", "Shell", "SizeRootFs", "SizeRw", "StopSignal", "StopTimeout", "StorageOpt", "Sysctls", "Tmpfs"]);
const MAPS = new Set(["Annotations", "Attributes", "Data", "DriverOpts", "ExposedPorts", "Labels", "Networks", "Options", "Ports", "PortBindings", "StorageOpt", "Sysctls", "Tmpfs", "Volumes"]);
const TEXTS = new Set(["MacAddress", "StopSignal"]);
const FLAGS = new Set(["ArgsEscaped", "NetworkDisabled"]);
const POINTERS = new Set(["Health", "Healthcheck", "ImageManifestDescriptor", "Init", "IPAMConfig", "MemorySwappiness", "OomKillDisable", "PidsLimit", "SizeRootFs", "SizeRw", "StopTimeout"]);

/** An empty list or map that JSON shows as null, as Go's nil ones are. */
const nil = <T extends object>(value: T): T => Object.defineProperty(value, "toJSON", { value: () => null });

/** What an empty field of docker's types prints as. */
function emptyOf(name: string): unknown {
  if (POINTERS.has(name)) return null;
  if (TEXTS.has(name)) return "";
  if (FLAGS.has(name)) return false;
  return nil(MAPS.has(name) ? {} : []);
}

/** Fields that docker's types have and JSON leaves out, where whole objects are often printed. */
const LAYOUTS: Readonly<Record<string, readonly string[]>> = {
  Mounts: ["Type", "Name", "Source", "Destination", "Driver", "Mode", "RW", "Propagation"],
  State: ["Status", "Running", "Paused", "Restarting", "OOMKilled", "Dead", "Pid", "ExitCode", "Error", "StartedAt", "FinishedAt", "Health"],
};

/** Everything that is no map is a struct to docker, and prints as one. */
function markStructs(name: string, value: unknown, parent = ""): void {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) return value.forEach((item) => markStructs(name, item, parent));
  const isMap = MAPS.has(name) || (parent === "LogConfig" && name === "Config");
  const members = value as Record<string, unknown>;
  for (const [key, member] of Object.entries(members)) markStructs(isMap ? "" : key, member, name);
  if (isMap) return;
  const layout = LAYOUTS[name];
  const fits = layout !== undefined && (name !== "Mounts" || "Destination" in members);
  markStruct(value, (fits ? layout : Object.keys(members)).map((key) => members[key] ?? (fits && !POINTERS.has(key) ? "" : emptyOf(key))));
}

/** Those values seen so far that are maps to docker, where any key may be asked for. */
const maps = new WeakSet<object>();

function lookup(value: unknown, name: string): unknown {
  const member = memberOf(value, name);
  if (MAPS.has(name) && typeof member === "object" && member !== null) maps.add(member);
  return member;
}

function memberOf(value: unknown, name: string): unknown {
  // What a map does not have has no value, and neither has anything of it.
  if (value === undefined) return undefined;
  if (value === null) throw new TemplateError(`nil data; no entry for key ${JSON.stringify(name)}`);
  if (typeof value !== "object" || Array.isArray(value)) throw new TemplateError(`can't evaluate field ${name} in type ${Array.isArray(value) ? "[]interface {}" : typeof value}`);
  const members = value as Record<string, unknown>;
  if (maps.has(members)) return Object.hasOwn(members, name) ? members[name] : undefined;
  if (Object.hasOwn(members, name)) return members[name] ?? emptyOf(name);
  const same = Object.keys(members).find((key) => key.toLowerCase() === name.toLowerCase());
  if (same !== undefined) return members[same];
  if (LEFT_OUT.has(name)) return emptyOf(name);
  throw new TemplateError(`map has no entry for key ${JSON.stringify(name)}`);
}
