import { existsSync } from "node:fs";
import { readSmallText } from "../proc.ts";
import type { Hierarchy } from "./hierarchy.ts";

/** Which limits this kernel can set: what Docker asks before it takes a limit. */
export interface CgroupSupport {
  readonly memory: boolean;
  readonly swap: boolean;
  readonly reservation: boolean;
  readonly swappiness: boolean;
  readonly kernelMemoryTcp: boolean;
  readonly oomKillDisable: boolean;
  readonly cpuShares: boolean;
  readonly cpuQuota: boolean;
  readonly cpuRealtime: boolean;
  /** Processors and memory nodes that containers may have, as lists like `0-3`; undefined without cpusets. */
  readonly cpuset: { readonly cpus: string; readonly mems: string } | undefined;
  readonly pids: boolean;
  readonly blockWeight: boolean;
  readonly blockWeightDevice: boolean;
  readonly blockReadBps: boolean;
  readonly blockWriteBps: boolean;
  readonly blockReadIops: boolean;
  readonly blockWriteIops: boolean;
}

export function supportV1(hierarchies: readonly Hierarchy[]): CgroupSupport {
  const folderOf = (controller: string): string | undefined => hierarchies.find(({ controllers }) => controllers.includes(controller))?.path;
  const has = (controller: string, file: string): boolean => existsSync(`${folderOf(controller) ?? ""}/${file}`);
  const cpuset = folderOf("cpuset");
  return {
    memory: has("memory", "memory.limit_in_bytes"),
    swap: has("memory", "memory.memsw.limit_in_bytes"),
    reservation: has("memory", "memory.soft_limit_in_bytes"),
    swappiness: has("memory", "memory.swappiness"),
    kernelMemoryTcp: has("memory", "memory.kmem.tcp.limit_in_bytes"),
    oomKillDisable: has("memory", "memory.oom_control"),
    cpuShares: has("cpu", "cpu.shares"),
    cpuQuota: has("cpu", "cpu.cfs_quota_us"),
    cpuRealtime: has("cpu", "cpu.rt_runtime_us"),
    cpuset: cpuset === undefined ? undefined : { cpus: read(`${cpuset}/cpuset.cpus`), mems: read(`${cpuset}/cpuset.mems`) },
    pids: folderOf("pids") !== undefined,
    blockWeight: has("blkio", "blkio.weight"),
    blockWeightDevice: has("blkio", "blkio.weight_device"),
    blockReadBps: has("blkio", "blkio.throttle.read_bps_device"),
    blockWriteBps: has("blkio", "blkio.throttle.write_bps_device"),
    blockReadIops: has("blkio", "blkio.throttle.read_iops_device"),
    blockWriteIops: has("blkio", "blkio.throttle.write_iops_device"),
  };
}

/** The root has few of the files that its children have: the controllers say it. */
export function supportV2(mount: string): CgroupSupport {
  const controllers = read(`${mount}/cgroup.controllers`).split(" ");
  const [memory, cpu, io] = ["memory", "cpu", "io"].map((name) => controllers.includes(name));
  return {
    memory: memory === true, swap: memory === true, reservation: memory === true, swappiness: false, kernelMemoryTcp: false, oomKillDisable: false,
    cpuShares: cpu === true, cpuQuota: cpu === true, cpuRealtime: false,
    cpuset: controllers.includes("cpuset") ? { cpus: read(`${mount}/cpuset.cpus.effective`), mems: read(`${mount}/cpuset.mems.effective`) } : undefined,
    pids: controllers.includes("pids"),
    blockWeight: io === true, blockWeightDevice: io === true, blockReadBps: io === true, blockWriteBps: io === true, blockReadIops: io === true, blockWriteIops: io === true,
  };
}

const read = (path: string): string => (readSmallText(path) ?? "").trim();
