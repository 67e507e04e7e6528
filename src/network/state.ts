import type { Database } from "bun:sqlite";

/** Words the network remembers: `subnet`, `id`, and `forwarding` = "ours" when the engine switched it on. */
export class NetworkState {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  get(key: string): string | undefined {
    return this.#db.query<{ value: string }, [string]>("SELECT value FROM network_state WHERE key = ?").get(key)?.value;
  }

  set(key: string, value: string): void {
    this.#db.query("INSERT OR REPLACE INTO network_state (key, value) VALUES (?, ?)").run(key, value);
  }

  /** The network's id, made once. */
  id(): string {
    const known = this.get("id");
    if (known !== undefined) return known;
    const id = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex");
    this.set("id", id);
    return id;
  }

  clear(): void {
    this.#db.transaction(() => {
      for (const table of ["endpoints", "network_addresses", "networks", "network_state"]) this.#db.run(`DELETE FROM ${table}`);
    })();
  }
}
