import { EngineError } from "../base/mod.ts";
import { parseSeccompProfile } from "../linux/mod.ts";
import type { DeviceNode, LinuxSpec, NamespaceType, Resources } from "../spec/mod.ts";
import { asFlag, asInteger, asText, type JsonValue } from "./json-value.ts";

const NAMESPACES: readonly string[] = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"];
const DEVICE_TYPES: readonly string[] = ["c", "b", "u", "p"];

/** config-linux.md. @throws EngineError for what is wrong, and for what this runtime cannot do */
export function linuxOf(linux: JsonValue): LinuxSpec {
  for (const key of ["intelRdt", "personality", "memoryPolicy", "netDevices", "timeOffsets"]) linux.at(key).absent("cannot be set");
  linux.at("mountLabel").absent("SELinux labels of mounts cannot be set");
  const seccomp = linux.at("seccomp");
  const propagation = linux.at("rootfsPropagation").text("");
  return {
    namespaces: namespacesOf(linux),
    uidMappings: linux.at("uidMappings").list().map(rangeOf),
    gidMappings: linux.at("gidMappings").list().map(rangeOf),
    devices: linux.at("devices").list().map(deviceOf),
    maskedPaths: linux.at("maskedPaths").texts(),
    readonlyPaths: linux.at("readonlyPaths").texts(),
    sysctl: Object.fromEntries(linux.at("sysctl").keys().map((name) => [name, linux.at("sysctl").at(name).text()])),
    ...linux.maybe("cgroupsPath", asText),
    resources: resourcesOf(linux.at("resources")),
    ...(seccomp.present && { seccomp: seccompOf(seccomp) }),
    ...(propagation !== "" && { rootfsPropagation: propagation }),
  };
}

/** A user namespace of its own has power over what is made with it, and over nothing that was there before. */
function namespacesOf(linux: JsonValue): LinuxSpec["namespaces"] {
  const namespaces = linux.at("namespaces").list().map(namespaceOf);
  if (!namespaces.some(({ type }) => type === "user")) {
    for (const key of ["uidMappings", "gidMappings"]) linux.at(key).absent("without a user namespace there is nothing to map");
    return namespaces;
  }
  if (linux.at("uidMappings").list().length === 0 || linux.at("gidMappings").list().length === 0) throw new EngineError("InvalidParameter", "linux.uidMappings, linux.gidMappings: a user namespace needs both");
  const joined = namespaces.find(({ path }) => path !== undefined);
  if (joined) throw new EngineError("NotImplemented", `linux.namespaces: a ${joined.type} namespace cannot be joined from a user namespace of the container's own`);
  return namespaces;
}

function rangeOf(range: JsonValue): { containerID: number; hostID: number; size: number } {
  return { containerID: range.at("containerID").integer(), hostID: range.at("hostID").integer(), size: range.at("size").integer() };
}

function namespaceOf(namespace: JsonValue): LinuxSpec["namespaces"][number] {
  const type = namespace.at("type").text();
  if (!NAMESPACES.includes(type)) throw namespace.at("type").wrong(`one of ${NAMESPACES.join(", ")}`);
  const path = namespace.at("path").text("");
  if (path !== "" && (type === "mount" || type === "user")) throw new EngineError("NotImplemented", `linux.namespaces: a ${type} namespace cannot be joined`);
  return { type: type as NamespaceType, ...(path !== "" && { path }) };
}

function deviceOf(device: JsonValue): DeviceNode {
  const type = device.at("type").text();
  if (!DEVICE_TYPES.includes(type)) throw device.at("type").wrong("one of c, b, u, p");
  return { path: device.at("path").text(), type: type as DeviceNode["type"], major: device.at("major").integer(0), minor: device.at("minor").integer(0), ...device.maybe("fileMode", asInteger), ...device.maybe("uid", asInteger), ...device.maybe("gid", asInteger) };
}

