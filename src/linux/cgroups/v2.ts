import { normalize } from "node:path";
import { tryCall } from "../call.ts";
import { readSmallText } from "../proc.ts";
import { childFolders, makeFolder, processesBelow, readTable, removeAll, settle, tryRemove, writeControl, writeControlIfThere } from "./control-files.ts";
import { attachDeviceProgram } from "./device-program.ts";
import { StatsReaderV2 } from "./stats-v2.ts";
import { supportV2, type CgroupSupport } from "./support.ts";
import type { Cgroup, CgroupResources, Cgroups, CgroupStats, CgroupStatsReader, Throttle } from "./types.ts";

const SIGKILL = 9;
const CONTROLLERS = ["cpu", "cpuset", "io", "memory", "pids"];

/** v2: one folder; controllers are switched on from the top down to the parent. */
export class CgroupsV2 implements Cgroups {
  readonly version = 2;
  readonly hierarchies: Cgroups["hierarchies"];
  readonly supports: CgroupSupport;
  readonly #mount: string;
  readonly #parent: string;
  readonly #prepared = new Set<string>();

  constructor(mount: string, parent: string) {
    this.#mount = mount;
    this.#parent = parent;
    this.hierarchies = [{ controllers: (readSmallText(`${mount}/cgroup.controllers`) ?? "").trim().split(" ").filter(Boolean), path: mount }];
    this.supports = supportV2(mount);
  }

  create(id: string, resources: CgroupResources, options: { parent?: string } = {}): Cgroup {
    const parent = options.parent ?? this.#parent;
    if (!this.#prepared.has(parent)) this.#prepare(parent);
    const folder = this.#folder(id, parent);
    makeFolder(folder);
    const group = new CgroupV2(folder);
    try {
      group.update(resources);
    } catch (error) {
      tryRemove(folder);
      throw error;
    }
    return group;
  }

  open(id: string, options: { parent?: string } = {}): Cgroup {
    return new CgroupV2(this.#folder(id, options.parent ?? this.#parent));
  }

  list(): string[] {
    return childFolders(`${this.#mount}/${trimmed(this.#parent)}`);
  }

  removeParent(): void {
    this.#prepared.clear();
    tryRemove(`${this.#mount}/${trimmed(this.#parent)}`);
  }

  #folder(id: string, parent: string): string {
    return `${this.#mount}/${trimmed(parent)}/${id}`;
  }

  #prepare(parent: string): void {
    let folder = this.#mount;
    for (const part of trimmed(parent).split("/")) {
      enableControllers(folder);
      folder = `${folder}/${part}`;
      makeFolder(folder);
    }
    enableControllers(folder);
    this.#prepared.add(parent);
  }
}

/** Relative to the mount, and not above it. */
const trimmed = (path: string): string => normalize(`/${path}`).replace(/^\/+|\/+$/g, "");

/** One by one: a controller that v1 holds, or that this place may not have, must not keep the others off. */
function enableControllers(folder: string): void {
  const enabled = readSmallText(`${folder}/cgroup.subtree_control`)?.trim().split(" ") ?? [];
  const offered = readSmallText(`${folder}/cgroup.controllers`)?.trim().split(" ") ?? [];
  for (const name of CONTROLLERS) {
    if (enabled.includes(name) || !offered.includes(name)) continue;
    try {
      writeControl(`${folder}/cgroup.subtree_control`, `+${name}`);
    } catch {
      // The limit that needs it will say so by its missing file.
    }
  }
}

