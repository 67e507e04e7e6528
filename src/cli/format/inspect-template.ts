import { Failure } from "../failure.ts";
import { Template, TemplateError } from "../../template/mod.ts";

/** `inspect --format`: fields by their Go names too, where those differ from JSON's only by case (`.ID` is `Id`). */
export function inspectTemplate(format: string): (data: unknown) => string {
  let template: Template;
  try {
    template = new Template(format);
  } catch (error) {
    if (error instanceof TemplateError) throw new Failure(`template parsing error: template: :1: ${error.message}`, 64);
    throw error;
  }
  return (data) => {
    try {
      return template.run(data, { lookup });
    } catch (error) {
      if (error instanceof TemplateError) throw new Failure(`template parsing error: ${error.message}`);
      throw error;
    }
  };
}

/** Fields that the engine leaves out when they are empty, and that templates may still ask for. */
const LEFT_OUT = new Set(["Annotations", "ArgsEscaped", "ExposedPorts", "Health", "Healthcheck", "ImageManifestDescriptor", "Init", "MacAddress", "Mounts", "NetworkDisabled", "OnBuild", "Shell", "SizeRootFs", "SizeRw", "StopSignal", "StopTimeout", "StorageOpt", "Sysctls", "Tmpfs"]);
const MAPS = new Set(["Annotations", "Attributes", "DriverOpts", "ExposedPorts", "Labels", "Networks", "Options", "Ports", "PortBindings", "StorageOpt", "Sysctls", "Tmpfs", "Volumes"]);
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
