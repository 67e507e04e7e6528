import { normalize } from "node:path";
import { tryCall } from "../call.ts";
import { readSmallText } from "../proc.ts";
import { makeFolder, processesBelow, readNumber, removeAll, settle, childFolders, tryRemove, writeControl, writeControlIfThere, writeControls } from "./control-files.ts";
import type { Hierarchy } from "./hierarchy.ts";
import { StatsReaderV1 } from "./stats-v1.ts";
import { supportV1, type CgroupSupport } from "./support.ts";
import type { Cgroup, CgroupResources, Cgroups, CgroupStats, CgroupStatsReader, DeviceRule, Throttle } from "./types.ts";

const SIGKILL = 9;

/** v1: one folder per hierarchy. Only what is mounted is used; limits of a missing controller are the engine's warnings. */
export class CgroupsV1 implements Cgroups {
  readonly version = 1;
  readonly hierarchies: readonly Hierarchy[];
  readonly supports: CgroupSupport;
  readonly #parent: string;
  /** Parents known to exist, so that creating a container's group costs no look. */
  readonly #prepared = new Set<string>();

  constructor(hierarchies: readonly Hierarchy[], parent: string) {
    this.hierarchies = hierarchies;
    this.supports = supportV1(hierarchies);
    this.#parent = parent;
  }

  create(id: string, resources: CgroupResources, options: { parent?: string } = {}): Cgroup {
    const parent = options.parent ?? this.#parent;
    if (!this.#prepared.has(parent)) this.#prepare(parent);
    const group = new CgroupV1(this.hierarchies, `${trimmed(parent)}/${id}`);
    try {
      group.make();
      group.update(resources);
    } catch (error) {
      for (const path of group.folders) tryRemove(path);
      throw error;
    }
    return group;
  }

  open(id: string, options: { parent?: string } = {}): Cgroup {
    return new CgroupV1(this.hierarchies, `${trimmed(options.parent ?? this.#parent)}/${id}`);
  }

  list(): string[] {
    return [...new Set(this.hierarchies.flatMap(({ path }) => childFolders(`${path}/${trimmed(this.#parent)}`)))];
  }

  removeParent(): void {
    this.#prepared.clear();
    for (const { path } of this.hierarchies) tryRemove(`${path}/${trimmed(this.#parent)}`);
  }

  #prepare(parent: string): void {
    for (const { path, controllers } of this.hierarchies) {
      let folder = path;
      for (const part of trimmed(parent).split("/")) {
        const above = folder;
        folder = `${folder}/${part}`;
        makeFolder(folder);
        if (controllers.includes("cpuset")) inheritCpuset(folder, above);
      }
    }
    this.#prepared.add(parent);
  }
}

/** Relative to the mount, and not above it. */
const trimmed = (path: string): string => normalize(`/${path}`).replace(/^\/+|\/+$/g, "");

/** A cpuset without cpus and mems takes no process. */
function inheritCpuset(folder: string, above: string): void {
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    if (!readSmallText(`${folder}/${file}`)?.trim()) writeControl(`${folder}/${file}`, readSmallText(`${above}/${file}`)?.trim() ?? "0");
}

class CgroupV1 implements Cgroup {
  readonly join: { kind: "v1"; tasksFiles: string[] };
  readonly oomFile: string | undefined;
  readonly folders: readonly string[];
  readonly #byController: ReadonlyMap<string, string>;

  constructor(hierarchies: readonly Hierarchy[], path: string) {
    this.folders = hierarchies.map((hierarchy) => `${hierarchy.path}/${path}`);
    this.#byController = new Map(hierarchies.flatMap((hierarchy) => hierarchy.controllers.map((name) => [name, `${hierarchy.path}/${path}`] as const)));
    this.join = { kind: "v1", tasksFiles: this.folders.map((folder) => `${folder}/tasks`) };
    const memory = this.#byController.get("memory");
    this.oomFile = memory === undefined ? undefined : `${memory}/memory.oom_control`;
  }

  make(): void {
    for (const folder of this.folders) makeFolder(folder);
    const cpuset = this.#byController.get("cpuset");
    if (cpuset !== undefined) inheritCpuset(cpuset, cpuset.slice(0, cpuset.lastIndexOf("/")));
  }

  update(resources: CgroupResources): void {
    const { memory, cpu, pids, blockIO } = resources;
    if (memory) this.#at("memory", (folder) => setMemory(folder, memory));
    if (cpu) {
      this.#at("cpu", (folder) => setCpu(folder, cpu));
      this.#at("cpuset", (folder) => setCpuset(folder, cpu));
    }
    if (pids) this.#at("pids", (folder) => writeControl(`${folder}/pids.max`, pids.limit > 0 ? pids.limit : "max"));
    if (blockIO) this.#at("blkio", (folder) => setBlockIO(folder, blockIO));
    if (resources.devices.length > 0) this.#at("devices", (folder) => setDevices(folder, resources.devices));
  }

  async freeze(): Promise<void> {
    const state = `${this.#needed("freezer")}/freezer.state`;
    writeControl(state, "FROZEN");
    // Processes born while it was written leave it FREEZING until it is written again.
    await settle("freeze", state, () => {
      if (readSmallText(state)?.trim() === "FROZEN") return true;
      writeControl(state, "FROZEN");
      return false;
    });
  }

  thaw(): void {
    writeControlIfThere(`${this.#needed("freezer")}/freezer.state`, "THAWED");
  }

  stats(): CgroupStats {
    using reader = this.openStats();
    return reader.read();
  }

