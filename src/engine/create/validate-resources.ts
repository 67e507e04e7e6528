import { EngineError } from "../../base/mod.ts";
import type { HostConfig } from "../../spec/mod.ts";

const MINIMUM_MEMORY = 6 * 1024 * 1024;
const refuse = (message: string): never => {
  throw new EngineError("InvalidParameter", message);
};

/** Limits that contradict each other or the machine. @throws EngineError InvalidParameter, in Docker's words */
export function validateResources(host: HostConfig, cpuCount: number): void {
  validateMemory(host);
  validateCpu(host, cpuCount);
  const score = host.OomScoreAdj ?? 0;
  if (score < -1000 || score > 1000) refuse(`Invalid value ${score}, range for oom score adj is [-1000, 1000]`);
  if ((host.ShmSize ?? 0) < 0) refuse("SHM size can not be less than 0");
  const weight = host.BlkioWeight ?? 0;
  if (weight > 0 && (weight < 10 || weight > 1000)) refuse("Range of blkio weight is from 10 to 1000");
}

function validateMemory(host: HostConfig): void {
  const { Memory: memory = 0, MemorySwap: swap = 0, MemoryReservation: reservation = 0 } = host;
  if (memory !== 0 && memory < MINIMUM_MEMORY) refuse("Minimum memory limit allowed is 6MB");
  if (memory > 0 && swap > 0 && swap < memory) refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (memory === 0 && swap > 0) refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
  const swappiness = host.MemorySwappiness;
  if (swappiness !== undefined && swappiness !== null && (swappiness < -1 || swappiness > 100)) refuse(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  if (reservation > 0 && reservation < MINIMUM_MEMORY) refuse("Minimum memory reservation allowed is 6MB");
  if (memory > 0 && reservation > 0 && memory < reservation) refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
}

function validateCpu(host: HostConfig, cpuCount: number): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = host;
  if (nano > 0 && period > 0) refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (nano > 0 && quota > 0) refuse("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  if (nano < 0 || nano > cpuCount * 1e9) refuse(`range of CPUs is from 0.01 to ${cpuCount}.00, as there are only ${cpuCount} CPUs available`);
  if (period !== 0 && (period < 1000 || period > 1_000_000)) refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  if (quota > 0 && quota < 1000) refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  if (shares < 0) refuse(`invalid CPU shares (${shares}): value must be a positive integer`);
  const available = cpuCount > 1 ? `0-${cpuCount - 1}` : "0";
  const cpus = parseCpuList(host.CpusetCpus ?? "", "cpus");
  if (cpus.some((cpu) => cpu >= cpuCount)) refuse(`Requested CPUs are not available - requested ${host.CpusetCpus}, available: ${available}`);
  parseCpuList(host.CpusetMems ?? "", "mems");
}

function parseCpuList(text: string, what: string): number[] {
  if (text === "") return [];
  return text.split(",").flatMap((part) => {
    const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim());
    if (!match) return refuse(`Invalid value ${text.slice(0, 64)} for cpuset ${what}: invalid format: ${part.slice(0, 64)}`);
    return [Number(match[1]), Number(match[2] ?? match[1])];
  });
}
