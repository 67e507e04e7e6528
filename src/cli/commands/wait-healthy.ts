import { ApiError, events, inspectContainer, type Client } from "../../client/mod.ts";
import type { ContainerInspect } from "../../spec/mod.ts";
import { Failure } from "../failure.ts";

const MAX_TIMER_MS = 2 ** 31 - 1;

/** Waits until a container that was just started is healthy; of one without a health check, that it runs. @throws Failure when it is not to be, or not within the limit; 0 is none */
export async function waitHealthy(client: Client, id: string, limitMs: number): Promise<void> {
  const late = Promise.withResolvers<"late">();
  const timer = limitMs > 0 ? setTimeout(() => late.resolve("late"), Math.min(limitMs, MAX_TIMER_MS)) : undefined;
  // The first event tells that the engine listens for us: it is its answer's beginning.
  const changes = events(client, { filters: { type: ["container"], container: [id], event: ["health_status", "start", "die", "destroy"] } });
  try {
    for (let next = changes.next(); !(await isHealthy(client, id)); ) {
      const what = await Promise.race([next, late.promise, polled()]);
      if (what === "late") throw new Failure(`container ${id.slice(0, 12)} is not healthy after ${limitMs / 1000}s`);
      if (what !== "polled") next = changes.next();
    }
  } finally {
    clearTimeout(timer);
  }
}

/** What happened before the engine listened brings no event. */
const polled = (): Promise<"polled"> => new Promise((resolve) => setTimeout(() => resolve("polled"), 1000));

/** False: not yet. @throws Failure */
async function isHealthy(client: Client, id: string): Promise<boolean> {
  const { State: state } = await inspectContainer(client, id).catch((error: unknown) => {
    if (error instanceof ApiError && error.status === 404) throw new Failure(`container ${id.slice(0, 12)} ended and was removed before it was healthy`);
    throw error;
  });
  if (state?.Status === "exited" || state?.Status === "dead" || state?.Status === "removing")
    throw new Failure(`container ${id.slice(0, 12)} ended with exit code ${state.ExitCode ?? 0} before it was healthy; see: logs ${id.slice(0, 12)}`, state.ExitCode || 1);
  if (state?.Status === "restarting") return false;
  switch (state?.Health?.Status) {
    case undefined:
    case "none":
    case "healthy":
      return true;
    case "unhealthy":
      throw new Failure(`container ${id.slice(0, 12)} is unhealthy${lastWords(state)}`);
    default:
      return false;
  }
}

function lastWords(state: NonNullable<ContainerInspect["State"]>): string {
  const last = state.Health?.Log?.at(-1);
  if (!last) return "";
  const output = (last.Output ?? "").trim();
  return `: its check ended with ${last.ExitCode ?? 0}${output === "" ? "" : `: ${output.slice(0, 1000)}`}`;
}
