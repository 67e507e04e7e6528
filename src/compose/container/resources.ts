import type { DeviceRequest, HostConfig } from "../../spec/mod.ts";
import type { Service } from "../model/project.ts";
import type { Ulimit } from "../model/build.ts";

/** Limits of the service; those of `deploy` come first. Sizes in bytes. */
export function resources(service: Service): HostConfig {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const { blkio_config: blkio } = service;
  const cpus = limits?.cpus ?? service.cpus;
  return compact<HostConfig>({
    CgroupParent: service.cgroup_parent,
    Memory: limits?.memory ?? service.mem_limit,
    MemoryReservation: reservations?.memory ?? service.mem_reservation,
    MemorySwap: service.memswap_limit,
    MemorySwappiness: service.mem_swappiness,
    PidsLimit: limits?.pids ?? service.pids_limit,
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    CpuCount: service.cpu_count,
    CpuPercent: service.cpu_percent,
    CpuPeriod: service.cpu_period,
    CpuQuota: service.cpu_quota,
    CpuRealtimePeriod: service.cpu_rt_period,
    CpuRealtimeRuntime: service.cpu_rt_runtime,
    CpuShares: service.cpu_shares,
    CpusetCpus: service.cpuset,
    OomKillDisable: service.oom_kill_disable,
    OomScoreAdj: service.oom_score_adj,
    ShmSize: service.shm_size,
    Ulimits: service.ulimits && Object.entries(service.ulimits).map(([name, limit]) => ulimit(name, limit)),
    Devices: service.devices?.map(({ source = "", target, permissions }) => ({ PathOnHost: source, PathInContainer: target ?? source, CgroupPermissions: permissions ?? "rwm" })),
    DeviceCgroupRules: service.device_cgroup_rules && [...service.device_cgroup_rules],
    DeviceRequests: deviceRequests(service),
    BlkioWeight: blkio?.weight,
    BlkioWeightDevice: blkio?.weight_device?.map(({ path = "", weight = 0 }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: blkio?.device_read_bps?.map(rate),
    BlkioDeviceReadIOps: blkio?.device_read_iops?.map(rate),
    BlkioDeviceWriteBps: blkio?.device_write_bps?.map(rate),
    BlkioDeviceWriteIOps: blkio?.device_write_iops?.map(rate),
  });
}

const rate = ({ path = "", rate: value = 0 }: { readonly path?: string; readonly rate?: number }): { Path: string; Rate: number } => ({ Path: path, Rate: value });

function ulimit(name: string, { single, soft, hard }: Ulimit): { Name: string; Soft: number; Hard: number } {
  return { Name: name, Soft: soft ?? single ?? hard ?? 0, Hard: hard ?? single ?? soft ?? 0 };
}

function deviceRequests(service: Service): DeviceRequest[] | undefined {
  const wanted = [...(service.deploy?.resources?.reservations?.devices ?? []), ...(service.gpus ?? []).map((gpu) => ({ ...gpu, capabilities: [...(gpu.capabilities ?? []), ...(gpu.capabilities?.includes("gpu") ? [] : ["gpu"])] }))];
  if (wanted.length === 0) return undefined;
  return wanted.map(({ driver, count, device_ids, capabilities, options }) =>
    compact<DeviceRequest>({ Driver: driver, Count: count ?? (device_ids ? undefined : -1), DeviceIDs: device_ids && [...device_ids], Capabilities: [[...(capabilities ?? [])]], Options: options }),
  );
}

/** Without the fields that say nothing. */
export function compact<T extends object>(value: { [Key in keyof T]: T[Key] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as T;
}
