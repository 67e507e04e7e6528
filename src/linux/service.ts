/** What a service manager hands to a process and is told by it (systemd's sd_listen_fds(3) and sd_notify(3)). */
import { readlinkSync, writeFileSync } from "node:fs";
import { pinned } from "./addon.ts";
import { call, callOn } from "./call.ts";
import { closeFd } from "./files.ts";
import { AF, SOCK, sendFds } from "./sockets.ts";

const SOL_SOCKET = 1;
const SO_DOMAIN = 39;
const SUN_PATH_BYTES = 108;

/** The family of a socket somebody else made: AF.UNIX, AF.INET, AF.INET6. @throws SyscallError when it is no socket */
export function socketFamily(fd: number): number {
  const value = pinned(4);
  const length = pinned(4);
  new DataView(length.buffer, length.byteOffset).setInt32(0, 4, true);
  call("getsockopt", fd, SOL_SOCKET, SO_DOMAIN, value, length);
  return new DataView(value.buffer, value.byteOffset).getInt32(0, true);
}

const F_SETFD = 2;
const FD_CLOEXEC = 1;

/** Keeps a descriptor that was handed over from the processes that this one starts. */
export function keepFromChildren(fd: number): void {
  call("fcntl", fd, F_SETFD, FD_CLOEXEC);
}

/** One datagram to a unix socket; a name that begins with `@` is an abstract one. @throws SyscallError */
export function notifyManager(path: string, text: string): void {
  const name = Buffer.from(path.replace(/^@/, "\0"));
  const address = pinned(2 + SUN_PATH_BYTES);
  address[0] = AF.UNIX;
  address.set(name.subarray(0, SUN_PATH_BYTES), 2);
  const fd = call("socket", AF.UNIX, SOCK.DGRAM | SOCK.CLOEXEC, 0);
  try {
    callOn(path, "connect", fd, address, 2 + Math.min(name.length, SUN_PATH_BYTES));
    sendFds(fd, Buffer.from(text), []);
  } finally {
    closeFd(fd);
  }
}

/** How readily the kernel ends this process for want of memory: -1000 to 1000. @throws the file's error */
export function setOwnOOMScore(score: number): void {
  writeFileSync("/proc/self/oom_score_adj", String(score));
}

/** Whether a process of this number is alive and runs the program that this one runs: numbers are used again. */
export function runsOurProgram(pid: number): boolean {
  const programOf = (who: string): string => readlinkSync(`/proc/${who}/exe`).replace(/ \(deleted\)$/, "");
  try {
    return programOf(String(pid)) === programOf("self");
  } catch {
    return false;
  }
}
