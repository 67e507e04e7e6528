import type { NetworkPool } from "../../client/mod.ts";
import { Failure } from "../failure.ts";

export interface PoolFlags {
  readonly subnets: readonly string[];
  readonly ranges: readonly string[];
  readonly gateways: readonly string[];
  readonly auxiliary: Readonly<Record<string, string>>;
}

/** Each range, gateway and further address belongs to the subnet that holds it. @throws Failure in docker's words */
export function readPools({ subnets, ranges, gateways, auxiliary }: PoolFlags): NetworkPool[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length) throw new Failure("every ip-range or gateway must have a corresponding subnet");
  const pools = new Map<string, NetworkPool>();
  for (const subnet of subnets) {
    // Holds its own address, unless it is no subnet.
    holds(subnet, addressOf(subnet));
    const overlaps = [...pools.keys()].some((other) => holds(other, addressOf(subnet)) || holds(subnet, addressOf(other)));
    if (overlaps) throw new Failure("multiple overlapping subnet configuration is not supported");
    pools.set(subnet, { Subnet: subnet });
  }
  const poolOf = (address: string, what: string): NetworkPool => {
    const subnet = subnets.find((each) => holds(each, addressOf(address)));
    const pool = subnet === undefined ? undefined : pools.get(subnet);
    if (!pool) throw new Failure(`no matching subnet for ${what} ${address}`);
    return pool;
  };
  for (const range of ranges) {
    const pool = poolOf(range, "range");
    if (pool.IPRange) throw new Failure(`cannot configure multiple ranges (${range}, ${pool.IPRange}) on the same subnet (${pool.Subnet})`);
    pool.IPRange = range;
  }
  for (const gateway of gateways) {
    const pool = poolOf(gateway, "gateway");
    if (pool.Gateway) throw new Failure(`cannot configure multiple gateways (${gateway}, ${pool.Gateway}) for the same subnet (${pool.Subnet})`);
    pool.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(auxiliary)) (poolOf(address, "aux-address").AuxiliaryAddresses ??= {})[name] = address;
  return [...pools.values()];
}

const addressOf = (text: string): string => text.split("/")[0] ?? "";

function holds(subnet: string, address: string): boolean {
  const [base = "", length = ""] = subnet.split("/");
  const [network, wanted] = [bitsOf(base), bitsOf(address)];
  if (!network || !wanted || !/^\d+$/.test(length)) throw new Failure(`invalid CIDR address: ${network && /^\d+$/.test(length) ? address : subnet}`);
  // Of another family, or not within.
  return network.length === wanted.length && network.slice(0, Number(length)) === wanted.slice(0, Number(length));
}

/** An address as a text of 32 or 128 binary digits; undefined for what is none. */
function bitsOf(address: string): string | undefined {
  const binary = (values: readonly number[], width: number) => values.map((value) => value.toString(2).padStart(width, "0")).join("");
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(address)) {
    const bytes = address.split(".").map(Number);
    return bytes.every((byte) => byte < 256) ? binary(bytes, 8) : undefined;
  }
  if (!/^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/.test(address)) return undefined;
  const [head = "", tail, more] = address.split("::");
  const words = (text: string | undefined) => (text ? text.split(":").map((word) => Number.parseInt(word, 16)) : []);
  const missing = 8 - words(head).length - words(tail).length;
  if (more !== undefined || (tail === undefined ? missing !== 0 : missing < 1)) return undefined;
  return binary([...words(head), ...Array.from({ length: tail === undefined ? 0 : missing }, () => 0), ...words(tail)], 16);
}
