/** What images have installed, as their own records say it. */
import { afterAll, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPackages } from "../../src/layer-files/packages/find-packages.ts";
import { rpmPackages } from "../../src/layer-files/packages/rpm-database.ts";
import { DamagedDatabase } from "../../src/layer-files/packages/sqlite-table.ts";
import { MergedTree } from "../../src/layer-files/mod.ts";
import { random, seed } from "../seeded-random.ts";
import { rpmDatabase, type Rpm } from "./rpm-database.ts";

const scratch = mkdtempSync("/tmp/hk-packages-");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function layer(files: Record<string, string | Uint8Array>): string {
  const folder = mkdtempSync(join(scratch, "l-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

function found(...folders: string[]): { readonly names: string[]; readonly notes: readonly string[]; readonly distribution: object } {
  using tree = new MergedTree(folders);
  const { packages, notes, distribution } = findPackages(tree, () => undefined);
  return { names: packages.map(({ type, name, version, architecture, license }) => [type, name, version, architecture, license].join(" ").trim()), notes, distribution };
}

test("dpkg: what is installed, and the files of images without dpkg", () => {
  const status = "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b7\nDescription: GNU\n Package: no\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n";
  const folder = layer({ "var/lib/dpkg/status": status, "var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2024a\nArchitecture: all\n", "var/lib/dpkg/status.d/tzdata.md5sums": "Package: x\nVersion: 1\n", "usr/lib/os-release": 'ID=debian\nVERSION_ID="12"\n' });
  mkdirSync(join(folder, "etc"));
  symlinkSync("../usr/lib/os-release", join(folder, "etc/os-release"));
  expect(found(folder)).toEqual({ names: ["deb bash 5.2.15-2+b7 amd64", "deb tzdata 2024a all"], notes: [], distribution: { id: "debian", version: "12" } });
});

test("apk's database", () => {
  const folder = layer({ "lib/apk/db/installed": "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\n\nP:zlib\nV:1.3.1-r1\nA:x86_64\nL:Zlib\n" });
  expect(found(folder)).toMatchObject({ names: ["apk musl 1.2.5-r0 x86_64 MIT", "apk zlib 1.3.1-r1 x86_64 Zlib"], notes: [] });
});

test("rpm's database: a few packages and very many, short and long headers, pages of any size; keys are no packages", () => {
  const few: Rpm[] = [{ name: "bash", version: "5.2.26-3.fc40" }, { name: "perl", version: "5.38.2-506.fc40", epoch: 4, padding: 300_000 }, { name: "zero", version: "1-1", epoch: 0 }, { name: "gpg-pubkey", version: "a15b79cc-63d04c2c" }];
  const folder = layer({ "etc/os-release": "ID=fedora\nVERSION_ID=40\n", "usr/lib/sysimage/rpm/rpmdb.sqlite": rpmDatabase(scratch, few) });
  mkdirSync(join(folder, "var/lib"), { recursive: true });
  symlinkSync("../../usr/lib/sysimage/rpm", join(folder, "var/lib/rpm"));
  expect(found(folder)).toEqual({ names: ["rpm bash 5.2.26-3.fc40 x86_64 MIT", "rpm perl 4:5.38.2-506.fc40 x86_64 MIT", "rpm zero 1-1 x86_64 MIT"], notes: [], distribution: { id: "fedora", version: "40" } });
  for (const pageBytes of [512, 4096, 65_536]) {
    const many = Array.from({ length: 700 }, (_, index): Rpm => ({ name: `p${String(index).padStart(3, "0")}`, version: `${index}-1`, padding: (index * 37) % 3000 }));
    expect(found(layer({ "var/lib/rpm/rpmdb.sqlite": rpmDatabase(scratch, many, { pageBytes }) })).names).toEqual(many.map(({ name, version }) => `rpm ${name} ${version} x86_64 MIT`));
  }
});

test("other forms of rpm's database, damaged ones and one that was not closed are told", () => {
  expect(found(layer({ "var/lib/rpm/Packages": "x" })).notes).toEqual(["rpm's database (/var/lib/rpm/Packages) is not read: its form is Berkeley DB's: its packages are left out"]);
  expect(found(layer({ "usr/lib/sysimage/rpm/Packages.db": "x" })).notes).toEqual(["rpm's database (/usr/lib/sysimage/rpm/Packages.db) is not read: its form is ndb's: its packages are left out"]);
  expect(found(layer({ "var/lib/rpm/rpmdb.sqlite": "x".repeat(5000) })).notes).toEqual(["rpm's database (/var/lib/rpm/rpmdb.sqlite) is not read: it is no SQLite database: its packages are left out"]);
  expect(found(layer({ "var/lib/rpm/rpmdb.sqlite": rpmDatabase(scratch, [{ name: "a", version: "1-1" }]), "var/lib/rpm/rpmdb.sqlite-wal": "log" }))).toMatchObject({ names: ["rpm a 1-1 x86_64 MIT"], notes: ["rpm's database (/var/lib/rpm/rpmdb.sqlite) was not closed: packages of its last changes are left out"] });
  const other = join(mkdtempSync(join(scratch, "rpm-")), "x.sqlite");
  using database = new Database(other);
  database.run("CREATE VIEW Packages AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS hnum, n AS blob FROM r");
  expect(found(layer({ "var/lib/rpm/rpmdb.sqlite": readFileSync(other) })).notes).toEqual(["rpm's database (/var/lib/rpm/rpmdb.sqlite) is not read: it has no list of packages: its packages are left out"]);
});

test("a database with anything in it ends, and harms nobody", () => {
  console.log(`seed ${seed}`);
  const good = rpmDatabase(scratch, Array.from({ length: 60 }, (_, index) => ({ name: `p${index}`, version: "1-1", padding: index * 50 })), { pageBytes: 512 });
  for (let round = 0; round < 400; round++) {
    const bytes = Buffer.from(round % 5 === 0 ? good.subarray(0, random(good.length)) : good);
    for (let changes = 1 + random(30); changes > 0 && bytes.length > 0; changes--) bytes[random(random(2) === 0 ? Math.min(bytes.length, 2048) : bytes.length)] = random(256);
    try {
      for (const { name } of rpmPackages(bytes, "/x")) expect(typeof name).toBe("string");
    } catch (error) {
      expect(error).toBeInstanceOf(DamagedDatabase);
    }
  }
});

test("a database whose tags all are one long text, or whose rows are all one, costs no more than it is long", () => {
  const folder = layer({ "var/lib/rpm/rpmdb.sqlite": rpmDatabase(scratch, [{ name: "a", version: "1-1", others: { count: 200_000, text: "é".repeat(2_000_000) } }, { name: "b".repeat(5000), version: "1-1" }]) });
  expect(found(folder)).toMatchObject({ names: ["rpm a 1-1 x86_64 MIT"], notes: [] });
  const bytes = rpmDatabase(scratch, [{ name: "a", version: "1-1", padding: 50_000 }], { pageBytes: 65_536 });
  const [cells, first] = [3, 8];
  const leaf = Array.from({ length: bytes.length / 65_536 }, (_, page) => page * 65_536).find((at) => bytes[at] === 13 && bytes.readUInt16BE(at + first) < 20_000) ?? 0;
  const cell = bytes.readUInt16BE(leaf + first);
  bytes.writeUInt16BE(5000, leaf + cells);
  for (let each = 0; each < 5000; each++) bytes.writeUInt16BE(cell, leaf + first + 2 * each);
  expect(() => rpmPackages(bytes, "/x")).toThrow("its rows lie one in another");
});

test("modules of Node and distributions of Python, wherever they are, each once; upper layers hide lower ones", () => {
  const lower = layer({
    "app/node_modules/left/package.json": '{"name":"left","version":"1.0.0","license":"MIT"}',
    "app/node_modules/@scope/right/package.json": '{"name":"@scope/right","version":"2.0.0"}',
    "app/node_modules/left/lib/package.json": '{"name":"no","version":"1.0.0"}',
    "app/package-lock.json": '{"packages":{"":{"version":"9.9.9"},"node_modules/left":{"version":"1.0.0","license":"MIT"},"node_modules/a/node_modules/deep":{"version":"3.0.0"},"node_modules/linked":{"link":true,"version":"1"}}}',
    "app/broken/node_modules/x/package.json": "{",
    "usr/lib/python3/site-packages/Some_Thing-1.5.dist-info/METADATA": "Metadata-Version: 2.1\nName: Some_Thing\nVersion: 1.5\nLicense: BSD\n\nName: other\n",
  });
  const upper = layer({ "app/node_modules/left/package.json": '{"name":"left","version":"1.1.0","license":"MIT"}' });
  expect(found(upper, lower).names).toEqual(["npm @scope/right 2.0.0", "npm deep 3.0.0", "npm left 1.0.0  MIT", "npm left 1.1.0  MIT", "pypi some-thing 1.5  BSD"]);
});

test("records with anything in them harm nobody", () => {
  const folder = layer({ "var/lib/dpkg/status": "\0\u001b:::\nPackage\n\n\nPackage: a\u0007b\nVersion: 1\n", "lib/apk/db/installed": "P:\nV:\n", "n/node_modules/x/package.json": '{"name":{"a":1},"version":["1"]}', "n/package-lock.json": '{"packages":[1,null,{"version":1}]}' });
  symlinkSync("/dev/zero", join(folder, "n/node_modules/x/METADATA"));
  expect(found(folder).names).toEqual([]);
});
