import { EngineError } from "../base/mod.ts";
import { contains, familyOf, formatAddress, formatSubnet, lastOf, parseSubnet, readSubnet, type Subnet } from "./subnet.ts";
import type { AddressPoolRecord, AddressRange } from "./types.ts";

/** @throws EngineError InvalidParameter with every fault, in Docker's words */
export function checkRanges(ranges: readonly AddressRange[], enabled: { readonly ipv6: boolean }): void {
  const faults = ranges.flatMap((range) => rangeFaults(range, enabled));
  if (faults.length === 0) return;
  const list = faults.length === 1 ? faults[0] : faults.map((fault) => `* ${fault}`).join("\n");
  throw new EngineError("InvalidParameter", `invalid network config:\n${list}`);
}

function rangeFaults({ Subnet: text = "", IPRange: range, Gateway: gateway, AuxiliaryAddresses: auxiliary }: AddressRange, { ipv6 }: { ipv6: boolean }): string[] {
  const subnet = readSubnet(text);
  if (!subnet) return [`invalid subnet ${shown(text)}: invalid CIDR block notation`];
  // A subnet of a family that is not wanted has no say.
  if (subnet.family === 6 && !ipv6) return [];
  const canonical = formatSubnet(subnet);
  return [
    ...(canonicalPrefix(text) !== canonical ? [`invalid subnet ${shown(text)}: it should be ${canonical}`] : []),
    ...(range ? ipRangeFaults(range, subnet) : []),
    ...(gateway ? addressFaults(gateway, `invalid gateway ${shown(gateway)}`, subnet) : []),
    ...Object.entries(auxiliary ?? {}).flatMap(([name, address]) => addressFaults(address, `invalid auxiliary address ${shown(name)}`, subnet)),
  ];
}

/** The address as this engine writes it, whatever its host part. */
function canonicalPrefix(text: string): string {
  const [address = "", prefix = ""] = text.split("/");
  const family = familyOf(address);
  return family === undefined ? text : `${formatAddress(parseSubnet(`${address}/${family === 4 ? 32 : 128}`).base, family)}/${Number(prefix)}`;
}

function ipRangeFaults(text: string, subnet: Subnet): string[] {
  const range = readSubnet(text);
  if (!range) return [`invalid ip-range ${shown(text)}: invalid CIDR block notation`];
  const parent = formatSubnet(subnet);
  if (range.family !== subnet.family) return [`invalid ip-range ${shown(text)}: parent subnet is an IPv${subnet.family} block`];
  return [
    ...(range.prefix < subnet.prefix ? [`invalid ip-range ${shown(text)}: CIDR block is bigger than its parent subnet ${parent}`] : []),
    ...(canonicalPrefix(text) !== formatSubnet(range) ? [`invalid ip-range ${shown(text)}: it should be ${formatSubnet(range)}`] : []),
    ...(range.prefix >= subnet.prefix && !contains(subnet, formatAddress(range.base, range.family)) ? [`invalid ip-range ${shown(text)}: parent subnet ${parent} doesn't contain ip-range`] : []),
  ];
}

function addressFaults(address: string, what: string, subnet: Subnet): string[] {
  const family = familyOf(address);
  if (family === undefined) return [`${what}: invalid address`];
  if (family !== subnet.family) return [`${what}: parent subnet is an IPv${subnet.family} block`];
  return contains(subnet, address) ? [] : [`${what}: parent subnet ${formatSubnet(subnet)} doesn't contain this address`];
}

const shown = (text: string): string => text.slice(0, 64);

/** Docker's names of auxiliary addresses that the containers' default routes lead to. */
const DEFAULT_GATEWAYS = { 4: "DefaultGatewayIPv4", 6: "DefaultGatewayIPv6" } as const;

/** The gateway is the first address of the range, as Docker has it, or of the subnet; none when the host is not on the network. */
export function poolOf({ Subnet: text = "", IPRange: range, Gateway: gateway, AuxiliaryAddresses: auxiliary }: AddressRange, { chosen, withoutHost = false }: { chosen: boolean; withoutHost?: boolean }): AddressPoolRecord {
  const subnet = parseSubnet(text);
  const parent = range ? parseSubnet(range) : subnet;
  const reserved = Object.values(auxiliary ?? {});
  const pool = { subnet: formatSubnet(subnet), range: formatSubnet(parent), chosen };
  if (withoutHost) return { ...pool, gateway: "", reserved: gateway ? [...reserved, gateway] : reserved };
  const defaultGateway = auxiliary?.[DEFAULT_GATEWAYS[subnet.family]];
  return { ...pool, gateway: gateway || lowestGateway(subnet, parent, reserved), reserved, ...(defaultGateway !== undefined && { defaultGateway }) };
}

function lowestGateway(subnet: Subnet, range: Subnet, reserved: readonly string[]): string {
  const taken = new Set(reserved.map((address) => parseSubnet(`${address}/${subnet.family === 4 ? 32 : 128}`).base));
  let address = range.base === subnet.base && lastOf(subnet) > subnet.base + 1n ? range.base + 1n : range.base;
  while (taken.has(address) && address < lastOf(range)) address++;
  return formatAddress(address, subnet.family);
}
