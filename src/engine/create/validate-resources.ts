import { EngineError } from "../../base/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";
import type { CgroupSupport } from "../ports.ts";

const MINIMUM_MEMORY = 6 * 1024 * 1024;
const MAX_CPU_NUMBER = 8192;
const refuse = (message: string): never => {
  throw new EngineError("InvalidParameter", message);
};

export interface Machine {
  readonly cpuCount: number;
  readonly supports: CgroupSupport;
}

/** `change`: a part of limits that others of the container's own may complete. */
type Extent = "whole" | "change";

/** Limits that contradict each other or the machine. @throws EngineError InvalidParameter, in Docker's words */
export function validateResources(host: HostConfig, machine: Machine, extent: Extent = "whole"): void {
  validateMemory(host, extent);
  validateCpu(host, machine);
  validateCpuset(host, machine);
  validateRealtime(host, machine);
  const score = host.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) refuse(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  if ((host.ShmSize ?? 0) < 0) refuse("SHM size can not be less than 0");
  if (host.IOMaximumBandwidth) refuse("invalid option: QoS maximum bandwidth configuration is not supported on linux");
  if (host.IOMaximumIOps) refuse("invalid option: QoS maximum IOPs configuration is not supported on linux");
  const weight = host.BlkioWeight ?? 0;
  if (machine.supports.blockWeight && weight > 0 && (weight < 10 || weight > 1000)) refuse("Range of blkio weight is from 10 to 1000");
}

function validateMemory(host: HostConfig, extent: Extent): void {
  const { Memory: memory = 0, MemorySwap: swap = 0, MemoryReservation: reservation = 0 } = host;
  if (memory !== 0 && memory < MINIMUM_MEMORY) refuse("Minimum memory limit allowed is 6MB");
  if (memory > 0 && swap > 0 && swap < memory) refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (extent === "whole" && memory === 0 && swap > 0) refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
  const swappiness = host.MemorySwappiness;
  if (swappiness !== undefined && swappiness !== null && (swappiness < -1 || swappiness > 100)) refuse(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  if (reservation > 0 && reservation < MINIMUM_MEMORY) refuse("Minimum memory reservation allowed is 6MB");
  if (memory > 0 && reservation > 0 && memory < reservation) refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
}

function validateCpu(host: HostConfig, { cpuCount }: Machine): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = host;
  if (nano > 0 && period > 0) refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (nano > 0 && quota > 0) refuse("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (nano < 0 || nano > cpuCount * 1e9) refuse(`range of CPUs is from 0.01 to ${cpuCount}.00, as there are only ${cpuCount} CPUs available`);
  if (period !== 0 && (period < 1000 || period > 1_000_000)) refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  if (quota > 0 && quota < 1000) refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (shares < 0) refuse(`invalid CPU shares (${shares}): value must be a positive integer`);
}

function validateCpuset({ CpusetCpus: cpus = "", CpusetMems: mems = "" }: HostConfig, { supports: { cpuset } }: Machine): void {
  const [wantedCpus, wantedMems] = [parseNumberList(cpus, "cpus"), parseNumberList(mems, "mems")];
  if (!cpuset) return;
  if (!isWithin(wantedCpus, cpuset.cpus)) refuse(`Requested CPUs are not available - requested ${cpus}, available: ${cpuset.cpus}`);
  if (!isWithin(wantedMems, cpuset.mems)) refuse(`Requested memory nodes are not available - requested ${mems}, available: ${cpuset.mems}`);
}

function validateRealtime({ CpuRealtimePeriod: period = 0, CpuRealtimeRuntime: runtime = 0 }: HostConfig, { supports }: Machine): void {
  if ((period !== 0 || runtime !== 0) && !supports.cpuRealtime) refuse("kernel does not support CPU real-time scheduler");
  if (period !== 0 && runtime !== 0 && runtime > period) refuse("cpu real-time runtime cannot be higher than cpu real-time period");
}

function isWithin(wanted: readonly number[], available: string): boolean {
  const there = new Set(parseNumberList(available, "cpus"));
  return wanted.every((number) => there.has(number));
}

/** `0,2-3`; bounded, for it is a person's. */
function parseNumberList(text: string, what: "cpus" | "mems"): number[] {
  if (text === "") return [];
  const invalid = (why: string): never => refuse(`Invalid value ${text.slice(0, 64)} for cpuset ${what}: ${why}`);
  const numbers = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(part);
    const [first, last] = match ? [Number(match[1]), Number(match[2] ?? match[1])] : [1, 0];
    if (first > last) invalid(`invalid format: ${text.slice(0, 64)}`);
    if (last > MAX_CPU_NUMBER) invalid(`value of out range, maximum is ${MAX_CPU_NUMBER}`);
    for (let number = first; number <= last; number++) numbers.add(number);
  }
  return [...numbers];
}
