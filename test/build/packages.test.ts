/** What images have installed, as their own records say it. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { findPackages } from "../../src/layer-files/packages/find-packages.ts";
import { MergedTree } from "../../src/layer-files/mod.ts";

const scratch = mkdtempSync("/tmp/hk-packages-");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function layer(files: Record<string, string>): string {
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

test("apk's database; rpm's is told to be left out", () => {
  const folder = layer({ "lib/apk/db/installed": "C:Q1x=\nP:musl\nV:1.2.5-r0\nA:x86_64\nL:MIT\nF:lib\n\nP:zlib\nV:1.3.1-r1\nA:x86_64\nL:Zlib\n", "var/lib/rpm/rpmdb.sqlite": "x" });
  expect(found(folder)).toMatchObject({ names: ["apk musl 1.2.5-r0 x86_64 MIT", "apk zlib 1.3.1-r1 x86_64 Zlib"], notes: ["rpm's database (/var/lib/rpm/rpmdb.sqlite) is not read: its packages are left out"] });
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
