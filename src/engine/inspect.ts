import { ZERO_INSTANT } from "../base/mod.ts";
import type { ContainerInspect, DriverData, RootMount } from "../spec/mod.ts";
import type { EngineContext } from "./context.ts";
import { healthOf } from "./health/monitor.ts";
import { shownLinks } from "./links.ts";
import { sizesOf } from "./list.ts";
import { jsonLogPath } from "../logging/mod.ts";
import { shownLogConfig } from "./create/log-config.ts";
import { logChoice } from "./log-settings.ts";
import { containerDir } from "./paths.ts";
import { shownPortMap } from "./publish.ts";
import type { ContainerRecord } from "./record.ts";
import { endpointsOf, mountPoints } from "./shapes.ts";
import { dockerStatus, exitCodeOf, isRunning, restOf } from "./state.ts";

/** @throws EngineError NotFound */
export async function inspectContainer(ctx: EngineContext, ref: string, options: { size?: boolean | undefined } = {}): Promise<ContainerInspect> {
  const record = ctx.containers.resolve(ref);
  const ran = record.state.status !== "created";
  const dir = containerDir(ctx.paths, record.id);
  const execIds = ctx.execs.ofContainer(record.id);
  const shape: Record<string, unknown> = {
    Id: record.id,
    Created: record.createdAt,
    Path: record.path,
    Args: record.args,
    State: stateOf(ctx, record),
    Image: record.imageID,
    ResolvConfPath: ran ? `${dir}/resolv.conf` : "",
    HostnamePath: ran ? `${dir}/hostname` : "",
    HostsPath: ran ? `${dir}/hosts` : "",
    LogPath: ran && logChoice(record).driver === "json-file" ? jsonLogPath(dir, record.id) : "",
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: "overlay2",
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: execIds.length > 0 ? execIds : null,
    HostConfig: { ...record.hostConfig, Links: shownLinks(record), LogConfig: shownLogConfig(record.hostConfig) },
    GraphDriver: graphDriver(ctx, record),
    ...(options.size && (await sizesOf(ctx, record))),
    Mounts: mountPoints(ctx, record),
    Config: configOf(record),
    NetworkSettings: networkSettings(ctx, record),
  };
  // Absent lists are null on the wire, which the generated types do not say.
  return shape as ContainerInspect;
}

function stateOf(ctx: EngineContext, record: ContainerRecord): NonNullable<ContainerInspect["State"]> {
  const { state } = record;
  const health = healthOf(ctx, record);
  const restarting = dockerStatus(state) === "restarting";
  const rest = restOf(state);
  const exited = rest?.status === "exited" ? rest : undefined;
  const running = isRunning(state);
  return {
    Status: dockerStatus(state),
    // Docker counts a paused and a restarting container as running.
    Running: running || restarting,
    Paused: running && state.paused,
    Restarting: restarting,
    OOMKilled: exited?.oomKilled ?? false,
    Dead: dockerStatus(state) === "dead",
    Pid: running ? state.pid : 0,
    ExitCode: exitCodeOf(state),
    Error: rest?.failure?.message ?? "",
    StartedAt: running ? state.startedAt : (exited?.startedAt ?? ZERO_INSTANT),
    FinishedAt: running ? (state.previouslyFinishedAt ?? ZERO_INSTANT) : (exited?.finishedAt ?? ZERO_INSTANT),
    ...(health && { Health: { Status: health.status, FailingStreak: health.failingStreak, Log: [...health.log] } }),
  };
}

function configOf({ config, imageRef }: ContainerRecord): Record<string, unknown> {
  const orNull = (list: readonly string[] | undefined | null): readonly string[] | null => (list?.length ? list : null);
  return {
    ...config,
    Env: orNull(config.Env),
    Cmd: orNull(config.Cmd),
    Image: imageRef,
    Volumes: Object.keys(config.Volumes ?? {}).length > 0 ? config.Volumes : null,
    Entrypoint: orNull(config.Entrypoint),
    OnBuild: config.OnBuild ?? null,
    Labels: config.Labels ?? {},
  };
}

function graphDriver(ctx: EngineContext, { id, state }: ContainerRecord): DriverData {
  return { Name: "overlay2", Data: { ID: id, ...(state.status !== "removing" && overlayData(ctx.snapshots.root(id))) } };
}

function overlayData(root: RootMount): Record<string, string> {
  if (root.kind !== "overlay") return {};
  return { LowerDir: root.lowers.map((lower) => `${root.layersDir}/${lower}`).join(":"), UpperDir: root.upper, WorkDir: root.work };
}

function networkSettings(ctx: EngineContext, record: ContainerRecord): Record<string, unknown> {
  const networks = endpointsOf(ctx, record);
  const bridge = networks["bridge"];
  return {
    Bridge: "",
    SandboxID: isRunning(record.state) ? Bun.CryptoHasher.hash("sha256", `${ctx.identity.id}/${record.id}`, "hex") : "",
    SandboxKey: isRunning(record.state) ? ctx.host.namespacePath(record.state.pid, "net") : "",
    Ports: shownPortMap(ctx, record),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? "",
    Gateway: bridge?.Gateway ?? "",
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? "",
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? "",
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? "",
    MacAddress: bridge?.MacAddress ?? "",
    Networks: networks,
  };
}
