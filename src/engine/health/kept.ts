import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { EngineContext } from "../context.ts";
import { healthFile } from "../paths.ts";
import type { HealthState, ProbeRecord } from "./state.ts";

/** What the next engine goes on from. In the run root: after a reboot nothing runs, and the health of a new run is unknown. */
export function keepHealth(ctx: EngineContext, id: string, state: HealthState): void {
  const path = healthFile(ctx.paths, id);
  try {
    writeFileSync(`${path}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  } catch {
    // The run has just ended, or the disk takes no more, ignoring: the next engine begins with `starting`.
  }
}

export function keptHealth(ctx: EngineContext, id: string): HealthState | undefined {
  try {
    return parse(JSON.parse(readFileSync(healthFile(ctx.paths, id), "utf8")));
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
