import { mountedCgroups } from "./hierarchy.ts";
import type { Cgroups } from "./types.ts";
import { CgroupsV1 } from "./v1.ts";
import { CgroupsV2 } from "./v2.ts";

/** The machine's control groups; v1 as soon as one of its controllers is mounted. */
export function openCgroups({ parent }: { parent: string }): Cgroups {
  const { v1, v2 } = mountedCgroups();
  if (v1.length > 0) return new CgroupsV1(v1, parent);
  if (v2 !== undefined) return new CgroupsV2(v2, parent);
  throw new Error("no cgroup file system is mounted: mount cgroup2 on /sys/fs/cgroup (`mount -t cgroup2 none /sys/fs/cgroup`)");
}
