import type { DeviceMapping, DeviceRequest } from "../../spec/mod.ts";
import { parseBytes, parseInteger, ValueError } from "../values.ts";
import { splitPair } from "./key-value.ts";
import { parseCsv } from "./mount.ts";

const isMode = (text: string): boolean => text !== "" && /^[rwm]+$/.test(text) && new Set(text).size === text.length;

/** `--device /dev/x[:/dev/y][:rwm]` */
export function parseDevice(value: string): DeviceMapping {
  const [host = "", second, third, extra] = value.split(":");
  if (extra !== undefined || host === "") throw new Error(`bad format for path: ${value}`);
  const inside = second === undefined || (third === undefined && isMode(second)) ? host : second;
  if (!inside.startsWith("/") && (third === undefined || isMode(third))) throw new Error(`${inside} is not an absolute path`);
  if (third !== undefined) {
    if (!isMode(third)) throw new Error(`bad mode specified: ${third}`);
    return { PathOnHost: host, PathInContainer: second || host, CgroupPermissions: third };
  }
  if (second !== undefined && isMode(second)) return { PathOnHost: host, PathInContainer: host, CgroupPermissions: second };
  return { PathOnHost: host, PathInContainer: second || host, CgroupPermissions: "rwm" };
}

/** Names of the Container Device Interface: `vendor.com/class=name`. */
export const isCdiDevice = (value: string): boolean => /^[a-zA-Z][\w.-]*\/[a-zA-Z][\w.-]*=[\w.:-]+$/.test(value);

export function parseDeviceRule(value: string): string {
  if (!/^[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}$/.test(value)) throw new ValueError(`invalid device cgroup format '${value}'`);
  return value;
}

export function parseWeightDevice(value: string): { Path: string; Weight: number } {
  const { path, rest } = splitDevice(value);
  if (!/^\d+$/.test(rest) || (Number(rest) > 0 && (Number(rest) < 10 || Number(rest) > 1000))) throw new ValueError(`invalid weight for device: ${value}`);
  return { Path: path, Weight: Number(rest) };
}

export function parseThrottleBytes(value: string): { Path: string; Rate: number } {
  const { path, rest } = splitDevice(value);
  try {
    return { Path: path, Rate: parseBytes(rest) };
  } catch {
    throw new ValueError(`invalid rate for device: ${value}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`);
  }
}

export function parseThrottleOperations(value: string): { Path: string; Rate: number } {
  const { path, rest } = splitDevice(value);
  if (!/^\d+$/.test(rest)) throw new ValueError(`invalid rate for device: ${value}. The correct format is <device-path>:<number>. Number must be a positive integer`);
  return { Path: path, Rate: Number(rest) };
}

function splitDevice(value: string): { path: string; rest: string } {
  const colon = value.indexOf(":");
  if (colon <= 0) throw new ValueError(`bad format: ${value}`);
  const path = value.slice(0, colon);
  if (!path.startsWith("/dev/")) throw new ValueError(`bad format for device path: ${value}`);
  return { path, rest: value.slice(colon + 1) };
}

/** `--gpus all`, `--gpus 2`, `--gpus device=0,capabilities=compute` */
export function parseGpus(value: string): DeviceRequest {
  const request: DeviceRequest = { Capabilities: [["gpu"]], Options: {} };
  const seen = new Set<string>();
  for (const field of parseCsv(value)) {
    const equals = field.indexOf("=");
    const key = equals < 0 ? "count" : field.slice(0, equals);
    const rest = field.slice(equals + 1);
    if (seen.has(key)) throw new ValueError(`gpu request key '${key}' can be specified only once`);
    seen.add(key);
    if (key === "count") request.Count = parseCount(rest);
    else if (key === "driver") request.Driver = rest;
    else if (key === "device") request.DeviceIDs = rest.split(",");
    else if (key === "capabilities") request.Capabilities = [[...rest.split(","), "gpu"]];
    else if (key === "options") request.Options = Object.fromEntries(rest.split(",").map((pair) => splitPair(pair)));
    else throw new ValueError(`unexpected key '${key}' in '${field}'`);
  }
  if (request.Count === undefined && !request.DeviceIDs) request.Count = 1;
  return request;
}

function parseCount(text: string): number {
  if (text === "all") return -1;
  try {
    return parseInteger(text, { min: -(2 ** 31), max: 2 ** 31, call: "ParseInt" });
  } catch {
    throw new ValueError(`invalid count (${text}): value must be either "all" or an integer: invalid syntax`);
  }
}
