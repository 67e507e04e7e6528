import { EngineError } from "../../base/mod.ts";
import type { HostConfig, IdRange, RootMount, RuntimeMount } from "../../spec/mod.ts";
import type { ContainerMount, IdMap } from "../record.ts";
import { refOf } from "./namespaces.ts";

const mount = (destination: string, type: string, source: string, ...options: string[]): RuntimeMount => ({ destination, type, source, options });

export interface MountSources {
  /** Host path behind a bind or volume mount, and what words of mount(8) it has of its own. */
  placeOf(mount: ContainerMount): { readonly path: string; readonly options: readonly string[] };
  /** What an image mount consists of. */
  imageRoot(mount: ContainerMount): RootMount | undefined;
  /** Host path of the folder with hostname, hosts and resolv.conf. */
  readonly filesDir: string;
  /** Mount namespace of the container whose /dev/shm this one has too: ipc mode `container:`. */
  shmNamespace(ref: string): string;
  readonly initBinary: string;
  /** A minimal host may lack what Docker takes of it. */
  hostHas(path: string): boolean;
}

/** The mounts of a container in the order they are made: the usual ones, the user's, the engine's own files. */
export function mountsOf(hostConfig: HostConfig, userMounts: readonly ContainerMount[], writableCgroups: boolean, sources: MountSources): RuntimeMount[] {
  const wanted = new Set(userMounts.map(({ destination }) => destination));
  const hides = ({ destination }: RuntimeMount): boolean => wanted.has(destination) || (wanted.has("/dev") && destination.startsWith("/dev/"));
  return [
    ...usualMounts(hostConfig, writableCgroups, sources).filter((usual) => !hides(usual)),
    ...userMounts.flatMap((userMount) => (userMount.type === "image" ? imageMounts(userMount, sources.imageRoot(userMount)) : [userMountOf(userMount, sources)])),
    ...(hostConfig.Init ? [mount("/sbin/docker-init", "bind", sources.initBinary, "bind", "ro")] : []),
    ...engineFiles(hostConfig, wanted, sources),
  ];
}

function usualMounts(hostConfig: HostConfig, writableCgroups: boolean, sources: MountSources): RuntimeMount[] {
  const readOnly = hostConfig.Privileged ? [] : ["ro"];
  const cgroupReadOnly = hostConfig.Privileged || writableCgroups ? [] : ["ro"];
  return [
    mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
    mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
    mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
    mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", ...readOnly),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", ...cgroupReadOnly, "nosuid", "noexec", "nodev"),
    ...ipcMounts(hostConfig, sources),
  ];
}

