import { existsSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import type { DeviceMapping, DeviceNode, HostConfig, Resources } from "../../spec/mod.ts";
import type { HostPort } from "../ports.ts";

type DeviceRule = Resources["devices"][number];
const allow = (type: "c" | "b", major: number | undefined, minor: number | undefined, access: string): DeviceRule => ({
  allow: true, type, access, ...(major !== undefined && { major }), ...(minor !== undefined && { minor }),
});

/** What Docker's default ends up as: any node may be made, these may be used. */
const DEFAULT_RULES: readonly DeviceRule[] = [
  { allow: false, access: "rwm" },
  allow("c", undefined, undefined, "m"),
  allow("b", undefined, undefined, "m"),
  allow("c", 1, 3, "rwm"), allow("c", 1, 5, "rwm"), allow("c", 1, 7, "rwm"), allow("c", 1, 8, "rwm"), allow("c", 1, 9, "rwm"),
  allow("c", 5, 0, "rwm"), allow("c", 5, 1, "rwm"), allow("c", 5, 2, "rwm"), allow("c", 136, undefined, "rwm"), allow("c", 10, 200, "rwm"),
];

export interface DevicePlan {
  readonly nodes: DeviceNode[];
  readonly rules: DeviceRule[];
}

/** Nodes in /dev beyond the usual ones, and what the device cgroup lets through. @throws EngineError InvalidParameter */
export function devicesOf(hostConfig: HostConfig, host: Pick<HostPort, "deviceNodes">): DevicePlan {
  const mapped = (hostConfig.Devices ?? []).map((mapping) => mapDevice(mapping, host));
  if (hostConfig.Privileged) {
    const given = new Set(mapped.flatMap(({ nodes }) => nodes.map(({ path }) => path)));
    const all = host.deviceNodes("/dev").filter(({ path }) => !given.has(path));
    return { nodes: [...all, ...mapped.flatMap(({ nodes }) => nodes)], rules: [{ allow: true, access: "rwm" }] };
  }
  return {
    nodes: mapped.flatMap(({ nodes }) => nodes),
    rules: [...DEFAULT_RULES, ...mapped.flatMap(({ rules }) => rules), ...(hostConfig.DeviceCgroupRules ?? []).map(parseRule)],
  };
}

function mapDevice({ PathOnHost: source = "", PathInContainer, CgroupPermissions = "rwm" }: DeviceMapping, host: Pick<HostPort, "deviceNodes">): DevicePlan {
  const target = PathInContainer || source;
  const access = CgroupPermissions || "rwm";
  if (!/^[rwm]{1,3}$/.test(access)) throw new EngineError("InvalidParameter", `invalid device mode: ${access.slice(0, 16)}`);
  const found = host.deviceNodes(source);
  if (found.length === 0) throw new EngineError("InvalidParameter", `error gathering device information while adding custom device ${JSON.stringify(source.slice(0, 200))}: ${existsSync(source) ? "not a device node" : "no such file or directory"}`);
  if (!target.startsWith("/")) throw new EngineError("InvalidParameter", `invalid device path: ${JSON.stringify(target.slice(0, 128))} is not absolute`);
  const nodes = found.map((node) => ({ ...node, path: target + node.path.slice(source.length) }));
  return { nodes, rules: nodes.map(({ type, major, minor }) => allow(type === "b" ? "b" : "c", major, minor, access)) };
}

/** `c 42:* rwm`; validated at create. */
function parseRule(text: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(text);
  if (!match) throw new EngineError("InvalidParameter", `invalid device cgroup rule format: '${text.slice(0, 64)}'`);
  const [, type, major, minor, access = "rwm"] = match;
  return { allow: true, type: type as "a" | "b" | "c", access, ...(major !== "*" && { major: Number(major) }), ...(minor !== "*" && { minor: Number(minor) }) };
}
