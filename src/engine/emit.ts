import type { EngineContext } from "./context.ts";
import type { ExecRecord } from "./exec-table.ts";
import type { NetworkRecord } from "./ports.ts";
import type { ContainerRecord } from "./record.ts";

/** A container's event carries its labels, its name and its image beside what the action says. `passing`: not kept. */
export function emitContainerEvent(ctx: EngineContext, record: ContainerRecord, action: string, attributes: Record<string, string> = {}, keep: "kept" | "passing" = "kept"): void {
  ctx.eventLog.emit({ type: "container", action, id: record.id, attributes: { ...record.config.Labels, ...attributes, image: record.imageRef, name: record.name } }, keep);
}

/** Probes tell who listens; kept, they would push all else out of the history within minutes. */
export function emitExecEvent(ctx: EngineContext, record: ContainerRecord, exec: ExecRecord, action: "exec_create" | "exec_start" | "exec_die", exitCode?: number): void {
  const [command = "", ...args] = exec.request.Cmd ?? [];
  const attributes = { execID: exec.id, ...(exitCode !== undefined && { exitCode: String(exitCode) }) };
  emitContainerEvent(ctx, record, action === "exec_die" ? action : `${action}: ${command} ${args.join(" ")}`, attributes, exec.ofEngine ? "passing" : "kept");
}

/** What a run's beginning and end mean for its networks; who shares another's has no endpoint of its own. */
export function emitEndpointEvent(ctx: EngineContext, { id, networks }: Pick<ContainerRecord, "id" | "networks">, action: "connect" | "disconnect"): void {
  for (const name of Object.keys(networks)) {
    const network = ctx.network.find(name);
    if (network) emitNetworkEvent(ctx, network, action, { container: id });
  }
}

export function emitNetworkEvent(ctx: EngineContext, { id, name, driver }: NetworkRecord, action: "create" | "destroy" | "connect" | "disconnect", attributes: Record<string, string> = {}): void {
  ctx.eventLog.emit({ type: "network", action, id, attributes: { ...attributes, name, type: driver } });
}
