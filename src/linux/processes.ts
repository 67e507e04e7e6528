import { readdirSync, statSync } from "node:fs";
import { bootTimeSeconds } from "./host.ts";
import { readSmallText } from "./proc.ts";

/** One line of ps(1), raw; `top` prints it. */
export interface ProcessInfo {
  readonly pid: number;
  /** Of the thread; the process's own number for its first one. */
  readonly threadId: number;
  readonly ppid: number;
  /** Real, effective, saved, of the file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** The effective one. */
  readonly uid: number;
  readonly group: number;
  readonly session: number;
  /** The foreground group of its terminal; -1 without one. */
  readonly terminalGroup: number;
  /** Processor use over the process's life in percent, to the tenth. */
  readonly cpuPercent: number;
  readonly startedNs: bigint;
  readonly elapsedSeconds: number;
  /** `pts/0`, or `?`. */
  readonly tty: string;
  readonly cpuSeconds: number;
  /** Arguments joined by spaces, or the name in brackets of a process without. */
  readonly command: string;
  /** The name alone. */
  readonly name: string;
  /** One letter. */
  readonly state: string;
  readonly locksMemory: boolean;
  readonly threads: number;
  readonly residentBytes: number;
  readonly virtualBytes: number;
  readonly codeBytes: number;
  readonly minorFaults: number;
  readonly majorFaults: number;
  /** The kernel's: 20 is the usual one, below zero real-time. */
  readonly priority: number;
  readonly nice: number;
  readonly processor: number;
  readonly realtimePriority: number;
  readonly policy: number;
  readonly flags: number;
  /** Where it waits in the kernel; empty when it does not, or nobody may know. */
  readonly waitsIn: string;
  /** Masks of signals, 16 hexadecimal digits each. */
  readonly signals: { readonly pending: string; readonly blocked: string; readonly ignored: string; readonly caught: string };
}

const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

/** In the order given, or each with all of its threads; those that ended meanwhile are left out. */
export function listProcesses(pids: readonly number[], { threads = false }: { threads?: boolean } = {}): ProcessInfo[] {
  const bootSeconds = bootTimeSeconds();
  const nowSeconds = Date.now() / 1000;
  const places = threads ? pids.flatMap((pid) => threadsOf(pid).map((thread) => ({ pid, folder: `/proc/${pid}/task/${thread}` }))) : pids.map((pid) => ({ pid, folder: `/proc/${pid}` }));
  return places.flatMap(({ pid, folder }) => processInfo(pid, folder, bootSeconds, nowSeconds) ?? []);
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** proc_pid_stat(5); the name in parentheses may itself hold anything. */
function processInfo(pid: number, folder: string, bootSeconds: number, nowSeconds: number): ProcessInfo | undefined {
  const stat = readSmallText(`${folder}/stat`);
  const status = readSmallText(`${folder}/status`);
  if (stat === undefined || status === undefined) return undefined;
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3] ?? 0);
  const said = (key: string): string => new RegExp(`^${key}:\\s*(.*)$`, "m").exec(status)?.[1] ?? "";
  const ids = (key: string): number[] => said(key).split(/\s+/).map(Number);
  const cpuSeconds = (field(14) + field(15)) / TICKS_PER_SECOND;
  const startedSeconds = bootSeconds + field(22) / TICKS_PER_SECOND;
  const elapsedSeconds = Math.max(nowSeconds - startedSeconds, 0);
  const command = readSmallText(`/proc/${pid}/cmdline`)?.replace(/\0+$/, "").replaceAll("\0", " ") ?? "";
  const [uids, gids] = [ids("Uid"), ids("Gid")];
  return {
    pid,
    threadId: Number(stat.slice(0, stat.indexOf(" "))),
    ppid: field(4),
    uids,
    gids,
    uid: uids[1] ?? 0,
    group: field(5),
    session: field(6),
    terminalGroup: field(8),
    cpuPercent: elapsedSeconds > 0 ? Math.floor((cpuSeconds / elapsedSeconds) * 1000) / 10 : 0,
    startedNs: BigInt(Math.round(startedSeconds * 1000)) * 1_000_000n,
    elapsedSeconds: Math.floor(elapsedSeconds),
    tty: terminalName(field(7)),
    cpuSeconds: Math.floor(cpuSeconds),
    command: command || `[${name}]`,
    name,
    state: fields[0] ?? "?",
    locksMemory: Number.parseInt(said("VmLck"), 10) > 0,
    threads: field(20),
    residentBytes: field(24) * PAGE_BYTES,
    virtualBytes: field(23),
    codeBytes: Math.max(field(27) - field(26), 0),
    minorFaults: field(10),
    majorFaults: field(12),
    priority: field(18),
    nice: field(19),
    processor: field(39),
    realtimePriority: field(40),
    policy: field(41),
    flags: field(9),
    waitsIn: waitingPlace(folder),
    signals: { pending: said("SigPnd"), blocked: said("SigBlk"), ignored: said("SigIgn"), caught: said("SigCgt") },
  };
}

function waitingPlace(folder: string): string {
  const place = readSmallText(`${folder}/wchan`) ?? "";
  return place === "0" ? "" : place;
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
