import { messageOf, nowNs } from "../../base/mod.ts";
import type { EngineContext } from "../context.ts";
import { emitContainerEvent } from "../emit.ts";
import type { ContainerRecord } from "../record.ts";
import { isRunning, restOf } from "../state.ts";
import { keepHealth, keptHealth } from "./kept.ts";
import { probeOf } from "./probe.ts";
import { runProbe } from "./run-probe.ts";
import { restartUnhealthy } from "./restart-unhealthy.ts";
import { healthAfter, pauseBefore, startingHealth, timingOf, unwatchedHealth, type HealthState, type ProbeResult } from "./state.ts";
import type { HealthMonitor } from "./table.ts";

/** A timer reaches no further than this; a later probe is waited for in steps. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Begins to watch a container whose run has just begun, if it has a health check. */
export function startHealth(ctx: EngineContext, id: string, previous: HealthState | undefined): void {
  const monitor = openMonitor(ctx, id, startingHealth(previous));
  if (!monitor) return;
  keepHealth(ctx, id, monitor.state);
  schedule(ctx, id, monitor);
}

/** Goes on where the engine before left off. */
export function resumeHealth(ctx: EngineContext, id: string): void {
  const record = ctx.containers.get(id);
  if (!record || !probeOf(record.config)) return;
  const kept = keptHealth(ctx, id) ?? startingHealth(undefined);
  const paused = isRunning(record.state) && record.state.paused;
  const monitor = openMonitor(ctx, id, paused ? unwatchedHealth(kept) : kept);
  if (!monitor || paused) return;
  schedule(ctx, id, monitor);
  // A crash may have come between the verdict and what follows from it.
  if (kept.status === "unhealthy" && kept.failingStreak >= monitor.timing.retries) restartUnhealthy(ctx, record);
}

/** A frozen container is not probed; Docker counts it as unhealthy, without an event. */
export function suspendHealth(ctx: EngineContext, id: string): void {
  const monitor = ctx.health.get(id);
  if (!monitor) return;
  halt(monitor);
  monitor.state = unwatchedHealth(monitor.state);
}

/** The next probe comes a whole interval later. */
export function unsuspendHealth(ctx: EngineContext, id: string): void {
  const monitor = ctx.health.get(id);
  if (monitor) arm(ctx, id, monitor, pauseBefore(monitor.state, monitor.timing, Date.now() - monitor.startedAtMs));
}

/** The run is over: its last health, for the record of its end. */
export function endHealth(ctx: EngineContext, record: ContainerRecord): HealthState | undefined {
  const monitor = ctx.health.get(record.id);
  if (monitor) halt(monitor);
  ctx.health.delete(record.id);
  const last = monitor?.state ?? (record.config.Healthcheck && probeOf(record.config) ? keptHealth(ctx, record.id) : undefined);
  return last && unwatchedHealth(last);
}

/** What inspect and `ps` show; undefined without a health check. */
export function healthOf(ctx: EngineContext, record: ContainerRecord): HealthState | undefined {
  if (isRunning(record.state)) return ctx.health.get(record.id)?.state;
  const rest = restOf(record.state);
  return rest?.status === "exited" ? rest.health : undefined;
}

/** Lets go of all containers; a probe under way ends with its connection. */
export function closeHealth(ctx: EngineContext): void {
  for (const monitor of ctx.health.values()) halt(monitor);
}

function openMonitor(ctx: EngineContext, id: string, state: HealthState): HealthMonitor | undefined {
  const record = ctx.containers.get(id);
  if (!record?.config.Healthcheck || !isRunning(record.state)) return undefined;
  const probe = probeOf(record.config);
  if (!probe) return undefined;
  const monitor: HealthMonitor = { probe, timing: timingOf(record.config.Healthcheck), startedAtMs: Date.parse(record.state.startedAt), state, timer: undefined, probing: undefined };
  ctx.health.set(id, monitor);
  return monitor;
}

function halt(monitor: HealthMonitor): void {
  clearTimeout(monitor.timer);
  monitor.probing?.abort();
  monitor.probing = undefined;
}

/** The next probe is due a while after the last, or after the start. */
function schedule(ctx: EngineContext, id: string, monitor: HealthMonitor): void {
  const now = Date.now();
  const last = Math.max(monitor.startedAtMs, Date.parse(monitor.state.log.at(-1)?.End ?? "") || 0);
  const dueInMs = last + pauseBefore(monitor.state, monitor.timing, now - monitor.startedAtMs) - now;
  // A clock that was set back must not put the probes off.
  arm(ctx, id, monitor, Math.min(dueInMs, Math.max(monitor.timing.intervalMs, monitor.timing.startIntervalMs)));
}

function arm(ctx: EngineContext, id: string, monitor: HealthMonitor, delayMs: number): void {
  clearTimeout(monitor.timer);
  const ring = delayMs > MAX_TIMER_MS ? () => arm(ctx, id, monitor, delayMs - MAX_TIMER_MS) : () => void probeNow(ctx, id, monitor).catch((error: unknown) => ctx.log(`container ${id}: health check: ${messageOf(error)}`));
  monitor.timer = setTimeout(ring, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
}

async function probeNow(ctx: EngineContext, id: string, monitor: HealthMonitor): Promise<void> {
  const record = ctx.containers.get(id);
  if (!record || !isRunning(record.state) || ctx.health.get(id) !== monitor) return;
  const controller = new AbortController();
  monitor.probing = controller;
  const startNs = nowNs();
  const found = await runProbe(ctx, record, monitor, controller.signal).catch((error: unknown) => ({ exitCode: -1, output: messageOf(error) }));
  if (controller.signal.aborted) return;
  monitor.probing = undefined;
  take(ctx, id, monitor, { ...found, startNs, endNs: nowNs() });
  schedule(ctx, id, monitor);
}

function take(ctx: EngineContext, id: string, monitor: HealthMonitor, result: ProbeResult): void {
  const before = monitor.state.status;
  monitor.state = healthAfter(monitor.state, result, monitor.timing, monitor.startedAtMs);
  keepHealth(ctx, id, monitor.state);
  const record = ctx.containers.get(id);
  if (!record) return;
  const { status, failingStreak } = monitor.state;
  if (status !== before) emitContainerEvent(ctx, record, `health_status: ${status}`);
  // Not by the change alone: since a pause the container may count as unhealthy without a failure.
  if (status === "unhealthy" && failingStreak >= monitor.timing.retries) restartUnhealthy(ctx, record);
}
