import type { Database } from "bun:sqlite";
import { EngineError, messageOf } from "../base/mod.ts";
import { overlaps, parseSubnet, type Subnet } from "./subnet.ts";
import type { NetworkRecord } from "./types.ts";

/** The networks: rows, and in front of them an index in memory that is written through. */
export class NetworkTable {
  readonly #db: Database;
  readonly #byId = new Map<string, NetworkRecord>();
  readonly #idByName = new Map<string, string>();
  /** Rows that could not be read: they are left in place and shown to nobody. */
  readonly damaged: readonly string[];

  constructor(db: Database) {
    this.#db = db;
    const damaged: string[] = [];
    for (const { id, facts } of db.query<{ id: string; facts: string }, []>("SELECT id, facts FROM networks ORDER BY rowid").all()) {
      try {
        this.#index(JSON.parse(facts) as NetworkRecord);
      } catch (error) {
        damaged.push(`${id}: ${messageOf(error)}`);
      }
    }
    this.damaged = damaged;
  }

  all(): readonly NetworkRecord[] {
    return [...this.#byId.values()];
  }

  get(id: string): NetworkRecord | undefined {
    return this.#byId.get(id);
  }

  /** By id, name or unambiguous beginning of an id. @throws EngineError InvalidParameter */
  find(ref: string): NetworkRecord | undefined {
    const exact = this.#byId.get(ref) ?? this.#byId.get(this.#idByName.get(ref) ?? "");
    if (exact) return exact;
    if (!/^[0-9a-f]{1,64}$/.test(ref)) return undefined;
    const matches = this.all().filter(({ id }) => id.startsWith(ref));
    if (matches.length > 1) throw new EngineError("InvalidParameter", `network ${ref} is ambiguous (${matches.length} matches found on ID)`);
    return matches[0];
  }

  named(name: string): NetworkRecord | undefined {
    return this.#byId.get(this.#idByName.get(name) ?? "");
  }

  /** The networks that take their configuration from this one. */
  configuredFrom(name: string): readonly NetworkRecord[] {
    return this.all().filter(({ configFrom }) => configFrom === name);
  }

  onInterface(name: string): NetworkRecord | undefined {
    return this.all().find(({ driver, interfaceName }) => driver === "bridge" && interfaceName === name);
  }

  /** Of all networks but one. */
  subnets(exceptId = ""): Subnet[] {
    return this.all().filter(({ id }) => id !== exceptId).flatMap(({ pools }) => pools.map(({ subnet }) => parseSubnet(subnet)));
  }

  meets(subnet: Subnet): boolean {
    return this.subnets().some((other) => overlaps(other, subnet));
  }

  put(network: NetworkRecord): void {
    this.#db.query("INSERT INTO networks (id, name, facts) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET facts = excluded.facts").run(network.id, network.name, JSON.stringify(network));
    this.#index(network);
  }

  delete(id: string): void {
    this.#db.query("DELETE FROM networks WHERE id = ?").run(id);
    const network = this.#byId.get(id);
    this.#byId.delete(id);
    if (network) this.#idByName.delete(network.name);
  }

  #index(network: NetworkRecord): void {
    this.#byId.set(network.id, network);
    this.#idByName.set(network.name, network.id);
  }
}
