import { mkdirSync, openSync, rmSync, writeFileSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import { listenUnix, ownNamespacePath } from "../../linux/mod.ts";
import type { ContainerLaunch, ExecLaunch } from "../launch.ts";
import type { PlanOp } from "../ops.gen.ts";
import type { PlanFds } from "../plan-fds.ts";
import type { ShimOptions } from "../shim.ts";
import { Bundle, cgroupsPathOf, needsStaging, type BundleRuntime, type OciRuntime } from "./bundle.ts";
import { compileExternalContainer, compileExternalExec } from "./compile-external.ts";
import { configJson, processJson } from "./config-json.ts";
import { callRuntime, lastError } from "./runtime-calls.ts";

/** Writes the bundle of a container that another runtime makes, and compiles the plan that has it made. */
export function prepareExternalContainer(id: string, socketPath: string, launch: ContainerLaunch, runtime: OciRuntime, fds: PlanFds): readonly PlanOp[] {
  const bundle = Bundle.beside(socketPath);
  const { spec } = launch;
  // config.json can only name paths of the host: one of the container's would be taken for one of those.
  const inside = spec.mounts.find(({ inRoot }) => inRoot);
  if (inside) throw new EngineError("NotImplemented", `mount ${inside.destination}: a part of an image can be mounted by the engine's own runtime only`);
  rmSync(bundle.dir, { recursive: true, force: true });
  bundle.create(id, runtime);
  const config = configJson(spec, {
    root: launch.rootMountPoint,
    network: spec.linux.namespaces.some(({ type, path }) => type === "network" && !path) ? bundle.network : undefined,
    cgroupsPath: cgroupsPathOf(launch.cgroup),
    staged: (mount) => (needsStaging(mount) ? bundle.staged(spec.mounts.indexOf(mount)) : undefined),
  });
  writeFileSync(bundle.config, config, { mode: 0o600 });
  return compileExternalContainer(id, launch, runtime, bundle, {
    hostNetworkFd: fds.add("host network", openSync(ownNamespacePath("net"), "r")),
    consoleFd: spec.process.terminal ? fds.add("console", listenUnix(bundle.console)) : 0,
    mountNamespaceFd: () => fds.numberOf("mount"),
  });
}

/** The same of one more process in such a container. */
export function prepareExternalExec(socketPath: string, launch: ExecLaunch, container: Bundle, runtime: BundleRuntime, fds: PlanFds): readonly PlanOp[] {
  const bundle = Bundle.beside(socketPath);
  mkdirSync(bundle.dir, { recursive: true, mode: 0o700 });
  writeFileSync(bundle.config, processJson(launch.process), { mode: 0o600 });
  return compileExternalExec(launch, runtime, bundle, container, { consoleFd: launch.process.terminal ? fds.add("console", listenUnix(bundle.console)) : 0 });
}

/** How the process of a shim is signalled and its failure explained when another runtime has made it. */
export function externalOptions(socketPath: string): Pick<ShimOptions, "explain" | "deliver"> {
  const bundle = Bundle.beside(socketPath);
  const runtime = bundle.runtime();
  const explain = (): string | undefined => lastError(bundle.log);
  return runtime ? { explain, deliver: (signal) => callRuntime(bundle, ["kill", runtime.id, String(signal)]) } : { explain };
}

/** For a container that has ended, by its shim's socket; undefined when no other runtime made it. */
export function forgetExternal(socketPath: string): Promise<void> | undefined {
  const bundle = Bundle.beside(socketPath);
  const runtime = bundle.runtime();
  return runtime && callRuntime(bundle, ["delete", "--force", runtime.id]);
}
