import type { ContainerInspect } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import type { Project, Service } from "../model/project.ts";
import type { ComposeContext } from "./context.ts";
import type { LiveContainer } from "./converge.ts";
import type { StateWatch } from "./state-watch.ts";

export type Condition = "service_started" | "service_healthy" | "service_completed_successfully" | "running_or_healthy";

/** Waits until a service's dependencies are as it wants them. @throws ComposeError for one that never will be, unless it is optional */
export async function awaitDependencies(context: ComposeContext, watch: StateWatch, project: Project, service: Service, containersOf: (service: string) => readonly LiveContainer[]): Promise<void> {
  await Promise.all(Object.entries(service.depends_on ?? {}).map(async ([name, { condition = "service_started", required = true }]) => {
    if (!project.services[name] || condition === "service_started") return;
    try {
      await Promise.all(containersOf(name).map((container) => awaitCondition(context, watch, container, condition as Condition)));
    } catch (error) {
      if (required || !(error instanceof ComposeError)) throw dependencyFailure(error, service, name);
      context.warn(`optional dependency ${JSON.stringify(name)} is not running or is unhealthy: ${error.summary}`);
    }
  }));
}

function dependencyFailure(error: unknown, service: Service, name: string): unknown {
  if (!(error instanceof ComposeError)) return error;
  return new ComposeError(`dependency failed to start: ${error.summary}`, { path: `services.${service.name}.depends_on.${name}`, fix: `see why: docker compose logs ${name}` });
}

const WORDS: Readonly<Record<Condition, string>> = { service_started: "Started", service_healthy: "Healthy", running_or_healthy: "Healthy", service_completed_successfully: "Exited" };

/** @throws ComposeError when the container cannot come to it any more */
export async function awaitCondition({ tell, dryRun }: ComposeContext, watch: StateWatch, { id, name }: Pick<LiveContainer, "id" | "name">, condition: Condition): Promise<void> {
  const what = `Container ${name}`;
  tell({ id: what, text: "Waiting", status: "working" });
  try {
    if (!dryRun) await holds(watch, { id, name }, condition);
  } catch (error) {
    tell({ id: what, text: "Error", status: "error", detail: error instanceof ComposeError ? error.summary : String(error) });
    throw error;
  }
  tell({ id: what, text: WORDS[condition], status: "done" });
}

/** What runs and is not probed may be about to end: it counts once it has run for a moment. */
const SETTLED_MS = 200;

async function holds(watch: StateWatch, { id, name }: Pick<LiveContainer, "id" | "name">, condition: Condition): Promise<void> {
  const young = await watch.until(id, (container) => (judge(name, container, condition) ? youthMs(container, condition) : undefined));
  if (young === 0) return;
  await Bun.sleep(young);
  await watch.until(id, (container) => judge(name, container, condition));
}

/** How long it is still to be looked at. */
function youthMs({ State }: ContainerInspect, condition: Condition): number {
  if (condition !== "running_or_healthy" || (State?.Health && State.Health.Status !== "none")) return 0;
  const age = Date.now() - Date.parse(State?.StartedAt ?? "");
  return Math.min(SETTLED_MS, Math.max(0, SETTLED_MS - age)) || 0;
}

/** Never resolves. @throws ComposeError when the container ends, and whatever ends the watch */
export async function awaitDeath(watch: StateWatch, { id, name }: Pick<LiveContainer, "id" | "name">): Promise<void> {
  const code = await watch.until(id, ({ State }) => (State?.Status === "exited" || State?.Status === "dead" ? (State.ExitCode ?? 0) : undefined));
  throw new ComposeError(`container ${name} exited (${code})`);
}

/** True when the condition holds, undefined while it may still come. @throws ComposeError when it will not */
function judge(name: string, { State, Config }: ContainerInspect, condition: Condition): true | undefined {
  const { Status: status = "", ExitCode: code = 0, Health: health } = State ?? {};
  const ended = status === "exited" || status === "dead";
  if (condition === "service_completed_successfully") {
    if (!ended) return undefined;
    if (code !== 0) throw new ComposeError(`container ${name} didn't complete successfully: exit ${code}`);
    return true;
  }
  if (ended) throw new ComposeError(`container ${name} exited (${code})`);
  const probed = health !== undefined && health !== null && health.Status !== "none";
  if (!probed && condition === "service_healthy" && (Config?.Healthcheck?.Test ?? []).length === 0) throw new ComposeError(`container ${name} has no healthcheck configured`);
  if (health?.Status === "unhealthy") throw new ComposeError(`container ${name} is unhealthy`);
  if (probed) return health.Status === "healthy" ? true : undefined;
  return status === "running" && condition === "running_or_healthy" ? true : undefined;
}
