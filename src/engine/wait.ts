import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { WaitCondition, WaitOutcome } from "./options.ts";
import type { ContainerRecord } from "./record.ts";
import { exitCodeOf, type ContainerState } from "./state.ts";

/**
 * Resolves once the container is known and the wait is registered, so that nothing that happens afterwards is missed; `result`
 * resolves when the condition holds. An aborted wait is forgotten.
 * @throws EngineError NotFound, InvalidParameter
 */
export async function waitContainer(ctx: EngineContext, ref: string, condition: WaitCondition = "not-running", signal?: AbortSignal): Promise<{ result: Promise<WaitOutcome> }> {
  if (!["not-running", "next-exit", "removed"].includes(condition)) throw new EngineError("InvalidParameter", `invalid condition: ${JSON.stringify(String(condition).slice(0, 64))}`);
  const record = ctx.containers.resolve(ref);
  if (condition === "not-running" && atRest(record.state)) return { result: Promise.resolve(outcome(record)) };
  return { result: waitForChange(ctx, record, condition, signal) };
}

function waitForChange(ctx: EngineContext, record: ContainerRecord, condition: WaitCondition, signal: AbortSignal | undefined): Promise<WaitOutcome> {
  return new Promise((resolve) => {
    let last = record;
    let hasRun = record.state.status === "running" || record.state.status === "restarting";
    const finish = (): void => {
      subscription[Symbol.dispose]();
      signal?.removeEventListener("abort", finish);
      resolve(outcome(last));
    };
    const subscription = ctx.containers.watch(record.id, (next) => {
      if (!next) return finish();
      last = next;
      hasRun ||= next.state.status === "running";
      const restarts = next.state.status === "restarting" && hasRun;
      const done = condition === "not-running" ? atRest(next.state) || restarts : condition === "next-exit" && (ended(next.state) || restarts);
      if (done) finish();
    });
    signal?.addEventListener("abort", finish);
  });
}

function atRest(state: ContainerState): boolean {
  return state.status === "created" || state.status === "exited" || state.status === "removing";
}

/** Ended after running, or could not be started: why, the client hears from the start itself. */
function ended(state: ContainerState): boolean {
  return state.status === "exited" || (state.status === "created" && state.failure !== undefined);
}

function outcome(record: ContainerRecord): WaitOutcome {
  return { StatusCode: exitCodeOf(record.state) };
}
