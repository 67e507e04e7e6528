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

const PREDEFINED = /^(default|bridge|host|none|container:.*)$/;

/** `--network` with the flags that belong to the first one (`--ip`, `--network-alias` …). */
export function networkRequest(flags: Flags): { mode: string | undefined; networking: ContainerCreateRequest["NetworkingConfig"] | undefined } {
  const choices = [...eachValue(flags, "network", parseNetwork), ...eachValue(flags, "net", parseNetwork)];
  const own = endpointOfFlags(flags);
  if (choices.length === 0 && Object.keys(own).length === 0) return { mode: undefined, networking: undefined };
  const [first = { target: "default", settings: {} }, ...others] = choices;
  const endpoints = [{ target: first.target, settings: { ...joined(first.settings, own), ...linksOf(first.target, flags) } }, ...others];
  requireDistinct(endpoints.map(({ target }) => target));
  for (const { target, settings } of endpoints) if (PREDEFINED.test(target) && settings.Aliases?.length) throw new Error("network-scoped aliases are only supported for user-defined networks");
  const said = endpoints.filter(({ settings }) => choices.length > 1 || Object.keys(settings).length > 0);
  const networking = record(said.map(({ target, settings }) => [target, settings] as const));
  return { mode: first.target, networking: networking && { EndpointsConfig: networking } };
}

/** On the default bridge they are the container's own. */
function linksOf(target: string, flags: Flags): Pick<EndpointSettings, "Links"> {
  const links = PREDEFINED.test(target) ? [] : [...flags.list("link")];
  return links.length > 0 ? { Links: links } : {};
}

function requireDistinct(names: readonly string[]): void {
  if (names.includes("")) throw new Error("no name set for network");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`network ${JSON.stringify(twice)} is specified multiple times`);
  const predefined = names.filter((name) => PREDEFINED.test(name)).length;
  if (predefined > 0 && predefined < names.length) throw new Error("conflicting options: cannot attach both user-defined and non-user-defined network-modes");
}

/** What a network says of itself, and what flags say of the first one; never both of the same. */
function joined(named: EndpointSettings, own: EndpointSettings): EndpointSettings {
  const conflict = (flag: string, what: string): never => {
    throw new Error(`conflicting options: cannot specify both --${flag} and per-network ${what}`);
  };
  if (named.Aliases?.length && own.Aliases?.length) conflict("network-alias", "alias");
  if (named.IPAMConfig?.IPv4Address && own.IPAMConfig?.IPv4Address) conflict("ip", "IPv4 address");
  if (named.IPAMConfig?.IPv6Address && own.IPAMConfig?.IPv6Address) conflict("ip6", "IPv6 address");
  if (named.MacAddress && own.MacAddress) conflict("mac-address", "MAC address");
  if (named.IPAMConfig?.LinkLocalIPs?.length && own.IPAMConfig?.LinkLocalIPs?.length) conflict("link-local-ip", "link-local IP addresses");
  const ipam = { ...named.IPAMConfig, ...own.IPAMConfig };
  return { ...named, ...own, ...(Object.keys(ipam).length > 0 && { IPAMConfig: ipam }) };
}

/** A name, or `name=…,alias=…,ip=…`. */
function parseNetwork(value: string): NetworkChoice {
  if (!value.includes("=")) return { target: value, settings: {} };
  const settings: EndpointSettings = {};
  let target = "";
  for (const field of parseCsv(value)) {
    if (!field.includes("=")) throw new ValueError(`invalid field ${field}`);
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
        if (!rest.includes("=")) throw new ValueError("invalid key value pair format in driver options");
        settings.DriverOpts = { ...settings.DriverOpts, ...Object.fromEntries([splitPair(rest)]) };
        break;
      case "gw-priority":
        if (!/^[+-]?\d{1,15}$/.test(rest)) throw new ValueError(`invalid gw-priority (${rest}): invalid syntax`);
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

/** Go's net.ParseMAC: 6, 8 or 20 bytes, separated by colons or dashes, or by dots after every second. */
function checkMac(mac: string): string {
  const valid = /^[0-9a-f]{2}(?:(?::[0-9a-f]{2})+|(?:-[0-9a-f]{2})+)$|^[0-9a-f]{4}(?:\.[0-9a-f]{4})+$/i.test(mac) && [12, 16, 40].includes(mac.replace(/[:.-]/g, "").length);
  if (!valid) throw new Error(`${mac} is not a valid mac address`);
  return mac;
}
