import type { EngineContext } from "../context.ts";
import type { ContainerRecord } from "../record.ts";
import { execProbe } from "./exec-probe.ts";
import { socketProbe } from "./socket-probe.ts";
import type { HealthMonitor } from "./table.ts";

/** What a probe found: exit code 0 is good. */
export interface Finding {
  readonly exitCode: number;
  readonly output: string;
}

/** Rejects when the probe could not be made at all; an aborted one ends soon, and nobody asks for what it found. */
export function runProbe(ctx: EngineContext, record: ContainerRecord, { probe, timing }: HealthMonitor, signal: AbortSignal): Promise<Finding> {
  switch (probe.kind) {
    case "exec":
      return execProbe(ctx, record, probe.argv, timing.timeoutMs, signal);
    case "tcp":
    case "http":
      return socketProbe(ctx, record, probe, timing.timeoutMs, signal);
    default:
      return probe satisfies never;
  }
}
