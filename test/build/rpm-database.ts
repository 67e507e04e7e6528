/** What rpm has of the packages that are installed. */
import { Database } from "bun:sqlite";
import { mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Rpm {
  readonly name: string;
  readonly version: string;
  readonly epoch?: number;
  /** Of what else is in the header. */
  readonly padding?: number;
  /** Tags that nobody asks for, each of which is all of this text. */
  readonly others?: { readonly count: number; readonly text: string };
}

/** A package's header as rpm keeps it. */
function rpmHeader({ name, version, epoch, padding = 0, others }: Rpm): Buffer {
  const [number = "", release = ""] = version.split("-");
  const fields: [tag: number, type: number, value: Buffer][] = [[63, 7, Buffer.alloc(16)], [1027, 8, Buffer.alloc(padding, "x\0")]];
  for (const [tag, text] of [[1000, name], [1001, number], [1002, release], [1014, "MIT"], [1022, "x86_64"]] as const) fields.push([tag, 6, Buffer.from(`${text}\0`)]);
  if (epoch !== undefined) fields.push([1003, 4, Buffer.of(0, 0, 0, epoch)]);
  const entries = Buffer.alloc(8 + (fields.length + (others?.count ?? 0)) * 16);
  let offset = 0;
  for (const [index, [tag, type, value]] of fields.entries()) {
    for (const [at, word] of [tag, type, offset, 1].entries()) entries.writeUInt32BE(word, 8 + index * 16 + at * 4);
    offset += value.length;
  }
  for (let index = 0; index < (others?.count ?? 0); index++) for (const [at, word] of [5000 + index, 6, offset, 1].entries()) entries.writeUInt32BE(word, 8 + (fields.length + index) * 16 + at * 4);
  const text = Buffer.from(others ? `${others.text}\0` : "");
  entries.writeUInt32BE(fields.length + (others?.count ?? 0), 0);
  entries.writeUInt32BE(offset + text.length, 4);
  return Buffer.concat([entries, ...fields.map(([, , value]) => value), text]);
}

/** rpmdb.sqlite, as rpm makes it; written below `scratch` first. */
export function rpmDatabase(scratch: string, packages: readonly Rpm[], { pageBytes = 4096 } = {}): Buffer {
  const path = join(mkdtempSync(join(scratch, "rpm-")), "rpmdb.sqlite");
  const database = new Database(path);
  database.run(`PRAGMA page_size = ${pageBytes}`);
  database.run("PRAGMA journal_mode = WAL");
  database.run("CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT,blob BLOB NOT NULL)");
  database.run("CREATE TABLE 'Name' (key 'TEXT' NOT NULL, hnum INTEGER NOT NULL)");
  database.transaction(() => {
    for (const each of packages) database.run("INSERT INTO Packages (blob) VALUES (?)", [rpmHeader(each)]);
  })();
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return readFileSync(path);
}
