import type { HealthStatus } from "./health/state.ts";
import type { ContainerRecord } from "./record.ts";
import { humanDuration } from "./time-text.ts";
import { exitCodeOf } from "./state.ts";

/** The STATUS column of `ps`: `Up 2 minutes (healthy)`, `Exited (0) 3 seconds ago`, `Created`. */
export function statusText({ state }: ContainerRecord, nowMs: number, health?: HealthStatus): string {
  const since = (instant: string): string => humanDuration(nowMs - Date.parse(instant));
  switch (state.status) {
    case "running":
      return `Up ${since(state.startedAt)}${state.paused ? " (Paused)" : health ? ` (${health === "starting" ? "health: starting" : health})` : ""}`;
    case "restarting":
      return `Restarting (${state.last.exitCode}) ${since(state.last.finishedAt)} ago`;
    case "removing":
      return state.failed ? "Dead" : "Removal In Progress";
    case "created":
      return "Created";
    case "exited":
      return `Exited (${exitCodeOf(state)}) ${since(state.finishedAt)} ago`;
    case "starting":
      return state.from.status === "exited" ? `${state.again ? "Restarting" : "Exited"} (${exitCodeOf(state)}) ${since(state.from.finishedAt)} ago` : "Created";
    default:
      return state satisfies never;
  }
}
