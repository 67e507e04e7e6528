import { afterEach, beforeEach, expect, test } from "bun:test";
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applyLayer, LocalUnpacker, packLocal, prepareDecompressor, TarReader, TreePacker, encodeTar, openFolder, type TarEntry } from "../../src/archive/mod.ts";
import { closeFd, lsetxattr, mknodat, AT, S } from "../../src/linux/mod.ts";
import { holdLease } from "../linux/lease.ts";
import { scratchFolder } from "../scratch.ts";

let dir = "";
beforeEach(() => {
  dir = scratchFolder();
  for (const name of ["tree", "copy", "again"]) mkdirSync(join(dir, name));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
const at = (...parts: string[]): string => join(dir, ...parts);

function makeTree(): void {
  mkdirSync(at("tree/b/deep"), { recursive: true });
  writeFileSync(at("tree/b/file"), "content");
  writeFileSync(at("tree/large"), Buffer.alloc(3 * 1024 * 1024 + 5, 7));
  writeFileSync(at("tree", `${"long".repeat(40)}`), "x");
  writeFileSync(at("tree/ünïcode"), "y");
  linkSync(at("tree/b/file"), at("tree/z-same"));
  symlinkSync("../../../out", at("tree/climbs"));
  mknodat(AT.FDCWD, at("tree/pipe"), S.IFIFO | 0o640);
  mknodat(AT.FDCWD, at("tree/gone"), S.IFCHR, 0, 0);
  mkdirSync(at("tree/opaque"));
  lsetxattr(at("tree/opaque"), "trusted.overlay.opaque", Buffer.from("y"));
  lsetxattr(at("tree/b/file"), "user.note", Buffer.from("kept"));
  chownSync(at("tree/b/file"), 1000, 3_000_000);
  chmodSync(at("tree/b/file"), 0o4711);
  utimesSync(at("tree/b/file"), 1.5, 1_500_000_000.75);
}

function* layerBytes(folder: string): Generator<Uint8Array> {
  using packer = new TreePacker({ format: "layer" });
  const fd = openFolder(folder);
  try {
    yield* packer.content(fd);
    yield* packer.finish();
  } finally {
    closeFd(fd);
  }
}

function digestOf(pieces: Iterable<Uint8Array>): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const piece of pieces) hasher.update(piece);
  return `sha256:${hasher.digest("hex")}`;
}

async function unpackLayer(from: string, to: string): Promise<{ diffID: string; entries: number }> {
  const fd = openFolder(to);
  try {
    using decompressor = prepareDecompressor("none");
    return await applyLayer((async function* () { yield* layerBytes(from); })(), fd, { format: "layer", anyLink: true, compression: "none", decompressor });
  } finally {
    closeFd(fd);
  }
}

function entriesOf(pieces: Iterable<Uint8Array>): TarEntry[] {
  const reader = new TarReader();
  const entries: TarEntry[] = [];
  for (const piece of pieces) for (const event of reader.push(piece)) if (event.kind === "entry") entries.push(event.entry);
  reader.finish();
  return entries;
}

test("a writable layer, its tar and the folder unpacked of it are one: the tar can be made again of the folder, byte for byte", async () => {
  makeTree();
  const { diffID } = await unpackLayer(at("tree"), at("copy"));
  expect(diffID).toBe(digestOf(layerBytes(at("tree"))));
  expect(digestOf(layerBytes(at("copy")))).toBe(diffID);
  const { diffID: third } = await unpackLayer(at("copy"), at("again"));
  expect(third).toBe(diffID);
  expect(readFileSync(at("again/large")).equals(readFileSync(at("tree/large")))).toBe(true);
  expect(lstatSync(at("again/b/file"))).toMatchObject({ uid: 1000, gid: 3_000_000, nlink: 2 });
});

test("overlay's marks become whiteouts, times whole seconds, names sorted", () => {
  makeTree();
  const entries = entriesOf(layerBytes(at("tree")));
  expect(entries.map(({ name }) => Buffer.from(name, "latin1").toString())).toEqual([
    "b/", "b/deep/", "b/file", "climbs", ".wh.gone", "large", "long".repeat(40), "opaque/", "opaque/.wh..wh..opq", "pipe", "z-same", "ünïcode",
  ]);
  const file = entries.find(({ name }) => name === "b/file");
  expect(file).toMatchObject({ mode: 0o4711, uid: 1000, gid: 3_000_000, mtimeNs: 1_500_000_000_000_000_000n });
  expect(Buffer.from(file?.xattrs.get("user.note") ?? []).toString()).toBe("kept");
  expect(entries.find(({ name }) => name === "z-same")).toMatchObject({ kind: "hardLink", linkName: "b/file" });
});

test("a folder that may be left out is left out when it is empty, and whole when it is not", () => {
  mkdirSync(at("tree/etc/sub"), { recursive: true });
  writeFileSync(at("tree/etc/new"), "n");
  mkdirSync(at("tree/dev"));
  using packer = new TreePacker({ format: "layer", ignored: new Set(["etc", "dev"]) });
  const fd = openFolder(at("tree"));
  const names = entriesOf([...packer.content(fd), ...packer.finish()].map((piece) => Buffer.from(piece))).map(({ name }) => name);
  closeFd(fd);
  expect(names).toEqual(["etc/", "etc/new", "etc/sub/"]);
});

test("a folder of nothing is an archive of nothing", () => {
  // Docker knows an empty layer by this digest.
  expect(digestOf(layerBytes(at("tree")))).toBe("sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
});

test("an archive of a stranger stays in the folder it is unpacked in", () => {
  mkdirSync(at("victim"));
  const unpack = (members: Parameters<typeof encodeTar>[0]): void => {
    using unpacker = new LocalUnpacker(at("copy"));
    unpacker.push(encodeTar(members));
    unpacker.finish();
  };
  expect(() => unpack([{ kind: "file", name: "../victim/planted", content: "x" }])).toThrow("is outside of");
  expect(() => unpack([{ kind: "symlink", name: "up", linkName: "../victim" }])).toThrow("invalid symlink");
  expect(() => unpack([{ kind: "symlink", name: "abs", linkName: at("victim") }, { kind: "file", name: "abs/planted", content: "x" }])).toThrow();
  expect(() => unpack([{ kind: "hardLink", name: "l", linkName: "../victim/x" }])).toThrow("is outside of");
  expect(readdirSync(at("victim"))).toEqual([]);
});

test("packing one entry knows it by the name it is given", () => {
  makeTree();
  expect(entriesOf(packLocal({ folder: at("tree"), entry: "b", name: "renamed" })).map(({ name }) => name)).toEqual(["renamed/", "renamed/deep/", "renamed/file"]);
  expect(entriesOf(packLocal({ folder: at("tree/b"), entry: ".", name: "." })).map(({ name }) => name)).toEqual(["./", "./deep/", "./file"]);
});

test("a file that somebody has a lease of is waited for", async () => {
  writeFileSync(at("tree/leased"), "hello");
  await using _holder = await holdLease(at("tree/leased"), { yields: true });
  const archive = Buffer.concat([...layerBytes(at("tree"))].map((piece) => Uint8Array.from(piece)));
  expect(archive.toString("latin1", 512, 517)).toBe("hello");
});
