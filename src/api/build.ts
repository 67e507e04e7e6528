import { EngineError } from "../base/mod.ts";
import { DEFAULT_BUILD_REQUEST, parseReference, withDefaultTag, type BuildRequest } from "../spec/mod.ts";
import { parseBuildPlatform } from "../build/mod.ts";
import type { ClassicBuild } from "../engine/mod.ts";
import { jsonParameter, stringList, stringMap, ulimitList } from "./build-parameters.ts";
import { filters, flag, integer, list, text, type QueryValues } from "./query.ts";
import { registryConfig } from "./registry-auth.ts";
import { json, route } from "./route.ts";
import { notYet, progress } from "./streams.ts";

const PRUNE_FILTERS = ["description", "id", "inuse", "parent", "private", "shared", "type", "until", "unused-for"];

const QUERY = {
  dockerfile: text("The Dockerfile's path in the context."),
  t: list("A name for the image; may be repeated."),
  extrahosts: text("name:address lines for the steps' hosts files, as a JSON list or comma separated."),
  remote: text("A git repository, an archive or a Dockerfile by URL, in place of the body."),
  q: flag("Tell the image's id alone."),
  nocache: flag("Run every step."),
  cachefrom: text("Images to take steps from, as a JSON list."),
  pull: flag("Look bases up at their registries."),
  rm: flag("Has no effect: steps leave no containers.", true),
  forcerm: flag("Has no effect."),
  memory: integer("Bytes that a step may use."),
  memswap: integer("The same with swap; -1: any."),
  cpushares: integer("Weight of a step's processes."),
  cpusetcpus: text("Processors of the steps."),
  cpusetmems: text("Memory nodes of the steps."),
  cpuperiod: integer("Microseconds."),
  cpuquota: integer("Microseconds of each period."),
  buildargs: text("Arguments as a JSON object."),
  shmsize: integer("Bytes of /dev/shm."),
  squash: flag("Refused: layers stay as they are."),
  labels: text("Labels of the image as a JSON object."),
  networkmode: text("default, none or host."),
  platform: text("os[/arch[/variant]] of the image."),
  target: text("The stage to build."),
  outputs: text("Where to put the result, as a JSON list."),
  ulimits: text("Limits of the steps as a JSON list."),
  cgroupparent: text("Parent of the steps' cgroups."),
  version: text("1; 2 with remote=client-session is BuildKit's own protocol."),
  session: text("Of BuildKit's own protocol; has no effect."),
} as const;

export const build = [
  route("POST /build", {
    summary: "Builds an image of a Dockerfile and the archive in the body, in any compression. Credentials come in X-Registry-Config.",
    query: QUERY,
    failures: [400, 404, 500, 501],
    respond: ({ engine, query, body, headers, signal }) => {
      const build = classicBuild(query, registryConfig(headers));
      const archive = build.request.context.kind === "local" ? { bytes: body.chunks } : undefined;
      return progress(engine.buildImage(build, archive, signal));
    },
  }),
  route("POST /build/prune", {
    summary: "Removes what builds keep for each other.",
    query: {
      all: flag("Also what is still of use."),
      "keep-storage": integer("The older name of reserved-space."),
      "reserved-space": integer("Bytes that stay in any case."),
      "max-used-space": integer("Bytes that may stay."),
      "min-free-space": integer("Bytes of the disk that are to be free."),
      filters: filters(PRUNE_FILTERS),
    },
    failures: [400],
    respond: async ({ engine, query }) =>
      json(await engine.pruneBuildCache({ all: query.all, filters: query.filters, reservedBytes: query["reserved-space"] ?? query["keep-storage"], maxUsedBytes: query["max-used-space"], minFreeBytes: query["min-free-space"] })),
  }),
];

function classicBuild(query: QueryValues<typeof QUERY>, credentials: BuildRequest["credentials"]): ClassicBuild {
  // Where the context is in the body, a session only has credentials, which the header has too.
  if (query.version === "2" && query.remote === "client-session") throw new EngineError("NotImplemented", "BuildKit's own protocol is not supported yet: build with the classic form of the API (DOCKER_BUILDKIT=0), which takes the modern language too");
  if (query.version !== undefined && !["", "1", "2"].includes(query.version)) throw new EngineError("InvalidParameter", `invalid version ${query.version}`);
  if (query.squash) throw new EngineError("InvalidParameter", "squash is only supported with experimental mode");
  if (query.outputs !== undefined && query.outputs !== "" && Object.keys(Object(jsonParameter(query.outputs, "invalid outputs specified"))).length > 0) notYet("outputs of the classic form of the API are not supported: build an image");
  for (const name of query.t) withDefaultTag(parseReference(name));
  const request: BuildRequest = {
    ...DEFAULT_BUILD_REQUEST,
    ...placesOf(query),
    platforms: query.platform ? [parseBuildPlatform(query.platform)] : [],
    target: query.target ?? "",
    tags: query.t.filter((name) => name !== ""),
    noCache: query.nocache,
    pull: query.pull,
    buildArgs: stringMap(query.buildargs, "error reading build args"),
    labels: stringMap(query.labels, "error reading labels"),
    addHosts: hostLines(query.extrahosts),
    cacheFrom: stringList(query.cachefrom, "error reading cache-from").map((ref) => ({ type: "inline", attrs: { ref } })),
    ulimits: ulimitList(query.ulimits, "error reading ulimit settings"),
    shmSize: query.shmsize ?? 0,
    cgroupParent: query.cgroupparent ?? "",
    network: networkOf(query.networkmode ?? ""),
    resources: { memory: query.memory ?? 0, memorySwap: query.memswap ?? 0, cpuShares: query.cpushares ?? 0, cpuPeriod: query.cpuperiod ?? 0, cpuQuota: query.cpuquota ?? 0, cpusetCpus: query.cpusetcpus ?? "", cpusetMems: query.cpusetmems ?? "" },
    credentials,
  };
  return { request, quiet: query.q };
}

/** Where context and Dockerfile are. */
function placesOf({ remote, dockerfile }: QueryValues<typeof QUERY>): Pick<BuildRequest, "context" | "dockerfile"> {
  const path = dockerfilePath(dockerfile || "Dockerfile");
  if (remote === undefined || remote === "" || remote === "client-session") return { context: { kind: "local", folder: "context" }, dockerfile: { kind: "file", folder: "context", path } };
  if (/^(?:git|ssh):\/\/|^git@|^github\.com\/|^https?:\/\/[^?#]+\.git(?:[?#].*)?$/.test(remote)) return { context: { kind: "git", url: remote }, dockerfile: { kind: "remote", path } };
  if (/^https?:\/\//i.test(remote)) return { context: { kind: "http", url: remote }, dockerfile: { kind: "remote", path } };
  throw new EngineError("InvalidParameter", `remoteURL (${remote}) could not be recognized as URL`);
}

function dockerfilePath(written: string): string {
  const parts: string[] = [];
  for (const part of written.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) throw new EngineError("InvalidParameter", `forbidden path outside the build context: ${written} ()`);
  }
  return parts.join("/") || "Dockerfile";
}

/** The command line joins with commas, other clients send JSON. */
function hostLines(written: string | undefined): string[] {
  if (written === undefined || written === "") return [];
  return written.startsWith("[") ? stringList(written, "error reading extrahosts") : written.split(",");
}

function networkOf(mode: string): BuildRequest["network"] {
  if (mode === "" || mode === "default" || mode === "bridge") return "default";
  if (mode === "none" || mode === "host") return mode;
  throw new EngineError("InvalidParameter", `network mode ${JSON.stringify(mode)} not supported by buildkit`);
}
