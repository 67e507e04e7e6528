import { Database } from "bun:sqlite";
import { EngineError } from "./errors.ts";

/**
 * The tables of one module and the steps that made them, oldest first. A step, once released, never changes;
 * a new shape is a new step.
 */
export interface Schema {
  readonly module: string;
  readonly steps: readonly string[];
}

/**
 * Opens the fact store (SQLite, WAL) and brings every module's tables to its newest step.
 * Commits survive `kill -9`; `durably` makes one also survive a power cut.
 * @throws EngineError System, when the file was written by a newer release.
 */
export function openDatabase(path: string, schemas: readonly Schema[]): Database {
  const db = new Database(path, { create: true, strict: true });
  db.run("PRAGMA journal_mode = WAL");
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA foreign_keys = ON");
  db.run("PRAGMA busy_timeout = 5000");
  db.run("CREATE TABLE IF NOT EXISTS schema_versions (module TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT");
  for (const schema of schemas) migrate(db, schema);
  return db;
}

function migrate(db: Database, { module, steps }: Schema): void {
  const row = db.query<{ version: number }, [string]>("SELECT version FROM schema_versions WHERE module = ?").get(module);
  const version = row?.version ?? 0;
  if (version > steps.length)
    throw new EngineError("System", `the data root was written by a newer release (${module} schema ${version}, this release knows ${steps.length}): start the newer release, or choose another --data-root`);
  if (version === steps.length) return;
  db.transaction(() => {
    for (const step of steps.slice(version)) db.run(step);
    db.run("INSERT OR REPLACE INTO schema_versions (module, version) VALUES (?, ?)", [module, steps.length]);
  })();
}

/** Runs a transaction that is on disk, synced, when it returns. */
export function durably<T>(db: Database, body: () => T): T {
  db.run("PRAGMA synchronous = FULL");
  try {
    return db.transaction(body).immediate();
  } finally {
    db.run("PRAGMA synchronous = NORMAL");
  }
}
