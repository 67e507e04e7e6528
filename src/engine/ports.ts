import type { Pulled, PullRequest, Pushed, PushRequest, TransferMessage } from "../image/mod.ts";
import type { NamedContainer } from "../dns/mod.ts";
import type { Attachment, Endpoint, EndpointWish, NetworkRecord, NetworkRequest } from "../network/mod.ts";
import type { Framing } from "../base/mod.ts";
import type { CgroupStatsReader, CgroupSupport, InterfaceCounters, ProcessInfo } from "../linux/mod.ts";
import type { DeviceNode, Digest, ImageConfig, ImageHistoryItem, ImageInspect, ImageManifest, ImageProcessConfig, ImageSummary, ProcessSpec, ReachWay, Reference, Resources, RootMount, RuntimeMount, RuntimeSpec, Seccomp } from "../spec/mod.ts";

/** The narrow interfaces that the use cases need of the mechanisms; the real ones fit by shape. */

/** What network/ keeps. */
export type { AddressManagement, AddressRange, Attachment, Endpoint, EndpointWish, NetworkDriver, NetworkRecord, NetworkRequest } from "../network/mod.ts";
/** What linux/ reads of the kernel. */
export type { CgroupStats, CgroupSupport, InterfaceCounters, ProcessInfo } from "../linux/mod.ts";

export type Filters = Record<string, string[]>;

export interface ResolvedImage {
  readonly id: Digest;
  readonly config: ImageConfig;
  readonly manifest?: ImageManifest;
  /** Layer folders, base first. */
  readonly layers: readonly number[];
  readonly repoTags: readonly string[];
  readonly repoDigests: readonly string[];
  readonly size: number;
}

export interface DeleteResult {
  Untagged?: string;
  Deleted?: string;
}

/** A container that was made of an image. */
export interface ImageUse {
  readonly id: string;
  readonly running: boolean;
}

export interface CommitOptions {
  readonly parent: Digest;
  readonly config: ImageProcessConfig;
  readonly author: string;
  readonly comment: string;
  /** What the history says of it. */
  readonly createdBy: string;
  readonly container: string;
  readonly engineVersion: string;
  readonly name?: string | undefined;
  readonly copyLayer: (folder: string) => Promise<CopiedLayer>;
}

/** What a check of the store has found, in words. */
export interface StoreFinding {
  readonly kind: "blob" | "layer";
  readonly digest: string;
  readonly images: readonly string[];
  readonly problem: string;
  readonly mended: string | undefined;
  readonly remedy: string | undefined;
}

export interface StoreSummary {
  readonly blobs: number;
  readonly bytes: number;
  readonly layers: number;
  readonly damaged: number;
  readonly mended: number;
}

export interface ImagePort {
  /** @throws EngineError NotFound `No such image: x:latest` */
  resolve(ref: string): ResolvedImage;
  /** The image for this platform, of the index that the name stands for; the one that it stands for by itself where there is none. */
  resolveFor(ref: string, platform: { os: string; architecture: string | undefined; variant: string | undefined }): Promise<ResolvedImage>;
  list(options: { all?: boolean; filters: Filters; manifests?: boolean; inUse?: (id: Digest) => ImageUse[] }): ImageSummary[];
  inspect(ref: string, options?: { manifests?: boolean; inUse?: (id: Digest) => ImageUse[] }): ImageInspect;
  history(ref: string): ImageHistoryItem[];
  tag(source: string, target: string): void;
  remove(ref: string, options: { force: boolean; prune: boolean; inUse: (id: Digest) => ImageUse[] }): Promise<DeleteResult[]>;
  /** Verifies every blob and layer; what it finds, then how much there was. */
  check(options: { repair: boolean; layerInUse: (n: number) => boolean; signal: AbortSignal }): AsyncGenerator<StoreFinding, StoreSummary, void>;
  /** Of the index that the name stands for, what is here for these platforms. */
  removePlatforms(ref: string, platforms: readonly { os: string; architecture: string | undefined; variant: string | undefined }[], inUse: (id: Digest) => ImageUse[]): Promise<DeleteResult[]>;
  importTar(stream: AsyncIterable<Uint8Array>, options: { ref?: string; message?: string; changes?: string[]; platform?: string }): Promise<{ id: Digest }>;
  load(stream: AsyncIterable<Uint8Array>, progress: (message: Record<string, unknown>) => void, platform?: { os: string; architecture: string | undefined; variant: string | undefined }): Promise<void>;
  /** What it cannot find is said before the first byte. */
  save(names: readonly string[], options: { platform?: { os: string; architecture: string | undefined; variant: string | undefined } | undefined; signal: AbortSignal }): Promise<{ images: readonly { id: Digest; names: readonly string[] }[]; bytes: AsyncIterable<Uint8Array> }>;
  push(request: PushRequest, tell: (message: TransferMessage) => void): Promise<Pushed>;
  tagsOf(repository: Reference): Reference[];
  pull(request: PullRequest, tell: (message: TransferMessage) => void): Promise<Pulled>;
  /** A container of the image has gone. */
  noteUse(id: Digest): void;
  prune(filters: Filters, inUse: (id: Digest) => ImageUse[]): Promise<{ deleted: DeleteResult[]; spaceReclaimed: number }>;
  /** An image of one more layer, which `copyLayer` writes into the folder it is given. */
  commit(options: CommitOptions): Promise<{ id: Digest }>;
  applyChanges(config: ImageProcessConfig, changes: readonly string[]): ImageProcessConfig;
}

