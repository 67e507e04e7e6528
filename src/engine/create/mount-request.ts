import { existsSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import type { MountRequest } from "../../spec/mod.ts";
import type { ContainerMount } from "../record.ts";
import { parseIdMap } from "./id-map.ts";
import { cleanDestination, cleanSource, parseVolumeName, randomVolumeName } from "./mount-path.ts";

/** One `--mount`. @throws EngineError InvalidParameter, in Docker's words */
export function parseMountRequest(request: MountRequest): ContainerMount {
  const type = request.Type ?? "";
  const fail = (reason: string): never => {
    throw new EngineError("InvalidParameter", `invalid mount config for type ${JSON.stringify(type.slice(0, 64))}: ${reason}`);
  };
  refuseOthersOptions(request, type);
  if (!request.Target) fail("field Target must not be empty");
  if (!["bind", "volume", "tmpfs", "image"].includes(type)) fail("mount type unknown");
  const destination = parseTarget(request.Target ?? "", fail);
  const common = { destination, readOnly: request.ReadOnly ?? false, mode: type === "volume" ? "z" : "", request, ...mapPart(request, type, fail) } as const;
  if (type === "bind") return { ...common, ...bindPart(request, fail), type };
  if (type === "volume") return { ...common, ...volumePart(request, fail), type };
  if (type === "image") return { ...common, ...imagePart(request, fail), type, readOnly: true };
  return { ...common, ...tmpfsPart(request, fail), type: "tmpfs" };
}

function mapPart({ IDMap: texts = [] }: MountRequest, type: string, fail: Fail): Pick<ContainerMount, "idMap"> {
  if (texts.length === 0) return {};
  if (type !== "bind" && type !== "volume") fail("field IDMap must not be specified");
  return { idMap: parseIdMap(texts, fail) };
}

const OPTIONS = { BindOptions: "bind", VolumeOptions: "volume", TmpfsOptions: "tmpfs" } as const;

function refuseOthersOptions(request: MountRequest, type: string): void {
  for (const [field, owner] of Object.entries(OPTIONS) as [keyof typeof OPTIONS, string][]) {
    if (request[field] && owner !== type) throw new EngineError("InvalidParameter", `${field} must not be specified on mount type ${JSON.stringify(type.slice(0, 64))}`);
  }
  if (request.ImageOptions && type !== "image") throw new EngineError("InvalidParameter", `invalid mount config for type ${JSON.stringify(type.slice(0, 64))}: field ImageOptions must not be specified`);
}

type Fail = (reason: string) => never;
type Part = Omit<ContainerMount, "destination" | "readOnly" | "mode" | "request" | "type">;

function parseTarget(target: string, fail: Fail): string {
  try {
    return cleanDestination(target);
  } catch (error) {
    return fail(error instanceof Error ? error.message : "invalid target");
  }
}

function bindPart(request: MountRequest, fail: Fail): Part {
  const source = request.Source ?? "";
  if (source === "") fail("field Source must not be empty");
  if (!source.startsWith("/")) fail(`invalid mount path: '${source.slice(0, 200)}' mount path must be absolute`);
  const options = request.BindOptions ?? {};
  const propagation = options.Propagation || "rprivate";
  if (!/^r?(private|shared|slave)$/.test(propagation)) fail(`invalid propagation mode: ${propagation.slice(0, 64)}`);
  if (!options.CreateMountpoint && !existsSync(source)) fail(`bind source path does not exist: ${source.slice(0, 300)}`);
  if (options.ReadOnlyNonRecursive && options.ReadOnlyForceRecursive) fail("mutually exclusive options ReadOnlyNonRecursive and ReadOnlyForceRecursive");
  const unread = request.ReadOnly ? undefined : options.ReadOnlyNonRecursive ? "ReadOnlyNonRecursive" : options.ReadOnlyForceRecursive ? "ReadOnlyForceRecursive" : undefined;
  if (unread !== undefined) throw new EngineError("InvalidParameter", `mount options conflict: !ReadOnly && BindOptions.${unread}`);
  return {
    source: cleanSource(source), propagation, createSource: options.CreateMountpoint ?? false, noCopy: true,
    recursion: { nonRecursive: options.NonRecursive ?? false, readOnly: options.ReadOnlyForceRecursive ? "required" : options.ReadOnlyNonRecursive ? "never" : "asPossible" },
  };
}

function volumePart(request: MountRequest, fail: Fail): Part {
  if (!request.Source && request.VolumeOptions?.Subpath) fail("must not set Subpath when using anonymous volumes");
  const subpath = request.VolumeOptions?.Subpath;
  if (subpath !== undefined && (subpath.startsWith("/") || subpath.split("/").includes(".."))) fail("subpath must be a relative path within the volume");
  return {
    source: request.Source ? parseVolumeName(request.Source) : randomVolumeName(), propagation: "", createSource: true, noCopy: request.VolumeOptions?.NoCopy ?? false,
    recursion: { nonRecursive: false, readOnly: "asPossible" }, ...(subpath ? { subpath } : {}),
  };
}

function imagePart(request: MountRequest, fail: Fail): Part {
  if (!request.Source) fail("field Source must not be empty");
  const subpath = request.ImageOptions?.Subpath;
  if (subpath !== undefined && (subpath.startsWith("/") || subpath.split("/").includes(".."))) fail("subpath must be a relative path within the volume");
  return { source: request.Source ?? "", propagation: "rprivate", createSource: false, noCopy: true, recursion: { nonRecursive: false, readOnly: "asPossible" }, ...(subpath ? { subpath } : {}) };
}

function tmpfsPart(request: MountRequest, fail: Fail): Part {
  if (request.Source) fail("field Source must not be specified");
  const { SizeBytes = 0, Mode = 0, Options = [] } = request.TmpfsOptions ?? {};
  if (SizeBytes < 0) fail("invalid tmpfs size: it must not be negative");
  for (const option of Options) {
    if (option.length < 1 || option.length > 2) fail("invalid option array length");
    if (option[0] !== "exec" && option[0] !== "noexec") fail(`invalid option: ${(option[0] ?? "").slice(0, 64)}`);
  }
  const options = [...(Mode ? [`mode=${Mode.toString(8)}`] : []), ...(SizeBytes ? [`size=${SizeBytes}`] : []), ...Options.map((pair) => pair.join("="))];
  return { source: "", propagation: "", createSource: false, noCopy: true, tmpfsOptions: options, recursion: { nonRecursive: false, readOnly: "asPossible" } };
}
