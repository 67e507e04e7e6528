import { EngineError } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import type { WaitCondition, WaitOutcome } from "./options.ts";
import type { ContainerRecord } from "./record.ts";
import { exitCodeOf, type ContainerState } from "./state.ts";

const DELIVERY_PATIENCE_MS = 2000;

/**
 * Resolves once the container is known and the wait is registered, so that nothing that happens afterwards is missed; `result`
 * resolves when the condition holds. An aborted wait is forgotten.
 * @throws EngineError NotFound, InvalidParameter
 */
export async function waitContainer(ctx: EngineContext, ref: string, condition: WaitCondition = "not-running", signal?: AbortSignal): Promise<{ result: Promise<WaitOutcome> }> {
  if (!["not-running", "next-exit", "removed"].includes(condition)) throw new EngineError("InvalidParameter", `invalid condition: ${JSON.stringify(String(condition).slice(0, 64))}`);
  const record = ctx.containers.resolve(ref);
  if (condition === "not-running" && atRest(record.state)) return { result: delivered(ctx, record.id, signal).then(() => outcome(record)) };
  return { result: waitForChange(ctx, record, condition, signal) };
}

function waitForChange(ctx: EngineContext, record: ContainerRecord, condition: WaitCondition, signal: AbortSignal | undefined): Promise<WaitOutcome> {
  return new Promise((resolve) => {
    let last = record;
    let hasRun = record.state.status === "running" || record.state.status === "restarting";
    const finish = (): void => {
      subscription[Symbol.dispose]();
      signal?.removeEventListener("abort", finish);
      void delivered(ctx, record.id, signal).then(() => resolve(outcome(last)));
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

/** As in Docker, who waits hears of the end after those who are attached; one that reads no more does not keep the news back for long. */
async function delivered(ctx: EngineContext, id: string, signal: AbortSignal | undefined): Promise<void> {
  const deliveries = ctx.live.deliveries(id);
  if (deliveries.length === 0 || signal?.aborted) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DELIVERY_PATIENCE_MS);
  });
  await Promise.race([Promise.all(deliveries), patience]);
  clearTimeout(timer);
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
