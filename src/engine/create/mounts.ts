import { EngineError } from "../../base/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";
import type { ContainerConfig, ContainerMount, ContainerRecord } from "../record.ts";
import { parseBind } from "./bind.ts";
import { cleanDestination, randomVolumeName } from "./mount-path.ts";
import { parseMountRequest } from "./mount-request.ts";

/**
 * All mounts of a new container, one per destination. Later sources of a mount win over earlier ones as in Docker:
 * --volumes-from, then -v, then --mount, then the volumes of the image.
 * @throws EngineError InvalidParameter
 */
export function resolveMounts(config: ContainerConfig, hostConfig: HostConfig, findContainer: (ref: string) => ContainerRecord): ContainerMount[] {
  const byDestination = new Map<string, ContainerMount>();
  for (const from of hostConfig.VolumesFrom ?? []) for (const mount of mountsFrom(from, findContainer)) byDestination.set(mount.destination, mount);
  const own = new Set<string>();
  const add = (mount: ContainerMount): void => {
    if (own.has(mount.destination)) throw new EngineError("InvalidParameter", `Duplicate mount point: ${mount.destination}`);
    own.add(mount.destination);
    byDestination.set(mount.destination, mount);
  };
  const driver = hostConfig.VolumeDriver ? { driver: { name: hostConfig.VolumeDriver, options: {} } } : {};
  for (const bind of hostConfig.Binds ?? []) {
    const mount = parseBind(bind);
    add(mount.type === "volume" ? { ...mount, ...driver } : mount);
  }
  for (const request of hostConfig.Mounts ?? []) add(parseMountRequest(request));
  for (const [destination, options] of Object.entries(hostConfig.Tmpfs ?? {})) add(tmpfsMount(destination, options));
  for (const destination of Object.keys(config.Volumes ?? {})) {
    // What an image says of its volumes may leave out the first slash.
    const path = cleanDestination(destination.startsWith("/") ? destination : `/${destination}`);
    if (!byDestination.has(path)) byDestination.set(path, { ...volumeMount(randomVolumeName(), path), ...driver });
  }
  return [...byDestination.values()].sort(byDepth);
}

/** A mount below another comes after it. */
function byDepth(a: ContainerMount, b: ContainerMount): number {
  return a.destination.split("/").length - b.destination.split("/").length || (a.destination < b.destination ? -1 : 1);
}

function mountsFrom(text: string, findContainer: (ref: string) => ContainerRecord): ContainerMount[] {
  if (text === "") throw new EngineError("InvalidParameter", "volumes-from specification cannot be an empty string");
  const [ref = "", ...rest] = text.split(":");
  const mode = rest.join(":");
  if (mode !== "" && !/^(ro|rw|z|Z)(,(ro|rw|z|Z))*$/.test(mode)) throw new EngineError("InvalidParameter", `invalid mode: ${mode.slice(0, 64)}`);
  const source = parseFrom(ref, findContainer);
  const readOnly = mode.split(",").includes("ro");
  return source.mounts.filter(({ type }) => type === "bind" || type === "volume").map((mount) => ({ ...mount, mode: "", noCopy: true, readOnly: mount.readOnly || readOnly }));
}

function parseFrom(ref: string, findContainer: (ref: string) => ContainerRecord): ContainerRecord {
  try {
    return findContainer(ref);
  } catch {
    throw new EngineError("InvalidParameter", `No such container: ${ref.slice(0, 128)}`);
  }
}

function tmpfsMount(destination: string, options: string): ContainerMount {
  return {
    type: "tmpfs", source: "", destination: cleanDestination(destination), readOnly: options.split(",").includes("ro"), mode: "", propagation: "",
    createSource: false, recursion: { nonRecursive: false, readOnly: "asPossible" }, noCopy: true, tmpfsOptions: options === "" ? [] : options.split(","),
  };
}

export function volumeMount(name: string, destination: string): ContainerMount {
  return { type: "volume", source: name, destination, readOnly: false, mode: "", propagation: "", createSource: true, recursion: { nonRecursive: false, readOnly: "asPossible" }, noCopy: false };
}
