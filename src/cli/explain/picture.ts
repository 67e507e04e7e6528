import { containerChanges, imageHistory, inspectContainer, inspectImage, type Client, type FileChange } from "../../client/mod.ts";
import type { ContainerInspect, HostConfig, ImageHistoryItem, ImageInspect } from "../../spec/mod.ts";

/** One step of an image's history, newest first. */
export interface Step {
  /** From 1 for the lowest layer; absent for a step that only changed settings. */
  readonly layer?: number;
  readonly sizeBytes: number;
  readonly instruction: string;
}

export interface ImagePicture {
  readonly kind: "image";
  readonly id: string;
  readonly names: readonly string[];
  readonly platform: string;
  readonly sizeBytes: number;
  readonly steps: readonly Step[];
  readonly settings: { readonly entrypoint: readonly string[]; readonly cmd: readonly string[]; readonly user: string; readonly workingDir: string; readonly env: readonly string[]; readonly ports: readonly string[]; readonly volumes: readonly string[] };
}

export type Sharing = "own" | "host" | `container:${string}` | "none";

export interface ContainerPicture {
  readonly kind: "container";
  readonly id: string;
  readonly name: string;
  readonly image: ImagePicture;
  readonly imageName: string;
  readonly state: { readonly status: string; readonly exitCode: number; readonly oomKilled: boolean; readonly pid: number; readonly startedAt: string; readonly finishedAt: string; readonly health: string | undefined };
  readonly writable: { readonly sizeBytes: number; readonly folder: string | undefined; readonly added: number; readonly changed: number; readonly deleted: number; readonly changes: readonly FileChange[] };
  readonly process: { readonly command: readonly string[]; readonly user: string; readonly workingDir: string };
  readonly namespaces: Readonly<Record<"pid" | "mount" | "network" | "ipc" | "uts" | "cgroup" | "user", Sharing>>;
  readonly privileges: { readonly privileged: boolean; readonly added: readonly string[]; readonly dropped: readonly string[]; readonly seccomp: "default" | "own" | "none"; readonly noNewPrivileges: boolean; readonly readOnlyRoot: boolean };
  readonly limits: { readonly memoryBytes: number; readonly memoryAndSwapBytes: number; readonly cpus: number; readonly cpuSet: string; readonly cpuShares: number; readonly pids: number };
  readonly mounts: ReadonlyArray<{ readonly type: string; readonly source: string; readonly target: string; readonly writable: boolean; readonly removedWithContainer: boolean }>;
  readonly networks: ReadonlyArray<{ readonly name: string; readonly address: string; readonly gateway: string }>;
  readonly ports: readonly string[];
  readonly log: { readonly driver: string };
  readonly restart: string;
  readonly autoRemove: boolean;
}

export async function imagePicture(client: Client, ref: string): Promise<ImagePicture> {
  const [image, history] = await Promise.all([inspectImage(client, ref), imageHistory(client, ref)]);
  return pictureOfImage(image, history);
}

export async function containerPicture(client: Client, ref: string): Promise<ContainerPicture> {
  const container = await inspectContainer(client, ref, true);
  const [changes, image] = await Promise.all([containerChanges(client, container.Id ?? ref), imagePicture(client, container.Image ?? "")]);
  return { ...pictureOfContainer(container, changes ?? []), image };
}

function pictureOfImage(image: ImageInspect, history: readonly ImageHistoryItem[]): ImagePicture {
  const config = image.Config ?? {};
  return {
    kind: "image",
    id: image.Id ?? "",
    names: image.RepoTags ?? [],
    platform: [image.Os, image.Architecture, image.Variant].filter(Boolean).join("/"),
    sizeBytes: image.Size ?? 0,
    steps: stepsOf(history, image.RootFS?.Layers?.length ?? 0),
    settings: {
      entrypoint: config.Entrypoint ?? [],
      cmd: config.Cmd ?? [],
      user: config.User || "root",
      workingDir: config.WorkingDir || "/",
      env: config.Env ?? [],
      ports: Object.keys(config.ExposedPorts ?? {}),
      volumes: Object.keys(config.Volumes ?? {}),
    },
  };
}

