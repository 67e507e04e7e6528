/** Opening the fact store: steps in order, and what is said of tables that no released step has made. */
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../src/base/mod.ts";
import { scratchFolder } from "../scratch.ts";

const FIRST = "CREATE TABLE a (n INTEGER) STRICT";
const SECOND = "CREATE TABLE b (n INTEGER) STRICT";
const THIRD = "CREATE TABLE c (n INTEGER) STRICT";

test("openDatabase() takes the steps that are missing, once", () => {
  const folder = scratchFolder();
  try {
    const path = join(folder, "store.db");
    openDatabase(path, [{ module: "m", steps: [FIRST] }]).close();
    openDatabase(path, [{ module: "m", steps: [FIRST, SECOND] }]).close();
    using db = openDatabase(path, [{ module: "m", steps: [FIRST, SECOND] }]);
    expect(db.query("SELECT name FROM sqlite_schema WHERE name IN ('a', 'b') ORDER BY name").values().flat()).toEqual(["a", "b"]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("openDatabase() says what to do about tables that another line of builds has made, and leaves them", () => {
  const folder = scratchFolder();
  try {
    const path = join(folder, "store.db");
    openDatabase(path, [{ module: "m", steps: [FIRST, THIRD] }]).close();
    const open = () => openDatabase(path, [{ module: "m", steps: [FIRST, SECOND, THIRD] }]);
    expect(open).toThrow(/^the data root was written by a build of this program that was never released \(m schema: table c already exists\): choose another --data-root, or start the build that wrote it$/);
    using db = openDatabase(path, [{ module: "m", steps: [FIRST, THIRD] }]);
    expect(db.query("SELECT name FROM sqlite_schema WHERE name = 'b'").values()).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
