import { readdirSync, statSync } from "node:fs";
import { bootTimeSeconds } from "./host.ts";
import { readSmallText } from "./proc.ts";

/** One line of ps(1), raw; `top` prints it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  readonly uid: number;
  /** Processor use over the process's life, as ps's C. */
  readonly cpuPercent: number;
  readonly startedNs: bigint;
  /** `pts/0`, or `?`. */
  readonly tty: string;
  readonly cpuSeconds: number;
  /** Arguments joined by spaces, or the name in brackets of a process without. */
  readonly command: string;
  /** The name alone. */
  readonly name: string;
  readonly state: string;
  readonly threads: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** In the order given; those that ended meanwhile are left out. */
export function listProcesses(pids: readonly number[]): ProcessInfo[] {
  const bootSeconds = bootTimeSeconds();
  const nowSeconds = Date.now() / 1000;
  return pids.flatMap((pid) => processInfo(pid, bootSeconds, nowSeconds) ?? []);
}

/** proc_pid_stat(5); the name in parentheses may itself hold anything. */
function processInfo(pid: number, bootSeconds: number, nowSeconds: number): ProcessInfo | undefined {
  const stat = readSmallText(`/proc/${pid}/stat`);
  const status = readSmallText(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  const cpuSeconds = (field(14) + field(15)) / TICKS_PER_SECOND;
  const startedSeconds = bootSeconds + field(22) / TICKS_PER_SECOND;
  const command = readSmallText(`/proc/${pid}/cmdline`)?.replace(/\0+$/, "").replaceAll("\0", " ") ?? "";
  return {
    pid,
    ppid: field(4),
    uid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(status)?.[1] ?? 0),
    cpuPercent: Math.floor((cpuSeconds / Math.max(nowSeconds - startedSeconds, 1)) * 100),
    startedNs: BigInt(Math.round(startedSeconds * 1000)) * 1_000_000n,
    tty: terminalName(field(7)),
    cpuSeconds: Math.floor(cpuSeconds),
    command: command || `[${name}]`,
    name,
    state: fields[0] ?? "?",
    threads: field(20),
    residentBytes: field(24) * PAGE_BYTES,
    virtualBytes: field(23),
  };
}

/** tty_nr: major 136 and up are the pty slaves, 4 the consoles. */
function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return "?";
}

/** Whether the process holds the file open; false as well for one that does not exist. */
export function hasOpen(pid: number, path: string): boolean {
  const { ino, dev } = statSync(path);
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const found = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false });
      return found?.ino === ino && found.dev === dev;
    });
  } catch {
    return false; // it has ended
  }
}
