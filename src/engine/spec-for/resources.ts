import { EngineError } from "../../base/mod.ts";
import type { BlockThrottle, HostConfig, Resources } from "../../spec/mod.ts";
import type { HostPort } from "../ports.ts";

type BlockHost = Pick<HostPort, "deviceNodes">;
const CPU_PERIOD_US = 100_000;

/** Where a container's cgroup lies, as the cgroups' `create` and `open` take it: below the engine's own parent, or the one asked for. */
export function cgroupPlace({ hostConfig }: { readonly hostConfig: HostConfig }): { parent?: string } {
  return hostConfig.CgroupParent ? { parent: hostConfig.CgroupParent } : {};
}

/** The cgroup limits of a container; what is zero is left to the kernel. */
export function resourcesOf(hostConfig: HostConfig, rules: Resources["devices"], host: BlockHost): Resources {
  const block = blockOf(hostConfig, host);
  const pids = hostConfig.PidsLimit;
  return {
    ...changeableLimitsOf(hostConfig),
    ...(pids !== undefined && pids !== null && pids !== 0 && { pids: { limit: pids < 0 ? -1 : pids } }),
    ...(Object.keys(block).length > 0 && { blockIO: block }),
    devices: rules,
  };
}

/** Those that `update` changes while the container runs. No limit of processes is null as long as nobody has taken one away. */
export function changeableLimitsOf(hostConfig: HostConfig): Resources {
  const [memory, cpu] = [memoryOf(hostConfig), cpuOf(hostConfig)];
  const { PidsLimit: pids, BlkioWeight: weight } = hostConfig;
  return {
    devices: [],
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(pids !== undefined && pids !== null && { pids: { limit: pids > 0 ? pids : -1 } }),
    ...(weight && { blockIO: { weight } }),
  };
}

function memoryOf(config: HostConfig): NonNullable<Resources["memory"]> {
  const { Memory: limit, MemorySwap: swap, MemoryReservation: reservation, MemorySwappiness: swappiness, OomKillDisable: disable, KernelMemoryTCP: kernelTCP } = config;
  return {
    ...(limit ? { limit } : {}),
    ...(swap ? { swap } : {}),
    ...(reservation ? { reservation } : {}),
    ...(swappiness !== undefined && swappiness !== null && swappiness >= 0 ? { swappiness } : {}),
    ...(kernelTCP ? { kernelTCP } : {}),
    ...(disable ? { disableOOMKiller: true } : {}),
  };
}

function cpuOf(config: HostConfig): NonNullable<Resources["cpu"]> {
  const nano = config.NanoCpus ?? 0;
  const period = nano > 0 ? CPU_PERIOD_US : config.CpuPeriod;
  const quota = nano > 0 ? Math.max(1000, Math.floor((nano * CPU_PERIOD_US) / 1e9)) : config.CpuQuota;
  return {
    // The kernel's least weight is 2; Docker takes 1 and lets the kernel raise it.
    ...(config.CpuShares ? { shares: Math.max(2, config.CpuShares) } : {}),
    ...(quota ? { quota } : {}),
    ...(period ? { period } : {}),
    ...(config.CpuRealtimeRuntime ? { realtimeRuntime: config.CpuRealtimeRuntime } : {}),
    ...(config.CpuRealtimePeriod ? { realtimePeriod: config.CpuRealtimePeriod } : {}),
    ...(config.CpusetCpus ? { cpus: config.CpusetCpus } : {}),
    ...(config.CpusetMems ? { mems: config.CpusetMems } : {}),
  };
}

function blockOf(config: HostConfig, host: BlockHost): NonNullable<Resources["blockIO"]> {
  const weights = (config.BlkioWeightDevice ?? []).map(({ Path = "", Weight: weight = 0 }) => ({ ...numberOf(Path, host), weight }));
  const throttles = {
    throttleReadBpsDevice: throttle(config.BlkioDeviceReadBps, host),
    throttleWriteBpsDevice: throttle(config.BlkioDeviceWriteBps, host),
    throttleReadIOPSDevice: throttle(config.BlkioDeviceReadIOps, host),
    throttleWriteIOPSDevice: throttle(config.BlkioDeviceWriteIOps, host),
  };
  return {
    ...(config.BlkioWeight ? { weight: config.BlkioWeight } : {}),
    ...(weights.length > 0 ? { weightDevice: weights } : {}),
    ...Object.fromEntries(Object.entries(throttles).filter(([, list]) => list.length > 0)),
  };
}

function throttle(devices: { Path?: string; Rate?: number }[] | undefined, host: BlockHost): BlockThrottle[] {
  return (devices ?? []).map(({ Path = "", Rate: rate = 0 }) => ({ ...numberOf(Path, host), rate }));
}

function numberOf(path: string, host: BlockHost): { major: number; minor: number } {
  const node = host.deviceNodes(path)[0];
  if (!node) throw new EngineError("InvalidParameter", `stat ${path.slice(0, 200)}: no such file or directory`);
  if (node.path !== path) throw new EngineError("InvalidParameter", `invalid block device ${JSON.stringify(path.slice(0, 200))}: not a device node`);
  return { major: node.major, minor: node.minor };
}
