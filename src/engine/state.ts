import type { HealthState } from "./health/state.ts";

/**
 * Where a container is in its life. One value, changed in one transaction.
 *
 *                 ┌────────────── could not start ─────────────┐
 *                 ▼                                            │
 *   (create) ─▶ created ──▶ starting ──▶ running ──▶ exited ───┤
 *                             ▲             │          │       │
 *                             │             ▼          ▼       │
 *                             └──────── restarting   starting ─┘
 *
 *   any but running ──▶ removing ──▶ (gone)
 *
 * `starting` and `removing` are intents: what an engine that was killed in between finishes or takes back.
 */
export type ContainerState = RestState | StartingState | RunningState | RestartingState | RemovingState;

/** Nothing of the container runs. */
export type RestState = CreatedState | ExitedState;

export interface CreatedState {
  readonly status: "created";
  /** Why the last start failed, and the code that a shell would give it (126, 127, 128). */
  readonly failure?: StartFailure;
}
export interface ExitedState {
  readonly status: "exited";
  readonly exitCode: number;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly oomKilled: boolean;
  /** A person stopped it: `unless-stopped` leaves it alone when the engine starts. */
  readonly byUser: boolean;
  /** The last of a container that is checked. */
  readonly health?: HealthState;
  readonly failure?: StartFailure;
}
export interface StartingState {
  readonly status: "starting";
  readonly from: RestState;
  /** By its restart policy, which a start that is cut short must not end. */
  readonly again?: true;
}
export interface RunningState {
  readonly status: "running";
  readonly pid: number;
  readonly paused: boolean;
  /** RFC 3339 with nanoseconds, as on the wire. */
  readonly startedAt: string;
  readonly previouslyFinishedAt?: string;
}
export interface RemovingState {
  readonly status: "removing";
  readonly last: RestState;
  /** Something of it could not be removed, and it is nobody's any more: Docker calls it dead. Removing it can be tried again. */
  readonly failed?: true;
}
export interface RestartingState {
  readonly status: "restarting";
  readonly last: ExitedState;
}
export interface StartFailure {
  readonly message: string;
  readonly exitCode: number;
}

/** Docker's word for it, as `ps` and inspect show. */
export type DockerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
export const DOCKER_STATUSES: readonly DockerStatus[] = ["created", "running", "paused", "restarting", "removing", "exited", "dead"];

export function dockerStatus(state: ContainerState): DockerStatus {
  if (state.status === "starting") return state.again ? "restarting" : state.from.status;
  if (state.status === "removing") return state.failed ? "dead" : "removing";
  if (state.status === "running") return state.paused ? "paused" : "running";
  return state.status;
}

export function isRunning(state: ContainerState): state is RunningState {
  return state.status === "running";
}

/** The last state at rest below an intent; of a running container, undefined. */
export function restOf(state: ContainerState): RestState | undefined {
  switch (state.status) {
    case "created":
    case "exited":
      return state;
    case "starting":
      return state.from;
    case "removing":
    case "restarting":
      return state.last;
    case "running":
      return undefined;
    default:
      return state satisfies never;
  }
}

/** The exit code that inspect and wait report. */
export function exitCodeOf(state: ContainerState): number {
  const rest = restOf(state);
  if (!rest) return 0;
  return rest.status === "exited" ? (rest.failure?.exitCode ?? rest.exitCode) : (rest.failure?.exitCode ?? 0);
}
