import { EngineError } from "../../base/mod.ts";
import { DEFAULT_BUILD_REQUEST, type AttestRequest, type BuildRequest, type CacheEntry, type DockerfilePlace, type ExporterRequest, type MainContext } from "../../spec/mod.ts";
import { parsePlatform } from "../frontend/platform.ts";
import { isGitSource } from "../../dockerfile/mod.ts";
import type { FrontendCall, SolveRequest } from "./solve-request.ts";

type Attrs = Readonly<Record<string, string>>;

/** An archive that the client sends when it is asked for this address. */
export const UPLOAD = "http://buildkit-session/";

const CALLS: Readonly<Record<string, BuildRequest["call"]>> = { "frontend.lint": "check", "frontend.outline": "outline", "frontend.targets": "targets" };
const EXPORTERS: Readonly<Record<string, ExporterRequest["type"]>> = { moby: "image", image: "image", docker: "docker", oci: "oci", local: "local", tar: "tar" };
const ENTITLEMENTS: readonly BuildRequest["allow"][number][] = ["network.host", "security.insecure", "device"];

/**
 * What a BuildKit client asks for in the Dockerfile frontend's words.
 * @param images of the results of other builds, by the name that a context calls each by @throws EngineError for what this engine cannot
 */
export function frontendRequest(solve: SolveRequest, { frontend, attrs, hasDefinition }: FrontendCall, images: ReadonlyMap<string, string> = new Map()): BuildRequest {
  checkFrontend(frontend, attrs, hasDefinition);
  const call = callOf(attrs["requestid"]);
  const exporters = call === "build" && solve.exporters.length > 0 ? solve.exporters.map(exporterOf) : [{ type: "cacheonly" as const, attrs: {} }];
  const buildArgs = withPrefix(attrs, "build-arg:");
  return {
    ...DEFAULT_BUILD_REQUEST,
    ...placesOf(attrs),
    call,
    exporters,
    buildArgs,
    checkOptions: buildArgs["BUILDKIT_DOCKERFILE_CHECK"] ?? "",
    tags: [...new Set(exporters.flatMap((exporter) => (exporter.type === "image" ? namesOf(exporter.attrs) : [])))],
    target: attrs["target"] ?? "",
    labels: withPrefix(attrs, "label:"),
    platforms: list(attrs["platform"]).map(parsePlatform),
    noCache: attrs["no-cache"] === "",
    noCacheFilter: list(attrs["no-cache"]),
    pull: attrs["image-resolve-mode"] === "pull",
    network: networkOf(attrs["force-network-mode"] ?? ""),
    addHosts: list(attrs["add-hosts"]).map((entry) => entry.replace("=", ":")),
    shmSize: number("shm-size", attrs["shm-size"] || "0"),
    ulimits: list(attrs["ulimit"]).reduce<BuildRequest["ulimits"][number][]>(addUlimit, []),
    cgroupParent: attrs["cgroup-parent"] ?? "",
    namedContexts: Object.entries(withPrefix(attrs, "context:")).map(([name, value]) => ({ name: name.replace(/::[^:]*$/, ""), value: contextValue(name, value, images) })),
    cacheTo: solve.cacheTo,
    cacheFrom: solve.cacheFrom.length > 0 ? solve.cacheFrom : olderCaches(attrs),
    attests: Object.entries(withPrefix(attrs, "attest:")).flatMap(([type, value]) => attestOf(type, value)),
    allow: ENTITLEMENTS.filter((each) => solve.entitlements.some((given) => given === each || given.startsWith(`${each}=`))),
    buildRef: solve.ref,
  };
}

/** `# syntax=` and its like name the language that this engine has itself. */
function checkFrontend(frontend: string, attrs: Attrs, hasDefinition: boolean): void {
  if (frontend === "dockerfile.v0") return;
  if (frontend === "gateway.v0" && /(?:^|\/)docker\/dockerfile(?:-upstream)?(?:[:@]|$)/.test(attrs["source"] ?? "")) return;
  if (frontend === "" && hasDefinition) throw new EngineError("NotImplemented", "this engine builds from Dockerfiles: a graph of operations (LLB) that a client has made itself is not supported");
  if (frontend === "") throw new EngineError("InvalidParameter", "nothing is asked to be built");
  throw new EngineError("NotImplemented", `frontend ${JSON.stringify(attrs["source"] ?? frontend)} is not supported: this engine builds from Dockerfiles by itself`);
}