/** Files of a stacked root, read without mounting it. */
export interface StackedFiles {
  readFile(path: string, maxBytes: number): Uint8Array | undefined;
  /** Undefined when no folder is there. */
  folder(path: string): { readonly mode: number; readonly uid: number; readonly gid: number; readonly isEmpty: boolean } | undefined;
  /** Follows links. Undefined when nothing is there. */
  stat(path: string): { readonly mode: number; readonly uid: number; readonly gid: number; readonly mtimeNs: bigint } | undefined;
}

export interface SnapshotPort {
  prepare(key: string, layerIds: readonly number[]): Promise<void>;
  root(key: string): RootMount;
  remove(key: string): Promise<void>;
  /** Bytes of the writable layer. */
  usage(key: string): Promise<number>;
  /** Bytes of an image's layer. */
  layerBytes(layer: number): number;
  files(key: string): StackedFiles;
  /** A folder of the data root, gone at once; its files are deleted in the background. Missing is done. */
  discard(folder: string): void;
  keys(): string[];
  /** The root to look at, also while a container runs on it. */
  view(key: string): RootMount;
  /** The writable layer's folder. */
  upper(key: string): string;
  /** What lies below it; undefined where nothing does. */
  below(key: string): RootMount | undefined;
}

/** A container's files: what its processes see (an open folder), or mounted for a helper alone. */
export type TreeRoot = { readonly kind: "running"; readonly folder: number } | { readonly kind: "mounted"; readonly root: RootMount; readonly binds: readonly RuntimeMount[] };

export interface PathStat {
  readonly name: string;
  readonly size: number;
  /** Go's os.FileMode. */
  readonly mode: number;
  readonly mtimeNs: string;
  readonly linkTarget: string;
}

export interface CopiedLayer {
  readonly digest: Digest;
  readonly diffID: Digest;
  readonly compressedSize: number;
  readonly size: number;
  readonly entries: number;
}

/** An archive about to be sent: its bytes, or written straight to a connection of HTTP, in chunks without the last one. */
export interface PackedTree {
  readonly bytes: AsyncIterable<Uint8Array>;
  writeTo(client: number): Promise<void>;
}

/** An archive that a client is sending: its bytes, or the connection that they come from, to be read instead. */
export interface UploadedArchive {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly connection?: UploadConnection | undefined;
}

/** A body of HTTP that nobody reads. */
export interface UploadConnection {
  readonly framing: Framing;
  /** The descriptor, for this turn of the event loop, and what was taken from it of the body; undefined when the client has gone. */
  take(): { readonly descriptor: number; readonly begun: Uint8Array } | undefined;
}

