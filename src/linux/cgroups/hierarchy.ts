import { readSmallText } from "../proc.ts";

export interface Hierarchy {
  readonly controllers: readonly string[];
  readonly path: string;
}

export interface MountedCgroups {
  /** Controllers that v1 hierarchies hold; the rest belongs to v2. */
  readonly v1: readonly Hierarchy[];
  readonly v2: string | undefined;
}

const V1_CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "hugetlb", "perf_event", "net_cls", "net_prio", "rdma", "misc"];

/** proc_pid_mountinfo(5): fields, " - ", type, source, super options. The first mount of a hierarchy counts. */
export function mountedCgroups(mountinfo = readSmallText("/proc/self/mountinfo") ?? ""): MountedCgroups {
  const v1 = new Map<string, Hierarchy>();
  let v2: string | undefined;
  for (const line of mountinfo.split("\n")) {
    const [mount = "", filesystem = ""] = line.split(" - ");
    const path = unescape(mount.split(" ")[4] ?? "");
    const [type, , options = ""] = filesystem.split(" ");
    if (type === "cgroup2") v2 ??= path;
    if (type !== "cgroup") continue;
    const controllers = options.split(",").filter((option) => V1_CONTROLLERS.includes(option));
    const key = controllers.join(",");
    if (controllers.length > 0 && !v1.has(key)) v1.set(key, { controllers, path });
  }
  return { v1: [...v1.values()], v2 };
}

function unescape(path: string): string {
  return path.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
