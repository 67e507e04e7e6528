import { EngineError } from "../base/mod.ts";
import type { EngineDefaults } from "./defaults.ts";
import type { ContainerLaunch } from "./ports.ts";

/** Names of the engine's own runtime: Docker's two, so that its clients find what they know. */
export const OWN_RUNTIMES: readonly string[] = ["runc", "io.containerd.runc.v2", "hako"];

type Runtimes = Pick<EngineDefaults, "runtimes">;

/** @throws EngineError InvalidParameter, in Docker's words, for a name that stands for nothing */
export function requireRuntime({ runtimes }: Runtimes, name: string): void {
  if (OWN_RUNTIMES.includes(name)) return;
  const setting = Object.hasOwn(runtimes, name) ? runtimes[name] : undefined;
  if (!setting) throw new EngineError("InvalidParameter", `unknown or invalid runtime name: ${name.slice(0, 64)}`);
  if (setting.path === undefined) throw new EngineError("InvalidParameter", `runtime ${name} is a containerd shim (${setting.runtimeType ?? "without a type"}), which needs containerd: configure the path of its OCI runtime instead`);
}

/** The launch of a container by another runtime than the engine's own; nothing for its own. @throws as requireRuntime */
export function runtimeChoice({ runtimes }: Runtimes, name: string): Pick<ContainerLaunch, "runtime"> {
  requireRuntime({ runtimes }, name);
  if (OWN_RUNTIMES.includes(name)) return {};
  const { path = "", runtimeArgs = [] } = runtimes[name] ?? {};
  return { runtime: { path, args: runtimeArgs } };
}

/** For `info`. */
export function runtimesShape({ runtimes }: Runtimes): Record<string, unknown> {
  const own = { path: "hako-shim" };
  return { "io.containerd.runc.v2": own, ...runtimes, runc: own };
}
