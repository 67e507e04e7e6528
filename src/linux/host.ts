/** What this machine is; every figure as Docker's /info names it. */
import { writeFileSync } from "node:fs";
import { AT, S } from "./constants.ts";
import { readSmallText } from "./proc.ts";
import { statx } from "./stat.ts";

const KIBIBYTE = 1024;

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

function memoryField(name: string): number {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readSmallText("/proc/meminfo") ?? "");
  return Number(match?.[1] ?? 0) * KIBIBYTE;
}

/** Online processors. */
export function cpuCount(): number {
  const stat = readSmallText("/proc/stat") ?? "";
  return Math.max(1, stat.match(/^cpu\d+ /gm)?.length ?? 1);
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
