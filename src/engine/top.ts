import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { TopResult } from "./options.ts";
import type { ProcessRow } from "./ports.ts";
import { isRunning } from "./state.ts";

interface Column {
  readonly title: string;
  readonly value: (row: ProcessRow, memoryTotal: number) => string;
}

const column = (title: string, value: Column["value"]): Column => ({ title, value });
const user = ({ uid }: ProcessRow): string => (uid === 0 ? "root" : String(uid));
const percent = (value: number): string => value.toFixed(1);

/** ps(1)'s columns by the names that -o takes. */
const COLUMNS: Readonly<Record<string, Column>> = {
  uid: column("UID", ({ uid }) => String(uid)),
  user: column("USER", user),
  euser: column("EUSER", user),
  pid: column("PID", ({ pid }) => String(pid)),
  ppid: column("PPID", ({ ppid }) => String(ppid)),
  c: column("C", ({ cpuPercent }) => String(Math.floor(cpuPercent))),
  pcpu: column("%CPU", ({ cpuPercent }) => percent(cpuPercent)),
  pmem: column("%MEM", ({ residentBytes }, total) => percent((residentBytes / total) * 100)),
  vsz: column("VSZ", ({ virtualBytes }) => String(Math.floor(virtualBytes / 1024))),
  rss: column("RSS", ({ residentBytes }) => String(Math.floor(residentBytes / 1024))),
  tty: column("TT", ({ tty }) => tty),
  stat: column("STAT", ({ state }) => state),
  s: column("S", ({ state }) => state),
  stime: column("STIME", ({ startedNs }) => clock(startedNs)),
  start: column("STARTED", ({ startedNs }) => clock(startedNs)),
  time: column("TIME", ({ cpuSeconds }) => duration(cpuSeconds)),
  nlwp: column("NLWP", ({ threads }) => String(threads)),
  comm: column("COMMAND", ({ name }) => name),
  cmd: column("CMD", ({ command }) => command),
  args: column("COMMAND", ({ command }) => command),
};
const ALIASES: Readonly<Record<string, string>> = { "%cpu": "pcpu", "%mem": "pmem", command: "args", ucmd: "comm", ucomm: "comm", state: "s", vsize: "vsz", rssize: "rss", tt: "tty", tname: "tty", cputime: "time", thcount: "nlwp", uname: "user", start_time: "stime" };

const FULL: readonly Column[] = [column("UID", user), ...pick("pid", "ppid", "c", "stime"), column("TTY", ({ tty }) => tty), ...pick("time", "cmd")];
const BSD_USER: readonly Column[] = [
  ...pick("user", "pid", "pcpu", "pmem", "vsz", "rss"), column("TTY", ({ tty }) => tty), ...pick("stat"), column("START", ({ startedNs }) => clock(startedNs)),
  column("TIME", ({ cpuSeconds }) => `${Math.floor(cpuSeconds / 60)}:${String(cpuSeconds % 60).padStart(2, "0")}`), ...pick("args"),
];
const SHORT: readonly Column[] = [...pick("pid"), column("TTY", ({ tty }) => tty), ...pick("time"), column("CMD", ({ name }) => name)];

/** The processes of a container, as ps(1) would print them for `psArgs`. @throws EngineError NotFound, Conflict, InvalidParameter */
export async function topContainer(ctx: EngineContext, ref: string, psArgs = "-ef"): Promise<TopResult> {
  const record = ctx.containers.resolve(ref);
  const columns = columnsFor(psArgs || "-ef");
  if (record.state.status === "restarting") throw new EngineError("Conflict", `Container ${record.id} is restarting, wait until the container is running`);
  if (!isRunning(record.state)) throw new EngineError("Conflict", `container ${record.id} is not running`);
  const pids = ctx.live.get(record.id)?.cgroup?.pids() ?? [record.state.pid];
  const rows = ctx.host.listProcesses([...new Set(pids)].sort((a, b) => a - b));
  emitContainerEvent(ctx, record, "top");
  return { Titles: columns.map(({ title }) => title), Processes: rows.map((row) => columns.map(({ value }) => value(row, ctx.host.memoryTotal))) };
}

export function columnsFor(psArgs: string): readonly Column[] {
  const words = psArgs.trim().split(/\s+/);
  const asked: Column[] = [];
  let layout: readonly Column[] = SHORT;
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? "";
    const format = /^-?o(.*)$/.exec(word) ?? /^--format=?(.*)$/.exec(word);
    if (format) asked.push(...parseFormat(format[1] || (words[++index] ?? "")));
    else if (/^-[aAdeNTHwW]*f[aAdefNTHwW]*$/.test(word)) layout = FULL;
    else if (/^[axwew]*u[axuw]*$/.test(word)) layout = BSD_USER;
    else if (!/^-?[aAdeNTHwxW]+$/.test(word)) throw new EngineError("InvalidParameter", `ps: error: unsupported option ${JSON.stringify(word.slice(0, 64))}`);
  }
  // Docker finds the container's processes by this column.
  if (asked.length > 0 && !asked.some(({ title }) => title === "PID")) throw new EngineError("System", "Couldn't find PID field in ps output");
  return asked.length > 0 ? asked : layout;
}

function parseFormat(text: string): Column[] {
  if (text === "") throw new EngineError("InvalidParameter", "ps: error: format specification must follow -o");
  return text.split(",").map((part) => {
    const [name = "", title] = part.split("=");
    const known = COLUMNS[ALIASES[name] ?? name];
    if (!known || !Object.hasOwn(COLUMNS, ALIASES[name] ?? name)) throw new EngineError("InvalidParameter", `ps: error: unknown user-defined format specifier ${JSON.stringify(name.slice(0, 64))}`);
    return title === undefined ? known : { ...known, title };
  });
}

function pick(...names: readonly string[]): Column[] {
  return names.flatMap((name) => COLUMNS[name] ?? []);
}

/** Today's starts by the minute, older ones by the day. */
function clock(startedNs: bigint): string {
  const started = new Date(Number(startedNs / 1_000_000n));
  if (Date.now() - started.getTime() < 86_400_000) return `${String(started.getHours()).padStart(2, "0")}:${String(started.getMinutes()).padStart(2, "0")}`;
  return `${started.toLocaleString("en", { month: "short" })}${String(started.getDate()).padStart(2, "0")}`;
}

function duration(seconds: number): string {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, "0");
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
