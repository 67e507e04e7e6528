import type { ContainerCreateRequest, EndpointSettings } from "../../spec/mod.ts";
import type { Flags } from "../flags.ts";
import { eachValue } from "../parse.ts";
import { ValueError } from "../values.ts";
import { splitPair } from "./key-value.ts";
import { parseCsv } from "./mount.ts";
import { record, set } from "./set.ts";

interface NetworkChoice {
  readonly target: string;
  readonly settings: EndpointSettings;
}

/** `--network` with the flags that belong to the first one (`--ip`, `--network-alias` …). */
export function networkRequest(flags: Flags): { mode: string | undefined; networking: ContainerCreateRequest["NetworkingConfig"] | undefined } {
  const choices = [...eachValue(flags, "network", parseNetwork), ...eachValue(flags, "net", parseNetwork)];
  const own = endpointOfFlags(flags);
  if (choices.length === 0 && Object.keys(own).length === 0) return { mode: undefined, networking: undefined };
  const [first = { target: "default", settings: {} }, ...others] = choices;
  const endpoints = [{ target: first.target, settings: { ...first.settings, ...own } }, ...others].filter(({ settings }, index) => choices.length > 1 || index > 0 || Object.keys(settings).length > 0);
  if (/^(default|bridge|host|none|container:.*)$/.test(first.target) && endpoints[0]?.settings.Aliases?.length) throw new Error("network-scoped aliases are only supported for user-defined networks");
  const networking = record(endpoints.map(({ target, settings }) => [target, settings] as const));
  return { mode: first.target, networking: networking && { EndpointsConfig: networking } };
}

/** A name, or `name=…,alias=…,ip=…`. */
function parseNetwork(value: string): NetworkChoice {
  if (!value.includes("=")) return { target: value, settings: {} };
  const settings: EndpointSettings = {};
  let target = "";
  for (const field of parseCsv(value)) {
    const [key, rest] = splitPair(field);
    switch (key.toLowerCase().trim()) {
      case "name":
        target = rest;
        break;
      case "alias":
        settings.Aliases = [...(settings.Aliases ?? []), rest];
        break;
      case "ip":
        settings.IPAMConfig = { ...settings.IPAMConfig, IPv4Address: rest };
        break;
      case "ip6":
        settings.IPAMConfig = { ...settings.IPAMConfig, IPv6Address: rest };
        break;
      case "mac-address":
        settings.MacAddress = checkMac(rest);
        break;
      case "driver-opt":
        settings.DriverOpts = { ...settings.DriverOpts, ...Object.fromEntries([splitPair(rest)]) };
        break;
      case "gw-priority":
        settings.GwPriority = Number(rest);
        break;
      case "link-local-ip":
        settings.IPAMConfig = { ...settings.IPAMConfig, LinkLocalIPs: [...(settings.IPAMConfig?.LinkLocalIPs ?? []), rest] };
        break;
      default:
        throw new ValueError(`invalid field key ${key}`);
    }
  }
  if (target === "") throw new ValueError("network name/id is not specified");
  return { target, settings };
}

function endpointOfFlags(flags: Flags): EndpointSettings {
  const settings: EndpointSettings = {};
  const ipam: NonNullable<EndpointSettings["IPAMConfig"]> = {};
  set(ipam, "IPv4Address", flags.string("ip"));
  set(ipam, "IPv6Address", flags.string("ip6"));
  set(ipam, "LinkLocalIPs", [...flags.list("link-local-ip")]);
  if (Object.keys(ipam).length > 0) settings.IPAMConfig = ipam;
  set(settings, "Aliases", [...flags.list("network-alias"), ...flags.list("net-alias")]);
  const mac = flags.string("mac-address");
  if (mac) settings.MacAddress = checkMac(mac);
  return settings;
}

function checkMac(mac: string): string {
  if (!/^[0-9a-fA-F]{2}([:-][0-9a-fA-F]{2}){5}$/.test(mac)) throw new Error(`${mac} is not a valid mac address`);
  return mac;
}
