import { closeSync, mkdirSync, openSync, readFileSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { closeFd, errnoName, listenUnix, memfdCreate, pidfdOpen, reap, sealMemfd, spawnFd, waitExit } from "../linux/mod.ts";
import { compileContainer } from "./compile-container.ts";
import { compileExec } from "./compile-exec.ts";
import type { PlanCompilers } from "./compile-process.ts";
import { compileHelper, HelperStdio, type Helper, type HelperLaunch } from "./helper-process.ts";
import type { ContainerLaunch, ExecLaunch } from "./launch.ts";
import { withOrderlyLog } from "./log-launch.ts";
import { Bundle } from "./oci/bundle.ts";
import { externalOptions, prepareExternalContainer, prepareExternalExec } from "./oci/launch-external.ts";
import type { PlanOp } from "./ops.gen.ts";
import { planCompilers } from "./plan-compilers.ts";
import { encodePlan } from "./plan-encoding.ts";
import { FIRST_PLAN_FD, PlanFds } from "./plan-fds.ts";
import { openUsers } from "./mapped-users.ts";
import { Shim, type ShimOptions } from "./shim.ts";
import { SpareShims } from "./spare-shims.ts";

/** How long the end of a shim that nobody watches may go unnoticed. */
const UNWATCHED_REAP_MS = 1000;

/** A process that is let go of has what its caller has. */
const OWN_STDIO: readonly number[] = [0, 1, 2];

export interface ShimSpawnerOptions {
  /** The shim's program: a file that is read once (it may be embedded in our executable), or its bytes. */
  readonly shim: string | Uint8Array;
  readonly arch?: "x64" | "arm64";
  /** See ContainerCompilers. */
  readonly kernelCore?: boolean;
  /** Shims that wait ready; default two. */
  readonly spares?: number;
}

/**
 * Starts processes, each under a shim of its own. The shims run from one sealed memfd, so that no container can
 * change the program that watches it.
 */
export class ShimSpawner implements Disposable {
  readonly #program: number;
  readonly #devNull: number;
  readonly #spares: SpareShims;
  readonly #compilers: PlanCompilers;
  readonly #kernelCore: boolean;
  /** Shims whose connection we gave up while they ran. */
  readonly #unwatched = new Set<number>();
  readonly #ending = new Set<Promise<unknown>>();
  #reaping: ReturnType<typeof setInterval> | undefined;

  constructor(options: ShimSpawnerOptions) {
    this.#program = sealedProgram(typeof options.shim === "string" ? readFileSync(options.shim) : options.shim);
    this.#devNull = openSync("/dev/null", "r+");
    this.#spares = new SpareShims(this.#program, this.#devNull, options.spares);
    this.#compilers = planCompilers(options.arch ?? (process.arch === "arm64" ? "arm64" : "x64"));
    this.#kernelCore = options.kernelCore ?? false;
  }

  /**
   * Returns once the shim has been told; `started` tells how it went.
   * @throws SyscallError when a namespace to join is gone or no process can be made; nothing is left behind.
   */
  async launchContainer(id: string, socketPath: string, launch: ContainerLaunch): Promise<Shim> {
    using fds = new PlanFds();
    for (const { type, path } of launch.spec.linux.namespaces) {
      if (path) fds.add(type, openSync(path, "r"));
    }
    for (const { mountNamespace } of launch.spec.mounts) if (mountNamespace !== undefined) fds.add("mount", openSync(mountNamespace, "r"));
    await this.#addUsers(socketPath, launch, fds);
    if (launch.runtime) return await this.#launch(socketPath, prepareExternalContainer(id, socketPath, withOrderlyLog(launch), launch.runtime, fds), fds.open, { exitFile: launch.exitFile, ...externalOptions(socketPath) });
    const { letGo } = launch;
    const gates = letGo && {
      startFd: fds.add("start", listenUnix(letGo.startSocket)),
      mapFd: letGo.mapSocket === undefined ? 0 : fds.add("map", listenUnix(letGo.mapSocket)),
      copyFd: listeners(letGo.copySockets ?? new Map<number, string>(), fds),
      hookFd: letGo.hookSocket === undefined ? 0 : fds.add("hooks", listenUnix(letGo.hookSocket)),
      consoleFd: letGo.consoleFd === undefined ? 0 : fds.add("console", letGo.consoleFd),
    };
    const ops = compileContainer(id, withOrderlyLog(launch), { ...(gates && { letGo: gates }), ...this.#compilers, kernelCore: this.#kernelCore, namespaceFd: (type) => fds.numberOf(type), mountNamespaceFd: () => fds.numberOf("mount"), usersFd: (mount) => fds.numberOrNone(`users ${mount}`) });
    return await this.#launch(socketPath, ops, fds.open, { exitFile: launch.exitFile }, letGo && OWN_STDIO);
  }

  /** User namespaces for the mounts that map owners; another runtime makes its own. */
  async #addUsers(socketPath: string, { spec, runtime }: ContainerLaunch, fds: PlanFds): Promise<void> {
    for (const [index, { uidMappings, gidMappings }] of runtime ? [] : spec.mounts.entries()) {
      if (!uidMappings && !gidMappings) continue;
      const path = `${socketPath}${index}`;
      fds.add(`users ${index}`, await openUsers(path, { users: uidMappings ?? [], groups: gidMappings ?? [] }, (ops, gateFd) => this.#launch(path, ops, [gateFd], {})));
    }
  }

  /** @throws SyscallError ESRCH when the container's process has ended. */
  async launchExec(id: string, socketPath: string, launch: ExecLaunch): Promise<Shim> {
    using fds = new PlanFds();
    const container = launch.containerSocket === undefined ? undefined : Bundle.beside(launch.containerSocket);
    const runtime = container?.runtime();
    if (container && runtime) return await this.#launch(socketPath, prepareExternalExec(socketPath, launch, container, runtime, fds), fds.open, { exitFile: launch.exitFile, ...externalOptions(socketPath) });
    fds.add("pid", pidfdOpen(launch.containerPid));
    const consoleFd = launch.letGo?.consoleFd;
    const ops = compileExec(id, launch, { ...(consoleFd !== undefined && { consoleFd: fds.add("console", consoleFd) }), ...this.#compilers, containerPidfd: fds.numberOf("pid") });
    return await this.#launch(socketPath, ops, fds.open, { exitFile: launch.exitFile }, launch.letGo && OWN_STDIO);
  }

  /** Starts a helper; the socket is gone again when this returns. */
  async launchHelper(socketPath: string, launch: HelperLaunch): Promise<Helper> {
    await using stdio = await HelperStdio.open(launch, this.#devNull);
    const ops = compileHelper(launch, FIRST_PLAN_FD, this.#compilers);
    const shim = await this.#launch(socketPath, ops, [launch.exeFd], {}, stdio.fds);
    unlinkSync(socketPath);
    const { pid } = await shim.started;
    return stdio.helper(pid, shim);
  }

  /** Settles when every shim that has ended is reaped. */
  async ended(): Promise<void> {
    await Promise.all(this.#ending);
  }

  /** Running shims go on. */
  [Symbol.dispose](): void {
    this.#spares[Symbol.dispose]();
    closeFd(this.#program);
    closeSync(this.#devNull);
  }

  async #launch(socketPath: string, ops: readonly PlanOp[], planFds: readonly number[], options: ShimOptions, stdio?: readonly number[]): Promise<Shim> {
    const listener = listenIn(socketPath);
    const plan = memfdCreate("hako-plan");
    let pid = 0;
    try {
      writeWhole(plan, encodePlan(ops));
      // Connected before there is anybody to answer: whatever the shim has to say, it says to us.
      const shim = await Shim.connect(socketPath, {
        ...options,
        errnoName,
        onClosed: (letGo) => this.#ended(pid, letGo),
      });
      try {
        pid = this.#start([plan, listener, ...planFds], stdio);
      } catch (error) {
        shim.close();
        throw error;
      }
      return shim;
    } finally {
      closeFd(plan);
      closeFd(listener);
    }
  }

  #start(fds: readonly number[], stdio: readonly number[] | undefined): number {
    const spare = stdio === undefined ? this.#spares.use(fds) : undefined;
    const null3 = [this.#devNull, this.#devNull, this.#devNull];
    return spare ?? spawnFd({ exeFd: this.#program, argv: ["hako-shim"], env: [], fds: [...(stdio ?? null3), ...fds] });
  }

  /** A shim closes its connections by ending: it is a child to reap. */
  #ended(pid: number, letGo: boolean): void {
    if (pid === 0) return;
    if (!letGo) {
      const ending = waitExit(pid).finally(() => this.#ending.delete(ending));
      this.#ending.add(ending);
      return;
    }
    this.#unwatched.add(pid);
    this.#reaping ??= setInterval(() => this.#reapUnwatched(), UNWATCHED_REAP_MS).unref();
  }

  #reapUnwatched(): void {
    for (const pid of this.#unwatched) {
      if (reap(pid) !== undefined) this.#unwatched.delete(pid);
    }
    if (this.#unwatched.size > 0) return;
    clearInterval(this.#reaping);
    this.#reaping = undefined;
  }
}

/** Listens at every socket. @returns the shim's number of each, 0 where there is none */
function listeners(sockets: ReadonlyMap<number, string>, fds: PlanFds): (key: number) => number {
  const numbers = new Map([...sockets].map(([key, path]) => [key, fds.add(`copy ${key}`, listenUnix(path))]));
  return (key) => numbers.get(key) ?? 0;
}

function sealedProgram(bytes: Uint8Array): number {
  const fd = memfdCreate("hako-shim");
  writeWhole(fd, bytes);
  sealMemfd(fd);
  return fd;
}

function writeWhole(fd: number, bytes: Uint8Array): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written, bytes.length - written, written);
}

function listenIn(socketPath: string): number {
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  return listenUnix(socketPath);
}
