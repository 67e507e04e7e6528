import type { ProcessSpec, RootMount, RuntimeMount, RuntimeSpec, Seccomp } from "../../spec/mod.ts";
import type { CgroupJoin } from "./cgroups.ts";
import type { FrameBatch, LogFiles, LogLaunch, ReadLogOptions } from "./logs.ts";
import type { NetlinkToHost } from "./networks.ts";

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