/** Instructions that may leave a layer even when it holds no bytes. */
const MAKES_FILES = /^(RUN|COPY|ADD|WORKDIR)\b|^\/bin\/sh -c (?!#\(nop\))|#\(nop\) (COPY|ADD|WORKDIR)\b/;

/** Which steps are layers: those with bytes, and as many of the empty ones that could be as there are layers left. */
export function stepsOf(history: readonly ImageHistoryItem[], layers: number): Step[] {
  let unexplained = layers - history.filter(({ Size = 0 }) => Size > 0).length;
  const isLayer = history.map(({ Size = 0, CreatedBy = "" }) => Size > 0 || (unexplained > 0 && MAKES_FILES.test(CreatedBy) && unexplained-- > 0));
  let number = isLayer.filter(Boolean).length;
  return history.map(({ Size = 0, CreatedBy = "", Comment = "" }, at) => ({ ...(isLayer[at] && { layer: number-- }), sizeBytes: Size, instruction: instructionOf(CreatedBy) || Comment }));
}

/** What the Dockerfile said, as far as the history tells. */
export function instructionOf(createdBy: string): string {
  return createdBy
    .replace(/^\/bin\/sh -c #\(nop\)\s+/, "")
    .replace(/^\/bin\/sh -c /, "RUN ")
    .replace(/^RUN \/bin\/sh -c /, "RUN ")
    .replace(/\s+# buildkit$/, "")
    .trim();
}

function pictureOfContainer(container: ContainerInspect, changes: readonly FileChange[]): Omit<ContainerPicture, "image"> {
  const { Config: config = {}, HostConfig: host = {} } = container;
  const state = container.State ?? {};
  const count = (kind: number): number => changes.filter(({ Kind }) => Kind === kind).length;
  return {
    kind: "container",
    id: container.Id ?? "",
    name: (container.Name ?? "").replace(/^\//, ""),
    imageName: config.Image ?? "",
    state: { status: state.Status ?? "", exitCode: state.ExitCode ?? 0, oomKilled: state.OOMKilled ?? false, pid: state.Pid ?? 0, startedAt: state.StartedAt ?? "", finishedAt: state.FinishedAt ?? "", health: state.Health?.Status },
    writable: { sizeBytes: container.SizeRw ?? 0, folder: container.GraphDriver?.Data?.["UpperDir"], changed: count(0), added: count(1), deleted: count(2), changes },
    process: { command: [container.Path ?? "", ...(container.Args ?? [])], user: config.User || "root", workingDir: config.WorkingDir || "/" },
    namespaces: namespacesOf(host),
    privileges: privilegesOf(host),
    limits: { memoryBytes: host.Memory ?? 0, memoryAndSwapBytes: host.MemorySwap ?? 0, cpus: cpusOf(host), cpuSet: host.CpusetCpus ?? "", cpuShares: host.CpuShares ?? 0, pids: Math.max(0, host.PidsLimit ?? 0) },
    mounts: mountsOf(container),
    networks: Object.entries(container.NetworkSettings?.Networks ?? {}).map(([name, network]) => ({ name, address: network.IPAddress ?? "", gateway: network.Gateway ?? "" })),
    ports: portsOf(container),
    log: { driver: host.LogConfig?.Type ?? "" },
    restart: host.RestartPolicy?.Name || "no",
    autoRemove: host.AutoRemove ?? false,
  };
}

function namespacesOf(host: HostConfig): ContainerPicture["namespaces"] {
  const shared = (mode: string | undefined): Sharing => (mode === "host" ? "host" : mode?.startsWith("container:") ? (mode as Sharing) : "own");
  return {
    pid: shared(host.PidMode),
    mount: "own",
    network: host.NetworkMode === "none" ? "none" : shared(host.NetworkMode),
    ipc: shared(host.IpcMode),
    uts: shared(host.UTSMode),
    cgroup: shared(host.CgroupnsMode),
    // Containers run in the engine's user namespace.
    user: "host",
  };
}

function privilegesOf(host: HostConfig): ContainerPicture["privileges"] {
  const options = host.SecurityOpt ?? [];
  const seccomp = options.find((option) => option.startsWith("seccomp"))?.slice("seccomp=".length);
  return {
    privileged: host.Privileged ?? false,
    added: host.CapAdd ?? [],
    dropped: host.CapDrop ?? [],
    seccomp: host.Privileged || seccomp === "unconfined" ? "none" : seccomp === undefined || seccomp === "builtin" ? "default" : "own",
    noNewPrivileges: options.some((option) => /^no-new-privileges($|[=:]true$)/.test(option)),
    readOnlyRoot: host.ReadonlyRootfs ?? false,
  };
}

function cpusOf({ NanoCpus: nano = 0, CpuQuota: quota = 0, CpuPeriod: period = 0 }: HostConfig): number {
  return nano > 0 ? nano / 1e9 : quota > 0 ? quota / (period || 100_000) : 0;
}

const ANONYMOUS = /^[0-9a-f]{64}$/;

function mountsOf(container: ContainerInspect): ContainerPicture["mounts"] {
  return (container.Mounts ?? []).map((mount) => ({
    type: mount.Type ?? "",
    source: (mount.Type === "volume" ? mount.Name : mount.Source) ?? "",
    target: mount.Destination ?? "",
    writable: mount.RW ?? false,
    removedWithContainer: mount.Type === "tmpfs" || (mount.Type === "volume" && ANONYMOUS.test(mount.Name ?? "")),
  }));
}

function portsOf(container: ContainerInspect): string[] {
  return Object.entries(container.NetworkSettings?.Ports ?? {}).flatMap(([port, bindings]) => (bindings ?? []).map(({ HostIp = "", HostPort = "" }) => `${HostIp.includes(":") ? `[${HostIp}]` : HostIp}:${HostPort} → ${port}`));
}
