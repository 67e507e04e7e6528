import type { ProcessInfo } from "../../linux/mod.ts";
import type { DeviceNode, Seccomp } from "../../spec/mod.ts";

/** What the engine asks about the machine; only linux/ reads /proc and /sys. */
export interface HostPort {
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly operatingSystem: string;
  readonly osVersion: string;
  readonly cpuCount: number;
  readonly memoryTotal: number;
  readonly hostname: string;
  resolvConf(): string;
  hostsFile(): string;
  readonly kernelCapabilities: readonly string[];
  ipv4Forwarding(): boolean;
  /** Packets between two ports of a bridge pass the firewall of the host. */
  bridgesAreFiltered(): boolean;
  /** What listens in the network namespace of a process; undefined when it has gone. */
  listeners(pid: number): readonly { readonly protocol: "tcp" | "udp"; readonly address: string; readonly port: number }[] | undefined;
  /** The mount that a path lies on, and whether mounts spread from and to it. */
  mountPoint(path: string): { readonly path: string; readonly shared: boolean; readonly slave: boolean } | undefined;
  /** In the order given, or each with all of its threads. */
  listProcesses(pids: readonly number[], options?: { threads?: boolean }): ProcessInfo[];
  /** Names of the host's users and groups, read anew. */
  accounts(): { user(uid: number): string | undefined; group(gid: number): string | undefined };
  /** The time of all processors together, idle too, and how many are on. */
  systemCpu(): { readonly usageNs: number; readonly onlineCpus: number };
  /** The root of a process, opened; the caller's to close. Undefined when it has ended. */
  openRoot(pid: number): number | undefined;
  close(fd: number): void;
  namespacePath(pid: number, type: "pid" | "net" | "ipc" | "uts" | "cgroup" | "mnt"): string;
  /** The device at a path, or every device below a folder (without pts, shm, fd and mqueue); none when there is nothing. */
  deviceNodes(path: string): DeviceNode[];
  defaultSeccomp(capabilities: readonly string[]): Seccomp;
  parseSeccomp(json: string, capabilities: readonly string[]): Seccomp;
}
