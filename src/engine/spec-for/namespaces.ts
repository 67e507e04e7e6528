import { EngineError } from "../../base/mod.ts";
import type { HostConfig, LinuxSpec } from "../../spec/mod.ts";
import type { HostPort } from "../ports.ts";

/** The running container whose namespace is joined. */
export interface JoinedContainer {
  readonly id: string;
  readonly pid: number;
}
export interface NamespaceSources {
  /** @throws EngineError when there is none or it does not run */
  joined(ref: string, what: "network" | "PID" | "IPC"): JoinedContainer;
  readonly host: Pick<HostPort, "namespacePath">;
}

/** Which namespaces are new, which are another container's, and which (absent) are the host's. */
export function namespacesOf(hostConfig: HostConfig, { joined, host }: NamespaceSources): LinuxSpec["namespaces"] {
  const namespaces: LinuxSpec["namespaces"] = [{ type: "mount" }];
  const { NetworkMode: network = "bridge", PidMode: pid = "", IpcMode: ipc = "private", UTSMode: uts = "", CgroupnsMode: cgroup = "private" } = hostConfig;
  if (network.startsWith("container:")) namespaces.push({ type: "network", path: host.namespacePath(joined(refOf(network), "network").pid, "net") });
  else if (network !== "host") namespaces.push({ type: "network" });
  if (uts !== "host") namespaces.push({ type: "uts" });
  if (pid.startsWith("container:")) namespaces.push({ type: "pid", path: host.namespacePath(joined(refOf(pid), "PID").pid, "pid") });
  else if (pid !== "host") namespaces.push({ type: "pid" });
  if (ipc.startsWith("container:")) namespaces.push({ type: "ipc", path: host.namespacePath(joined(refOf(ipc), "IPC").pid, "ipc") });
  else if (ipc !== "host") namespaces.push({ type: "ipc" });
  if (cgroup === "private") namespaces.push({ type: "cgroup" });
  return namespaces;
}

export function refOf(mode: string): string {
  return mode.slice("container:".length);
}

const NAMESPACED_SYSCTLS = /^(kernel\.(msgmax|msgmnb|msgmni|sem|shmall|shmmax|shmmni|shm_rmid_forced|domainname)|fs\.mqueue\..+|net\..+)$/;

/** The sysctls of a container's own namespaces, with Docker's two defaults. @throws EngineError InvalidParameter for one that would change the host */
export function sysctlsOf(hostConfig: HostConfig): Record<string, string> {
  const network = hostConfig.NetworkMode ?? "bridge";
  const ownNetwork = network !== "host" && !network.startsWith("container:");
  const defaults: Record<string, string> = ownNetwork ? { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0 2147483647" } : {};
  const asked = hostConfig.Sysctls ?? {};
  for (const name of Object.keys(asked)) {
    const dotted = name.replaceAll("/", ".");
    if (dotted === "kernel.hostname") throw refused(name, 'is not allowed as it conflicts with the OCI "hostname" field');
    if (!NAMESPACED_SYSCTLS.test(dotted)) throw refused(name, "is not in a separate kernel namespace");
    if (dotted.startsWith("net.") && network === "host") throw refused(name, "not allowed in host network namespace");
    if (!dotted.startsWith("net.") && dotted !== "kernel.domainname" && hostConfig.IpcMode === "host") throw refused(name, "is not allowed in the hosts ipc namespace");
  }
  return { ...defaults, ...asked };
}

function refused(name: string, reason: string): EngineError {
  return new EngineError("InvalidParameter", `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: sysctl ${JSON.stringify(name.slice(0, 128))} ${reason}`);
}