  openStats(): CgroupStatsReader {
    return new StatsReaderV1((controller) => this.#byController.get(controller));
  }

  pids(): number[] {
    return processesBelow(this.#needed("pids", "memory", "freezer"));
  }

  killAll(): void {
    for (const pid of this.pids()) tryCall("kill", pid, SIGKILL);
    // A frozen process dies only once it is thawed.
    const freezer = this.#byController.get("freezer");
    if (freezer !== undefined && readSmallText(`${freezer}/freezer.state`)?.trim() !== "THAWED") writeControlIfThere(`${freezer}/freezer.state`, "THAWED");
  }

  remove(): Promise<void> {
    return removeAll(this.folders);
  }

  #at(controller: string, action: (folder: string) => void): void {
    const folder = this.#byController.get(controller);
    if (folder !== undefined) action(folder);
  }

  #needed(...controllers: string[]): string {
    for (const name of controllers) {
      const folder = this.#byController.get(name);
      if (folder !== undefined) return folder;
    }
    throw new Error(`the cgroup controller ${controllers[0]} is not mounted: mount it, or boot with cgroup v2`);
  }
}

type Memory = NonNullable<CgroupResources["memory"]>;
type Cpu = NonNullable<CgroupResources["cpu"]>;
type BlockIO = NonNullable<CgroupResources["blockIO"]>;

function setMemory(folder: string, { limit, swap, reservation, swappiness, disableOOMKiller, kernelTCP }: Memory): void {
  const limitFile = `${folder}/memory.limit_in_bytes`;
  const swapFile = `${folder}/memory.memsw.limit_in_bytes`;
  // The kernel holds limit <= memory+swap at every step: a growing pair starts with the second.
  const swapFirst = swap !== undefined && swap !== 0 && (swap < 0 || swap > readNumber(swapFile));
  if (swapFirst) writeControlIfThere(swapFile, bytesText(swap));
  if (limit !== undefined && limit !== 0) writeControl(limitFile, bytesText(limit));
  if (!swapFirst && swap !== undefined && swap !== 0) writeControlIfThere(swapFile, bytesText(swap));
  if (reservation) writeControl(`${folder}/memory.soft_limit_in_bytes`, bytesText(reservation));
  if (swappiness !== undefined && swappiness >= 0) writeControl(`${folder}/memory.swappiness`, swappiness);
  if (kernelTCP) writeControlIfThere(`${folder}/memory.kmem.tcp.limit_in_bytes`, bytesText(kernelTCP));
  if (disableOOMKiller) writeControl(`${folder}/memory.oom_control`, 1);
}

const MOST_BYTES = 2 ** 63;

/** Below zero, and from what 63 bits hold on, there is no limit. */
const bytesText = (sizeBytes: number): string => (sizeBytes < 0 || sizeBytes >= MOST_BYTES ? "-1" : BigInt(sizeBytes).toString());

function setCpu(folder: string, { shares, quota, period, realtimeRuntime, realtimePeriod }: Cpu): void {
  if (shares) writeControl(`${folder}/cpu.shares`, shares);
  if (period) writeControl(`${folder}/cpu.cfs_period_us`, period);
  if (quota) writeControl(`${folder}/cpu.cfs_quota_us`, quota);
  if (realtimePeriod) writeControlIfThere(`${folder}/cpu.rt_period_us`, realtimePeriod);
  if (realtimeRuntime) writeControlIfThere(`${folder}/cpu.rt_runtime_us`, realtimeRuntime);
}

function setCpuset(folder: string, { cpus, mems }: Cpu): void {
  if (cpus) writeControl(`${folder}/cpuset.cpus`, cpus);
  if (mems) writeControl(`${folder}/cpuset.mems`, mems);
}

function setBlockIO(folder: string, blockIO: BlockIO): void {
  if (blockIO.weight && !writeControlIfThere(`${folder}/blkio.weight`, blockIO.weight)) writeControlIfThere(`${folder}/blkio.bfq.weight`, blockIO.weight);
  for (const { major, minor, weight } of blockIO.weightDevice ?? []) writeControlIfThere(`${folder}/blkio.weight_device`, `${major}:${minor} ${weight}`);
  const throttle = (file: string, devices: readonly Throttle[] = []): void => {
    for (const { major, minor, rate } of devices) writeControlIfThere(`${folder}/blkio.throttle.${file}`, `${major}:${minor} ${rate}`);
  };
  throttle("read_bps_device", blockIO.throttleReadBpsDevice);
  throttle("write_bps_device", blockIO.throttleWriteBpsDevice);
  throttle("read_iops_device", blockIO.throttleReadIOPSDevice);
  throttle("write_iops_device", blockIO.throttleWriteIOPSDevice);
}

function coversAll({ type = "a", major, minor, access }: DeviceRule): boolean {
  return type === "a" && major === undefined && minor === undefined && [..."rwm"].every((letter) => access.includes(letter));
}

function ruleText({ type = "a", major, minor, access }: DeviceRule): string {
  return `${type} ${major ?? "*"}:${minor ?? "*"} ${access}`;
}

/** Rules in order; runs of one kind share a descriptor. */
function setDevices(folder: string, rules: readonly DeviceRule[]): void {
  for (let start = 0; start < rules.length; ) {
    const allow = rules[start]?.allow ?? false;
    let end = start;
    while (end < rules.length && rules[end]?.allow === allow) end++;
    // "a" alone is the command for everything; with numbers it would be refused.
    const texts = rules.slice(start, end).flatMap((rule) => (coversAll(rule) ? ["a"] : expand(rule).map(ruleText)));
    writeControls(`${folder}/devices.${allow ? "allow" : "deny"}`, texts);
    start = end;
  }
}

/** The kernel reads `a` with numbers as everything. */
function expand(rule: DeviceRule): DeviceRule[] {
  return (rule.type ?? "a") === "a" ? [{ ...rule, type: "c" }, { ...rule, type: "b" }] : [rule];
}
