import { restartContainer, startContainer, stopContainer } from "../../client/mod.ts";
import type { Project, Service } from "../model/project.ts";
import { awaitCondition, awaitDeath, awaitDependencies } from "./conditions.ts";
import type { ComposeContext } from "./context.ts";
import type { Converged, Converging, LiveContainer } from "./converge.ts";
import { startOrder } from "./dependencies.ts";
import { runHooks } from "./hooks.ts";
import { inOrder, together } from "./order.ts";
import { during } from "./progress.ts";
import { StateWatch } from "./state-watch.ts";

export interface StartOptions {
  /** Until all of them run, and are healthy where they are probed. */
  readonly wait?: boolean;
  readonly waitTimeoutSeconds?: number | undefined;
  /** Runs one-shot services again that have done their work. */
  readonly repeatFinished?: boolean;
}

/** Starts what does not run, each service once its dependencies are as it wants them. @throws ComposeError, ApiError */
export async function startServices(context: ComposeContext, project: Project, { containers, made }: Converged & Partial<Pick<Converging, "made">>, options: StartOptions): Promise<void> {
  const signal = options.wait && options.waitTimeoutSeconds ? AbortSignal.any([context.signal, AbortSignal.timeout(options.waitTimeoutSeconds * 1000)]) : context.signal;
  await using watch = new StateWatch(context.client, project.name, signal);
  const of = (service: string): readonly LiveContainer[] => containers.get(service) ?? [];
  const started = new Set<string>();
  await inOrder(startOrder(project), async (name) => {
    const service = project.services[name];
    if (!service) return;
    await made?.(name);
    const idle = of(name).filter((container) => container.state !== "running" && (options.repeatFinished || !hasFinished(project, container, name)));
    if (idle.length > 0) await awaitDependencies(context, watch, project, service, of);
    await together(idle, (container) => startOne(context, service, container), context.parallel);
    for (const container of idle) started.add(container.id);
    if (dependencyStarted(service, of, started)) await restartKept(context, of(name).filter(({ id }) => !started.has(id)));
  });
  if (options.wait) await awaitAll(context, watch, project, of);
}

async function startOne(context: ComposeContext, service: Service, { id, name, state }: LiveContainer): Promise<void> {
  const { client, tell } = context;
  await during(tell, `Container ${name}`, ["Starting", "Started"], async () => {
    // One that is on its way back up is brought up now.
    if (state === "paused") await stopContainer(client, id, {});
    await startContainer(client, id);
    if (service.post_start) await runHooks(context, id, service.post_start);
  });
}

/** What others wait for the end of, and has ended well, has done its work: it is not done again while nothing of it has changed. */
export function hasFinished(project: Project, { isNew, state, status }: Pick<LiveContainer, "isNew" | "state" | "status">, name: string): boolean {
  if (isNew || state !== "exited" || !status.startsWith("Exited (0)")) return false;
  return Object.values(project.services).some(({ depends_on }) => depends_on?.[name]?.condition === "service_completed_successfully");
}

function dependencyStarted({ depends_on = {} }: Service, of: (service: string) => readonly LiveContainer[], started: ReadonlySet<string>): boolean {
  return Object.entries(depends_on).some(([name, { restart }]) => restart && of(name).some(({ id }) => started.has(id)));
}

async function restartKept({ client, tell, parallel }: ComposeContext, containers: readonly LiveContainer[]): Promise<void> {
  await together(containers, ({ id, name }) => during(tell, `Container ${name}`, ["Restarting", "Started"], async () => void (await restartContainer(client, id, {}))), parallel);
}

/** One that has been found running may still die while others are waited for. */
async function awaitAll(context: ComposeContext, watch: StateWatch, project: Project, of: (service: string) => readonly LiveContainer[]): Promise<void> {
  const oneShot = (name: string): boolean => Object.values(project.services).some(({ depends_on }) => depends_on?.[name]?.condition === "service_completed_successfully");
  const all = Object.keys(project.services).flatMap((name) => of(name).map((container) => ({ container, condition: oneShot(name) ? ("service_completed_successfully" as const) : ("running_or_healthy" as const) })));
  const settled = Promise.all(all.map(({ container, condition }) => awaitCondition(context, watch, container, condition))).then(() => undefined);
  if (context.dryRun) return await settled;
  const deaths = all.filter(({ condition }) => condition === "running_or_healthy").map(({ container }) => awaitDeath(watch, container));
  await Promise.race([settled, ...deaths]);
}
