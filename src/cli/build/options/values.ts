import type { Annotation, AttestRequest, BuildPlatform, BuildRequest, CacheEntry } from "../../../spec/mod.ts";
import { Failure } from "../../failure.ts";
import { platformJson } from "../../options/platform.ts";
import { notPrepared, splitFields, splitPairs } from "./fields.ts";

/** `KEY=value`, or `KEY` with the value of our own environment; one that is set nowhere is left out. */
export function parseBuildArgs(texts: readonly string[]): Record<string, string> {
  const args: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf("=");
    const key = equals < 0 ? text : text.slice(0, equals);
    if (key === "") throw new Failure(`ERROR: invalid key-value pair ${JSON.stringify(text)}: empty key`);
    const value = equals < 0 ? process.env[key] : text.slice(equals + 1);
    if (value !== undefined) args[key] = value;
  }
  return args;
}

export function parseLabels(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf("=");
      const key = equals < 0 ? text : text.slice(0, equals);
      if (key === "") throw new Failure(`ERROR: invalid key-value pair ${JSON.stringify(text)}: empty key`);
      return [key, equals < 0 ? "" : text.slice(equals + 1)];
    }),
  );
}

/** Each `os[/arch[/variant]]`, several by commas; `local` is left to the engine. */
export function parsePlatforms(texts: readonly string[]): BuildPlatform[] {
  return texts
    .flatMap((text) => text.split(","))
    .map((text) => text.trim())
    .filter((text) => text !== "" && text !== "local")
    .map(parsePlatform);
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x86_64: "amd64", "x86-64": "amd64", aarch64: "arm64", i386: "386", armhf: "arm", armel: "arm" };

function parsePlatform(text: string): BuildPlatform {
  let json: string | undefined;
  try {
    json = platformJson(text);
  } catch (error) {
    throw notPrepared(error instanceof Error ? error.message : String(error));
  }
  const { os, architecture, variant } = JSON.parse(json ?? "{}") as { os: string; architecture?: string; variant?: string };
  // One word may be either.
  const parts = architecture === undefined && os !== "linux" ? { os: "linux", architecture: os } : { os, architecture: architecture ?? "amd64" };
  return { os: parts.os, architecture: ARCHITECTURES[parts.architecture] ?? parts.architecture, ...(variant !== undefined && { variant }) };
}

const LEVELS: readonly Annotation["level"][] = ["manifest", "index", "manifest-descriptor", "index-descriptor"];

/** `[level[,level][platform]:]key=value`. */
export function parseAnnotations(texts: readonly string[]): Annotation[] {
  return texts.flatMap((text) => {
    const equals = text.indexOf("=");
    if (equals < 0) throw notPrepared(`parse annotations: invalid annotation ${JSON.stringify(text)}, expected key=value`);
    const [name, value] = [text.slice(0, equals), text.slice(equals + 1)];
    const colon = name.indexOf(":");
    if (colon < 0) return [{ level: "manifest" as const, platform: undefined, key: name, value }];
    return name.slice(0, colon).split(",").map((where) => {
      const match = /^([a-z-]+)(?:\[(.+)\])?$/.exec(where);
      const level = LEVELS.find((each) => each === match?.[1]);
      if (!level) throw notPrepared(`parse annotations: unknown annotation type ${JSON.stringify(match?.[1] ?? where)}`);
      return { level, platform: match?.[2] === undefined ? undefined : parsePlatform(match[2]), key: name.slice(colon + 1), value };
    });
  });
}

/** `--attest`, `--provenance` and `--sbom`; the shorthands win. */
export function parseAttests(texts: readonly string[], shorthands: { readonly provenance: string | undefined; readonly sbom: string | undefined }): AttestRequest[] {
  const found = new Map<AttestRequest["type"], AttestRequest>();
  for (const text of texts) {
    const attest = parseAttest(text);
    found.set(attest.type, attest);
  }
  for (const type of ["provenance", "sbom"] as const) {
    const text = shorthands[type];
    if (text === undefined || text === "") continue;
    found.set(type, parseAttest(/^(true|1|t)$/i.test(text) ? `type=${type}` : /^(false|0|f)$/i.test(text) ? `type=${type},disabled=true` : `type=${type},${text}`));
  }
  return [...found.values()];
}

function parseAttest(text: string): AttestRequest {
  const attrs: Record<string, string> = {};
  for (const field of splitFields(text)) {
    const equals = field.indexOf("=");
    if (equals < 0) throw new Failure(`ERROR: invalid value ${field}`);
    attrs[field.slice(0, equals).trim().toLowerCase()] = field.slice(equals + 1);
  }
  const { type, disabled, ...others } = attrs;
  if (type === undefined || type === "") throw new Failure("ERROR: attestation type not specified");
  if (type !== "provenance" && type !== "sbom") throw notPrepared(`attestation type ${JSON.stringify(type)} is not known: provenance and sbom are`);
  return { type, attrs: others, disabled: /^(true|1|t)$/i.test(disabled ?? "") };
}

/** `--cache-from` and `--cache-to`: a name of an image, or fields with a type. */
export function parseCaches(texts: readonly string[]): CacheEntry[] {
  return texts.map((text) => {
    const fields = splitFields(text);
    if (fields.every((field) => !field.includes("="))) return { type: "registry", attrs: { ref: text } };
    const { type, ...attrs } = Object.fromEntries(splitPairs(text)) as Record<string, string>;
    if (!type) throw new Failure(`ERROR: type required form> ${JSON.stringify(text)}`);
    return { type, attrs };
  });
}

/** `host:address`, also with `=`. */
export function parseHosts(texts: readonly string[]): string[] {
  return texts.map((text) => {
    const [, host, address] = /^([^:=]+)[:=](.+)$/.exec(text) ?? [];
    const bare = address?.replace(/^\[(.*)\]$/, "$1");
    if (!host || !bare || !(bare === "host-gateway" || /^[0-9]+(\.[0-9]+){3}$/.test(bare) || /^[0-9a-fA-F:.]*:[0-9a-fA-F:.]*$/.test(bare))) throw notPrepared(`invalid host ${text}`);
    return `${host}:${bare}`;
  });
}

export function parseNetwork(text: string | undefined): BuildRequest["network"] {
  if (text === undefined || text === "" || text === "default") return "default";
  if (text === "none" || text === "host") return text;
  throw notPrepared(`network mode ${JSON.stringify(text)} not supported by buildkit - you can define a custom network for your builder using the network driver-opt in buildx create`);
}

export function parseAllow(texts: readonly string[]): BuildRequest["allow"] {
  return texts.map((text) => {
    if (text === "network.host" || text === "security.insecure" || text === "device" || text.startsWith("device=")) return text.startsWith("device") ? "device" : (text as "network.host");
    throw notPrepared(`unknown entitlement ${text}`);
  });
}


/** `--call METHOD[,format=json]`. */
export function parseCall(text: string, check: boolean): { call: BuildRequest["call"]; json: boolean } {
  const [method = "", ...others] = splitFields(check ? "check" : text);
  const name = method.replace(/^lint$/, "check");
  if (name !== "build" && name !== "check" && name !== "outline" && name !== "targets") throw notPrepared(`failed to solve: unsupported request frontend.${method}: unsupported request frontend.${method}`);
  return { call: name, json: others.includes("format=json") };
}
