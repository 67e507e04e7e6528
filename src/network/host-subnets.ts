import { isIP } from "node:net";
import type { Rtnetlink } from "../linux/mod.ts";
import { DEFAULT_POOLS, lastOf, overlaps, parseSubnet, type Family, type Subnet } from "./subnet.ts";

/** Subnets that the host has routes or addresses in, but for those of its own interfaces `except`. */
export function hostSubnets(rtnl: Rtnetlink, except: ReadonlySet<number>): Subnet[] {
  const routes = rtnl.routes().filter(({ destination, prefix, index }) => isIP(destination) !== 0 && prefix > 0 && !except.has(index));
  const addresses = rtnl.addresses().filter(({ index }) => !except.has(index));
  return [...routes.map(({ destination, prefix }) => parseSubnet(`${destination}/${prefix}`)), ...addresses.map(({ address, prefix }) => parseSubnet(`${address}/${prefix}`))];
}

export interface Pool {
  readonly range: Subnet;
  /** Prefix length of each network of it. */
  readonly size: number;
}

/** The pools of a family; Docker's where the operator has named none, and of IPv6 the engine's own local ones. */
export function poolsFor(pools: readonly { readonly base: string; readonly size: number }[], family: Family, local: string): Pool[] {
  const parsed = (list: typeof pools): Pool[] => list.map(({ base, size }) => ({ range: parseSubnet(base), size }));
  const own = parsed(pools).filter(({ range }) => range.family === family);
  if (own.length > 0) return own;
  return family === 4 ? parsed(DEFAULT_POOLS) : [{ range: parseSubnet(local), size: 64 }];
}

/** The lowest network of the first pool that has one which meets nothing that is taken. */
export function firstFree(pools: readonly Pool[], taken: readonly Subnet[]): Subnet | undefined {
  const sorted = taken.toSorted((a, b) => (a.base < b.base ? -1 : 1));
  for (const pool of pools) {
    const free = firstFreeOf(pool, sorted.filter((other) => overlaps(other, pool.range)));
    if (free) return free;
  }
  return undefined;
}

/** One step for each that is taken, however many networks the pool has. */
function firstFreeOf({ range, size }: Pool, taken: readonly Subnet[]): Subnet | undefined {
  const step = lastOf({ ...range, base: 0n, prefix: size }) + 1n;
  let base = range.base;
  for (const other of taken) {
    if (other.base > base + step - 1n) break;
    if (lastOf(other) >= base) base = (lastOf(other) / step + 1n) * step;
  }
  return base <= lastOf(range) ? { family: range.family, base, prefix: size } : undefined;
}
