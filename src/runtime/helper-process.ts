import { closeFd, sendFds, setSendBuffer, socketPair } from "../linux/mod.ts";
import type { RootMount, RuntimeMount, Seccomp } from "../spec/mod.ts";
import { mountOps } from "./compile-mounts.ts";
import { rootOps } from "./compile-root.ts";
import { STDIO, type PlanCompilers } from "./compile-process.ts";
import { CLONE_NEW } from "./namespaces.ts";
import type { PlanOp } from "./ops.gen.ts";
import type { Shim, ShimStdin } from "./shim.ts";
import { SocketReader, SocketStream } from "./socket-stream.ts";

/**
 * A short-lived process of the engine's own program for work on untrusted bytes or trees: its own mount, network, IPC
 * and UTS namespaces, a few capabilities, no way to gain more. It sees the host's files until it enters its root by
 * itself, because the loader of its program is there.
 */
export interface HelperLaunch {
  /** The engine's executable, opened. */
  readonly exeFd: number;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** Names as `CAP_CHOWN`; nothing else can be gained. */
  readonly capabilities: readonly string[];
  readonly seccomp?: Seccomp;
  /** A descriptor the helper inherits (the caller's to close), or a stream of ours; nothing when absent. */
  readonly stdin?: number | "stream";
  readonly stdout?: number | "stream";
  readonly stderr?: number;
  /** Mounted on `mountPoint` where only the helper sees it, and gone with it. */
  readonly root?: { readonly mount: RootMount; readonly mountPoint: string; readonly binds?: readonly RuntimeMount[] };
  /** With stdin "stream": the helper receives these descriptors with its first byte. */
  readonly given?: readonly number[];
}

export interface Helper {
  readonly pid: number;
  /** The exit code, 128 + signal. Rejects with ShimLostError when nobody knows. */
  readonly exited: Promise<number>;
  /** With stdin "stream". */
  readonly stdin: (ShimStdin & { give(fd: number): void }) | undefined;
  /** With stdout "stream"; stop iterating and the helper gets EPIPE. */
  readonly stdout: AsyncIterable<Uint8Array> | undefined;
  kill(): Promise<void>;
}

export function compileHelper(launch: HelperLaunch, exeFd: number, compilers: PlanCompilers): PlanOp[] {
  const mask = compilers.capabilityMask(launch.capabilities);
  return [
    { op: "stdio", flags: STDIO.DIRECT, rows: 0, cols: 0 },
    { op: "clone", flags: CLONE_NEW.mount | CLONE_NEW.network | CLONE_NEW.ipc | CLONE_NEW.uts, cgroupDir: "" },
    { op: "waitHost" },
    ...rootOps(launch.root?.mount, launch.root?.mountPoint ?? "", ""),
    ...(launch.root?.binds ?? []).flatMap((bind) => mountOps(bind, undefined)),
    { op: "sessionKeyring", name: "_ses.hako" },
    { op: "cwd", path: "/" },
    { op: "noNewPrivileges" },
    { op: "identity", uid: 0, gid: 0, groups: [], umask: 0o022, bounding: mask, effective: mask, permitted: mask, inheritable: 0n, ambient: 0n },
    ...(launch.seccomp ? [{ op: "seccomp", flags: 0, program: compilers.seccompProgram(launch.seccomp) } as const] : []),
    { op: "execFd", fd: exeFd, argv: launch.argv, env: launch.env },
  ];
}

/** `give`: one byte, and with it a descriptor. */
function givingStdin(stream: SocketStream): ShimStdin & { give(fd: number): void } {
  return { write: (bytes) => stream.write(bytes), end: () => stream.end(), give: (fd) => void sendFds(stream.fd, new Uint8Array(new ArrayBuffer(1)), [fd]) };
}

/** What may be under way between the engine and a helper. */
const PIPE_BYTES = 1024 * 1024;

/** The helper's descriptors 0, 1, 2, and our ends of those that are streams. */
export class HelperStdio implements AsyncDisposable {
  readonly fds: number[] = [];
  readonly #theirs: number[] = [];
  #stdin: SocketStream | undefined;
  #stdout: SocketReader | undefined;
  #stdoutStream: SocketStream | undefined;
  #given = false;

  static async open({ stdin, stdout, stderr, given = [] }: HelperLaunch, none: number): Promise<HelperStdio> {
    const stdio = new HelperStdio();
    stdio.fds.push(stdin === "stream" ? await stdio.#openInput(given) : (stdin ?? none));
    stdio.fds.push(stdout === "stream" ? await stdio.#openOutput() : (stdout ?? none), stderr ?? none);
    return stdio;
  }

  /** Hands our ends over: from now on they are the caller's. */
  helper(pid: number, shim: Shim): Helper {
    this.#given = true;
    const exited = shim.exited.then((status) => status.exitCode);
    // Whoever needs it awaits it.
    exited.catch(() => undefined);
    return { pid, exited, stdin: this.#stdin && givingStdin(this.#stdin), stdout: this.#stdout, kill: () => shim.kill(9) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const fd of this.#theirs) closeFd(fd);
    if (this.#given) return;
    this.#stdin?.close();
    this.#stdoutStream?.close();
  }

  async #openInput(given: readonly number[]): Promise<number> {
    const [ours, theirs] = socketPair();
    this.#theirs.push(theirs);
    setSendBuffer(ours, PIPE_BYTES);
    if (given.length > 0) sendFds(ours, new Uint8Array(new ArrayBuffer(1)), given);
    this.#stdin = await SocketStream.adopt(ours, { onData: () => undefined, onEnd: () => undefined });
    return theirs;
  }

  async #openOutput(): Promise<number> {
    const [ours, theirs] = socketPair();
    this.#theirs.push(theirs);
    setSendBuffer(theirs, PIPE_BYTES);
    const reader = new SocketReader();
    this.#stdoutStream = await SocketStream.adopt(ours, { onData: (bytes) => reader.push(bytes), onEnd: () => reader.finish() });
    reader.source = this.#stdoutStream;
    this.#stdout = reader;
    return theirs;
  }
}
