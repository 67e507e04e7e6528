import type { Database } from "bun:sqlite";
import type { Schema } from "../../base/mod.ts";

export const volumeSchema: Schema = {
  module: "engine.volumes",
  steps: [`CREATE TABLE volumes (name TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID`],
};

export interface VolumeRecord {
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Record<string, string> | null;
  readonly options: Record<string, string> | null;
  readonly anonymous: boolean;
}

/** Named folders that outlive containers, and who uses them. */
export class VolumeStore {
  readonly #byName = new Map<string, VolumeRecord>();
  readonly #users = new Map<string, Set<string>>();

  constructor(private readonly db: Database) {
    for (const row of db.query<{ name: string; facts: string }, []>("SELECT name, facts FROM volumes").all()) {
      const record = parseFacts(row.name, row.facts);
      if (record) this.#byName.set(row.name, record);
    }
  }

  get(name: string): VolumeRecord | undefined {
    return this.#byName.get(name);
  }

  all(): VolumeRecord[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  insert(record: VolumeRecord): void {
    const { name, ...facts } = record;
    this.db.query("INSERT INTO volumes (name, facts) VALUES (?, ?)").run(name, JSON.stringify(facts));
    this.#byName.set(name, record);
  }

  delete(name: string): void {
    this.db.query("DELETE FROM volumes WHERE name = ?").run(name);
    this.#byName.delete(name);
  }

  users(name: string): readonly string[] {
    return [...(this.#users.get(name) ?? [])];
  }

  use(name: string, containerId: string): void {
    const users = this.#users.get(name);
    if (users) users.add(containerId);
    else this.#users.set(name, new Set([containerId]));
  }

  release(name: string, containerId: string): void {
    const users = this.#users.get(name);
    users?.delete(containerId);
    if (users?.size === 0) this.#users.delete(name);
  }
}

function parseFacts(name: string, text: string): VolumeRecord | undefined {
  try {
    return { ...(JSON.parse(text) as Omit<VolumeRecord, "name">), name };
  } catch {
    return undefined;
  }
}