/** Work on containers' files, each in a process of its own. NotFound without words is about the path. */
export interface TreePort {
  stat(root: TreeRoot, path: string, signal: AbortSignal): Promise<PathStat>;
  pack(root: TreeRoot, path: string, emptied: readonly string[], signal: AbortSignal): Promise<PackedTree & { stat: PathStat }>;
  packAll(root: TreeRoot, signal: AbortSignal): Promise<PackedTree>;
  unpack(root: TreeRoot, request: UnpackTree, archive: UploadedArchive, signal: AbortSignal): Promise<void>;
  /** JSON text of the changes. */
  changes(upper: string, lower: RootMount | undefined, ignored: readonly string[], signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  copyLayer(upper: string, target: string, ignored: readonly string[], signal: AbortSignal): Promise<CopiedLayer>;
}

export interface UnpackTree {
  readonly path: string;
  readonly keepKinds: boolean;
  readonly owner: "archive" | { readonly uid: number; readonly gid: number };
  readonly mounts: readonly { readonly destination: string; readonly readOnly: boolean }[];
  readonly rootReadOnly: boolean;
}

export interface NetlinkToHost {
  readonly messages: Uint8Array;
  readonly pidOffsets: readonly number[];
}

export interface NetworkPort {
  /** The default network. */
  readonly bridge: { readonly name: string; readonly id: string; readonly subnet: string; readonly gateway: string; readonly mtu: number };
  /** All of them, oldest first; bridge, host and none too. */
  networks(): readonly NetworkRecord[];
  /** What keeps this network's containers from other machines, in a sentence, or "". */
  warningOf(network: NetworkRecord): string;
  /** By id, name or unambiguous beginning of an id. */
  find(ref: string): NetworkRecord | undefined;
  create(request: NetworkRequest): Promise<NetworkRecord>;
  /** Whether somebody is connected is the caller's to ask. */
  remove(id: string): void;
  /** Reserves addresses for a container that is about to start; what it had before is let go of. */
  attach(containerId: string, wishes: readonly EndpointWish[]): Attachment;
  /** Frees all addresses of a container whose network namespace is gone, or goes. */
  detach(containerId: string): void;
  /** Links a running container to one more network. */
  connect(containerId: string, pid: number, wish: EndpointWish): Endpoint;
  /** Undefined when it had no endpoint there. */
  disconnect(containerId: string, pid: number, networkId: string): Promise<Endpoint | undefined>;
  /** Of one container, in the order of its interfaces; none while it does not run. */
  endpoints(containerId: string): readonly Endpoint[];
  endpointsOn(networkId: string): readonly Endpoint[];
  /** Of every interface of the host, by number, as the host sees them. */
  interfaceCounters(): ReadonlyMap<number, InterfaceCounters>;
  sweep(liveIds: ReadonlySet<string>): void;
  /** Sentences for /info: what on this host keeps containers from the network. */
  readonly warnings: readonly string[];
}

/** Names of containers on the networks that users make, and who answers when they are asked for. */
export interface NamesPort {
  /** In place of what was known of the container; from this moment on. */
  set(container: NamedContainer): void;
  remove(containerId: string): void;
  /** Does not fail: the operator is told of a network without resolver. */
  serve(network: { readonly id: string; readonly bridge: string; readonly gateway: string }): Promise<void>;
  unserve(networkId: string): Promise<void>;
}

/** A port of a container that is to be reached from outside; `hostPorts` absent: any number that is free. */
export interface PortWish {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  /** "": every address of the host. */
  readonly hostIp: string;
  readonly hostPorts?: readonly [first: number, last: number];
}

export interface PublishedPort {
  readonly protocol: "tcp" | "udp" | "sctp";
  readonly containerPort: number;
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Ports of the host that lead to containers. */
export interface PublishPort {
  /** Adds to what is published; all or nothing. @throws EngineError Conflict, InvalidParameter, System, in Docker's words */
  publish(containerId: string, target: { readonly ip: string; readonly ip6: string; readonly bridge: string }, wishes: readonly PortWish[]): Promise<readonly PublishedPort[]>;
  unpublish(containerId: string): void;
  /** A running container reaches itself through a port that it publishes; the number of its interface's end on the host. */
  letReachItself(hostIndex: number): void;
  /** Takes back some of them. */
  withdraw(containerId: string, ports: readonly PublishedPort[]): void;
  published(containerId: string): readonly PublishedPort[];
  /** Where each comes from, leads to, and by what; `containerPort` like `80/tcp`. */
  ways(containerId: string): { readonly containerPort: string; readonly way: ReachWay }[];
  /** The container is to be reached elsewhere. */
  retarget(containerId: string, target: { readonly ip: string; readonly ip6: string; readonly bridge: string }): Promise<void>;
  sweep(liveIds: ReadonlySet<string>): void;
}

export type CgroupJoin = { kind: "v1"; tasksFiles: string[] } | { kind: "v2"; dir: string };

export interface Cgroup {
  readonly join: CgroupJoin;
  readonly oomFile: string | undefined;
  /** What is absent stays as it is. */
  update(resources: Resources): void;
  openStats(): CgroupStatsReader;
  freeze(): Promise<void>;
  thaw(): void | Promise<void>;
  pids(): number[];
  killAll(): void;
  remove(): Promise<void>;
}

export interface CgroupPort {
  readonly version: 1 | 2;
  readonly supports: CgroupSupport;
  create(id: string, resources: Resources, options?: { parent?: string }): Cgroup;
  open(id: string, options?: { parent?: string }): Cgroup;
  list(): string[];
}

export interface StdioPlan {
  tty: boolean;
  openStdin: boolean;
  stdinOnce: boolean;
  rows: number;
  cols: number;
}

export interface ContainerLaunch {
  spec: RuntimeSpec;
  root: RootMount;
  rootMountPoint: string;
  cgroup: CgroupJoin | undefined;
  network?: { host: NetlinkToHost; inside: Uint8Array };
  log?: LogLaunch;
  exitFile: string;
  oomFile?: string;
  /** Another OCI runtime than the engine's own, by its program. */
  runtime?: { readonly path: string; readonly args: readonly string[] };
  stdio: StdioPlan;
}

export interface LogLaunch extends LogFiles {
  /** A file of the log that has so much is followed by the next; absent: one file for ever. */
  maxBytes?: number;
  /** The oldest of more files than this go; absent: all stay until the engine removes them. */
  maxFiles?: number;
  /** Output is thrown away unless `keep` or `keepLog(true)` is said. */
  discard?: boolean;
  /** As if `keepLog(true)` were said at the beginning. */
  keep?: boolean;
}

/** The first file of a log; the others are named after it. */
export interface LogFiles {
  path: string;
  indexPath: string;
}

export interface ExecLaunch {
  containerPid: number;
  /** Of the container's shim. */
  containerSocket?: string;
  process: ProcessSpec;
  seccomp?: Seccomp;
  cgroup: CgroupJoin | undefined;
  stdio: Omit<StdioPlan, "stdinOnce"> & { attachOutput: boolean };
  exitFile: string;
  /** It is killed when nobody watches it any more. */
  endsWithEngine?: boolean;
}

export interface ExitStatus {
  readonly exitCode: number;
  readonly signal: number;
  readonly oomKilled: boolean;
  readonly startedNs: bigint;
  readonly finishedNs: bigint;
}

export interface ShimStdin {
  write(bytes: Uint8Array): Promise<void>;
  end(): void;
}

export interface Shim {
  readonly pid?: number | undefined;
  /** Rejects with the failed operation and errno when the process could not be started. */
  readonly started: Promise<{ pid: number; startedNs: bigint }>;
  readonly exited: Promise<ExitStatus>;
  kill(signal: number): Promise<void>;
  resize(rows: number, cols: number): Promise<void>;
  closeStdin(): Promise<void>;
  openStdin(): Promise<ShimStdin>;
  openOutput(): Promise<AsyncIterable<Uint8Array>>;
  watchLog(end: bigint | number): Promise<number>;
  rotateLog(): Promise<void>;
  keepLog(wanted: boolean): Promise<void>;
  close(): void;
}

export interface ReadLogOptions {
  follow: boolean;
  tail?: number;
  sinceNs?: bigint;
  untilNs?: bigint;
  timestamps: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Goes before every message. */
  details?: string;
  /** A place in the log, as `logEnd` gives it; one that rotation has removed means the oldest that is left. */
  fromOffset?: number;
  signal: AbortSignal;
  watch?: (end: number) => Promise<number>;
  ended: () => boolean;
  /** Told the place behind each piece that was taken. */
  passed?: ((place: number) => void) | undefined;
}

export interface LogFrame {
  /** 1 standard output, 2 standard error. */
  readonly stream: number;
  readonly timeNs: bigint;
  readonly payload: Uint8Array;
}

export interface FrameBatch {
  readonly frames: readonly LogFrame[];
  /** The place in the log behind them. */
  readonly end: number;
}

export interface FailedStart {
  readonly kind: "container" | "exec";
  readonly process: ProcessSpec;
  readonly mounts?: readonly RuntimeMount[];
  readonly sysctl?: Readonly<Record<string, string>>;
}

export interface InsideQuestion {
  readonly bytes: Uint8Array;
  readonly maxBytes: number;
  readonly enough: (answer: Uint8Array) => boolean;
}

export interface RuntimePort {
  launchContainer(id: string, socketPath: string, launch: ContainerLaunch): Promise<Shim>;
  launchExec(id: string, socketPath: string, launch: ExecLaunch): Promise<Shim>;
  /** Undefined when nobody listens there any more. */
  connectShim(socketPath: string, exitFile: string): Promise<Shim | undefined>;
  /** Takes back what another runtime keeps of a container that has ended; undefined when there is nothing of the kind. */
  forget(socketPath: string): Promise<void> | undefined;
  readExitFile(path: string): ExitStatus | undefined;
  /** Connects over TCP inside a process's network namespace and asks, if there is a question. Rejects when nobody answers. */
  askInside(pid: number, target: { readonly addresses: readonly string[]; readonly port: number }, question: InsideQuestion | undefined, signal: AbortSignal): Promise<Uint8Array>;
  /** What a rejected `started` means, in Docker's words; a StartRefused where it is one. */
  startRefusal(error: unknown, failed: FailedStart): Error;
  readLog(log: LogFiles & { tty: boolean }, options: ReadLogOptions): AsyncIterable<Uint8Array>;
  readFrames(log: LogFiles, options: Pick<ReadLogOptions, "follow" | "fromOffset" | "signal" | "watch" | "ended">): AsyncIterable<FrameBatch>;
  /** Bytes that the log ever had: the place behind its last frame. */
  logEnd(log: LogFiles): number;
  /** The place where the oldest file that is left begins. */
  logStart(log: LogFiles): number;
  /** Adds a frame to a log that no process writes. */
  appendFrame(log: LogFiles, stream: 1 | 2, text: string, timeNs: bigint): void;
  /** Empties a log that no process writes. */
  clearLog(log: LogFiles): void;
  /** Removes the oldest files of a log so that `keep` are left, but only those that end at or before `place`. */
  trimLog(log: LogFiles, place: number, keep: number): void;
  /** Compresses every file of a log but the newest. */
  compressOlder(log: LogFiles): Promise<void>;
}

/** What the engine asks about the machine; only linux/ reads /proc and /sys. */
export interface HostPort {
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly cpuCount: number;
  readonly memoryTotal: number;
  readonly hostname: string;
  resolvConf(): string;
  hostsFile(): string;
  readonly kernelCapabilities: readonly string[];
  ipv4Forwarding(): boolean;
  /** Packets between two ports of a bridge pass the firewall of the host. */
  bridgesAreFiltered(): boolean;
  /** What listens in the network namespace of a process; undefined when it has gone. */
  listeners(pid: number): readonly { readonly protocol: "tcp" | "udp"; readonly address: string; readonly port: number }[] | undefined;
  /** The mount that a path lies on, and whether mounts spread from and to it. */
  mountPoint(path: string): { readonly path: string; readonly shared: boolean; readonly slave: boolean } | undefined;
  /** In the order given, or each with all of its threads. */
  listProcesses(pids: readonly number[], options?: { threads?: boolean }): ProcessInfo[];
  /** Names of the host's users and groups, read anew. */
  accounts(): { user(uid: number): string | undefined; group(gid: number): string | undefined };
  /** The time of all processors together, idle too, and how many are on. */
  systemCpu(): { readonly usageNs: number; readonly onlineCpus: number };
  /** The root of a process, opened; the caller's to close. Undefined when it has ended. */
  openRoot(pid: number): number | undefined;
  close(fd: number): void;
  namespacePath(pid: number, type: "pid" | "net" | "ipc" | "uts" | "cgroup" | "mnt"): string;
  /** The device at a path, or every device below a folder (without pts, shm, fd and mqueue); none when there is nothing. */
  deviceNodes(path: string): DeviceNode[];
  defaultSeccomp(capabilities: readonly string[]): Seccomp;
  parseSeccomp(json: string, capabilities: readonly string[]): Seccomp;
}
