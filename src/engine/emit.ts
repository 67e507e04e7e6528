import type { EngineContext } from "./context.ts";
import type { ExecRecord } from "./exec-table.ts";
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

/** What a run's beginning and end mean for its network; who shares another's has no endpoint of its own. */
export function emitEndpointEvent(ctx: EngineContext, { id, config, hostConfig }: ContainerRecord, action: "connect" | "disconnect"): void {
  const mode = hostConfig.NetworkMode ?? "bridge";
  if (!mode.startsWith("container:") && !(config.NetworkDisabled && mode === "bridge")) emitNetworkEvent(ctx, action, mode, id);
}

function emitNetworkEvent(ctx: EngineContext, action: "connect" | "disconnect", networkMode: string, containerId: string): void {
  const driver = networkMode === "none" ? "null" : networkMode;
  ctx.eventLog.emit({ type: "network", action, id: networkId(ctx, networkMode), attributes: { container: containerId, name: networkMode, type: driver } });
}

export function networkId(ctx: EngineContext, name: string): string {
  return name === "bridge" ? ctx.network.bridge.id : Bun.CryptoHasher.hash("sha256", `${ctx.identity.id}/${name}`, "hex");
}
