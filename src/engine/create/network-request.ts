import { isIP, isIPv4, isIPv6 } from "node:net";
import { EngineError } from "../../base/mod.ts";
import { subnetHolds } from "../../network/mod.ts";
import type { ContainerCreateRequest, EndpointSettings } from "../../spec/mod.ts";
import type { NetworkRecord } from "../ports.ts";

/** As many bytes as net.ParseMAC of Go takes, separated by colons, dashes, or dots after every second. */
const MAC = /^(?:[0-9a-f]{2}(?:(?::[0-9a-f]{2})+|(?:-[0-9a-f]{2})+)|[0-9a-f]{4}(?:\.[0-9a-f]{4})+)$/i;
const MAC_DIGITS = [12, 16, 40];
const PREDEFINED = ["bridge", "host", "none"];

/** @returns the bytes of an address as hexadecimal digits; undefined when it is none */
export function macDigits(mac: string): string | undefined {
  const digits = MAC.test(mac) ? mac.replace(/[:.-]/g, "").toLowerCase() : "";
  return MAC_DIGITS.includes(digits.length) ? digits : undefined;
}

/**
 * The endpoints that a container is created with, by the network's name: of its network mode and of what else the request names.
 * `find`: the networks that there are, by id or name; a container may be made before its network.
 * @throws EngineError InvalidParameter, in Docker's words
 */
export function networksOf(networkMode: string, request: ContainerCreateRequest, find: (ref: string) => NetworkRecord | undefined): Record<string, EndpointSettings> {
  if (networkMode.startsWith("container:") || request.NetworkDisabled) return {};
  const nameOf = (ref: string): string => (ref === "default" ? "bridge" : (find(ref)?.name ?? ref));
  const main = nameOf(networkMode);
  const asked = Object.entries(request.NetworkingConfig?.EndpointsConfig ?? {}).map(([ref, settings]) => [nameOf(ref), settings ?? {}] as const);
  const endpoints = new Map(asked.length > 0 ? asked : [[main, {} as EndpointSettings]]);
  const mainMac = endpoints.get(main)?.MacAddress;
  if (mainMac && request.MacAddress && mainMac !== request.MacAddress) throw new EngineError("InvalidParameter", "the container-wide MAC address must match the endpoint-specific MAC address for the main network, or be left empty");
  return Object.fromEntries(
    [...endpoints].map(([name, settings]) => {
      const mac = settings.MacAddress || (name === main ? request.MacAddress : "") || "";
      if (mac !== "" && macDigits(mac) === undefined) throw new EngineError("InvalidParameter", `invalid config for network ${name.slice(0, 128)}: invalid MAC address ${mac.slice(0, 64)}`);
      const faults = endpointFaults(name, settings, find(name));
      if (faults.length > 0) throw new EngineError("InvalidParameter", `invalid config for network ${name.slice(0, 128)}: invalid endpoint settings:\n${listFaults(faults)}`);
      return [name, { ...settings, MacAddress: mac }];
    }),
  );
}

/** What is wrong with the settings, in Docker's words. Networks that are there from the beginning give out their addresses themselves, and know no names. */
export function endpointFaults(name: string, { IPAMConfig: ipam, Aliases: aliases }: EndpointSettings, network: NetworkRecord | undefined): string[] {
  const { IPv4Address: four = "", IPv6Address: six = "", LinkLocalIPs: local } = ipam ?? {};
  const own = !PREDEFINED.includes(name);
  return [
    ...(!own && (four !== "" || six !== "") ? ["user specified IP address is supported on user defined networks only"] : []),
    ...(!own && aliases?.length ? ["network-scoped alias is supported only for containers in user defined networks"] : []),
    ...(four !== "" && !isIPv4(four) ? [`invalid IPv4 address: ${four.slice(0, 64)}`] : []),
    ...(six !== "" && !isIPv6(six) ? [`invalid IPv6 address: ${six.slice(0, 64)}`] : []),
    ...(local ?? []).filter((address) => isIP(address) === 0).map((address) => `invalid link-local IP address: ${address.slice(0, 64)}`),
    ...(network ? [...addressFaults(four, network, 4), ...addressFaults(six, network, 6)] : []),
  ];
}

export function listFaults(faults: readonly string[]): string {
  return faults.length === 1 ? (faults[0] ?? "") : faults.map((fault) => `* ${fault}`).join("\n");
}

/** An address can be asked for where somebody has said which ones there are. */
function addressFaults(address: string, { pools }: NetworkRecord, family: 4 | 6): string[] {
  if (address === "") return [];
  const said = pools.filter(({ subnet, chosen }) => subnet.includes(":") === (family === 6) && !chosen);
  if (said.length === 0) return ["user specified IP address is supported only when connecting to networks with user configured subnets"];
  return said.some(({ subnet }) => subnetHolds(subnet, address)) ? [] : [`no configured subnet or ip-range contain the IP address ${address.slice(0, 64)}`];
}
