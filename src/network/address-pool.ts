import type { Database } from "bun:sqlite";
import { EngineError } from "../base/mod.ts";
import { addressDigits, contains, formatAddress, lastOf, parseAddress, parseSubnet, usable, type Subnet } from "./subnet.ts";
import type { AddressPoolRecord } from "./types.ts";

interface Range {
  readonly first: string;
  readonly last: string;
}

/**
 * Free addresses of a subnet as a set of ranges in rows: taking the lowest, taking a given one and giving back are each a step
 * down an index. Every method runs inside the caller's transaction.
 */
export class AddressPool {
  readonly #db: Database;
  readonly #pool: AddressPoolRecord;
  readonly #subnet: Subnet;

  constructor(db: Database, pool: AddressPoolRecord) {
    this.#db = db;
    this.#pool = pool;
    this.#subnet = parseSubnet(pool.subnet);
  }

  get family(): Subnet["family"] {
    return this.#subnet.family;
  }

  get prefix(): number {
    return this.#subnet.prefix;
  }

  get subnet(): string {
    return this.#pool.subnet;
  }

  /** Everything free but the gateway and what is reserved. */
  reset(): void {
    this.drop();
    const { first, last } = usable(this.#subnet);
    this.#insert(first, last);
    for (const address of reservedOf(this.#pool)) this.#takeIfFree(parseAddress(address));
  }

  /** Gives back what was reserved before and is not now, and takes what is; of what somebody has, that stays theirs. */
  reserveInsteadOf(before: AddressPoolRecord): void {
    const [old, now] = [reservedOf(before), reservedOf(this.#pool)];
    for (const address of old.difference(now)) this.give(address);
    for (const address of now.difference(old)) this.#takeIfFree(parseAddress(address));
  }

  drop(): void {
    this.#db.query("DELETE FROM network_addresses WHERE subnet = ?").run(this.#pool.subnet);
  }

  /** Undefined when the range is used up. */
  takeLowest(): string | undefined {
    const range = parseSubnet(this.#pool.range);
    const [low, high] = [this.#digits(range.base), this.#digits(lastOf(range))];
    const found = this.#db.query<Range, [string, string]>("SELECT first, last FROM network_addresses WHERE subnet = ? AND last >= ? ORDER BY last LIMIT 1").get(this.#pool.subnet, low);
    const lowest = found && found.first > low ? found.first : low;
    if (!found || lowest > high) return undefined;
    const value = BigInt(`0x${lowest}`);
    this.#cut(found, value);
    return formatAddress(value, this.#subnet.family);
  }

  contains(address: string): boolean {
    return contains(this.#subnet, address);
  }

  /** @throws EngineError Forbidden when somebody has it */
  take(address: string): string {
    if (!this.#takeIfFree(parseAddress(address))) throw new EngineError("Forbidden", "Address already in use");
    return formatAddress(parseAddress(address), this.#subnet.family);
  }

  /** Joins with its free neighbours. */
  give(address: string): void {
    const value = parseAddress(address);
    const below = this.#db.query<Range, [string, string]>("SELECT first, last FROM network_addresses WHERE subnet = ? AND last = ?").get(this.#pool.subnet, this.#digits(value - 1n));
    const above = this.#db.query<Range, [string, string]>("SELECT first, last FROM network_addresses WHERE subnet = ? AND first = ?").get(this.#pool.subnet, this.#digits(value + 1n));
    if (below) this.#remove(below.first);
    if (above) this.#remove(above.first);
    this.#insert(below ? BigInt(`0x${below.first}`) : value, above ? BigInt(`0x${above.last}`) : value);
  }

  #takeIfFree(value: bigint): boolean {
    const digits = this.#digits(value);
    const range = this.#db.query<Range, [string, string]>("SELECT first, last FROM network_addresses WHERE subnet = ? AND first <= ? ORDER BY first DESC LIMIT 1").get(this.#pool.subnet, digits);
    if (!range || range.last < digits) return false;
    this.#cut(range, value);
    return true;
  }

  #cut(range: Range, value: bigint): void {
    this.#remove(range.first);
    this.#insert(BigInt(`0x${range.first}`), value - 1n);
    this.#insert(value + 1n, BigInt(`0x${range.last}`));
  }

  #digits(value: bigint): string {
    return addressDigits(value, this.#subnet.family);
  }

  #remove(first: string): void {
    this.#db.query("DELETE FROM network_addresses WHERE subnet = ? AND first = ?").run(this.#pool.subnet, first);
  }

  #insert(first: bigint, last: bigint): void {
    if (first <= last) this.#db.query("INSERT INTO network_addresses (subnet, first, last) VALUES (?, ?, ?)").run(this.#pool.subnet, this.#digits(first), this.#digits(last));
  }
}

const reservedOf = ({ gateway, reserved }: AddressPoolRecord): Set<string> => new Set([...(gateway === "" ? [] : [gateway]), ...reserved]);
