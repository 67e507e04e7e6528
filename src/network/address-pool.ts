import type { Database } from "bun:sqlite";
import { EngineError } from "../base/mod.ts";
import { contains, firstAddress, formatAddress, lastAddress, type Subnet } from "./subnet.ts";

/**
 * Free addresses as a set of ranges in rows: taking the lowest, taking a given one and giving back are each a step down an index.
 * Every method runs inside the caller's transaction.
 */
export class AddressPool {
  readonly #db: Database;
  readonly #subnet: Subnet;

  constructor(db: Database, subnet: Subnet) {
    this.#db = db;
    this.#subnet = subnet;
  }

  /** Everything free but the gateway, which is the first. */
  reset(): void {
    this.#db.run("DELETE FROM network_free");
    this.#insert(firstAddress(this.#subnet) + 1, lastAddress(this.#subnet));
  }

  /** @throws EngineError System when the subnet is full */
  takeLowest(): number {
    const range = this.#db.query<{ first: number; last: number }, []>("SELECT first, last FROM network_free ORDER BY first LIMIT 1").get();
    if (!range) throw new EngineError("System", "no available IPv4 addresses on this network's address pools");
    this.#remove(range.first);
    this.#insert(range.first + 1, range.last);
    return range.first;
  }

  /** @throws EngineError Conflict when somebody has it, InvalidParameter when it is not of the subnet */
  take(address: number): number {
    if (!contains(this.#subnet, address)) throw new EngineError("InvalidParameter", `invalid address: ${formatAddress(address)} is not in the network's subnet`);
    const range = this.#db.query<{ first: number; last: number }, [number]>("SELECT first, last FROM network_free WHERE first <= ? ORDER BY first DESC LIMIT 1").get(address);
    if (!range || range.last < address) throw new EngineError("Conflict", "Address already in use");
    this.#remove(range.first);
    this.#insert(range.first, address - 1);
    this.#insert(address + 1, range.last);
    return address;
  }

  /** Joins with its free neighbours. An address outside of the subnet (of an earlier one) is forgotten. */
  give(address: number): void {
    if (!contains(this.#subnet, address)) return;
    const below = this.#db.query<{ first: number }, [number]>("SELECT first FROM network_free WHERE last = ?").get(address - 1);
    const above = this.#db.query<{ first: number; last: number }, [number]>("SELECT first, last FROM network_free WHERE first = ?").get(address + 1);
    if (below) this.#remove(below.first);
    if (above) this.#remove(above.first);
    this.#insert(below?.first ?? address, above?.last ?? address);
  }

  #remove(first: number): void {
    this.#db.query("DELETE FROM network_free WHERE first = ?").run(first);
  }

  #insert(first: number, last: number): void {
    if (first <= last) this.#db.query("INSERT INTO network_free (first, last) VALUES (?, ?)").run(first, last);
  }
}
