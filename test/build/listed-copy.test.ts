/** A copy that trusts the context's own list makes the same layer as one that looks at every file. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MemberWriter } from "../../src/layer-files/kept-members.ts";
import { MIN_SPARE_ENTRIES, spareIndex, spareName, spareTree } from "../../src/layer-files/spare.ts";
import { makeTwin } from "../../src/layer-files/twin.ts";
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
    writer.add({ path, mode: stat.mode, size: stat.isFile() ? (path === unknown ? 1 : stat.size) : 0, mtimeSeconds: seconds, mtimeNanoseconds: Math.round((stat.mtimeMs - seconds * 1000) * 1e6), linkTarget: stat.isSymbolicLink() ? readlinkSync(tree(path)) : undefined });
    if (stat.isFile()) digests.push(path === unknown ? new Uint8Array(32) : new Bun.CryptoHasher("sha256").update(readFileSync(tree(path))).digest());
  }
  writeIndex(at("index"), { listing: writer.finish(), digests: Buffer.concat(digests), sizeBytes: 1 });
}

function layer(target: string, listed: boolean): { readonly done: FilesDone; readonly folder: string } {
  const folder = at(`upper${made++}`);
  mkdirSync(folder);
  const input: JobInput = { kind: "context", folders: [at("tree")], layers: [], listed: listed ? { index: at("index"), pack: at("pack"), spares: at("spares") } : undefined };
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

  test("without a list reads the files", () => {
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

describe.skipIf(process.getuid?.() !== 0)("a copy by a spare of the one before", () => {
  beforeEach(() => {
    mkdirSync(tree("many"));
    for (let n = 0; n < MIN_SPARE_ENTRIES; n++) writeFileSync(tree(`many/${n}`), "");
    rmSync(tree("etc"), { recursive: true });
    for (const path of paths()) if (!lstatSync(tree(path)).isSymbolicLink()) utimesSync(tree(path), 1000, 1000);
    describeContext();
  });

  /** Made of a layer that was made by the list of now. */
  const prepare = (folder: string, place = "there"): void => {
    const spare = at("spares", spareName(""));
    mkdirSync(spareTree(spare), { recursive: true });
    makeTwin({ kind: "twin", from: join(folder, place), to: spareTree(spare) } as Parameters<typeof makeTwin>[0], () => undefined);
    linkSync(at("index"), spareIndex(spare));
  };
  /** As the engine changes its copy: a file is replaced, never written. */
  const put = (path: string, text: string): void => {
    rmSync(tree(path), { recursive: true, force: true });
    mkdirSync(join(tree(path), ".."), { recursive: true });
    writeFileSync(tree(path), text);
    utimesSync(tree(path), 3000, 3000);
  };
  const times = (...folders: string[]): void => folders.forEach((path, n) => utimesSync(tree(path), 4000 + n, 4000 + n));

  const changes: readonly (readonly [string, () => unknown])[] = [
    ["nothing", () => undefined],
    ["a file's content", () => put("d/one", "other")],
    ["a file's mode", () => put("d/one", "content of d/one")],
    ["a file that is gone", () => rmSync(tree("d/sub/n5"))],
    ["a folder that is gone", () => rmSync(tree("d"), { recursive: true })],
    ["new ones", () => ["new", "d/new", "x/y/z", "é/ö"].forEach((path) => put(path, path))],
    ["a file for a folder", () => put("d/sub", "now a file")],
    ["a folder for a file", () => (rmSync(tree("a")), put("a/inside/it", "x"))],
    ["a link", () => (rmSync(tree("d/link")), symlinkSync("two", tree("d/link")))],
    ["a file for a link", () => put("d/link", "no link")],
    ["a folder's mode", () => chmodSync(tree("d/sub"), 0o700)],
    ["a large file", () => put("d/large", "l".repeat(400_000))],
  ];

  test("is offered for whole folders, and taken", () => {
    const { done, folder } = layer("/there/", true);
    expect(done.copied).toEqual({ folder: "", place: "there" });
    prepare(folder);
    expect(layer("/there/", true).done.sealed).toEqual(done.sealed);
    expect(existsSync(at("spares", spareName("")))).toBe(false);
  });

  test.each(changes.map((each) => [...each] as const))("follows %s", (_, change) => {
    prepare(layer("/there/", true).folder);
    change();
    times(...["d", "d/sub", "é"].filter((path) => existsSync(tree(path)) && lstatSync(tree(path)).isDirectory()));
    describeContext();
    const looked = layer("/there/", false).done.sealed;
    expect(layer("/there/", true).done.sealed).toEqual(looked);
    expect(existsSync(at("spares", spareName("")))).toBe(false);
  });

  test("makes the archive of members that it has kept, as far as they can be relied on", () => {
    expectSame();
    const [kept = ""] = readdirSync(at("pack")).map((name) => at("pack", name));
    const files = (): string[] => readdirSync(kept).filter((name) => name !== "meta" && !name.startsWith("list-"));
    expect(files()).toHaveLength(1);
    put("d/one", "other");
    times("d");
    describeContext();
    expectSame();
    expect(files()).toHaveLength(2);
    writeFileSync(join(kept, files()[0] ?? ""), "shorter");
    expectSame();
    for (const name of files()) rmSync(join(kept, name));
    expectSame();
    writeFileSync(join(kept, "meta"), "no meta");
    expectSame();
  });

  test("leaves nothing of members that could not be kept", () => {
    mkdirSync(at("pack"));
    const writer = new MemberWriter(at("pack/one"), undefined);
    for (const piece of writer.add([Buffer.alloc(1000)])) expect(piece).toBeUndefined();
    expect([...writer.flush()].map(({ length }) => length)).toEqual([1000]);
    expect(readdirSync(at("pack/one"))).toHaveLength(1);
    expect(() => writer.commit(at("no list"))).toThrow();
    writer[Symbol.dispose]();
    expect(readdirSync(at("pack/one"))).toEqual([]);
  });

  test("of names that lists and archives have in another order, and below several places", () => {
    for (const name of ["\u{1f600}", "\u{e000}", "a-b", "a.b"]) put(`odd/${name}/x`, name);
    times("odd", "odd/a-b", "odd/a.b", "odd/\u{1f600}", "odd/\u{e000}");
    describeContext();
    expectSame();
    expect(layer("/there/", true).done.copied).toBeUndefined();
    rmSync(tree("odd/\u{1f600}"), { recursive: true });
    times("odd");
    describeContext();
    expectSame();
    mkdirSync(at("base/there/deep"));
    expectSame("/there/deep/");
    expect(readdirSync(at("pack"))).toHaveLength(2);
  });

  test("is not taken where a file became another one while it was sent: the list does not tell how much there is", () => {
    prepare(layer("/there/", true).folder);
    describeContext("d/one");
    const looked = layer("/there/", false).done.sealed;
    expect(layer("/there/", true).done.sealed).toEqual(looked);
  });

  test("is not taken where something is that it would hide, or below /etc, and a broken one not relied on", () => {
    prepare(layer("/there/", true).folder);
    writeFileSync(at("base/there/d"), "in the way");
    expect(() => layer("/there/", true)).toThrow("cannot copy to non-directory");
    expect(layer("/etc/x/", true).done.copied).toBeUndefined();
    expect(existsSync(at("spares", spareName("")))).toBe(true);
    rmSync(at("base/there/d"));
    writeFileSync(spareIndex(at("spares", spareName(""))), "no index");
    expectSame();
  });
});
