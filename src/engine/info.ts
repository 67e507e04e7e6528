import { formatInstant, nowNs } from "../base/mod.ts";
import type { SystemInfo } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { LOG_DRIVERS } from "./create/log-config.ts";
import { dockerStatus } from "./state.ts";

export async function systemInfo(ctx: EngineContext): Promise<SystemInfo> {
  const shape: Record<string, unknown> = {
    ID: ctx.identity.id,
    ...containerCounts(ctx),
    Images: ctx.images.list({ all: true, filters: {} }).length,
    Driver: "overlay2",
    DriverStatus: [["Supports d_type", "true"], ["Using metacopy", "false"], ["Native Overlay Diff", "true"], ["userxattr", "false"]],
    Plugins: { Volume: ["local"], Network: ["bridge", "host", "null"], Authorization: null, Log: Object.keys(LOG_DRIVERS).filter((name) => name !== "none") },
    ...kernelSupport(ctx),
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    SystemTime: formatInstant(nowNs()),
    LoggingDriver: "json-file",
    CgroupDriver: "cgroupfs",
    CgroupVersion: String(ctx.cgroups.version),
    NEventsListener: ctx.eventLog.listenerCount,
    KernelVersion: ctx.host.kernelVersion,
    OperatingSystem: ctx.host.operatingSystem,
    OSVersion: ctx.host.osVersion,
    OSType: "linux",
    Architecture: ctx.host.architecture,
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: { IndexConfigs: { "docker.io": { Mirrors: [], Name: "docker.io", Official: true, Secure: true } }, InsecureRegistryCIDRs: ["::1/128", "127.0.0.0/8"], Mirrors: null },
    NCPU: ctx.host.cpuCount,
    MemTotal: ctx.host.memoryTotal,
    GenericResources: null,
    DockerRootDir: ctx.paths.dataRoot,
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    Name: ctx.host.hostname,
    Labels: [],
    ExperimentalBuild: false,
    ServerVersion: ctx.identity.version,
    Runtimes: { runc: { path: "hako-shim" } },
    DefaultRuntime: "runc",
    Swarm: { NodeID: "", NodeAddr: "", LocalNodeState: "inactive", ControlAvailable: false, Error: "", RemoteManagers: null },
    LiveRestoreEnabled: true,
    Isolation: "",
    InitBinary: "docker-init",
    ContainerdCommit: { ID: "" },
    RuncCommit: { ID: ctx.identity.gitCommit },
    InitCommit: { ID: ctx.identity.gitCommit },
    SecurityOptions: ["name=seccomp,profile=builtin", ...(ctx.cgroups.version === 2 ? ["name=cgroupns"] : [])],
    FirewallBackend: { Driver: "nftables" },
    CDISpecDirs: [],
    Warnings: warnings(ctx),
  };
  // Absent lists are null on the wire, which the generated types do not say.
  return shape as SystemInfo;
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

function kernelSupport(ctx: EngineContext): Record<string, boolean> {
  return {
    MemoryLimit: true, SwapLimit: true, CpuCfsPeriod: true, CpuCfsQuota: true, CPUShares: true, CPUSet: true, PidsLimit: true,
    OomKillDisable: ctx.cgroups.version === 1, IPv4Forwarding: ctx.host.ipv4Forwarding(),
  };
}

function warnings(ctx: EngineContext): string[] | null {
  const list = [...ctx.containers.damaged.map(({ id, reason }) => `WARNING: container ${id} is damaged in the store and skipped: ${reason}`), ...ctx.network.warnings.map((text) => `WARNING: ${text}`)];
  if (!ctx.host.ipv4Forwarding()) list.push("WARNING: IPv4 forwarding is disabled");
  return list.length > 0 ? list : null;
}
