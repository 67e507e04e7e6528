import { EngineError } from "../base/mod.ts";
import { DEFAULT_BUILD_REQUEST, type Annotation, type BuildPlatform, type BuildRequest, type DockerfilePlace, type MainContext } from "../spec/mod.ts";
import { bool, int, listOf, mapOf, string, struct } from "./json-shape.ts";

interface Attributed {
  type?: string;
  attrs?: Record<string, string>;
  disabled?: boolean;
}

interface WirePlatform {
  os?: string;
  architecture?: string;
  variant?: string;
}

/** A BuildRequest as it comes: every field may be missing, and each union is one object with the fields of all its members. */
export interface WireBuildRequest {
  dockerfile?: { kind?: string; folder?: string; path?: string; text?: string; name?: string };
  context?: { kind?: string; folder?: string; url?: string };
  target?: string;
  buildArgs?: Record<string, string>;
  labels?: Record<string, string>;
  annotations?: { level?: string; platform?: WirePlatform; key?: string; value?: string }[];
  platforms?: WirePlatform[];
  noCache?: boolean;
  noCacheFilter?: string[];
  pull?: boolean;
  network?: string;
  addHosts?: string[];
  shmSize?: number;
  ulimits?: { name?: string; soft?: number; hard?: number }[];
  cgroupParent?: string;
  resources?: { memory?: number; memorySwap?: number; cpuShares?: number; cpuPeriod?: number; cpuQuota?: number; cpusetCpus?: string; cpusetMems?: string };
  namedContexts?: { name?: string; value?: string }[];
  tags?: string[];
  exporters?: Attributed[];
  cacheFrom?: Attributed[];
  cacheTo?: Attributed[];
  attests?: Attributed[];
  sourceDateEpoch?: number;
  allow?: string[];
  checkOptions?: string;
  call?: string;
  keepFailed?: boolean;
  buildRef?: string;
  credentials?: Record<string, { username?: string; password?: string; identityToken?: string }>;
}

const attributed = struct<Attributed>("Attributed", { type: string, attrs: mapOf(string), disabled: bool });
const platform = struct<WirePlatform>("Platform", { os: string, architecture: string, variant: string });

export const buildRequestShape = struct<WireBuildRequest>("BuildRequest", {
  dockerfile: struct("Dockerfile", { kind: string, folder: string, path: string, text: string, name: string }),
  context: struct("Context", { kind: string, folder: string, url: string }),
  target: string,
  buildArgs: mapOf(string),
  labels: mapOf(string),
  annotations: listOf(struct("Annotation", { level: string, platform, key: string, value: string })),
  platforms: listOf(platform),
  noCache: bool,
  noCacheFilter: listOf(string),
  pull: bool,
  network: string,
  addHosts: listOf(string),
  shmSize: int,
  ulimits: listOf(struct("Ulimit", { name: string, soft: int, hard: int })),
  cgroupParent: string,
  resources: struct("Resources", { memory: int, memorySwap: int, cpuShares: int, cpuPeriod: int, cpuQuota: int, cpusetCpus: string, cpusetMems: string }),
  namedContexts: listOf(struct("NamedContext", { name: string, value: string })),
  tags: listOf(string),
  exporters: listOf(attributed),
  cacheFrom: listOf(attributed),
  cacheTo: listOf(attributed),
  attests: listOf(attributed),
  sourceDateEpoch: int,
  allow: listOf(string),
  checkOptions: string,
  call: string,
  keepFailed: bool,
  buildRef: string,
  credentials: mapOf(struct("Credentials", { username: string, password: string, identityToken: string })),
});

