import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  closeFd, cpuCount, defaultSeccompProfile, deviceNumber, getSysctl, hostName, hostResolvConf, kernelCapabilities, kernelVersion, listeners, listProcesses, machineArchitecture, memoryTotalBytes, mountPointOf, namespacePath, openProcessRoot,
  operatingSystem, parseSeccompProfile, readAccounts, SystemCpuReader,
} from "../linux/mod.ts";
import { EngineError, messageOf } from "../base/mod.ts";
import type { DeviceNode } from "../spec/mod.ts";
import type { HostPort } from "./ports.ts";

const MAX_DEVICE_DEPTH = 8;
/** What a container has of its own below /dev. */
const OWN_BELOW_DEV = new Set(["/dev/pts", "/dev/shm", "/dev/fd", "/dev/mqueue", "/dev/console", "/dev/.lxc", "/dev/.udev"]);

/** The machine as the engine sees it; what does not change while it runs is read once. */
export function hostFacts(): HostPort {
  const kernel = kernelVersion();
  const os = operatingSystem();
  const systemCpu = new SystemCpuReader();
  const arch = process.arch === "arm64" ? "arm64" : "x64";
  const conditions = (capabilities: readonly string[]) => ({ capabilities, kernel, arch }) as const;
  return {
    kernelVersion: kernel,
    architecture: machineArchitecture(),
    operatingSystem: os.name,
    osVersion: os.version,
    cpuCount: cpuCount(),
    memoryTotal: memoryTotalBytes(),
    hostname: hostName(),
    kernelCapabilities: kernelCapabilities(),
    resolvConf: hostResolvConf,
    hostsFile: () => readTextOr("/etc/hosts", ""),
    ipv4Forwarding: () => getSysctl("net.ipv4.ip_forward") === "1",
    listeners,
    bridgesAreFiltered: () => getSysctl("net.bridge.bridge-nf-call-iptables") === "1",
    mountPoint: mountPointOf,
    listProcesses,
    accounts: readAccounts,
    systemCpu: () => systemCpu.read(),
    openRoot: openProcessRoot,
    close: closeFd,
    namespacePath,
    deviceNodes: (path) => deviceNodes(path, MAX_DEVICE_DEPTH),
    defaultSeccomp: (capabilities) => defaultSeccompProfile(conditions(capabilities)),
    parseSeccomp: (json, capabilities) => {
      try {
        return parseSeccompProfile(json, conditions(capabilities));
      } catch (error) {
        throw new EngineError("InvalidParameter", `Decoding seccomp profile failed: ${messageOf(error)}`);
      }
    },
  };
}

function deviceNodes(path: string, depth: number): DeviceNode[] {
  const number = deviceNumber(path);
  if (number) return [{ path, type: number.type, major: number.major, minor: number.minor, fileMode: number.mode & 0o7777, uid: number.uid, gid: number.gid }];
  if (depth === 0 || OWN_BELOW_DEV.has(path)) return [];
  try {
    return readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() || entry.isCharacterDevice() || entry.isBlockDevice())
      .filter((entry) => !OWN_BELOW_DEV.has(join(path, entry.name)))
      .flatMap((entry) => deviceNodes(join(path, entry.name), depth - 1));
  } catch {
    return [];
  }
}

function readTextOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback;
  }
}
