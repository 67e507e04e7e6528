import { EngineError, type ByteDuplex } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { parseDetachKeys } from "./detach-keys.ts";
import { emitContainerEvent } from "./emit.ts";
import type { StreamSession } from "./hijack.ts";
import type { LiveRun } from "./live.ts";
import { followOf } from "./log-follow.ts";
import { holdOutput, type OutputHold } from "./log-holds.ts";
import { requireReadable } from "./logs.ts";
import type { AttachOptions } from "./options.ts";
import { logPaths } from "./paths.ts";
import { pumpStdin } from "./pump-stdin.ts";
import type { ContainerRecord } from "./record.ts";
import { isRunning } from "./state.ts";

interface Attachment {
  readonly options: AttachOptions;
  readonly detachKeys: Uint8Array;
  readonly tty: boolean;
  /** Where output that is new to this client begins. */
  readonly logStart: number;
  /** Set where output is kept for those who are attached only. */
  readonly hold: OutputHold | undefined;
  /** The run attached to: the one that goes on, or the next; `over` when that ended at once. Undefined: it could not be started, or was removed. */
  readonly run: Promise<LiveRun | "over" | undefined>;
}

/**
 * Attaches to a container that runs, or is about to: its output from now on (`logs`: from the beginning) and its input. The place in
 * the log is taken here, before the transport answers, so that nothing written afterwards is missed.
 */
export async function attachContainer(ctx: EngineContext, ref: string, options: AttachOptions): Promise<StreamSession> {
  const record = ctx.containers.resolve(ref);
  const detachKeys = parseDetachKeys(options.detachKeys);
  if (isRunning(record.state) && record.state.paused) throw new EngineError("Conflict", `container ${ref} is paused, unpause the container before attach`);
  if (record.state.status === "restarting") throw new EngineError("Conflict", `container ${ref} is restarting, wait until the container is running`);
  if (options.logs) requireReadable(record);
  const tty = record.config.Tty ?? false;
  const hold = options.stdout || options.stderr ? holdOutput(ctx, record) : undefined;
  const controller = new AbortController();
  const attachment: Attachment = { options, detachKeys, tty, hold, logStart: options.logs ? 0 : ctx.runtime.logEnd(logPaths(ctx.paths, record.id)), run: options.stream ? nextRun(ctx, record, controller.signal) : Promise.resolve(ctx.live.get(record.id)) };
  emitContainerEvent(ctx, record, "attach");
  return { tty, run: (duplex) => serve(ctx, record, attachment, duplex, controller) };
}

async function serve(ctx: EngineContext, record: ContainerRecord, attachment: Attachment, duplex: ByteDuplex, controller: AbortController): Promise<void> {
  await using hold = attachment.hold;
  void duplex.closed.then(() => controller.abort());
  const { options } = attachment;
  const delivery = Promise.withResolvers<void>();
  try {
    const run = options.stream || options.logs ? await attachment.run : undefined;
    // Before anything else is waited for: the run may end meanwhile, and who hears of that hears of it after this client's output.
    if (run && (options.stdout || options.stderr)) ctx.live.addDelivery(record.id, delivery.promise);
    if (!run && !options.logs) return;
    if (run && run !== "over") await hold?.keep(run);
    const output = options.stdout || options.stderr ? carryOutput(ctx, record, attachment, run, duplex, controller.signal) : undefined;
    const input = options.stdin && options.stream && run && run !== "over" ? carryInput(ctx, record, attachment, run, duplex, controller) : undefined;
    // Input never holds the session open: a client may keep its side open for ever.
    await (output ?? input);
  } finally {
    controller.abort();
    duplex.end();
    delivery.resolve();
  }
}

async function carryOutput(ctx: EngineContext, record: ContainerRecord, { options, tty, hold, logStart }: Attachment, run: LiveRun | "over" | undefined, duplex: ByteDuplex, signal: AbortSignal): Promise<void> {
  if (!run && !options.logs) return;
  const log = { ...logPaths(ctx.paths, record.id), tty: tty || options.form === "raw" };
  const live = run === "over" ? undefined : run;
  const body = ctx.runtime.readLog(log, {
    follow: (options.stream ?? false) && live !== undefined,
    stdout: options.stdout ?? false,
    stderr: options.stderr ?? false,
    timestamps: false,
    fromOffset: logStart,
    passed: hold?.passed,
    signal,
    ...followOf(live),
  });
  try {
    for await (const bytes of body) await duplex.write(bytes);
  } catch {
    // A client that left is not an error of the container; its log has everything.
  }
}

async function carryInput(ctx: EngineContext, record: ContainerRecord, { tty, detachKeys }: Attachment, run: LiveRun, duplex: ByteDuplex, controller: AbortController): Promise<void> {
  if (!record.config.OpenStdin) return;
  // A container that has just ended takes no input, ignoring.
  const stdin = await run.shim.openStdin().catch(() => undefined);
  if (!stdin) return;
  const end = await pumpStdin(duplex, stdin, tty ? detachKeys : undefined);
  if (end !== "detached") return;
  emitContainerEvent(ctx, record, "detach");
  stdin.end();
  controller.abort();
}

/** The run that goes on, else the next one; undefined when the start fails, the container goes, or nobody waits any more. */
function nextRun(ctx: EngineContext, record: ContainerRecord, signal: AbortSignal): Promise<LiveRun | "over" | undefined> {
  const current = isRunning(record.state) ? ctx.live.get(record.id) : undefined;
  if (current) return Promise.resolve(current);
  return new Promise((resolve) => {
    const finish = (run: LiveRun | "over" | undefined): void => {
      subscription[Symbol.dispose]();
      resolve(run);
    };
    let starting = record.state.status === "starting";
    const subscription = ctx.containers.watch(record.id, (next) => {
      if (!next) return finish(undefined);
      if (next.state.status === "running") return finish(ctx.live.get(record.id) ?? "over");
      if (starting && next.state.status !== "starting") return finish(undefined);
      starting = next.state.status === "starting";
    });
    signal.addEventListener("abort", () => finish(undefined));
  });
}
