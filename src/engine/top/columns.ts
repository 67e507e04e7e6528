import type { HostPort, ProcessInfo } from "../ports.ts";
import { bsdTime, dayOrTime, elapsed, longDate, processorTime, startOfDay, startTime } from "./times.ts";

/** What a column may ask beside the process itself. */
export interface Machine {
  readonly memoryTotal: number;
  readonly accounts: ReturnType<HostPort["accounts"]>;
}

export interface Column {
  readonly title: string;
  readonly value: (row: ProcessInfo, machine: Machine) => string;
}

const KIBIBYTE = 1024;
const PAGE_BYTES = 4096;
const NAME_WIDTH = 8;
const NO_ADDRESS = "0".repeat(16);
/** sched(7); `#` for one that ps does not know. */
const POLICIES = ["TS", "FF", "RR", "B", "ISO", "IDL", "DLN"];

const column = (title: string, value: Column["value"]): Column => ({ title, value });
const number = (title: string, value: (row: ProcessInfo) => number): Column => column(title, (row) => String(Math.floor(value(row))));
const constant = (title: string, text: string): Column => column(title, () => text);
const percent = (value: number): string => value.toFixed(1);
const shortened = (name: string): string => (name.length > NAME_WIDTH ? `${name.slice(0, NAME_WIDTH - 1)}+` : name);
const userName = (title: string, which: number): Column => column(title, ({ uids }, { accounts }) => shortened(accounts.user(uids[which] ?? 0) ?? String(uids[which] ?? 0)));
const groupName = (title: string, which: number): Column => column(title, ({ gids }, { accounts }) => shortened(accounts.group(gids[which] ?? 0) ?? String(gids[which] ?? 0)));
const isRealtime = ({ policy }: ProcessInfo): boolean => policy === 1 || policy === 2;
const [REAL, EFFECTIVE, SAVED, FILE_SYSTEM] = [0, 1, 2, 3];

/** The letter, and what ps adds to it: `Ss+`. */
function stateText({ state, nice, locksMemory, session, pid, threads, terminalGroup, group }: ProcessInfo): string {
  return [state, nice < 0 ? "<" : nice > 0 ? "N" : "", locksMemory ? "L" : "", session === pid ? "s" : "", threads > 1 ? "l" : "", terminalGroup === group ? "+" : ""].join("");
}

const PROCESSES: Readonly<Record<string, Column>> = {
  pid: number("PID", ({ pid }) => pid), tgid: number("TGID", ({ pid }) => pid), ppid: number("PPID", ({ ppid }) => ppid),
  lwp: number("LWP", ({ threadId }) => threadId), tid: number("TID", ({ threadId }) => threadId), spid: number("SPID", ({ threadId }) => threadId),
  pgid: number("PGID", ({ group }) => group), pgrp: number("PGRP", ({ group }) => group), sid: number("SID", ({ session }) => session), sess: number("SESS", ({ session }) => session),
  tpgid: number("TPGID", ({ terminalGroup }) => terminalGroup), nlwp: number("NLWP", ({ threads }) => threads), thcount: number("THCNT", ({ threads }) => threads),
  f: column("F", ({ flags }) => ((flags >> 6) & 7).toString(8)),
  s: column("S", ({ state }) => state), stat: column("STAT", stateText),
  tty: column("TT", ({ tty }) => tty), tname: column("TTY", ({ tty }) => tty),
  wchan: column("WCHAN", ({ waitsIn }) => waitsIn.replace(/^_+/, "").slice(0, 6) || "-"),
  comm: column("COMMAND", ({ name }) => name), ucmd: column("CMD", ({ name }) => name), fname: column("COMMAND", ({ name }) => name.slice(0, NAME_WIDTH)), cmd: column("CMD", ({ command }) => command), args: column("COMMAND", ({ command }) => command),
  label: constant("LABEL", "-"), unit: constant("UNIT", "-"), machine: constant("MACHINE", "-"), addr: constant("ADDR", "-"),
  eip: constant("EIP", NO_ADDRESS), esp: constant("ESP", NO_ADDRESS), tmout: constant("TMOUT", "-"), alarm: constant("ALARM", "-"),
  pending: column("PENDING", ({ signals }) => signals.pending), blocked: column("BLOCKED", ({ signals }) => signals.blocked),
  ignored: column("IGNORED", ({ signals }) => signals.ignored), caught: column("CAUGHT", ({ signals }) => signals.caught),
};

const OWNERS: Readonly<Record<string, Column>> = {
  uid: number("UID", ({ uids }) => uids[EFFECTIVE] ?? 0), euid: number("EUID", ({ uids }) => uids[EFFECTIVE] ?? 0), ruid: number("RUID", ({ uids }) => uids[REAL] ?? 0),
  suid: number("SUID", ({ uids }) => uids[SAVED] ?? 0), fsuid: number("FSUID", ({ uids }) => uids[FILE_SYSTEM] ?? 0),
  gid: number("GID", ({ gids }) => gids[EFFECTIVE] ?? 0), egid: number("EGID", ({ gids }) => gids[EFFECTIVE] ?? 0), rgid: number("RGID", ({ gids }) => gids[REAL] ?? 0),
  sgid: number("SGID", ({ gids }) => gids[SAVED] ?? 0), fsgid: number("FSGID", ({ gids }) => gids[FILE_SYSTEM] ?? 0),
  user: userName("USER", EFFECTIVE), euser: userName("EUSER", EFFECTIVE), ruser: userName("RUSER", REAL), suser: userName("SUSER", SAVED), fuser: userName("FUSER", FILE_SYSTEM),
  group: groupName("GROUP", EFFECTIVE), egroup: groupName("EGROUP", EFFECTIVE), rgroup: groupName("RGROUP", REAL), sgroup: groupName("SGROUP", SAVED), fgroup: groupName("FGROUP", FILE_SYSTEM),
};

