import { existsSync, statSync } from "node:fs";
import { resolve } from "node:path";
import type { ExporterRequest } from "../../../spec/mod.ts";
import { Failure } from "../../failure.ts";
import { stdoutIsTerminal } from "../../terminal.ts";
import { notPrepared, splitFields } from "./fields.ts";

/** Where what the engine exports goes at this side: a folder that it is unpacked in, a file, or standard output. */
export type Destination = { readonly kind: "folder"; readonly path: string } | { readonly kind: "file"; readonly path: string } | { readonly kind: "stdout" };

export interface Output {
  readonly request: ExporterRequest;
  /** Undefined of what stays with the engine or goes to a registry. */
  readonly destination: Destination | undefined;
}

interface Written {
  readonly type: string;
  readonly dest: string;
  readonly attrs: Readonly<Record<string, string>>;
}

const TYPES: readonly ExporterRequest["type"][] = ["image", "docker", "oci", "tar", "local", "registry", "cacheonly"];

/** `--output`, `--push` and `--load` together. @throws Failure in docker's words */
export function parseOutputs({ outputs, push, load, tags }: { outputs: readonly string[]; push: boolean; load: boolean; tags: readonly string[] }): Output[] {
  let written = outputs.map(parseOutput);
  if (push) written = written.some(({ type }) => type === "image") ? written.map((each) => (each.type === "image" ? { ...each, attrs: { ...each.attrs, push: "true" } } : each)) : [...written, { type: "registry", dest: "", attrs: {} }];
  if (load && !written.some(({ type, dest }) => type === "docker" && dest === "")) written = [...written, { type: "docker", dest: "", attrs: {} }];
  if (written.length === 0) written = [{ type: "image", dest: "", attrs: {} }];
  return written.map((each) => complete(each, tags));
}

function parseOutput(text: string): Written {
  const fields = splitFields(text);
  const [only = ""] = fields;
  if (fields.length === 1 && !only.includes("=") && only === text) return { type: only === "-" ? "tar" : "local", dest: only, attrs: {} };
  const attrs: Record<string, string> = {};
  let type = "";
  let dest = "";
  for (const field of fields) {
    const equals = field.indexOf("=");
    if (equals < 0) throw new Failure(`ERROR: invalid value ${field}`);
    const [key, value] = [field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1)];
    if (key === "type") type = value;
    else if (key === "dest") dest = value;
    else attrs[key] = value;
  }
  if (type === "") throw new Failure("ERROR: type is required for output");
  return { type, dest, attrs };
}

function complete({ type, dest, attrs }: Written, tags: readonly string[]): Output {
  const known = TYPES.find((each) => each === type);
  if (!known) throw notPrepared(`failed to solve: exporter ${JSON.stringify(type)} could not be found`);
  const pushes = known === "registry" || (known === "image" && attrs["push"] === "true");
  if (pushes && tags.length === 0 && !attrs["name"]) throw notPrepared("tag is needed when pushing to registry");
  if (known === "registry") return { request: { type: "image", attrs: { ...attrs, push: "true" } }, destination: undefined };
  const inFolder = known === "local" || ((known === "oci" || known === "docker") && attrs["tar"] === "false");
  if (inFolder) return { request: { type: known, attrs }, destination: folderOf(known, dest) };
  if (known === "tar" || known === "oci" || (known === "docker" && dest !== "")) return { request: { type: known, attrs }, destination: fileOf(known, dest || "-") };
  return { request: { type: known === "docker" ? "image" : known, attrs }, destination: undefined };
}

function folderOf(type: string, dest: string): Destination {
  if (dest === "") throw notPrepared(`dest is required for ${type} exporter`);
  if (dest === "-") throw notPrepared(`dest cannot be stdout for ${type} exporter`);
  if (existsSync(dest) && !statSync(dest).isDirectory()) throw notPrepared(`destination directory ${dest} is a file`);
  return { kind: "folder", path: resolve(dest) };
}

function fileOf(type: string, dest: string): Destination {
  if (dest === "-") {
    if (stdoutIsTerminal()) throw notPrepared(`dest file is required for ${type} exporter. refusing to write to console`);
    return { kind: "stdout" };
  }
  if (existsSync(dest) && statSync(dest).isDirectory()) throw notPrepared(`destination file ${dest} is a directory`);
  return { kind: "file", path: resolve(dest) };
}
