import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { emitContainerEvent } from "./emit.ts";
import { isRunning } from "./state.ts";

/** @throws EngineError NotFound, Conflict when it does not run */
export async function resizeContainer(ctx: EngineContext, ref: string, height: number, width: number): Promise<void> {
  const record = ctx.containers.resolve(ref);
  const run = ctx.live.get(record.id);
  if (!isRunning(record.state) || !run) throw new EngineError("Conflict", `container ${record.id} is not running`);
  const { rows, cols } = terminalSize(height, width);
  if (record.config.Tty) await run.shim.resize(rows, cols);
  emitContainerEvent(ctx, record, "resize", { height: String(rows), width: String(cols) });
}

/** A terminal's size is two 16-bit numbers. @throws EngineError InvalidParameter */
export function terminalSize(height: number, width: number): { rows: number; cols: number } {
  for (const [name, value] of [["height", height], ["width", width]] as const) if (!Number.isInteger(value) || value < 0 || value > 0xffff) throw new EngineError("InvalidParameter", `invalid resize ${name} "${value}": value out of range`);
  return { rows: height, cols: width };
}
