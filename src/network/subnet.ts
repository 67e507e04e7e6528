import { isIPv4, isIPv6 } from "node:net";
import { addressBytes, addressText } from "../linux/mod.ts";

export type Family = 4 | 6;

/** A range of addresses, as numbers. */
export interface Subnet {
  readonly family: Family;
  readonly base: bigint;
  readonly prefix: number;
}

const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Undefined for what is no address. */
export function familyOf(text: string): Family | undefined {
  if (isIPv4(text)) return 4;
  return isIPv6(text) && !text.includes("%") ? 6 : undefined;
}

/** @throws TypeError when it is none */
export function parseAddress(text: string): bigint {
  return BigInt(`0x${Buffer.from(addressBytes(text)).toString("hex")}`);
}

export function formatAddress(value: bigint, family: Family): string {
  return addressText(Buffer.from(addressDigits(value, family), "hex"));
}

/** As many hexadecimal digits as the family has: texts sort as addresses do. */
export function addressDigits(value: bigint, family: Family): string {
  return value.toString(16).padStart(BITS[family] / 4, "0");
}

/** `address/prefix`, whatever address of the subnet; undefined for what is none. */
export function readSubnet(text: string): Subnet | undefined {
  const [, address = "", length = ""] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const family = familyOf(address);
  const prefix = Number(length);
  if (family === undefined || prefix > BITS[family]) return undefined;
  const size = 1n << BigInt(BITS[family] - prefix);
  return { family, base: (parseAddress(address) / size) * size, prefix };
}

/** @throws TypeError */
export function parseSubnet(text: string): Subnet {
  const subnet = readSubnet(text);
  if (!subnet) throw new TypeError(`invalid CIDR address: ${text}`);
  return subnet;
}

export function formatSubnet({ base, prefix, family }: Subnet): string {
  return `${formatAddress(base, family)}/${prefix}`;
}

const sizeOf = ({ family, prefix }: Subnet): bigint => 1n << BigInt(BITS[family] - prefix);

export const lastOf = (subnet: Subnet): bigint => subnet.base + sizeOf(subnet) - 1n;

export function contains(subnet: Subnet, address: string): boolean {
  if (familyOf(address) !== subnet.family) return false;
  const value = parseAddress(address);
  return value >= subnet.base && value <= lastOf(subnet);
}

/** Whether a subnet, as text, has this address. */
export function subnetHolds(subnet: string, address: string): boolean {
  const parsed = readSubnet(subnet);
  return parsed !== undefined && contains(parsed, address);
}

export const overlaps = (a: Subnet, b: Subnet): boolean => a.family === b.family && a.base <= lastOf(b) && b.base <= lastOf(a);

/** The addresses that an interface may have: neither the subnet's own nor, of IPv4, the one for all. */
export function usable(subnet: Subnet): { readonly first: bigint; readonly last: bigint } {
  const small = BITS[subnet.family] - subnet.prefix < 2;
  if (small) return { first: subnet.base, last: lastOf(subnet) };
  return { first: subnet.base + 1n, last: subnet.family === 4 ? lastOf(subnet) - 1n : lastOf(subnet) };
}

/** Docker's address pools, in its order: 172.17 to 172.31 as /16, then 192.168 in /20. */
export const DEFAULT_POOLS: readonly { readonly base: string; readonly size: number }[] = [
  ...Array.from({ length: 15 }, (_, index) => ({ base: `172.${17 + index}.0.0/16`, size: 16 })),
  { base: "192.168.0.0/16", size: 20 },
];
