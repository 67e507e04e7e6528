import { closeSync, constants, openSync, readFileSync, writeSync } from "node:fs";
import type { EngineContext } from "../context.ts";
import { healthFile } from "../paths.ts";
import type { HealthState, ProbeRecord } from "./state.ts";

/**
 * What the next engine goes on from. In the run root: after a reboot nothing runs, and the health of a new run is unknown.
 * One line over the line before, whose rest may follow: a new file for each of many probes would cost more than the probe.
 */
export function keepHealth(ctx: EngineContext, id: string, state: HealthState): void {
  let fd: number | undefined;
  try {
    fd = openSync(healthFile(ctx.paths, id), constants.O_WRONLY | constants.O_CREAT, 0o600);
    writeSync(fd, `${JSON.stringify(state)}\n`, 0);
  } catch {
    // The run has just ended, or the disk takes no more, ignoring: the next engine begins with `starting`.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

export function keptHealth(ctx: EngineContext, id: string): HealthState | undefined {
  try {
    return parse(JSON.parse(readFileSync(healthFile(ctx.paths, id), "utf8").split("\n", 1)[0] ?? ""));
  } catch {
    return undefined;
  }
}

function parse(value: unknown): HealthState | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { status, failingStreak, log } = value as Record<string, unknown>;
  if (status !== "starting" && status !== "healthy" && status !== "unhealthy") return undefined;
  if (typeof failingStreak !== "number" || !Array.isArray(log)) return undefined;
  return { status, failingStreak, log: log.filter(isProbeRecord) };
}

function isProbeRecord(value: unknown): value is ProbeRecord {
  if (typeof value !== "object" || value === null) return false;
  const { Start, End, ExitCode, Output } = value as Record<string, unknown>;
  return typeof Start === "string" && typeof End === "string" && typeof ExitCode === "number" && typeof Output === "string";
}
