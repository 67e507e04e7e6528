import { constants } from "node:os";
import { EngineError } from "../base/mod.ts";
import { kill } from "../linux/mod.ts";
import type { RuntimeContext } from "./context.ts";
import { cgroupOf, StateFolder } from "./state.ts";

const LAST_SIGNAL = 64;

/** `kill` (runtime.md#kill); `all` reaches every process of the cgroup. @throws EngineError Conflict when it does not run */
export function killContainer(ctx: RuntimeContext, id: string, signal: string, all: boolean): void {
  const number = signalNumber(signal);
  const folder = new StateFolder(ctx.root, id);
  const state = folder.read();
  if (all) {
    for (const pid of cgroupOf(state).pids()) kill(pid, number);
    return;
  }
  const status = folder.status(state);
  if (status === "stopped" || status === "creating" || !kill(state.pid, number)) throw new EngineError("Conflict", "container not running");
}

export function signalNumber(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : (constants.signals as Readonly<Record<string, number>>)[`SIG${text.toUpperCase().replace(/^SIG/, "")}`];
  if (number === undefined || number > LAST_SIGNAL) throw new EngineError("InvalidParameter", `unknown signal ${JSON.stringify(text.slice(0, 32))}`);
  return number;
}
