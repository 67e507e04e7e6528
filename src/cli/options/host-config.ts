import { isAddress, type HostConfig, type Ulimit } from "../../spec/mod.ts";
import type { Flags } from "../flags.ts";
import { eachValue } from "../parse.ts";
import { ValueError } from "../values.ts";
import { capabilityOptions } from "./capabilities.ts";
import { isCdiDevice, parseDevice, parseDeviceRule, parseGpus, parseThrottleBytes, parseThrottleOperations, parseWeightDevice } from "./devices.ts";
import { splitPair } from "./key-value.ts";
import { checkSysctl, parseRestartPolicy, parseUlimit } from "./limits.ts";
import { parseMount } from "./mount.ts";
import type { PublishedPort } from "./ports.ts";
import { securityOptions } from "./security.ts";
import { record, set } from "./set.ts";
import { splitTmpfs } from "./volume.ts";

export interface Gathered {
  readonly binds: string[];
  readonly published: readonly PublishedPort[];
  readonly networkMode: string | undefined;
}

export function hostConfig(flags: Flags, gathered: Gathered): HostConfig {
  // As docker sends them: inspect shows the difference between an empty list and none.
  const host: HostConfig = { PortBindings: {}, Dns: [], DnsOptions: [], DnsSearch: [], BlkioWeightDevice: [], BlkioDeviceReadBps: [], BlkioDeviceWriteBps: [], BlkioDeviceReadIOps: [], BlkioDeviceWriteIOps: [], Devices: [], Ulimits: [] };
  set(host, "Binds", gathered.binds);
  set(host, "NetworkMode", gathered.networkMode);
  setResources(host, flags);
  setDevices(host, flags);
  setIsolation(host, flags);
  setNames(host, flags);
  setPorts(host, gathered.published, flags);
  set(host, "Mounts", eachValue(flags, "mount", parseMount));
  set(host, "Tmpfs", record(flags.list("tmpfs").map(splitTmpfs)));
  set(host, "VolumesFrom", [...flags.list("volumes-from")]);
  set(host, "VolumeDriver", flags.string("volume-driver"));
  set(host, "StorageOpt", record(flags.list("storage-opt").map(parseStorageOption)));
  set(host, "ContainerIDFile", flags.string("cidfile"));
  set(host, "RestartPolicy", parseRestartPolicy(flags.string("restart") ?? ""));
  if (flags.bool("rm")) host.AutoRemove = true;
  if (host.AutoRemove && host.RestartPolicy?.Name && host.RestartPolicy.Name !== "no") throw new Error("conflicting options: cannot specify both --restart and --rm");
  if (flags.changed("init")) host.Init = flags.bool("init");
  set(host, "Annotations", record(flags.list("annotation").map(splitPair)));
  set(host, "Runtime", flags.string("runtime"));
  set(host, "Isolation", flags.string("isolation"));
  const logging = record(flags.list("log-opt").map(splitPair));
  const driver = flags.string("log-driver");
  if (driver === "none" && logging) throw new Error("invalid logging opts for driver none");
  if (driver || logging) host.LogConfig = { Type: driver ?? "", Config: logging ?? {} };
  return host;
}

