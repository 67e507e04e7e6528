import { addon, pinned } from "./addon.ts";
import { call, callOn, tryCall } from "./call.ts";
import { SyscallError } from "./errno.ts";

const WNOHANG = 1;
const ECHILD = 10;
const ESRCH = 3;

export interface SpawnOptions {
  /** The program, opened; it may be a sealed memfd. A script does not work: the descriptor closes on exec. */
  readonly exeFd: number;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** fds[i] becomes descriptor i; everything else is closed. */
  readonly fds: readonly number[];
  /** Default true. */
  readonly newSession?: boolean;
}

/**
 * Starts a program (vfork: the parent's memory is not copied) and returns its pid; the caller reaps it.
 * @throws SyscallError when it could not be executed
 */
export function spawnFd({ exeFd, argv, env, fds, newSession = true }: SpawnOptions): number {
  const pid = addon().spawn(exeFd, argv, env, fds, newSession);
  if (pid < 0) throw new SyscallError("spawn", -pid, argv[0]);
  return pid;
}

export interface WaitStatus {
  /** 128 + signal when killed by one. */
  readonly exitCode: number;
  readonly signal: number;
}

const statusWord = pinned(4);
const statusView = new DataView(statusWord.buffer);

/** The status of a child that has ended, which frees its pid; undefined while it runs, "gone" when it is no child (any more). */
export function reap(pid: number): WaitStatus | "gone" | undefined {
  const result = tryCall("wait4", pid, statusWord, WNOHANG, null);
  if (result === 0) return undefined;
  if (result === -ECHILD) return "gone";
  if (result < 0) throw new SyscallError("wait4", -result);
  const status = statusView.getUint32(0, true);
  const signal = status & 0x7f;
  return { signal, exitCode: signal === 0 ? (status >> 8) & 0xff : 128 + signal };
}

const FIRST_WAIT_MS = 1;
const LONGEST_WAIT_MS = 20;

/** For short-lived helpers whose end nothing else announces. */
export async function waitExit(pid: number): Promise<WaitStatus | "gone"> {
  for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    const status = reap(pid);
    if (status !== undefined) return status;
    await Bun.sleep(waitMs);
  }
}

/** @throws SyscallError ESRCH */
export function pidfdOpen(pid: number): number {
  return call("pidfd_open", pid, 0);
}

/** False when there is no such process. */
export function kill(pid: number, signal: number): boolean {
  const result = tryCall("kill", pid, signal);
  if (result < 0 && result !== -ESRCH) throw new SyscallError("kill", -result);
  return result === 0;
}

/** For a helper process: everything it opens from now on lies below `path`. The working directory becomes its root. */
export function chroot(path: string): void {
  callOn(path, "chdir", path);
  callOn(path, "chroot", ".");
}

/** The same for an open folder, also one of another mount namespace: what is mounted there is seen as it is there. */
export function chrootTo(folderFd: number): void {
  call("fchdir", folderFd);
  call("chroot", ".");
}

/** From now on nobody without CAP_SYS_PTRACE looks into this process, whatever container sees it. */
export function forbidTracing(): void {
  const PR_SET_DUMPABLE = 4;
  call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/** The previous mask. */
export function setUmask(mask: number): number {
  return call("umask", mask);
}

/** A descriptor of the running executable, also when its file was replaced meanwhile. */
export function openOwnExecutable(): number {
  const O_RDONLY_CLOEXEC = 0o2000000;
  return call("openat", -100, "/proc/self/exe", O_RDONLY_CLOEXEC, 0);
}
