import { formatInstant, nowNs } from "../base/mod.ts";
import type { SystemInfo } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { LOG_DRIVER_NAMES } from "../logging/mod.ts";
import { SHOWN_DRIVER } from "./log-settings.ts";
import { runtimesShape } from "./runtime-choice.ts";
import { maskedProxy, registryInfo } from "./registry-info.ts";
import { dockerStatus } from "./state.ts";

export async function systemInfo(ctx: EngineContext): Promise<SystemInfo> {
  const shape: Record<string, unknown> = {
    ID: ctx.identity.id,
    ...containerCounts(ctx),
    Images: ctx.images.list({ all: true, filters: {} }).length,
    Driver: "overlay2",
    DriverStatus: [["Supports d_type", "true"], ["Using metacopy", "false"], ["Native Overlay Diff", "true"], ["userxattr", "false"]],
    Plugins: { Volume: ["local", ...ctx.volumeDrivers.plugins.names()], Network: ["bridge", "host", "null"], Authorization: null, Log: LOG_DRIVER_NAMES },
    ...kernelSupport(ctx),
    Debug: ctx.defaults.debug,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: formatInstant(nowNs()),
    LoggingDriver: ctx.defaults.logDriver || SHOWN_DRIVER,
    CgroupDriver: "cgroupfs",
    CgroupVersion: String(ctx.cgroups.version),
    NEventsListener: ctx.eventLog.listenerCount,
    KernelVersion: ctx.host.kernelVersion,
    OperatingSystem: ctx.host.operatingSystem,
    OSVersion: ctx.host.osVersion,
    OSType: "linux",
    Architecture: ctx.host.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: registryInfo(ctx.defaults),
    NCPU: ctx.host.cpuCount,
    MemTotal: ctx.host.memoryTotal,
    GenericResources: null,
    DockerRootDir: ctx.paths.dataRoot,
    HttpProxy: maskedProxy(ctx.defaults.proxies.http),
    HttpsProxy: maskedProxy(ctx.defaults.proxies.https),
    NoProxy: ctx.defaults.proxies.no,
    Name: ctx.host.hostname,
    Labels: ctx.defaults.labels,
    ExperimentalBuild: ctx.defaults.experimental,
    ServerVersion: ctx.identity.version,
    Runtimes: runtimesShape(ctx.defaults),
    DefaultRuntime: ctx.defaults.defaultRuntime,
    Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: ctx.defaults.initPath ?? "docker-init",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: ctx.identity.gitCommit },
    InitCommit: { ID: ctx.identity.gitCommit },
    SecurityOptions: securityOptions(ctx),
    ...(ctx.defaults.addressPools.length > 0 && { DefaultAddressPools: ctx.defaults.addressPools.map(({ base, size }) => ({ Base: base, Size: size })) }),
    FirewallBackend: { Driver: "nftables" },
    CDISpecDirs: ctx.defaults.cdiSpecDirs,
    ...registryService(ctx),
    Warnings: warnings(ctx),
  };
  // Absent lists are null on the wire, which the generated types do not say.
  return shape as SystemInfo;
}

/** Beside Docker's fields, where it is on. */
function registryService({ registry }: EngineContext): { RegistryService?: object } {
  const { Enabled, ...state } = registry.state();
  return Enabled ? { RegistryService: state } : {};
}

function containerCounts(ctx: EngineContext): Pick<SystemInfo, "Containers" | "ContainersRunning" | "ContainersPaused" | "ContainersStopped"> {
  let running = 0;
  let paused = 0;
  for (const { state } of ctx.containers.all()) {
    const status = dockerStatus(state);
    if (status === "running" || status === "restarting") running++;
    if (status === "paused") paused++;
  }
  return { Containers: ctx.containers.size, ContainersRunning: running, ContainersPaused: paused, ContainersStopped: ctx.containers.size - running - paused };
}

function securityOptions({ defaults, cgroups }: EngineContext): string[] {
  const { seccomp, noNewPrivileges, cgroupnsMode } = defaults;
  const ownCgroups = (cgroupnsMode ?? (cgroups.version === 2 ? "private" : "host")) === "private";
  return [`name=seccomp,profile=${seccomp.kind === "file" ? seccomp.path : seccomp.kind}`, ...(ownCgroups ? ["name=cgroupns"] : []), ...(noNewPrivileges ? ["name=no-new-privileges"] : [])];
}

function kernelSupport({ cgroups: { supports }, host }: EngineContext): Record<string, boolean> {
  return {
    MemoryLimit: supports.memory, SwapLimit: supports.swap, CpuCfsPeriod: supports.cpuQuota, CpuCfsQuota: supports.cpuQuota, CPUShares: supports.cpuShares,
    CPUSet: supports.cpuset !== undefined, PidsLimit: supports.pids, OomKillDisable: supports.oomKillDisable, ...(supports.kernelMemoryTcp && { KernelMemoryTCP: true }), IPv4Forwarding: host.ipv4Forwarding(),
  };
}

function warnings(ctx: EngineContext): string[] | null {
  const list = [...ctx.containers.damaged.map(({ id, reason }) => `WARNING: container ${id} is damaged in the store and skipped: ${reason}`), ...ctx.network.warnings.map((text) => `WARNING: ${text}`)];
  list.push(...ctx.defaults.warnings);
  if (!ctx.host.ipv4Forwarding()) list.push("WARNING: IPv4 forwarding is disabled");
  return list.length > 0 ? list : null;
}
