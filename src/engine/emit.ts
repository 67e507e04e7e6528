import type { EngineContext } from "./context.ts";
import type { ContainerRecord } from "./record.ts";

/** A container's event carries its labels, its name and its image beside what the action says. */
export function emitContainerEvent(ctx: EngineContext, record: ContainerRecord, action: string, attributes: Record<string, string> = {}): void {
  ctx.eventLog.emit({ type: "container", action, id: record.id, attributes: { ...record.config.Labels, ...attributes, image: record.imageRef, name: record.name } });
}

export function emitNetworkEvent(ctx: EngineContext, action: "connect" | "disconnect", networkMode: string, containerId: string): void {
  const driver = networkMode === "none" ? "null" : networkMode;
  ctx.eventLog.emit({ type: "network", action, id: networkId(ctx, networkMode), attributes: { container: containerId, name: networkMode, type: driver } });
}

export function networkId(ctx: EngineContext, name: string): string {
  return name === "bridge" ? ctx.network.bridge.id : Bun.CryptoHasher.hash("sha256", `${ctx.identity.id}/${name}`, "hex");
}
