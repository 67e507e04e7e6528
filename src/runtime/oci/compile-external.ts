import { ownNamespacePath } from "../../linux/mod.ts";
import { settingOps } from "../compile-container.ts";
import { holdOps, mountOps } from "../compile-mounts.ts";
import { rootOps } from "../compile-root.ts";
import { STDIO, stdioOp } from "../compile-process.ts";
import type { ContainerLaunch, ExecLaunch } from "../launch.ts";
import { LOOPBACK_UP } from "../loopback.ts";
import { CLONE_NEW, namespaceUse } from "../namespaces.ts";
import type { PlanOp } from "../ops.gen.ts";
import { needsStaging, type Bundle, type BundleRuntime, type OciRuntime } from "./bundle.ts";

export interface ExternalCompilers {
  /** The shim's fds: the engine's network namespace, the console's listening socket (0: none), mount namespaces of others. */
  readonly hostNetworkFd: number;
  readonly consoleFd: number;
  mountNamespaceFd(path: string): number;
}

const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * A plan that runs `<runtime> run --detach` where the container's network and root are ready: in a mount namespace of its
 * own, so that the host never sees the root, and in the host's network, from which the container's own has a name.
 */
export function compileExternalContainer(id: string, launch: ContainerLaunch, runtime: OciRuntime, bundle: Bundle, compilers: ExternalCompilers): PlanOp[] {
  const { spec, network } = launch;
  const ownNetwork = namespaceUse(spec.linux, "network") === "created";
  const inside = network?.inside ?? LOOPBACK_UP;
  const root = rootOps(launch.root, launch.rootMountPoint, "");
  return [
    ...settingOps(launch),
    { op: "adopt", pidFile: bundle.pidFile, consoleFd: compilers.consoleFd },
    { op: "clone", flags: CLONE_NEW.mount | (ownNetwork ? CLONE_NEW.network : 0n), cgroupDir: "" },
    ...(network && network.host.messages.length > 0 ? [{ op: "netlinkHost", ...network.host } as const] : []),
    { op: "waitHost" },
    ...(ownNetwork && inside.length > 0 ? [{ op: "netlinkInside", messages: inside } as const] : []),
    ...holdOps(spec.mounts.filter(needsStaging), compilers.mountNamespaceFd),
    ...root.slice(0, 1),
    ...(ownNetwork ? nameNetwork(bundle, compilers.hostNetworkFd) : []),
    ...spec.mounts.flatMap((mount, index) => (needsStaging(mount) ? mountOps({ ...mount, destination: bundle.staged(index) }, undefined) : [])),
    ...root.slice(1),
    execOp(runtime, bundle, ["run", "--detach", "--bundle", bundle.dir, "--pid-file", bundle.pidFile, ...consoleFlags(bundle, compilers), id]),
  ];
}

/** One more process by the container's own runtime. `bundle` is the exec's; the container's has the state. */
export function compileExternalExec(launch: ExecLaunch, runtime: BundleRuntime, bundle: Bundle, container: Bundle, compilers: Pick<ExternalCompilers, "consoleFd">): PlanOp[] {
  const { stdio } = launch;
  const words = ["exec", "--detach", "--process", bundle.config, "--pid-file", bundle.pidFile, ...consoleFlags(bundle, compilers), runtime.id];
  return [
    stdioOp(stdio, STDIO.STDIN_ONCE | (stdio.attachOutput ? STDIO.STREAM_OUTPUT : 0) | (launch.endsWithEngine ? STDIO.BOUND : 0)),
    ...(launch.endsWithEngine ? [] : [{ op: "exitFile", path: launch.exitFile } as const]),
    { op: "adopt", pidFile: bundle.pidFile, consoleFd: compilers.consoleFd },
    { op: "clone", flags: 0n, cgroupDir: "" },
    { op: "waitHost" },
    execOp(runtime, container, words, bundle.log),
  ];
}

/** The command line of one call of the runtime. */
export function runtimeCommand(runtime: OciRuntime, bundle: Bundle, words: readonly string[], log = bundle.log): string[] {
  return [runtime.path, ...runtime.args, "--root", bundle.stateDir, "--log", log, "--log-format", "json", ...words];
}

export const RUNTIME_ENV: readonly string[] = [PATH];

function execOp(runtime: OciRuntime, bundle: Bundle, words: readonly string[], log?: string): PlanOp {
  return { op: "exec", argv: runtimeCommand(runtime, bundle, words, log), env: RUNTIME_ENV };
}

function consoleFlags(bundle: Bundle, { consoleFd }: Pick<ExternalCompilers, "consoleFd">): string[] {
  return consoleFd === 0 ? [] : ["--console-socket", bundle.console];
}

/** Runtimes refuse `net.*` settings for a network that is their own: the container's gets a name, and is left. */
function nameNetwork(bundle: Bundle, hostNetworkFd: number): PlanOp[] {
  return [
    { op: "bind", source: ownNamespacePath("net"), target: bundle.network, flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 },
    { op: "joinNamespaces", fd: hostNetworkFd, flags: CLONE_NEW.network },
  ];
}