const PROCESSOR: Readonly<Record<string, Column>> = {
  c: number("C", ({ cpuPercent }) => Math.min(cpuPercent, 99)), cp: number("CP", ({ cpuPercent }) => Math.min(cpuPercent * 10, 999)), pcpu: column("%CPU", ({ cpuPercent }) => percent(cpuPercent)),
  psr: number("PSR", ({ processor }) => processor), cpuid: number("CPUID", ({ processor }) => processor),
  cls: column("CLS", ({ policy }) => POLICIES[policy] ?? "#"), policy: column("POL", ({ policy }) => POLICIES[policy] ?? "#"), sched: number("SCH", ({ policy }) => policy),
  rtprio: column("RTPRIO", (row) => (isRealtime(row) ? String(row.realtimePriority) : "-")),
  pri: number("PRI", ({ priority }) => 39 - priority), opri: number("PRI", ({ priority }) => 60 + priority), priority: number("PRI", ({ priority }) => priority),
  ni: column("NI", (row) => (isRealtime(row) ? "-" : String(row.nice))),
};

const TIMES: Readonly<Record<string, Column>> = {
  time: column("TIME", ({ cpuSeconds }) => processorTime(cpuSeconds)), times: number("TIME", ({ cpuSeconds }) => cpuSeconds), bsdtime: column("TIME", ({ cpuSeconds }) => bsdTime(cpuSeconds)),
  etime: column("ELAPSED", ({ elapsedSeconds }) => elapsed(elapsedSeconds)), etimes: number("ELAPSED", ({ elapsedSeconds }) => elapsedSeconds),
  stime: column("STIME", ({ startedNs }) => dayOrTime(startedNs)), start_time: column("START", ({ startedNs }) => dayOrTime(startedNs)), bsdstart: column("START", ({ startedNs }) => startOfDay(startedNs)),
  start: column("STARTED", ({ startedNs }) => startTime(startedNs)), lstart: column("STARTED", ({ startedNs }) => longDate(startedNs)),
};

const MEMORY: Readonly<Record<string, Column>> = {
  vsz: number("VSZ", ({ virtualBytes }) => virtualBytes / KIBIBYTE), rss: number("RSS", ({ residentBytes }) => residentBytes / KIBIBYTE), rsz: number("RSZ", ({ residentBytes }) => residentBytes / KIBIBYTE),
  sz: number("SZ", ({ virtualBytes }) => virtualBytes / PAGE_BYTES), trs: number("TRS", ({ codeBytes }) => codeBytes / KIBIBYTE), drs: number("DRS", ({ virtualBytes, codeBytes }) => (virtualBytes - codeBytes) / KIBIBYTE),
  pmem: column("%MEM", ({ residentBytes }, { memoryTotal }) => percent((residentBytes / memoryTotal) * 100)),
  maj_flt: number("MAJFL", ({ majorFaults }) => majorFaults), min_flt: number("MINFL", ({ minorFaults }) => minorFaults),
};

const COLUMNS: ReadonlyMap<string, Column> = new Map(Object.entries({ ...PROCESSES, ...OWNERS, ...PROCESSOR, ...TIMES, ...MEMORY }));
const ALIASES: ReadonlyMap<string, string> = new Map(Object.entries({
  "%cpu": "pcpu", "%mem": "pmem", command: "args", ucomm: "comm", state: "s", flags: "f", flag: "f", vsize: "vsz", rssize: "rss", tt: "tty", cputime: "time", cputimes: "times", uname: "user", session: "sess",
  class: "cls", nice: "ni", pagein: "maj_flt", majflt: "maj_flt", minflt: "min_flt", sig: "pending", sigmask: "blocked", sigignore: "ignored", sigcatch: "caught",
}));

/** Columns of ps that are not shown here. */
export const WITHOUT: ReadonlySet<string> = new Set([
  "ag_id", "ag_nice", "cgname", "cgroup", "cgroupns", "ckey", "context", "cuc", "cuu", "environ", "exe", "fds", "ipcns", "luid", "mntns", "netns", "nwchan", "numa", "oom", "oomadj", "ouid", "pidns", "pss",
  "rbytes", "rops", "seat", "sgi_p", "size", "slice", "stackp", "supgid", "supgrp", "timens", "uss", "userns", "utsns", "uunit", "wbytes", "wcbytes", "wops",
]);

/** By the name that -o takes. */
export function columnNamed(name: string): Column | undefined {
  return COLUMNS.get(ALIASES.get(name) ?? name);
}

/** Columns by name; `name=TITLE` gives one another title. */
export function pick(...names: readonly string[]): Column[] {
  return names.flatMap((text) => {
    const [name = "", title] = text.split("=");
    const found = columnNamed(name);
    return found ? [title === undefined ? found : { ...found, title }] : [];
  });
}
