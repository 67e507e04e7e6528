import { readFileSync, realpathSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { EngineError } from "../base/mod.ts";
import type { ProcessSpec, RuntimeMount, RuntimeSpec } from "../spec/mod.ts";
import { hooksOf, type Hooks } from "./config-hooks.ts";
import { linuxOf } from "./config-linux.ts";
import { asInteger, asText, JsonValue } from "./json-value.ts";

/** A bundle as it was read: what is run, and what is done around it. */
export interface BundleConfig {
  readonly spec: RuntimeSpec;
  readonly hooks: Hooks;
  /** Absolute, without links. */
  readonly rootfs: string;
}

const MAX_BYTES = 16 * 1024 * 1024;

/** Reads `<bundle>/config.json` (runtime-spec config.md). @throws EngineError naming what is wrong, or what cannot be had */
export function readBundle(bundle: string): BundleConfig {
  return readConfig(`${bundle}/config.json`, bundle);
}

/** The same of a copy. */
export function readConfig(path: string, bundle: string): BundleConfig {
  const config = parseFile(path);
  const version = config.at("ociVersion").text();
  if (!/^1\.\d+\.\d+/.test(version)) throw new EngineError("NotImplemented", `ociVersion ${version.slice(0, 32)}: only version 1 of the runtime specification is known`);
  const root = config.at("root");
  const linux = linuxOf(config.at("linux"));
  if (!linux.namespaces.some(({ type, path }) => type === "mount" && !path)) throw new EngineError("NotImplemented", "linux.namespaces: a mount namespace of the container's own is needed");
  return {
    rootfs: realpathSync(resolve(bundle, root.at("path").text("rootfs"))),
    hooks: hooksOf(config.at("hooks")),
    spec: {
      ociVersion: version,
      ...config.maybe("hostname", asText),
      ...config.maybe("domainname", asText),
      process: processOf(config.at("process")),
      root: { path: root.at("path").text("rootfs"), readonly: root.at("readonly").flag() },
      mounts: config.at("mounts").list().map(mountOf),
      linux,
      annotations: Object.fromEntries(config.at("annotations").keys().map((key) => [key, config.at("annotations").at(key).text()])),
    },
  };
}

/** A file with one process (config.md#process), as `exec --process` takes it. */
export function readProcess(path: string): ProcessSpec {
  return processOf(parseFile(path));
}

export function parseFile(path: string): JsonValue {
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > MAX_BYTES) throw new EngineError("InvalidParameter", `${path}: too large`);
  try {
    return JsonValue.parse(readFileSync(path, "utf8"), "");
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError("NotFound", `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function processOf(process: JsonValue): ProcessSpec {
  for (const key of ["scheduler", "ioPriority", "execCPUAffinity"]) process.at(key).absent("cannot be set");
  const user = process.at("user");
  const capabilities = process.at("capabilities");
  const size = process.at("consoleSize");
  const args = process.at("args").texts();
  const cwd = process.at("cwd").text();
  if (args.length === 0) throw new EngineError("InvalidParameter", "process.args: must not be empty");
  if (!cwd.startsWith("/")) throw new EngineError("InvalidParameter", "process.cwd: must be an absolute path");
  return {
    terminal: process.at("terminal").flag(),
    ...(size.present && { consoleSize: { height: size.at("height").integer(), width: size.at("width").integer() } }),
    user: { uid: user.at("uid").integer(0), gid: user.at("gid").integer(0), ...user.maybe("umask", asInteger), additionalGids: user.at("additionalGids").list().map(asInteger) },
    args,
    env: process.at("env").texts(),
    cwd,
    capabilities: {
      bounding: capabilities.at("bounding").texts(),
      effective: capabilities.at("effective").texts(),
      permitted: capabilities.at("permitted").texts(),
      inheritable: capabilities.at("inheritable").texts(),
      ambient: capabilities.at("ambient").texts(),
    },
    rlimits: process.at("rlimits").list().map((limit) => ({ type: limit.at("type").text(), soft: limit.at("soft").big(), hard: limit.at("hard").big() })),
    noNewPrivileges: process.at("noNewPrivileges").flag(),
    ...process.maybe("apparmorProfile", asText),
    ...process.maybe("selinuxLabel", asText),
    ...process.maybe("oomScoreAdj", asInteger),
  };
}

function mountOf(mount: JsonValue): RuntimeMount {
  for (const key of ["uidMappings", "gidMappings"]) mount.at(key).absent("mounts with mapped owners cannot be made");
  const destination = mount.at("destination").text();
  const options = mount.at("options").texts();
  for (const word of options) if (/^r?idmap(=|$)/.test(word)) throw new EngineError("NotImplemented", `mount ${destination}: mounts with mapped owners cannot be made`);
  const bind = options.includes("bind") || options.includes("rbind");
  const type = mount.at("type").text(bind ? "bind" : "");
  if (type === "") throw new EngineError("InvalidParameter", `mount ${destination}: without a type`);
  return { destination: destination.startsWith("/") ? destination : `/${destination}`, type: bind ? "bind" : type, source: mount.at("source").text(""), options };
}
