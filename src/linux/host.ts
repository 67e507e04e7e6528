/** What this machine is; every figure as Docker's /info names it. */
import { readFileSync, writeFileSync } from "node:fs";
import { AT, S } from "./constants.ts";
import { mountedCgroups } from "./cgroups/hierarchy.ts";
import { readSmallText } from "./proc.ts";
import { statx } from "./stat.ts";

const KIBIBYTE = 1024;
const NS_PER_TICK = 10_000_000;

/** `uname -r` */
export function kernelVersion(): string {
  return readSmallText("/proc/sys/kernel/osrelease")?.trim() ?? "unknown";
}

/** uname's word, as Docker's /info has it; /version says amd64. */
export function machineArchitecture(): string {
  return process.arch === "arm64" ? "aarch64" : "x86_64";
}

export function hostName(): string {
  return readSmallText("/proc/sys/kernel/hostname")?.trim() ?? "localhost";
}

export function memoryTotalBytes(): number {
  return memoryField("MemTotal");
}

export function swapTotalBytes(): number {
  return memoryField("SwapTotal");
}

function memoryField(name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readSmallText("/proc/meminfo") ?? "");
  return Number(match?.[1] ?? 0) * KIBIBYTE;
}

/** Online processors. */
export function cpuCount(): number {
  const stat = readSmallText("/proc/stat") ?? "";
  return Math.max(1, stat.match(/^cpu\d+ /gm)?.length ?? 1);
}

/** Time that all processors spent on anything, in nanoseconds: `stats` divides a container's time by it. */
export function hostCpuNs(): number {
  const [, ...ticks] = (readSmallText("/proc/stat")?.split("\n")[0] ?? "").split(/\s+/);
  // user nice system idle iowait irq softirq steal; guest time is part of user already.
  return ticks.slice(0, 8).reduce((sum, value) => sum + Number(value), 0) * NS_PER_TICK;
}

export function bootTimeSeconds(): number {
  return Number(/^btime (\d+)/m.exec(readSmallText("/proc/stat") ?? "")?.[1] ?? 0);
}

/** os-release(5), as `PRETTY_NAME` and `VERSION_ID`. */
export function operatingSystem(): { name: string; version: string; type: string } {
  const text = readSmallText("/etc/os-release") ?? readSmallText("/usr/lib/os-release") ?? "";
  const field = (name: string): string | undefined => new RegExp(`^${name}=(.*)$`, "m").exec(text)?.[1]?.replace(/^(["'])(.*)\1$/, "$2");
  return { name: field("PRETTY_NAME") ?? "Linux", version: field("VERSION_ID") ?? "", type: "linux" };
}

/** For /info: which limits this machine can hold. */
export interface CgroupAbilities {
  readonly version: 1 | 2;
  readonly memoryLimit: boolean;
  readonly swapLimit: boolean;
  readonly cpuCfs: boolean;
  readonly cpuShares: boolean;
  readonly cpuset: boolean;
  readonly pidsLimit: boolean;
  readonly oomKillDisable: boolean;
}

export function cgroupAbilities(): CgroupAbilities {
  const { v1, v2 } = mountedCgroups();
  if (v1.length === 0) {
    const controllers = readSmallText(`${v2 ?? ""}/cgroup.controllers`)?.trim().split(" ") ?? [];
    const has = (name: string): boolean => controllers.includes(name);
    return { version: 2, memoryLimit: has("memory"), swapLimit: has("memory"), cpuCfs: has("cpu"), cpuShares: has("cpu"), cpuset: has("cpuset"), pidsLimit: has("pids"), oomKillDisable: false };
  }
  const file = (controller: string, name: string): boolean => {
    const mount = v1.find(({ controllers }) => controllers.includes(controller));
    return mount !== undefined && readSmallText(`${mount.path}/${name}`) !== undefined;
  };
  const pids = v1.some(({ controllers }) => controllers.includes("pids"));
  return {
    version: 1, memoryLimit: file("memory", "memory.limit_in_bytes"), swapLimit: file("memory", "memory.memsw.limit_in_bytes"), cpuCfs: file("cpu", "cpu.cfs_quota_us"),
    cpuShares: file("cpu", "cpu.shares"), cpuset: file("cpuset", "cpuset.cpus"), pidsLimit: pids, oomKillDisable: file("memory", "memory.oom_control"),
  };
}

/** Security modules that are on, as /info lists them without options. */
export function securityModules(): { seccomp: boolean; apparmor: boolean; selinux: boolean } {
  return {
    seccomp: /^Seccomp:/m.test(readSmallText("/proc/self/status") ?? ""),
    apparmor: readSmallText("/sys/module/apparmor/parameters/enabled")?.startsWith("Y") ?? false,
    selinux: readSmallText("/sys/fs/selinux/enforce") !== undefined,
  };
}

/** `net.ipv4.ip_forward` or its path below /proc/sys. Undefined where the kernel has none. */
export function getSysctl(name: string): string | undefined {
  return readSmallText(sysctlPath(name))?.trim();
}

/** @throws the file's error */
export function setSysctl(name: string, value: string): void {
  writeFileSync(sysctlPath(name), value);
}

function sysctlPath(name: string): string {
  return `/proc/sys/${name.replaceAll(".", "/")}`;
}

/** The file that names the host's resolvers: behind systemd-resolved's stub its real list, as Docker does. */
export function hostResolvConf(): string {
  const text = readSmallText("/etc/resolv.conf") ?? "";
  const servers = [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map((match) => match[1]);
  if (servers.length === 1 && servers[0] === "127.0.0.53") return readSmallText("/run/systemd/resolve/resolv.conf") ?? text;
  return text;
}

/** What a container that shares the host's network starts with. */
export function hostHosts(): string {
  return readSmallText("/etc/hosts") ?? "";
}

/** A device node of the host; undefined when the path is missing or is no device. */
export function deviceNumber(path: string): { type: "c" | "b"; major: number; minor: number; mode: number; uid: number; gid: number } | undefined {
  try {
    const { mode, rdevMajor, rdevMinor, uid, gid } = statx(AT.FDCWD, path, 0);
    const kind = mode & S.IFMT;
    if (kind !== S.IFCHR && kind !== S.IFBLK) return undefined;
    return { type: kind === S.IFCHR ? "c" : "b", major: rdevMajor, minor: rdevMinor, mode: mode & 0o7777, uid, gid };
  } catch {
    return undefined;
  }
}

/** Names of filesystems the running kernel has. */
export function hasFilesystem(name: string): boolean {
  return new RegExp(`\\b${name}$`, "m").test(readFileSync("/proc/filesystems", "utf8"));
}
