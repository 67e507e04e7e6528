import type { Database, Statement } from "bun:sqlite";
import { EngineError, messageOf, SharedSync, syncCommits, type Schema } from "../../base/mod.ts";
import type { ContainerRecord } from "../record.ts";
import type { ContainerState } from "../state.ts";
import { IdIndex } from "./id-index.ts";

export const containerSchema: Schema = {
  module: "engine.containers",
  steps: [
    `CREATE TABLE containers (
       id TEXT PRIMARY KEY,
       name TEXT NOT NULL UNIQUE,
       sequence INTEGER NOT NULL,
       facts TEXT NOT NULL
     ) STRICT;
     CREATE TABLE container_states (
       id TEXT PRIMARY KEY REFERENCES containers (id) ON DELETE CASCADE,
       restart_count INTEGER NOT NULL DEFAULT 0,
       state TEXT NOT NULL
     ) STRICT, WITHOUT ROWID`,
  ],
};

interface Row {
  id: string;
  name: string;
  sequence: number;
  restart_count: number;
  facts: string;
  state: string;
}

type Watcher = (record: ContainerRecord | undefined) => void;
type Facts = Omit<ContainerRecord, "id" | "name" | "sequence" | "restartCount" | "state">;

/**
 * The containers: rows, and in front of them an index in memory that is written through.
 * Reads never touch the disk; a change is in the database before it is seen by anyone.
 */
export class ContainerStore {
  /** Rows that could not be read: id and why. They are left in place and shown to nobody. */
  readonly damaged: readonly { id: string; reason: string }[];
  readonly #byId = new Map<string, ContainerRecord>();
  readonly #idByName = new Map<string, string>();
  readonly #ids = new IdIndex();
  readonly #usersOfImage = new Map<string, Set<string>>();
  readonly #watchers = new Map<string, Set<Watcher>>();
  readonly #insertBoth: (facts: readonly (string | number)[], state: readonly (string | number)[]) => void;
  readonly #update: Statement;
  readonly #rename: Statement;
  readonly #setFacts: Statement;
  readonly #delete: Statement;
  readonly #sync: SharedSync;
  #sequence = 0;

