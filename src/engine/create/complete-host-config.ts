import type { HostConfig } from "../../spec/mod.ts";
import { ENGINE_DEFAULTS, type EngineDefaults } from "../defaults.ts";
import { mergedLogConfig } from "./log-config.ts";
import { parseSecurityOptions } from "../security-options.ts";

export const MASKED_PATHS: readonly string[] = [
  "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi",
  "/sys/firmware", "/sys/devices/virtual/powercap",
];
export const READONLY_PATHS: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const absentLists = {
  Binds: null, PortBindings: null, VolumesFrom: null, CapAdd: null, CapDrop: null, Dns: null, DnsOptions: null, DnsSearch: null, ExtraHosts: null, GroupAdd: null, Links: null,
  SecurityOpt: null, BlkioWeightDevice: null, BlkioDeviceReadBps: null, BlkioDeviceWriteBps: null, BlkioDeviceReadIOps: null, BlkioDeviceWriteIOps: null, Devices: null,
  DeviceCgroupRules: null, DeviceRequests: null, MemorySwappiness: null, PidsLimit: null, Ulimits: null,
};
const absentScalars = {
  ContainerIDFile: "", AutoRemove: false, VolumeDriver: "", ConsoleSize: [0, 0], Cgroup: "", OomScoreAdj: 0, PidMode: "", Privileged: false, PublishAllPorts: false, ReadonlyRootfs: false,
  UTSMode: "", UsernsMode: "", Isolation: "", CpuShares: 0, Memory: 0, NanoCpus: 0, CgroupParent: "", BlkioWeight: 0, CpuPeriod: 0, CpuQuota: 0, CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0, CpusetCpus: "", CpusetMems: "", MemoryReservation: 0, MemorySwap: 0, OomKillDisable: false, CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0,
};

/** Every field that inspect shows, with Docker's defaults where the request is silent. Nothing later asks "is it there?". */
export function completeHostConfig(request: HostConfig, cgroups: { readonly version: 1 | 2 }, defaults: EngineDefaults = ENGINE_DEFAULTS): HostConfig {
  const given = Object.fromEntries(Object.entries(request).filter(([key, value]) => key !== "__proto__" && value !== undefined && value !== null));
  // Docker shows absent lists as null, which the generated types do not say.
  const host = { ...absentLists, ...absentScalars, ...given } as unknown as HostConfig;
  host.NetworkMode = !request.NetworkMode || request.NetworkMode === "default" ? "bridge" : request.NetworkMode;
  host.RestartPolicy = { Name: request.RestartPolicy?.Name || "no", MaximumRetryCount: request.RestartPolicy?.MaximumRetryCount ?? 0 };
  host.LogConfig = mergedLogConfig(request.LogConfig, defaults);
  host.IpcMode = request.IpcMode || defaults.ipcMode;
  host.CgroupnsMode = request.CgroupnsMode || (defaults.cgroupnsMode ?? (cgroups.version === 2 ? "private" : "host"));
  host.ShmSize = request.ShmSize || defaults.shmSizeBytes;
  host.Runtime = request.Runtime || defaults.defaultRuntime;
  if (defaults.ulimits.length > 0) host.Ulimits = [...(request.Ulimits ?? []), ...defaults.ulimits.filter(({ Name }) => !request.Ulimits?.some((own) => own.Name === Name))];
  if (host.Memory && !host.MemorySwap) host.MemorySwap = host.Memory * 2;
  // Docker shows what says nothing as nothing, and what is discarded as not asked for.
  const shown = host as { PidsLimit: number | null; MemorySwappiness: number | null };
  if (!request.PidsLimit || request.PidsLimit < 0) shown.PidsLimit = null;
  if (request.MemorySwappiness === -1) shown.MemorySwappiness = null;
  if (sharesLabel(host) && !request.SecurityOpt?.some((option) => /^label[=:]/.test(option))) host.SecurityOpt = [...(request.SecurityOpt ?? []), "label=disable"];
  if (request.PortBindings) host.PortBindings = completeBindings(request.PortBindings);
  if (request.Devices) host.Devices = request.Devices.map((asked) => ({ PathOnHost: "", PathInContainer: "", CgroupPermissions: "", ...asked }));
  // Docker shows what a request of a device leaves open as null.
  if (request.DeviceRequests) host.DeviceRequests = request.DeviceRequests.map((asked) => ({ ...({ Driver: "", Count: 0, DeviceIDs: null, Capabilities: null, Options: null } as object), ...asked }));
  return { ...host, ...systemPaths(request) };
}

function completeBindings(bindings: NonNullable<HostConfig["PortBindings"]>): NonNullable<HostConfig["PortBindings"]> {
  return Object.fromEntries(Object.entries(bindings).map(([port, hosts]) => [port, hosts && hosts.map(({ HostIp = "", HostPort = "" }) => ({ HostIp, HostPort }))]));
}

/** Processes that see the host's, or may do anything, are not labelled apart from it. */
function sharesLabel({ Privileged: privileged, PidMode: pid, IpcMode: ipc }: HostConfig): boolean {
  return privileged === true || pid === "host" || ipc === "host";
}

function systemPaths(request: HostConfig): Pick<HostConfig, "MaskedPaths" | "ReadonlyPaths"> {
  if (request.Privileged) return { MaskedPaths: request.MaskedPaths ?? null, ReadonlyPaths: request.ReadonlyPaths ?? null } as unknown as Pick<HostConfig, "MaskedPaths" | "ReadonlyPaths">;
  if (parseSecurityOptions(request.SecurityOpt ?? []).systemPathsUnconfined) return { MaskedPaths: request.MaskedPaths ?? [], ReadonlyPaths: request.ReadonlyPaths ?? [] };
  return { MaskedPaths: request.MaskedPaths ?? [...MASKED_PATHS], ReadonlyPaths: request.ReadonlyPaths ?? [...READONLY_PATHS] };
}
