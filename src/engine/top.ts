import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import type { TopResult } from "./options.ts";
import { isRunning } from "./state.ts";
import { parsePsArguments } from "./top/ps-arguments.ts";

/** The processes of a container, as ps(1) would print them for `psArgs`. @throws EngineError NotFound, Conflict, InvalidParameter */
export async function topContainer(ctx: EngineContext, ref: string, psArgs = "-ef"): Promise<TopResult> {
  const record = ctx.containers.resolve(ref);
  const { columns, threads, selects } = parsePsArguments(psArgs || "-ef");
  if (record.state.status === "restarting") throw new EngineError("Conflict", `Container ${record.id} is restarting, wait until the container is running`);
  if (!isRunning(record.state)) throw new EngineError("Conflict", `container ${record.id} is not running`);
  const pids = ctx.live.get(record.id)?.cgroup?.pids() ?? [record.state.pid];
  const rows = ctx.host.listProcesses([...new Set(pids)].sort((a, b) => a - b), { threads }).filter(selects);
  const machine = { memoryTotal: ctx.host.memoryTotal, accounts: ctx.host.accounts() };
  emitContainerEvent(ctx, record, "top");
  return { Titles: columns.map(({ title }) => title), Processes: rows.map((row) => columns.map(({ value }) => value(row, machine))) };
}