function setResources(host: HostConfig, flags: Flags): void {
  set(host, "Memory", flags.number("memory"));
  set(host, "MemoryReservation", flags.number("memory-reservation"));
  set(host, "MemorySwap", flags.number("memory-swap"));
  const swappiness = flags.number("memory-swappiness");
  if (swappiness !== undefined && swappiness !== -1) {
    if (swappiness < 0 || swappiness > 100) throw new Error(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
    host.MemorySwappiness = swappiness;
  }
  set(host, "NanoCpus", flags.number("cpus"));
  set(host, "CpuShares", flags.number("cpu-shares"));
  set(host, "CpuPeriod", flags.number("cpu-period"));
  set(host, "CpuQuota", flags.number("cpu-quota"));
  set(host, "CpuRealtimePeriod", flags.number("cpu-rt-period"));
  set(host, "CpuRealtimeRuntime", flags.number("cpu-rt-runtime"));
  set(host, "CpusetCpus", flags.string("cpuset-cpus"));
  set(host, "CpusetMems", flags.string("cpuset-mems"));
  set(host, "PidsLimit", flags.number("pids-limit"));
  set(host, "ShmSize", flags.number("shm-size"));
  if (flags.bool("oom-kill-disable")) host.OomKillDisable = true;
  set(host, "OomScoreAdj", flags.number("oom-score-adj"));
  set(host, "Ulimits", lastOfEach(eachValue(flags, "ulimit", parseUlimit)));
  set(host, "CgroupParent", flags.string("cgroup-parent"));
  set(host, "BlkioWeight", flags.number("blkio-weight"));
  set(host, "BlkioWeightDevice", eachValue(flags, "blkio-weight-device", parseWeightDevice));
  set(host, "BlkioDeviceReadBps", eachValue(flags, "device-read-bps", parseThrottleBytes));
  set(host, "BlkioDeviceWriteBps", eachValue(flags, "device-write-bps", parseThrottleBytes));
  set(host, "BlkioDeviceReadIOps", eachValue(flags, "device-read-iops", parseThrottleOperations));
  set(host, "BlkioDeviceWriteIOps", eachValue(flags, "device-write-iops", parseThrottleOperations));
}

/** Of limits of one name the last counts. */
function lastOfEach(ulimits: readonly Ulimit[]): Ulimit[] {
  return [...new Map(ulimits.map((ulimit) => [ulimit.Name, ulimit])).values()];
}

function setDevices(host: HostConfig, flags: Flags): void {
  const devices = flags.list("device");
  const cdi = devices.filter(isCdiDevice);
  set(host, "Devices", devices.filter((device) => !isCdiDevice(device)).map(parseDevice));
  set(host, "DeviceRequests", [...eachValue(flags, "gpus", parseGpus), ...(cdi.length > 0 ? [{ Driver: "cdi", DeviceIDs: cdi }] : [])]);
  set(host, "DeviceCgroupRules", eachValue(flags, "device-cgroup-rule", parseDeviceRule));
}

function setIsolation(host: HostConfig, flags: Flags): void {
  if (flags.bool("privileged")) host.Privileged = true;
  if (flags.bool("read-only")) host.ReadonlyRootfs = true;
  Object.assign(host, capabilityOptions(flags.list("cap-add"), flags.list("cap-drop")));
  set(host, "GroupAdd", [...flags.list("group-add")]);
  Object.assign(host, securityOptions(flags.list("security-opt")));
  set(host, "Sysctls", record(eachValue(flags, "sysctl", checkSysctl).map(splitPair)));
  set(host, "PidMode", checkedMode(flags, "pid", "PID", /^(host|container:.+)$/));
  set(host, "UTSMode", checkedMode(flags, "uts", "UTS", /^host$/));
  set(host, "UsernsMode", checkedMode(flags, "userns", "USER", /^host$/));
  set(host, "CgroupnsMode", checkedMode(flags, "cgroupns", "CGROUP", /^(host|private)$/));
  set(host, "IpcMode", flags.string("ipc"));
}

function checkedMode(flags: Flags, name: string, title: string, valid: RegExp): string | undefined {
  const value = flags.string(name);
  if (value && !valid.test(value)) throw new Error(`--${name}: invalid ${title} mode`);
  return value;
}

function setNames(host: HostConfig, flags: Flags): void {
  set(host, "Dns", eachValue(flags, "dns", checkAddress));
  set(host, "DnsOptions", [...flags.list("dns-opt"), ...flags.list("dns-option")]);
  set(host, "DnsSearch", eachValue(flags, "dns-search", checkDomain));
  set(host, "ExtraHosts", eachValue(flags, "add-host", checkExtraHost));
  set(host, "Links", eachValue(flags, "link", checkLink));
}

function checkAddress(value: string): string {
  if (!isAddress(value.trim())) throw new ValueError(`IP address is not correctly formatted: ${value}`);
  return value.trim();
}

const DOMAIN = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*\.?$/;

function checkDomain(value: string): string {
  const domain = value.trim();
  if (domain !== "." && (domain.length > 255 || !/[a-zA-Z]/.test(domain) || !DOMAIN.test(domain))) throw new ValueError(`${value} is not a valid domain`);
  return domain;
}

function checkLink(value: string): string {
  if (value === "") throw new ValueError("empty string specified for links");
  if (value.split(":").length > 2) throw new ValueError(`bad format for links: ${value}`);
  return value;
}

function checkExtraHost(value: string): string {
  const at = value.search(/[:=]/);
  if (at <= 0) throw new ValueError(`bad format for add-host: ${JSON.stringify(value)}`);
  const ip = value.slice(at + 1).replace(/^\[(.*)\]$/, "$1");
  if (ip !== "host-gateway" && !isAddress(ip)) throw new ValueError(`invalid IP address in add-host: ${JSON.stringify(ip)}`);
  return `${value.slice(0, at)}:${ip}`;
}

function setPorts(host: HostConfig, published: readonly PublishedPort[], flags: Flags): void {
  const bindings: NonNullable<HostConfig["PortBindings"]> = {};
  for (const { port, binding } of published) (bindings[port] ??= []).push(binding);
  if (published.length > 0) host.PortBindings = bindings;
  if (flags.bool("publish-all")) host.PublishAllPorts = true;
}

function parseStorageOption(value: string): readonly [string, string] {
  if (!value.includes("=")) throw new Error("invalid storage option");
  return splitPair(value);
}
