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
  /** Absent: `local`. */
  readonly driver?: string;
  /** Its name before, while its folder may still have that. */
  readonly movedFrom?: string;
}

const isRecord = (value: Partial<VolumeRecord>): value is VolumeRecord => value.name !== undefined;

export const driverOf = ({ driver = "local" }: Pick<VolumeRecord, "driver">): string => driver;

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

  /** Under another name, which is free. `movedFrom` stays until `settle` says that its files have it too. */
  rename(name: string, newName: string): void {
    const record = this.#byName.get(name);
    if (!record) return;
    const renamed: VolumeRecord = { ...record, name: newName, movedFrom: name, anonymous: false };
    this.db.transaction(() => {
      this.db.query("DELETE FROM volumes WHERE name = ?").run(name);
      this.insert(renamed);
    })();
    this.#byName.delete(name);
  }

  settle(name: string): void {
    const { movedFrom: _movedFrom, ...record } = this.#byName.get(name) ?? {};
    if (!isRecord(record)) return;
    const { name: _name, ...facts } = record;
    this.db.query("UPDATE volumes SET facts = ? WHERE name = ?").run(JSON.stringify(facts), name);
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
