import { removeContainer, renameContainer, startContainer, stopContainer } from "../../client/mod.ts";
import type { Project, Service } from "../model/project.ts";
import { awaitCondition } from "./conditions.ts";
import type { ComposeContext } from "./context.ts";
import { makeReplacement, type ConvergeOptions } from "./converge.ts";
import { runHooks } from "./hooks.ts";
import type { ServiceImage } from "./images.ts";
import { ignoreMissing } from "./networks.ts";
import { inOrder } from "./order.ts";
import { startOrder } from "./dependencies.ts";
import type { Step } from "./plan.ts";
import { during } from "./progress.ts";
import { removeWholly } from "./remove-container.ts";
import { StateWatch } from "./state-watch.ts";

type Recreation = Extract<Step, { kind: "recreate" }>;

/**
 * Replaces running containers one after the other: the new one is started and healthy before the old one is stopped, so that the service
 * never goes away. Who fails takes nothing with them: the old one goes on. @throws ComposeError, ApiError
 */
export async function rollOver(context: ComposeContext, project: Project, steps: ReadonlyMap<string, readonly Step[]>, images: ReadonlyMap<string, ServiceImage>, options: ConvergeOptions): Promise<void> {
  await using watch = new StateWatch(context.client, project.name, context.signal);
  await inOrder(startOrder(project), async (name) => {
    const service = project.services[name];
    const image = images.get(name);
    const recreations = (steps.get(name) ?? []).filter((step): step is Recreation => step.kind === "recreate" && step.container.state === "running");
    if (!service || !image || recreations.length === 0) return;
    const obstacle = obstacleOf(service);
    if (obstacle !== undefined) return context.warn(`${name} cannot run twice for a moment: ${obstacle}; the old container goes first`);
    for (const step of recreations) await during(context.tell, `Container ${step.container.name}`, ["Rolling", "Rolled"], () => roll(context, { project, service, image, options, watch }, step));
  }, 1);
}

/** What two containers of the service cannot have at the same time. */
function obstacleOf({ ports = [], networks, network_mode }: Service): string | undefined {
  const fixed = ports.find(({ published = "" }) => published !== "" && !published.includes("-"));
  if (fixed) return `port ${fixed.published} of the host is one (publish a range, or put a proxy before it)`;
  if (Object.values(networks ?? {}).some((attachment) => attachment?.ipv4_address ?? attachment?.ipv6_address)) return "it has an address of its own";
  return network_mode === "host" ? "it has the host's network" : undefined;
}

interface Rolling {
  readonly project: Project;
  readonly service: Service;
  readonly image: ServiceImage;
  readonly options: ConvergeOptions;
  readonly watch: StateWatch;
}

async function roll(context: ComposeContext, { project, service, image, options, watch }: Rolling, { container, name }: Recreation): Promise<void> {
  const { client } = context;
  const id = await makeReplacement(context, project, { siblings: { of: () => [] }, service, image, options }, container, name);
  try {
    await startContainer(client, id);
    if (service.post_start) await runHooks(context, id, service.post_start);
    await awaitCondition(context, watch, { id, name }, "running_or_healthy");
  } catch (error) {
    await removeContainer(client, id, { force: true }).catch(() => undefined);
    throw error;
  }
  if (service.pre_stop) await runHooks(context, container.id, service.pre_stop);
  await stopContainer(client, container.id, { timeoutSeconds: options.timeoutSeconds }).catch(ignoreMissing);
  await removeWholly(client, container.id);
  await renameContainer(client, id, name);
}
