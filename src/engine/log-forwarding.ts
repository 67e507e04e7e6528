import { readdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { messageOf } from "../base/mod.ts";
import { Forwarder, jsonLogPath, readPosition, writePosition } from "../logging/mod.ts";
import type { EngineContext } from "./context.ts";
import type { LiveRun } from "./live.ts";
import { followOf } from "./log-follow.ts";
import { discardOutput, discards } from "./log-holds.ts";
import { loggedContainer, logChoice, logDriverOf, loggingRefused, logSettings } from "./log-settings.ts";
import { containerDir, logPaths, logPositionFile } from "./paths.ts";
import type { LogLaunch } from "./ports.ts";
import { shortId, type ContainerRecord } from "./record.ts";

/** How long a container that is being removed waits for its last words to be delivered. */
const LAST_WORDS_MS = 10_000;

/**
 * Before a container starts: its log's limits, and the connection to where its output goes.
 * @throws StartRefused as Docker, when options are wrong or nobody is there to take the output
 */
export async function prepareLog(ctx: EngineContext, record: ContainerRecord, undo: AsyncDisposableStack): Promise<LogLaunch> {
  try {
    const { maxBytes, maxUnsentFiles } = logSettings(record);
    await openDestination(ctx, record, undo);
    return {
      ...logPaths(ctx.paths, record.id),
      ...(maxBytes !== undefined && { maxBytes }),
      // What is not forwarded yet is not the shim's to remove.
      ...(maxUnsentFiles !== undefined && { maxFiles: maxUnsentFiles }),
      discard: discards(record),
      keep: ctx.logs.isHeld(record.id),
    };
  } catch (error) {
    throw loggingRefused(error);
  }
}

async function openDestination(ctx: EngineContext, record: ContainerRecord, undo: AsyncDisposableStack): Promise<void> {
  const open = logDriverOf(record)?.open;
  if (!open) return;
  const { id } = record;
  // The last run's output may still be on its way, and goes on with this one's.
  await ctx.logs.forwarder(id)?.stop();
  const mark = readPosition(logPositionFile(ctx.paths, id))?.mark;
  ctx.logs.offer(id, await open({ container: loggedContainer(ctx, record), options: logChoice(record).options, dir: containerDir(ctx.paths, id), mark }));
  undo.defer(async () => await ctx.logs.takeOffered(id)?.close());
}

/** A container runs: what it writes is forwarded, compressed or thrown away as its log wants it. */
export function followLog(ctx: EngineContext, id: string, run: LiveRun): void {
  const record = ctx.containers.get(id);
  if (!record) return;
  if (logDriverOf(record)?.open) forward(ctx, record, run);
  if (discards(record)) void discardOutput(ctx, id, run);
  else void compressOlder(ctx, record, run).catch((error: unknown) => ctx.log(`container ${shortId(id)}: its older log could not be compressed: ${messageOf(error)}`));
}

function forward(ctx: EngineContext, record: ContainerRecord, run: LiveRun | undefined): void {
  const { id } = record;
  const { driver, options } = logChoice(record);
  const files = logPaths(ctx.paths, id);
  const settings = logSettings(record);
  let trimmed = 0;
  ctx.logs.add(id, new Forwarder({
    source: (from, signal) => ctx.runtime.readFrames(files, { follow: run !== undefined, fromOffset: from, signal, ...followOf(run) }),
    open: async (mark) => {
      const open = logDriverOf(record)?.open;
      if (!open) throw new Error(`log driver ${driver} is gone`);
      return await open({ container: loggedContainer(ctx, record), options, dir: containerDir(ctx.paths, id), mark });
    },
    destination: ctx.logs.takeOffered(id),
    positionPath: logPositionFile(ctx.paths, id),
    maxUnsentBytes: settings.maxUnsentBytes,
    logEnd: () => ctx.runtime.logEnd(files),
    acknowledged: (place) => {
      const { maxBytes = Infinity, maxFiles = Infinity, maxUnsentFiles } = settings;
      if (maxUnsentFiles === maxFiles || place - trimmed < maxBytes) return;
      trimmed = place;
      ctx.runtime.trimLog(files, Math.min(place, ctx.logs.heldFrom(id)), maxFiles);
    },
    report: (sentence) => ctx.log(`container ${shortId(id)}, log driver ${driver}: ${sentence}`),
  }));
}

/** Each time that a file is full. One that is wanted meanwhile is unpacked again by its reader. */
async function compressOlder(ctx: EngineContext, record: ContainerRecord, run: LiveRun): Promise<void> {
  const { compress, maxBytes } = logSettings(record);
  if (!compress || maxBytes === undefined) return;
  const files = logPaths(ctx.paths, record.id);
  const { watch, ended } = followOf(run);
  for (;;) {
    const full = ctx.runtime.logEnd(files) + maxBytes;
    await watch?.(full);
    // The engine lets go of its runs when it stops: then nothing is full, and nothing will be.
    if (ctx.live.get(record.id) !== run || (!ended() && ctx.runtime.logEnd(files) <= full)) return;
    await ctx.runtime.compressOlder(files);
    if (ended()) return;
  }
}

/** After an engine's start: a container at rest whose last words did not arrive. */
export function resumeForwarding(ctx: EngineContext, record: ContainerRecord): void {
  if (!logDriverOf(record)?.open || ctx.logs.forwarder(record.id)) return;
  const place = readPosition(logPositionFile(ctx.paths, record.id))?.place ?? 0;
  if (place < ctx.runtime.logEnd(logPaths(ctx.paths, record.id))) forward(ctx, record, undefined);
}

/** Before a container's folder goes: what can still be delivered is, within ten seconds. */
export async function finishForwarding(ctx: EngineContext, record: ContainerRecord): Promise<void> {
  resumeForwarding(ctx, record);
  const forwarder = ctx.logs.forwarder(record.id);
  if (!forwarder) return;
  const timer = setTimeout(() => void forwarder.stop(), LAST_WORDS_MS);
  await forwarder.finished;
  clearTimeout(timer);
}

/** The files of a json-file begin anew, behind `place` of the log. */
export async function clearForwarded(ctx: EngineContext, record: ContainerRecord, place: number): Promise<void> {
  const { id } = record;
  await ctx.logs.forwarder(id)?.stop();
  const path = jsonLogPath(containerDir(ctx.paths, id), id);
  for (const name of readdirSync(containerDir(ctx.paths, id))) if (name.startsWith(basename(path))) rmSync(join(containerDir(ctx.paths, id), name), { force: true });
  writePosition(logPositionFile(ctx.paths, id), { place, lines: [] });
  const run = ctx.live.get(id);
  if (run) forward(ctx, record, run);
}