  /** `makeRoom` gives up reserved space when the disk takes no more. */
  constructor(
    private readonly db: Database,
    private readonly makeRoom: () => void = () => undefined,
  ) {
    this.#sync = new SharedSync(() => syncCommits(db));
    const insert = db.prepare("INSERT INTO containers (id, name, sequence, facts) VALUES (?, ?, ?, ?)");
    const insertState = db.prepare("INSERT INTO container_states (id, restart_count, state) VALUES (?, ?, ?)");
    this.#insertBoth = db.transaction((facts: readonly (string | number)[], state: readonly (string | number)[]) => {
      insert.run(...facts);
      insertState.run(...state);
    });
    this.#update = db.prepare("UPDATE container_states SET state = ?, restart_count = ? WHERE id = ?");
    this.#rename = db.prepare("UPDATE containers SET name = ? WHERE id = ?");
    this.#setFacts = db.prepare("UPDATE containers SET facts = ? WHERE id = ?");
    this.#delete = db.prepare("DELETE FROM containers WHERE id = ?");
    this.damaged = this.#load();
  }

  #load(): { id: string; reason: string }[] {
    const damaged: { id: string; reason: string }[] = [];
    for (const row of this.db.query<Row, []>("SELECT id, name, sequence, restart_count, facts, state FROM containers LEFT JOIN container_states USING (id)").iterate()) {
      try {
        this.#index(parseRow(row));
      } catch (error) {
        damaged.push({ id: row.id, reason: messageOf(error) });
        // The name stays taken: the row still holds it.
        this.#idByName.set(row.name, row.id);
      }
      this.#sequence = Math.max(this.#sequence, row.sequence);
    }
    return damaged;
  }

  #index(record: ContainerRecord): void {
    this.#byId.set(record.id, record);
    this.#idByName.set(record.name, record.id);
    this.#ids.add(record.id);
    const users = this.#usersOfImage.get(record.imageID);
    if (users) users.add(record.id);
    else this.#usersOfImage.set(record.imageID, new Set([record.id]));
  }

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  /** By full id, name (with or without slash) or unambiguous id prefix. @throws EngineError NotFound, InvalidParameter */
  resolve(ref: string): ContainerRecord {
    const found = this.find(ref);
    if (found) return found;
    throw new EngineError("NotFound", `No such container: ${ref}`);
  }

  find(ref: string): ContainerRecord | undefined {
    const exact = this.#byId.get(ref);
    if (exact) return exact;
    const named = this.#idByName.get(ref.startsWith("/") ? ref.slice(1) : ref);
    if (named !== undefined) return this.#byId.get(named);
    if (!/^[0-9a-f]{1,64}$/.test(ref)) return undefined;
    const matches = this.#ids.find(ref);
    if (matches.length > 1) throw new EngineError("InvalidParameter", `multiple IDs found with provided prefix: ${ref}`);
    return matches[0] === undefined ? undefined : this.#byId.get(matches[0]);
  }

  /** Oldest first. */
  all(): ContainerRecord[] {
    return [...this.#byId.values()].sort((a, b) => a.sequence - b.sequence);
  }

  usersOfImage(imageID: string): ContainerRecord[] {
    return [...(this.#usersOfImage.get(imageID) ?? [])].flatMap((id) => this.#byId.get(id) ?? []);
  }

  nameIsTaken(name: string): boolean {
    return this.#idByName.has(name);
  }

  nextSequence(): number {
    return ++this.#sequence;
  }

  /** Holds a name for a container that is being made. @throws EngineError Conflict, in Docker's words */
  reserveName(name: string, id: string): Disposable {
    const holder = this.#idByName.get(name);
    if (holder !== undefined)
      throw new EngineError("Conflict", `Conflict. The container name "/${name}" is already in use by container "${holder}". You have to remove (or rename) that container to be able to reuse that name.`);
    this.#idByName.set(name, id);
    return {
      [Symbol.dispose]: () => {
        if (this.#idByName.get(name) === id && this.#byId.get(id)?.name !== name) this.#idByName.delete(name);
      },
    };
  }

  /** Resolves when what was changed so far survives a power cut, which must not take what was acknowledged. */
  async synced(): Promise<void> {
    await this.#sync.done();
  }

  insert(record: ContainerRecord): void {
    const { id, name, sequence, restartCount, state } = record;
    this.#withRoom(() => this.#insertBoth([id, name, sequence, factsText(record)], [id, restartCount, JSON.stringify(state)]));
    this.#index(record);
    this.#notify(id, record);
  }

  setState(id: string, state: ContainerState, change: { restartCount?: number } = {}): ContainerRecord {
    const current = this.#byId.get(id);
    if (!current) throw new EngineError("NotFound", `No such container: ${id}`);
    const next: ContainerRecord = { ...current, state, restartCount: change.restartCount ?? current.restartCount };
    this.#write(this.#update, JSON.stringify(state), next.restartCount, id);
    this.#byId.set(id, next);
    this.#notify(id, next);
    return next;
  }

  /** What a container is beside its life. */
  setFacts(id: string, change: Partial<Pick<ContainerRecord, "config" | "hostConfig" | "networks">>): ContainerRecord {
    const next = { ...this.resolve(id), ...change };
    this.#write(this.#setFacts, factsText(next), id);
    this.#byId.set(id, next);
    return next;
  }

  /** The caller holds the new name by `reserveName`. */
  rename(id: string, name: string): ContainerRecord {
    const current = this.resolve(id);
    this.#write(this.#rename, name, id);
    this.#idByName.delete(current.name);
    const next = { ...current, name };
    this.#idByName.set(name, id);
    this.#byId.set(id, next);
    return next;
  }

  delete(id: string): void {
    const record = this.#byId.get(id);
    if (!record) return;
    this.#write(this.#delete, id);
    this.#byId.delete(id);
    this.#idByName.delete(record.name);
    this.#ids.delete(id);
    this.#usersOfImage.get(record.imageID)?.delete(id);
    this.#notify(id, undefined);
    this.#watchers.delete(id);
  }

  /** Calls back after every change of the container's state, and with undefined when it is gone. */
  watch(id: string, watcher: Watcher): Disposable {
    let watchers = this.#watchers.get(id);
    if (!watchers) this.#watchers.set(id, (watchers = new Set()));
    const set = watchers.add(watcher);
    return {
      [Symbol.dispose]: () => {
        set.delete(watcher);
        if (set.size === 0 && this.#watchers.get(id) === set) this.#watchers.delete(id);
      },
    };
  }

  #write(statement: Statement, ...values: (string | number)[]): void {
    this.#withRoom(() => void statement.run(...values));
  }

  #withRoom(write: () => void): void {
    try {
      write();
    } catch (error) {
      if (!(error instanceof Error && "code" in error && (error.code === "SQLITE_FULL" || error.code === "SQLITE_IOERR_WRITE"))) throw error;
      this.makeRoom();
      write();
    }
  }

  #notify(id: string, record: ContainerRecord | undefined): void {
    for (const watcher of [...(this.#watchers.get(id) ?? [])]) watcher(record);
  }
}

function factsText({ id: _id, name: _name, sequence: _sequence, restartCount: _restartCount, state: _state, ...facts }: ContainerRecord): string {
  return JSON.stringify(facts);
}

function parseRow(row: Row): ContainerRecord {
  const facts = JSON.parse(row.facts) as Facts;
  const state = JSON.parse(row.state) as ContainerState;
  if (typeof facts?.createdAt !== "string" || typeof facts.imageID !== "string" || typeof facts.config !== "object" || typeof facts.hostConfig !== "object" || !Array.isArray(facts.mounts))
    throw new Error("the row lacks fields of a container");
  if (!["created", "starting", "running", "restarting", "exited", "removing"].includes(state?.status)) throw new Error("the row holds an unknown state");
  return { ...facts, id: row.id, name: row.name, sequence: row.sequence, restartCount: row.restart_count, state };
}