/** The specification's and Docker's file format have the same rules. A listener has nobody to talk to here. */
function seccompOf(seccomp: JsonValue): NonNullable<LinuxSpec["seccomp"]> {
  seccomp.at("listenerPath").absent("system calls cannot be handed to another program");
  const profile = parseSeccompProfile(JSON.stringify(seccomp.raw, (_key, value: unknown) => (typeof value === "bigint" ? Number(value) : value)), { arch: process.arch === "arm64" ? "arm64" : "x64", capabilities: [], kernel: "" });
  return { ...profile, architectures: [...profile.architectures], syscalls: profile.syscalls.map((rule) => ({ ...rule, names: [...rule.names] })) } as NonNullable<LinuxSpec["seccomp"]>;
}

/** What every container may use (config-linux.md#default-devices, the terminals, and making any node); a config's own rules go before. */
const ALWAYS_ALLOWED: Resources["devices"] = [
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...[[1, 3], [1, 5], [1, 7], [1, 8], [1, 9], [5, 0], [5, 2], [10, 200]].map(([major, minor]) => ({ allow: true, type: "c" as const, access: "rwm", ...(major !== undefined && { major }), ...(minor !== undefined && { minor }) })),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

export function resourcesOf(resources: JsonValue): Resources {
  for (const key of ["hugepageLimits", "network", "rdma", "unified"]) resources.at(key).absent("cannot be limited");
  const rules = resources.at("devices").list().map(ruleOf);
  const [memory, cpu, pids, block] = ["memory", "cpu", "pids", "blockIO"].map((key) => resources.at(key)) as [JsonValue, JsonValue, JsonValue, JsonValue];
  return {
    devices: [...(rules[0]?.allow === false && rules[0].type === undefined ? [] : [{ allow: false, access: "rwm" }]), ...rules, ...ALWAYS_ALLOWED],
    ...(memory.present && { memory: Object.assign({}, ...["limit", "reservation", "swap", "swappiness", "kernelTCP"].map((key) => memory.maybe(key, asInteger)), memory.maybe("disableOOMKiller", asFlag)) as NonNullable<Resources["memory"]> }),
    ...(cpu.present && { cpu: Object.assign({}, ...["shares", "quota", "period", "realtimeRuntime", "realtimePeriod"].map((key) => cpu.maybe(key, asInteger)), ...["cpus", "mems"].map((key) => cpu.maybe(key, asText))) as NonNullable<Resources["cpu"]> }),
    ...(pids.present && { pids: { limit: pids.at("limit").integer(0) } }),
    ...(block.present && { blockIO: blockOf(block) }),
  };
}

function ruleOf(rule: JsonValue): Resources["devices"][number] {
  const type = rule.at("type").text("");
  const number = (key: "major" | "minor"): { major?: number; minor?: number } => (rule.at(key).integer(-1) < 0 ? {} : { [key]: rule.at(key).integer() });
  return { allow: rule.at("allow").flag(), ...(type !== "" && type !== "a" && { type: type as "c" | "b" }), ...number("major"), ...number("minor"), access: rule.at("access").text("") || "rwm" };
}

function blockOf(block: JsonValue): NonNullable<Resources["blockIO"]> {
  const throttle = (key: string): { major: number; minor: number; rate: number }[] => block.at(key).list().map((device) => ({ major: device.at("major").integer(), minor: device.at("minor").integer(), rate: device.at("rate").integer() }));
  return {
    ...block.maybe("weight", asInteger),
    weightDevice: block.at("weightDevice").list().map((device) => ({ major: device.at("major").integer(), minor: device.at("minor").integer(), weight: device.at("weight").integer(0) })),
    throttleReadBpsDevice: throttle("throttleReadBpsDevice"),
    throttleWriteBpsDevice: throttle("throttleWriteBpsDevice"),
    throttleReadIOPSDevice: throttle("throttleReadIOPSDevice"),
    throttleWriteIOPSDevice: throttle("throttleWriteIOPSDevice"),
  };
}