/** @throws EngineError InvalidParameter, also when nothing says where to build from: such a session would wait for its client for ever */
export function buildRequestOf(wire: WireBuildRequest): BuildRequest {
  if (!wire.context) throw new EngineError("InvalidParameter", "a build has a context");
  const given = DEFAULT_BUILD_REQUEST;
  return {
    dockerfile: wire.dockerfile ? dockerfileOf(wire.dockerfile) : given.dockerfile,
    context: contextOf(wire.context),
    target: wire.target ?? "",
    buildArgs: wire.buildArgs ?? {},
    labels: wire.labels ?? {},
    annotations: (wire.annotations ?? []).map(annotationOf),
    platforms: (wire.platforms ?? []).map(platformOf),
    noCache: wire.noCache ?? false,
    noCacheFilter: wire.noCacheFilter ?? [],
    pull: wire.pull ?? false,
    network: oneOf("network mode", wire.network || "default", ["default", "none", "host"]),
    addHosts: wire.addHosts ?? [],
    shmSize: wire.shmSize ?? 0,
    ulimits: (wire.ulimits ?? []).map(({ name = "", soft = 0, hard = 0 }) => ({ name, soft, hard })),
    cgroupParent: wire.cgroupParent ?? "",
    resources: { ...given.resources, ...wire.resources },
    namedContexts: (wire.namedContexts ?? []).map(({ name = "", value = "" }) => ({ name, value })),
    tags: wire.tags ?? [],
    exporters: wire.exporters ? wire.exporters.map(({ type, attrs = {} }) => ({ type: oneOf("exporter", type, ["image", "docker", "oci", "tar", "local", "registry", "cacheonly"]), attrs })) : given.exporters,
    cacheFrom: (wire.cacheFrom ?? []).map(({ type = "", attrs = {} }) => ({ type, attrs })),
    cacheTo: (wire.cacheTo ?? []).map(({ type = "", attrs = {} }) => ({ type, attrs })),
    attests: (wire.attests ?? []).map(({ type, attrs = {}, disabled = false }) => ({ type: oneOf("attestation", type, ["provenance", "sbom"]), attrs, disabled })),
    sourceDateEpoch: wire.sourceDateEpoch,
    allow: (wire.allow ?? []).map((each) => oneOf("entitlement", each, ["network.host", "security.insecure", "device"])),
    checkOptions: wire.checkOptions ?? "",
    call: oneOf("call", wire.call || "build", ["build", "check", "outline", "targets"]),
    keepFailed: wire.keepFailed ?? false,
    buildRef: wire.buildRef ?? "",
    credentials: Object.fromEntries(Object.entries(wire.credentials ?? {}).map(([name, { username = "", password = "", identityToken = "" }]) => [name, { username, password, identityToken }])),
  };
}

function oneOf<const T extends string>(what: string, value: string | undefined, known: readonly T[]): T {
  const found = known.find((each) => each === value);
  if (found === undefined) throw new EngineError("InvalidParameter", `invalid ${what} ${JSON.stringify(value ?? "")}`);
  return found;
}

function dockerfileOf({ kind, folder = "dockerfile", path = "Dockerfile", text = "", name = "Dockerfile" }: NonNullable<WireBuildRequest["dockerfile"]>): DockerfilePlace {
  if (kind === "text") return { kind, text, name };
  if (kind === "remote") return { kind, path };
  return { kind: oneOf("place of the Dockerfile", kind, ["file"]), folder, path };
}

function contextOf({ kind, folder = "context", url = "" }: NonNullable<WireBuildRequest["context"]>): MainContext {
  const known = oneOf("context", kind, ["local", "git", "http", "none"]);
  if (known === "local") return { kind: known, folder };
  return known === "none" ? { kind: known } : { kind: known, url };
}

function platformOf({ os, architecture, variant }: WirePlatform): BuildPlatform {
  if (!os || !architecture) throw new EngineError("InvalidParameter", "a platform has an operating system and an architecture");
  return { os, architecture, ...(variant && { variant }) };
}

function annotationOf({ level, platform: where, key = "", value = "" }: NonNullable<WireBuildRequest["annotations"]>[number]): Annotation {
  return { level: oneOf("annotation type", level, ["manifest", "index", "manifest-descriptor", "index-descriptor"]), platform: where && platformOf(where), key, value };
}
