/** A copy that trusts the context's own list makes the same layer as one that looks at every file. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFileActions } from "../../src/layer-files/file-actions.ts";
import { writeIndex, type FilesDone, type JobInput } from "../../src/layer-files/mod.ts";
import { compareEntryPaths, ListingWriter } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";

let root = "";
let made = 0;
const at = (...parts: string[]): string => join(root, ...parts);
const tree = (path: string): string => at("tree", path);

beforeEach(() => {
  root = scratchFolder();
  for (const folder of ["tree/d/sub", "tree/é", "tree/etc", "base/there"]) mkdirSync(at(folder), { recursive: true });
  for (const path of ["a", "d/one", "d/sub/two", "é/ü", "etc/settings", "d/empty"]) writeFileSync(tree(path), path === "d/empty" ? "" : `content of ${path}`);
  writeFileSync(tree("d/large"), Buffer.alloc(300_000, "l"));
  for (let n = 0; n < 60; n++) writeFileSync(tree(`d/sub/n${n}`), Buffer.alloc(50_000, String(n)));
  symlinkSync("one", tree("d/link"));
  for (const path of paths()) if (!lstatSync(tree(path)).isSymbolicLink()) utimesSync(tree(path), 1000, 1000);
  describeContext();
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const paths = (): string[] => (readdirSync(at("tree"), { recursive: true }) as string[]).sort(compareEntryPaths);

/** The list as a client would write it; of `unknown` no content is known. */
function describeContext(unknown?: string): void {
  const writer = new ListingWriter();
  const digests: Uint8Array[] = [];
  for (const path of paths()) {
    const stat = lstatSync(tree(path));
    const seconds = Math.floor(stat.mtimeMs / 1000);
    writer.add({ path, mode: stat.mode, size: stat.isFile() ? (path === unknown ? 1 : stat.size) : 0, mtimeSeconds: seconds, mtimeNanoseconds: Math.round((stat.mtimeMs - seconds * 1000) * 1e6), linkTarget: stat.isSymbolicLink() ? "one" : undefined });
    if (stat.isFile()) digests.push(path === unknown ? new Uint8Array(32) : new Bun.CryptoHasher("sha256").update(readFileSync(tree(path))).digest());
  }
  writeIndex(at("index"), { listing: writer.finish(), digests: Buffer.concat(digests), sizeBytes: 1 });
}

function layer(target: string, listed: boolean): { readonly done: FilesDone; readonly folder: string } {
  const folder = at(`upper${made++}`);
  mkdirSync(folder);
  const input: JobInput = { kind: "context", folders: [at("tree")], layers: [], listed: listed ? { index: at("index"), pack: at("pack") } : undefined };
  const action = { action: "copy", input: 0, sources: ["."], target, targetIsFolder: true, wildcards: true, parents: false, exclude: [], owner: "", mode: "", unpack: false, contentsOnly: true, followLinks: true, required: true } as const;
  const done = runFileActions({ kind: "files", upper: folder, base: { kind: "layers", folders: [at("base")], layers: [1] }, inputs: [input], actions: [action], sharing: [], archives: at("archives"), seals: true }, () => undefined);
  return { done, folder };
}

/** Into a folder that is there: a new one has the time of its making. */
const expectSame = (target = "/there/"): void => {
  const looked = layer(target, false).done.sealed;
  for (let turn = 0; turn < 2; turn++) expect(layer(target, true).done.sealed).toEqual(looked);
};

describe.skipIf(process.getuid?.() !== 0)("a copy by the list of a context", () => {
  test("is the layer that a look at every file makes, also the second time, when contents are known", () => {
    expectSame();
    expect(readdirSync(at("pack")).length).toBe(2);
  });

  test("after changes has the new contents", () => {
    layer("/there/", true);
    writeFileSync(tree("d/one"), "something else");
    rmSync(tree("d/sub/n5"));
    writeFileSync(tree("d/new"), "new");
    for (const path of ["d/new", "d/sub", "d"]) utimesSync(tree(path), 2000, 2000);
    describeContext();
    expectSame();
    const { folder } = layer("/there/", true);
    expect(readFileSync(join(folder, "there/d/one"), "utf8")).toBe("something else");
  });

  test("looks at a file whose time not every file system can keep", () => {
    utimesSync(tree("d/one"), 2 ** 35, 2 ** 35);
    const told = lstatSync(tree("d/one")).mtimeMs;
    utimesSync(tree("d/one"), 2 ** 32, 2 ** 32);
    describeContext();
    utimesSync(tree("d/one"), told / 1000, told / 1000);
    expectSame();
  });

  test("looks at a file that became another one while it was sent", () => {
    describeContext("d/one");
    expectSame();
  });

  test("without a list, or with a broken pack, reads the files", () => {
    layer("/there/", true);
    for (const name of readdirSync(at("pack"))) if (name !== "index") rmSync(at("pack", name));
    expectSame();
    writeFileSync(at("pack/index"), "no index");
    expectSame();
    rmSync(at("index"));
    expectSame();
  });

  test("shares files with the context, and none below /etc", () => {
    const { folder } = layer("/", true);
    expect(lstatSync(join(folder, "a")).ino).toBe(lstatSync(tree("a")).ino);
    expect(lstatSync(join(folder, "etc/settings")).nlink).toBe(1);
  });

  test("takes the place of files that are there", () => {
    writeFileSync(at("base/there/a"), "old");
    expectSame();
    const { folder } = layer("/there/", true);
    expect(readFileSync(join(folder, "there/a"), "utf8")).toBe("content of a");
  });
});