function ipcMounts({ IpcMode: mode = "private", ShmSize }: HostConfig, { shmNamespace, hostHas }: MountSources): RuntimeMount[] {
  const mqueue = mount("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev");
  if (mode === "host") return [mount("/dev/mqueue", "bind", "/dev/mqueue", "rbind"), mount("/dev/shm", "bind", "/dev/shm", "rbind", "rprivate")].filter(({ source }) => hostHas(source));
  if (mode === "none") return [mqueue];
  if (!mode.startsWith("container:")) return [mqueue, mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", `size=${ShmSize}`)];
  return [mqueue, { ...mount("/dev/shm", "bind", "/dev/shm", "bind", "nosuid", "noexec", "nodev", "rprivate"), mountNamespace: shmNamespace(refOf(mode)) }];
}

function userMountOf(userMount: ContainerMount, sources: MountSources): RuntimeMount {
  if (userMount.type === "tmpfs") return { destination: userMount.destination, type: "tmpfs", source: "tmpfs", options: tmpfsOptions(userMount) };
  const { recursion, readOnly, propagation } = userMount;
  const { idMap } = userMount;
  const access = readOnly && idMap ? ["ro"] : readOnly ? [recursion.readOnly === "never" ? "ro" : "rro"] : [];
  const { path, options: own } = sources.placeOf(userMount);
  // What is mounted below may be unable to map owners.
  const recursive = !idMap && !recursion.nonRecursive && !own.includes("bind");
  const options = [recursive ? "rbind" : "bind", ...own.filter((word) => !word.endsWith("bind")), ...access, ...(idMap ? ["idmap"] : []), ...(propagation === "" ? [] : [propagation])];
  return { destination: userMount.destination, type: "bind", source: path, options, ...(userMount.subpath !== undefined && { beneath: userMount.subpath }), ...(idMap && mappingsOf(idMap)) };
}

/** The kernel's maps lead from the disk to those who look. */
function mappingsOf({ users, groups }: IdMap): Pick<RuntimeMount, "uidMappings" | "gidMappings"> {
  const seen = (ranges: readonly IdRange[]): IdRange[] => ranges.map(({ containerID, hostID, size }) => ({ containerID: hostID, hostID: containerID, size }));
  return { uidMappings: seen(users), gidMappings: seen(groups) };
}

const FSCONFIG_BYTES = 255;

/** Read-only. A part of an image of several layers is bound over the whole of it. */
function imageMounts({ destination, source, subpath }: ContainerMount, root: RootMount | undefined): RuntimeMount[] {
  if (!root) throw new EngineError("InvalidParameter", `the image ${JSON.stringify(source.slice(0, 128))} has no files to mount`);
  if (root.kind === "bind") return [{ ...mount(destination, "bind", root.source, "bind", "ro", "rprivate"), ...(subpath !== undefined && { beneath: subpath }) }];
  const lowers = root.lowers.map((lower) => `${root.layersDir}/${lower}`);
  const joined = `lowerdir=${lowers.join(":")}`;
  const whole = mount(destination, "overlay", "hako", "ro", ...(joined.length <= FSCONFIG_BYTES ? [joined] : lowers.map((lower) => `lowerdir+=${lower}`)));
  return subpath === undefined ? [whole] : [whole, { ...mount(destination, "bind", `${destination}/${subpath}`, "bind", "ro", "rprivate"), inRoot: true }];
}

const TMPFS_FLAGS = new Set(["defaults", "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "noexec", "sync", "async", "dirsync", "remount", "mand", "nomand", "atime", "noatime", "diratime", "nodiratime", "bind", "rbind", "unbindable", "runbindable", "private", "rprivate", "shared", "rshared", "slave", "rslave", "relatime", "norelatime", "strictatime", "nostrictatime"]);
const TMPFS_KEYS = new Set(["size", "mode", "uid", "gid", "nr_inodes", "nr_blocks", "mpol"]);

function tmpfsOptions({ tmpfsOptions: asked = [], readOnly }: ContainerMount): string[] {
  for (const option of asked) {
    const key = option.split("=", 1)[0] ?? "";
    if (option.includes("=") ? !TMPFS_KEYS.has(key) : !TMPFS_FLAGS.has(option)) throw new EngineError("InvalidParameter", `invalid tmpfs option ${JSON.stringify(key.slice(0, 64))}`);
  }
  // A later word wins over an earlier, so that `exec` undoes `noexec`.
  return ["noexec", "nosuid", "nodev", ...(readOnly ? ["ro"] : []), "rprivate", ...asked];
}

function engineFiles(hostConfig: HostConfig, wanted: ReadonlySet<string>, { filesDir }: MountSources): RuntimeMount[] {
  const access = hostConfig.ReadonlyRootfs ? ["rro"] : [];
  return ["resolv.conf", "hostname", "hosts"].filter((name) => !wanted.has(`/etc/${name}`)).map((name) => mount(`/etc/${name}`, "bind", `${filesDir}/${name}`, "rbind", ...access, "rprivate"));
}

/** What the root mount must propagate so that the asked binds can. */
export function rootPropagationOf(userMounts: readonly ContainerMount[]): string | undefined {
  const asked = new Set(userMounts.map(({ propagation }) => propagation.replace(/^r/, "")));
  return asked.has("shared") ? "shared" : asked.has("slave") ? "rslave" : undefined;
}
