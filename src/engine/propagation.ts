import { EngineError } from "../base/mod.ts";
import type { HostPort } from "./ports.ts";
import type { ContainerMount } from "./record.ts";

/** A bind can only spread mounts, or take them, when what it is made of does. @throws EngineError System, in Docker's words */
export function requirePropagation(mounts: readonly ContainerMount[], host: Pick<HostPort, "mountPoint">): void {
  for (const { type, source, propagation } of mounts) {
    if (type !== "bind" || !/^r?(shared|slave)$/.test(propagation)) continue;
    const point = host.mountPoint(source);
    if (!point) continue;
    const wantsShared = propagation.endsWith("shared");
    if (wantsShared ? point.shared : point.shared || point.slave) continue;
    throw new EngineError("System", `path ${source} is mounted on ${point.path} but it is not a ${wantsShared ? "shared" : "shared or slave"} mount`);
  }
}