function callOf(id: string | undefined): BuildRequest["call"] {
  if (id === undefined || id === "") return "build";
  const call = CALLS[id];
  if (call === undefined) throw new EngineError("NotImplemented", `unsupported request ${JSON.stringify(id)}`);
  return call;
}

function placesOf(attrs: Attrs): Pick<BuildRequest, "context" | "dockerfile"> {
  const path = attrs["filename"] || "Dockerfile";
  const remote = attrs["context"] ?? "";
  const context = contextOf(remote, attrs["contextkey"] || "context");
  const isOwn = remote === "" || attrs["dockerfilekey"] !== undefined;
  const dockerfile: DockerfilePlace = isOwn ? { kind: "file", folder: attrs["dockerfilekey"] || "dockerfile", path } : remote.startsWith(UPLOAD) ? { kind: "file", folder: "context", path } : { kind: "remote", path };
  return { context, dockerfile };
}

function contextOf(remote: string, folder: string): MainContext {
  if (remote === "" || remote.startsWith(UPLOAD)) return { kind: "local", folder };
  if (isGitSource(remote)) return { kind: "git", url: remote };
  if (/^https?:\/\//i.test(remote)) return { kind: "http", url: remote };
  throw new EngineError("InvalidParameter", `unsupported context ${JSON.stringify(remote)}`);
}

const INPUT = "input:";

function contextValue(name: string, value: string, images: ReadonlyMap<string, string>): string {
  if (!value.startsWith(INPUT)) return value;
  const image = images.get(value.slice(INPUT.length));
  if (image === undefined) throw new EngineError("NotImplemented", `the context ${JSON.stringify(name)} is a graph of operations (LLB) that a client has made itself, which is not supported: build it first and name its image (docker-image://)`);
  return `docker-image://${image}`;
}

function exporterOf({ type, attrs }: CacheEntry): ExporterRequest {
  const known = EXPORTERS[type];
  if (known === undefined) throw new EngineError("InvalidParameter", `exporter ${JSON.stringify(type)} could not be found`);
  return { type: known, attrs };
}

const namesOf = (attrs: Attrs): string[] => list(attrs["name"]);
const list = (text: string | undefined): string[] => (text ?? "").split(",").map((each) => each.trim()).filter((each) => each !== "");

function withPrefix(attrs: Attrs, prefix: string): Record<string, string> {
  return Object.fromEntries(Object.entries(attrs).flatMap(([name, value]) => (name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [])));
}

function networkOf(mode: string): BuildRequest["network"] {
  if (mode === "none" || mode === "host") return mode;
  if (mode === "" || mode === "default" || mode === "sandbox") return "default";
  throw new EngineError("InvalidParameter", `network mode ${JSON.stringify(mode)} is not known`);
}

function number(what: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new EngineError("InvalidParameter", `invalid ${what} ${JSON.stringify(text)}`);
  return value;
}

/** `nofile=1024:2048` */
function addUlimit(known: BuildRequest["ulimits"][number][], text: string): BuildRequest["ulimits"][number][] {
  const [, name, soft, hard] = /^([a-z]+)=(-?\d+)(?::(-?\d+))?$/.exec(text) ?? [];
  if (name === undefined || soft === undefined) throw new EngineError("InvalidParameter", `invalid ulimit ${JSON.stringify(text)}`);
  return [...known, { name, soft: number("ulimit", soft), hard: number("ulimit", hard ?? soft) }];
}

/** `cache-from` of clients that know nothing better. */
const olderCaches = (attrs: Attrs): CacheEntry[] => list(attrs["cache-from"]).map((ref) => ({ type: "registry", attrs: { ref } }));

function attestOf(type: string, value: string): AttestRequest[] {
  const attrs = Object.fromEntries(list(value).map((field) => [field.split("=", 1)[0] ?? "", field.slice(field.indexOf("=") + 1)]));
  // What buildx adds by itself to whatever can carry it: here it takes an order to make an index of an image.
  if (attrs["inline-only"] === "true") return [];
  if (type !== "provenance" && type !== "sbom") throw new EngineError("InvalidParameter", `attestation type ${JSON.stringify(type)} is not known: provenance and sbom are`);
  return [{ type, attrs, disabled: attrs["disabled"] === "true" || value === "false" }];
}
