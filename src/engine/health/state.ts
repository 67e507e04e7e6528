import { formatInstant } from "../../base/mod.ts";
import type { HealthConfig } from "../../spec/mod.ts";

export type HealthStatus = "starting" | "healthy" | "unhealthy";

/** One probe as inspect shows it. */
export interface ProbeRecord {
  readonly Start: string;
  readonly End: string;
  readonly ExitCode: number;
  readonly Output: string;
}

/**
 *   starting ──▶ healthy ◀──▶ unhealthy
 *       └───────────────────────▲
 *
 * A container that is paused or at rest shows unhealthy, as in Docker: nobody vouches for it.
 */
export interface HealthState {
  readonly status: HealthStatus;
  readonly failingStreak: number;
  /** The last probes, oldest first. */
  readonly log: readonly ProbeRecord[];
}

/** What one probe found; `exitCode` 0 is good, -1 is a probe that could not be carried through. */
export interface ProbeResult {
  readonly exitCode: number;
  readonly output: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

const KEPT_PROBES = 5;
const NS_PER_MS = 1_000_000;

/** A start forgets the verdict, not the probes of the run before. */
export function startingHealth(previous: HealthState | undefined): HealthState {
  return { status: "starting", failingStreak: 0, log: previous?.log ?? [] };
}

/** Nobody probes it any more. */
export function unwatchedHealth(state: HealthState): HealthState {
  return { ...state, status: "unhealthy" };
}

/** The state after a probe, by Docker's rules: failures of a container in its start period do not count. */
export function healthAfter(state: HealthState, result: ProbeResult, timing: ProbeTiming, startedAtMs: number): HealthState {
  const record: ProbeRecord = { Start: formatInstant(result.startNs), End: formatInstant(result.endNs), ExitCode: result.exitCode, Output: result.output };
  const log = [...state.log.slice(1 - KEPT_PROBES), record];
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  const sinceStartMs = Number(result.startNs / BigInt(NS_PER_MS)) - startedAtMs;
  if (state.status === "starting" && sinceStartMs < timing.startPeriodMs) return { ...state, log };
  const failingStreak = state.failingStreak + 1;
  return { status: failingStreak >= timing.retries ? "unhealthy" : state.status, failingStreak, log };
}

export interface ProbeTiming {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  readonly startIntervalMs: number;
  readonly retries: number;
}

/** Docker's defaults where the configuration is silent. Durations on the wire are nanoseconds. */
export function timingOf(config: HealthConfig): ProbeTiming {
  const ms = (ns: number | undefined, otherwise: number): number => (ns ? ns / NS_PER_MS : otherwise);
  return {
    intervalMs: ms(config.Interval, 30_000),
    timeoutMs: ms(config.Timeout, 30_000),
    startPeriodMs: ms(config.StartPeriod, 0),
    startIntervalMs: ms(config.StartInterval, 5000),
    retries: config.Retries && config.Retries > 0 ? config.Retries : 3,
  };
}

/** How long after one probe the next is due. */
export function pauseBefore(state: HealthState, timing: ProbeTiming, ranForMs: number): number {
  return ranForMs < timing.startPeriodMs && state.status === "starting" ? timing.startIntervalMs : timing.intervalMs;
}
