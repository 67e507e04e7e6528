import type { Database } from "bun:sqlite";
import { EngineError, messageOf } from "./errors.ts";

/**
 * The tables of one module and the steps that made them, oldest first. A step, once released, never changes;
 * a new shape is a new step.
 */
export interface Schema {
  readonly module: string;
  readonly steps: readonly string[];
}

/** Pages that the log may gather before a commit has to copy them home; an idle engine does so earlier (`checkpoint`). */
const MAX_LOG_PAGES = 8192;

/**
 * Opens the fact store (SQLite, WAL) and brings every module's tables to its newest step.
 * Commits survive `kill -9`; `durably` makes one also survive a power cut.
 * The file is locked for this process alone, which saves the locks and shared memory of every statement.
 * @throws EngineError System, when the file was written by a newer release or another program has it open.
 */
export function openDatabase(path: string, schemas: readonly Schema[]): Database {
  // Loaded here, for the command line shares this folder and starts faster without it.
  const { Database: SQLite } = require("bun:sqlite") as typeof import("bun:sqlite");
  const db = new SQLite(path, { create: true, strict: true });
  try {
    prepare(db, path, schemas);
    return db;
  } catch (error) {
    // Or its lock would stay for as long as this process lives.
    db.close();
    throw error;
  }
}

function prepare(db: Database, path: string, schemas: readonly Schema[]): void {
  takeForOurselves(db, path);
  db.run("PRAGMA synchronous = NORMAL");
  db.run("PRAGMA foreign_keys = ON");
  db.run(`PRAGMA wal_autocheckpoint = ${MAX_LOG_PAGES}`);
  db.run("CREATE TABLE IF NOT EXISTS schema_versions (module TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT");
  for (const schema of schemas) migrate(db, schema);
}

function takeForOurselves(db: Database, path: string): void {
  try {
    db.run("PRAGMA busy_timeout = 5000");
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    db.run("PRAGMA journal_mode = WAL");
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "SQLITE_BUSY")) throw error;
    throw new EngineError("System", `the store ${path} is open in another program: close it there and start again`, { cause: error });
  }
}

function migrate(db: Database, { module, steps }: Schema): void {
  const row = db.query<{ version: number }, [string]>("SELECT version FROM schema_versions WHERE module = ?").get(module);
  const version = row?.version ?? 0;
  if (version > steps.length)
    throw new EngineError("System", `the data root was written by a newer release (${module} schema ${version}, this release knows ${steps.length}): start the newer release, or choose another --data-root`);
  if (version === steps.length) return;
  db.transaction(() => {
    for (const step of steps.slice(version)) take(db, module, step);
    db.run("INSERT OR REPLACE INTO schema_versions (module, version) VALUES (?, ?)", [module, steps.length]);
  })();
}

function take(db: Database, module: string, step: string): void {
  try {
    db.run(step);
  } catch (error) {
    // Not a full disk or a broken file: the tables are not those that the steps before have made.
    if (!(error instanceof Error && "code" in error && error.code === "SQLITE_ERROR")) throw error;
    throw new EngineError("System", `the data root was written by a build of this program that was never released (${module} schema: ${messageOf(error)}): choose another --data-root, or start the build that wrote it`, { cause: error });
  }
}

/** Copies the log home, with the sync that this costs: for moments when nobody waits. */
export function checkpoint(db: Database): void {
  db.run("PRAGMA wal_checkpoint(PASSIVE)");
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
