import { isIP } from "node:net";
import type { Rtnetlink } from "../linux/mod.ts";
import { DEFAULT_POOLS, overlaps, parseSubnet, subnetsOf, type Family, type Subnet } from "./subnet.ts";

/** Subnets that the host has routes or addresses in, but for those of its own interfaces `except`. */
export function hostSubnets(rtnl: Rtnetlink, except: ReadonlySet<number>): Subnet[] {
  const routes = rtnl.routes().filter(({ destination, prefix, index }) => isIP(destination) !== 0 && prefix > 0 && !except.has(index));
  const addresses = rtnl.addresses().filter(({ index }) => !except.has(index));
  return [...routes.map(({ destination, prefix }) => parseSubnet(`${destination}/${prefix}`)), ...addresses.map(({ address, prefix }) => parseSubnet(`${address}/${prefix}`))];
}

/** The pools of a family, lowest first; Docker's where the operator has named none. */
export function* poolSubnets(pools: readonly { readonly base: string; readonly size: number }[], family: Family, localPrefix: string): Generator<Subnet> {
  const own = pools.map(({ base, size }) => ({ range: parseSubnet(base), size })).filter(({ range }) => range.family === family);
  const fallback = family === 4 ? DEFAULT_POOLS.map(({ base, size }) => ({ range: parseSubnet(base), size })) : [{ range: parseSubnet(localPrefix), size: 64 }];
  for (const { range, size } of own.length > 0 ? own : fallback) yield* subnetsOf(range, size);
}

/** The first that meets nothing that is taken; undefined when there is none. */
export function firstFree(candidates: Iterable<Subnet>, isTaken: (subnet: Subnet) => boolean): Subnet | undefined {
  for (const candidate of candidates) if (!isTaken(candidate)) return candidate;
  return undefined;
}

export const meetsAny = (subnet: Subnet, others: readonly Subnet[]): boolean => others.some((other) => overlaps(subnet, other));
