import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Database } from "bun:sqlite";
import { chmodSync, closeSync, mkdirSync, openSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "../../src/base/mod.ts";
import { fsetxattr, mknodat, AT, S } from "../../src/linux/mod.ts";
import { snapshotSchema, Snapshots, StackedTree } from "../../src/snapshot/mod.ts";
import { parseDigest, type Digest } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";

let dir = "";
let db: Database;
let snapshots: Snapshots;
beforeEach(() => {
  dir = scratchFolder();
  db = openDatabase(join(dir, "hako.db"), [snapshotSchema]);
  snapshots = new Snapshots({ db, dir });
});
afterEach(async () => {
  await snapshots.trashEmptied();
  db.close();
  rmSync(dir, { recursive: true, force: true });
});

const chain = (index: number): Digest => parseDigest(`sha256:${index.toString(16).padStart(64, "0")}`);

/** Layers on top of one another, base first, owned by "image:a". */
function stack(count: number): number[] {
  const ids: number[] = [];
  for (let index = 0; index < count; index++) {
    const layer = snapshots.layers.create();
    writeFileSync(join(layer.folder, `file${index}`), "x".repeat(index + 1));
    snapshots.layers.insert({ n: layer.n, chainID: chain(layer.n), diffID: chain(layer.n), parent: ids.at(-1), size: index + 1 });
    snapshots.layers.settle(layer.n);
    layer[Symbol.dispose]();
    ids.push(layer.n);
  }
  snapshots.layers.retain("image:a", ids.at(-1) as number);
  return ids;
}

const folders = (name: string) => readdirSync(join(dir, name)).sort();

describe("Snapshots", () => {
  test("root() names the layers top first below one short folder", async () => {
    const ids = stack(130);
    await snapshots.prepare("c", ids);
    const root = snapshots.root("c");
    if (root.kind !== "overlay") throw new Error(root.kind);
    expect(root.lowers).toEqual([...ids].reverse().map((n) => `${n}/fs`));
    expect(root.lowers.every((lower) => statSync(join(root.layersDir, lower)).isDirectory())).toBe(true);
    expect(statSync(root.upper).isDirectory() && statSync(root.work).isDirectory()).toBe(true);
  });

  test("the writable layer's root takes the owner and mode of the layer below", async () => {
    const ids = stack(1);
    chmodSync(join(dir, "layers", String(ids[0]), "fs"), 0o700);
    await snapshots.prepare("c", ids);
    const root = snapshots.root("c");
    expect(root.kind === "overlay" && statSync(root.upper).mode & 0o7777).toBe(0o700);
  });

  test("prepare() refuses a key that is taken and layers that are gone", async () => {
    const ids = stack(2);
    await snapshots.prepare("c", ids);
    await expect(snapshots.prepare("c", ids)).rejects.toMatchObject({ kind: "Conflict" });
    await expect(snapshots.prepare("d", [...ids, 99])).rejects.toMatchObject({ kind: "NotFound" });
    expect(() => snapshots.root("d")).toThrow(expect.objectContaining({ kind: "NotFound" }));
  });

  test("layers stay while an image, a snapshot or a layer above refers to them", async () => {
    const ids = stack(3);
    await snapshots.prepare("c", ids);
    expect(snapshots.layers.release("image:a")).toEqual([]);
    await snapshots.remove("c");
    await snapshots.remove("c");
    expect(folders("layers")).toEqual([]);
    await snapshots.trashEmptied();
    expect(folders("trash")).toEqual([]);
  });

  test("usage() counts files of the writable layer, linked ones once", async () => {
    await snapshots.prepare("c", stack(1));
    const root = snapshots.root("c");
    if (root.kind !== "overlay") throw new Error(root.kind);
    mkdirSync(join(root.upper, "d/e"), { recursive: true });
    writeFileSync(join(root.upper, "d/e/f"), "12345");
    await Bun.$`ln ${root.upper}/d/e/f ${root.upper}/same`;
    symlinkSync("abc", join(root.upper, "l"));
    expect(await snapshots.usage("c")).toBe(8);
  });

  test("opening sweeps folders without a row, rows without a folder and the trash", async () => {
    const ids = stack(1);
    await snapshots.prepare("lost", ids);
    await snapshots.prepare("kept", ids);
    const lost = snapshots.root("lost");
    if (lost.kind !== "overlay") throw new Error(lost.kind);
    rmSync(join(lost.upper, ".."), { recursive: true });
    snapshots.layers.create();
    mkdirSync(join(dir, "snapshots", "77", "fs"), { recursive: true });
    mkdirSync(join(dir, "trash", "5", "deep"), { recursive: true });
    snapshots = new Snapshots({ db, dir });
    await snapshots.trashEmptied();
    expect(snapshots.keys()).toEqual(["kept"]);
    expect(folders("layers")).toEqual(ids.map(String));
    expect(folders("snapshots")).toHaveLength(1);
    expect(folders("trash")).toEqual([]);
  });

  test("a lease keeps layers until it ends", () => {
    const ids = stack(2);
    const lease = snapshots.layers.lease(ids[1] as number);
    snapshots.layers.release("image:a");
    expect(folders("layers")).toHaveLength(2);
    lease[Symbol.dispose]();
    expect(folders("layers")).toHaveLength(0);
  });
});

describe("StackedTree", () => {
  let tree: StackedTree;
  let top = "";
  let base = "";
  beforeEach(() => {
    [top, base] = [join(dir, "top"), join(dir, "base")];
    for (const folder of [top, base]) mkdirSync(join(folder, "etc"), { recursive: true });
    tree = new StackedTree([top, base]);
    writeFileSync(join(base, "etc/passwd"), "base");
    writeFileSync(join(base, "etc/group"), "group");
  });

  const read = (path: string) => {
    const bytes = tree.readFile(path, 100);
    return bytes && Buffer.from(bytes).toString();
  };

  test("shows the upper of two files, and lower ones through", () => {
    writeFileSync(join(top, "etc/passwd"), "top");
    expect(read("/etc/passwd")).toBe("top");
    expect(read("etc/group")).toBe("group");
    expect(read("/etc/../etc//./group")).toBe("group");
    expect(read("/etc/none")).toBeUndefined();
    expect(read("/etc")).toBeUndefined();
    expect(read("/etc/group/x")).toBeUndefined();
  });

  test("whiteouts and opaque folders hide what is below", () => {
    mknodat(AT.FDCWD, join(top, "etc/passwd"), S.IFCHR, 0, 0);
    expect(read("/etc/passwd")).toBeUndefined();
    expect(read("/etc/group")).toBe("group");
    const fd = openSync(join(top, "etc"), "r");
    fsetxattr(fd, "trusted.overlay.opaque", Buffer.from("y"));
    closeSync(fd);
    expect(read("/etc/group")).toBeUndefined();
  });

  test("follows links inside the stack only, across layers and within bounds", () => {
    const secret = join(dir, "secret");
    writeFileSync(secret, "host");
    symlinkSync("/etc/group", join(top, "etc/abs"));
    symlinkSync("../../../../etc/passwd", join(top, "etc/climb"));
    symlinkSync(secret, join(top, "etc/out"));
    symlinkSync("loop", join(top, "etc/loop"));
    symlinkSync("/", join(top, "rootlink"));
    symlinkSync(dir, join(top, "folder"));
    expect(read("/etc/abs")).toBe("group");
    expect(read("/etc/climb")).toBe("base");
    expect(read("/etc/out")).toBeUndefined();
    expect(read("/etc/loop")).toBeUndefined();
    expect(read("/rootlink/etc/group")).toBe("group");
    expect(read("/folder/secret")).toBeUndefined();
  });

  test("does not wait on a FIFO, read a device, or read more than allowed", () => {
    mknodat(AT.FDCWD, join(top, "etc/fifo"), S.IFIFO | 0o666);
    mknodat(AT.FDCWD, join(top, "etc/zero"), S.IFCHR | 0o666, 1, 5);
    writeFileSync(join(top, "etc/big"), "x".repeat(101));
    for (const name of ["fifo", "zero", "big"]) expect(read(`/etc/${name}`)).toBeUndefined();
    expect(tree.stat("/etc/big")?.size).toBe(101);
  });
});