class CgroupV2 implements Cgroup {
  readonly join: { kind: "v2"; dir: string };
  readonly oomFile: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.join = { kind: "v2", dir: folder };
    this.oomFile = `${folder}/memory.events`;
  }

  update({ memory, cpu, pids, blockIO, devices }: CgroupResources): void {
    if (memory) setMemory(this.#folder, memory);
    if (cpu) setCpu(this.#folder, cpu);
    if (pids) writeControl(`${this.#folder}/pids.max`, pids.limit > 0 ? pids.limit : "max");
    if (blockIO) setBlockIO(this.#folder, blockIO);
    if (devices.length > 0) attachDeviceProgram(this.#folder, devices);
  }

  async freeze(): Promise<void> {
    writeControl(`${this.#folder}/cgroup.freeze`, 1);
    await settle("freeze", this.#folder, () => readTable(`${this.#folder}/cgroup.events`).frozen === 1);
  }

  thaw(): void {
    writeControlIfThere(`${this.#folder}/cgroup.freeze`, 0);
  }

  stats(): CgroupStats {
    using reader = this.openStats();
    return reader.read();
  }

  openStats(): CgroupStatsReader {
    return new StatsReaderV2(this.#folder);
  }

  pids(): number[] {
    return processesBelow(this.#folder);
  }

  killAll(): void {
    // Kernels before 5.14 have no cgroup.kill.
    if (writeControlIfThere(`${this.#folder}/cgroup.kill`, 1)) return;
    for (const pid of this.pids()) tryCall("kill", pid, SIGKILL);
  }

  remove(): Promise<void> {
    return removeAll([this.#folder]);
  }
}

type Memory = NonNullable<CgroupResources["memory"]>;
type Cpu = NonNullable<CgroupResources["cpu"]>;
type BlockIO = NonNullable<CgroupResources["blockIO"]>;

const MOST_BYTES = 2 ** 63;
const amount = (value: number): string => (value < 0 || value >= MOST_BYTES ? "max" : BigInt(value).toString());

/** The runtime spec's `swap` is memory and swap together, v2's is swap alone. */
function setMemory(folder: string, { limit, swap, reservation }: Memory): void {
  if (swap) writeControlIfThere(`${folder}/memory.swap.max`, amount(swap < 0 || !limit || limit < 0 ? swap : swap - limit));
  if (limit) writeControl(`${folder}/memory.max`, amount(limit));
  if (reservation) writeControl(`${folder}/memory.low`, amount(reservation));
}

/** v1's 2..262144 on v2's 1..10000. */
export function cpuWeight(shares: number): number {
  const clamped = Math.min(Math.max(shares, 2), 262144);
  return 1 + Math.floor(((clamped - 2) * 9999) / 262142);
}

/** v1's 10..1000 on v2's 1..10000. */
export function ioWeight(weight: number): number {
  return 1 + Math.floor(((weight - 10) * 9999) / 990);
}

const DEFAULT_PERIOD_US = 100_000;

function setCpu(folder: string, { shares, quota, period, cpus, mems }: Cpu): void {
  if (shares) writeControl(`${folder}/cpu.weight`, cpuWeight(shares));
  if (quota || period) writeControl(`${folder}/cpu.max`, `${quota && quota > 0 ? quota : "max"} ${period || DEFAULT_PERIOD_US}`);
  if (cpus) writeControl(`${folder}/cpuset.cpus`, cpus);
  if (mems) writeControl(`${folder}/cpuset.mems`, mems);
}

/** BFQ takes v1's numbers, the kernel's own controller its own. */
function writeWeight(folder: string, device: string, weight: number): void {
  if (!writeControlIfThere(`${folder}/io.bfq.weight`, `${device} ${weight}`)) writeControlIfThere(`${folder}/io.weight`, `${device} ${ioWeight(weight)}`);
}

function setBlockIO(folder: string, blockIO: BlockIO): void {
  if (blockIO.weight) writeWeight(folder, "default", blockIO.weight);
  for (const { major, minor, weight } of blockIO.weightDevice ?? []) writeWeight(folder, `${major}:${minor}`, weight);
  const throttle = (key: string, devices: readonly Throttle[] = []): void => {
    for (const { major, minor, rate } of devices) writeControl(`${folder}/io.max`, `${major}:${minor} ${key}=${rate}`);
  };
  throttle("rbps", blockIO.throttleReadBpsDevice);
  throttle("wbps", blockIO.throttleWriteBpsDevice);
  throttle("riops", blockIO.throttleReadIOPSDevice);
  throttle("wiops", blockIO.throttleWriteIOPSDevice);
}
