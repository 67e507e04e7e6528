import { afterAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, existsSync, linkSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ContextStore } from "../../src/build/contexts/store.ts";
import { readWanted } from "../../src/cli/build/send-files.ts";
import { walkFolder } from "../../src/cli/build/walk-folder.ts";
import { ListingWriter, readListing, writeVarint } from "../../src/spec/mod.ts";
import { random } from "../seeded-random.ts";

const KEY = "a".repeat(64);
const scratch = mkdtempSync("/tmp/hk-contexts-");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let round = 0;
let source = "";
let store: ContextStore;

beforeEach(() => {
  round++;
  source = join(scratch, `source${round}`);
  mkdirSync(source);
  store = ContextStore.open(join(scratch, `store${round}`));
});

/** Transfers the source's folder. @returns the copy, and the paths whose content was sent */
async function receive(breakAfter = Number.POSITIVE_INFINITY) {
  const walked = walkFolder(source, undefined);
  const sent: string[] = [];
  const copy = await store.receive(KEY, walked.listing, async function* (wanted) {
    const numbers = Buffer.alloc(wanted.length * 8);
    let at = 0;
    let previous = -1;
    for (const { number, entry } of wanted) {
      sent.push(entry.path);
      at = writeVarint(numbers, at, number - previous - 1);
      previous = number;
    }
    let pieces = 0;
    for (const piece of readWanted(source, walked, numbers.subarray(0, at))) {
      if (pieces++ >= breakAfter) throw new Error("the client has gone");
      // In odd pieces, as a connection cuts them.
      for (let start = 0; start < piece.length; ) {
        const end = start + 1 + random(50_000);
        yield piece.slice(start, end);
        start = end;
      }
    }
  });
  return { copy, sent };
}

const write = (path: string, text: string | Uint8Array): void => {
  mkdirSync(join(source, path, ".."), { recursive: true });
  writeFileSync(join(source, path), text);
};

describe("ContextStore", () => {
  test("holds files, folders, links and FIFOs as the client has them", async () => {
    write("a/b/file", "content");
    write("empty", "");
    write("large", Buffer.alloc(700_001, "0123456789"));
    chmodSync(join(source, "a/b/file"), 0o4751);
    utimesSync(join(source, "a/b/file"), 1_000_000_000, 1_000_000_000.25);
    symlinkSync("../nowhere", join(source, "a/link"));
    Bun.spawnSync(["mkfifo", join(source, "pipe")]);
    await using copy = (await receive()).copy;
    expect(readFileSync(join(copy.folder, "a/b/file"), "utf8")).toBe("content");
    expect(readFileSync(join(copy.folder, "large")).equals(Buffer.alloc(700_001, "0123456789"))).toBe(true);
    const stat = lstatSync(join(copy.folder, "a/b/file"));
    expect([stat.mode & 0o7777, stat.uid, stat.mtimeMs]).toEqual([0o4751, 0, 1_000_000_000_250]);
    expect(readlinkSync(join(copy.folder, "a/link"))).toBe("../nowhere");
    expect(lstatSync(join(copy.folder, "pipe")).isFIFO()).toBe(true);
    expect(lstatSync(join(copy.folder, "empty")).size).toBe(0);
  });

  test("sends again only what has changed", async () => {
    for (let number = 0; number < 50; number++) write(`d${number % 5}/f${number}`, `${number}`);
    await (await receive()).copy[Symbol.asyncDispose]();
    expect((await receive()).sent).toEqual([]);
  });

  test("follows additions, changes, removals and changes of kind", async () => {
    for (const path of ["keep", "change", "remove/deep/x", "folder/x", "file"]) write(path, "1");
    await (await receive()).copy[Symbol.asyncDispose]();
    write("change", "22");
    write("added/y", "3");
    rmSync(join(source, "remove"), { recursive: true });
    rmSync(join(source, "folder"), { recursive: true });
    write("folder", "now a file");
    rmSync(join(source, "file"));
    symlinkSync("/etc", join(source, "file"));
    const { copy, sent } = await receive();
    expect(sent).toEqual(["added/y", "change", "folder"]);
    expect(readFileSync(join(copy.folder, "change"), "utf8")).toBe("22");
    expect(readFileSync(join(copy.folder, "folder"), "utf8")).toBe("now a file");
    expect(readlinkSync(join(copy.folder, "file"))).toBe("/etc");
    expect(existsSync(join(copy.folder, "remove"))).toBe(false);
    await copy[Symbol.asyncDispose]();
  });

  test("never changes a file that may have another name, as in a layer", async () => {
    write("x", "old");
    const first = (await receive()).copy;
    linkSync(join(first.folder, "x"), join(scratch, `layer${round}`));
    await first[Symbol.asyncDispose]();
    write("x", "new content");
    const second = (await receive()).copy;
    expect(readFileSync(join(scratch, `layer${round}`), "utf8")).toBe("old");
    expect(readFileSync(join(second.folder, "x"), "utf8")).toBe("new content");
    await second[Symbol.asyncDispose]();
  });

  test("a build keeps what it reads while another one changes the copy", async () => {
    write("x", "1");
    write("same", "same");
    const first = (await receive()).copy;
    write("x", "22");
    const { copy: second, sent } = await receive();
    expect(sent).toEqual(["x"]);
    expect([readFileSync(join(first.folder, "x"), "utf8"), readFileSync(join(second.folder, "x"), "utf8")]).toEqual(["1", "22"]);
    expect(statSync(join(first.folder, "same")).ino).toBe(statSync(join(second.folder, "same")).ino);
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
    expect((await receive()).sent).toEqual([]);
  });

  test("two of the same folder at once", async () => {
    for (let number = 0; number < 30; number++) write(`f${number}`, "x".repeat(20_000 + number));
    const both = await Promise.all([receive(), receive()]);
    for (const { copy } of both) expect(readFileSync(join(copy.folder, "f29"), "utf8").length).toBe(20_029);
    for (const { copy } of both) await copy[Symbol.asyncDispose]();
  });

  test("what came before a client went need not come again", async () => {
    for (let number = 0; number < 30; number++) write(`f${number}`, "x".repeat(20_000));
    expect(receive(2)).rejects.toThrow("the client has gone");
    await receive(2).catch(() => undefined);
    const { copy, sent } = await receive();
    expect(sent.length).toBeGreaterThan(0);
    expect(sent.length).toBeLessThan(25);
    expect(readFileSync(join(copy.folder, "f0"), "utf8").length).toBe(20_000);
    await copy[Symbol.asyncDispose]();
  });

  test("a copy without its index, as a crash leaves it, is not relied on", async () => {
    write("x", "1");
    await (await receive()).copy[Symbol.asyncDispose]();
    unlinkSync(join(scratch, `store${round}`, KEY, "1", "index"));
    store = ContextStore.open(join(scratch, `store${round}`));
    const { copy, sent } = await receive();
    expect(sent).toEqual(["x"]);
    await copy[Symbol.asyncDispose]();
  });

  test("what engines of the same process number were removing is removed at the next start", async () => {
    const root = join(scratch, `store${round}`);
    for (const number of [7, 3, 1, 0]) mkdirSync(join(root, `gone-${process.pid}-${number}`, "tree"), { recursive: true });
    const failures: unknown[] = [];
    const failed = (reason: unknown): void => void failures.push(reason);
    process.on("unhandledRejection", failed);
    try {
      ContextStore.open(root);
      for (const deadline = Date.now() + 30_000; readdirSync(root).length > 0 && Date.now() < deadline; ) await Bun.sleep(5);
    } finally {
      process.off("unhandledRejection", failed);
    }
    expect([readdirSync(root), failures]).toEqual([[], []]);
  });

  test("a spare is made when a build is over, and what is left of one swept", async () => {
    write("a/file", "content");
    const { copy } = await receive();
    const made: string[] = [];
    copy.copied("a", "/of/a/layer", async (from, to) => {
      made.push(from);
      await Bun.write(join(to, "file"), "content");
    });
    copy.copied("b", "/of/a/layer", async () => await Promise.reject(new Error("the layer is gone")));
    renameSync(copy.listed.index, `${copy.listed.index}.away`);
    copy.copied("c", "/of/a/layer", async () => await Promise.reject(new Error("there is no list")));
    renameSync(`${copy.listed.index}.away`, copy.listed.index);
    expect(made).toEqual([]);
    await copy[Symbol.asyncDispose]();
    await store.prepared();
    expect(made).toEqual(["/of/a/layer"]);
    const [spare = "", ...others] = readdirSync(copy.listed.spares).map((name) => join(copy.listed.spares, name));
    expect(others).toEqual([]);
    expect(readdirSync(spare).sort()).toEqual(["index", "tree"]);
    const folder = join(copy.listed.spares, "..");
    mkdirSync(join(folder, "spare-of-a-crash/tree"), { recursive: true });
    mkdirSync(join(copy.listed.spares, "broken"));
    ContextStore.open(join(scratch, `store${round}`));
    expect(readdirSync(folder).sort()).toEqual(["1", "spares"]);
    expect(readdirSync(copy.listed.spares)).toHaveLength(1);
  });

  test("prune() removes what nobody uses", async () => {
    write("x", "12345");
    const { copy } = await receive();
    expect(await store.prune({})).toEqual([]);
    await copy[Symbol.asyncDispose]();
    expect(await store.prune({ keepBytes: 5 })).toEqual([]);
    expect((await store.prune({ keepBytes: 4 })).map(({ sizeBytes }) => sizeBytes)).toEqual([5]);
    expect(store.list()).toEqual([]);
  });
});

describe("readListing()", () => {
  const entry = (path: string, mode = 0o100644) => ({ path, mode, size: 0, mtimeSeconds: 1, mtimeNanoseconds: 0, linkTarget: (mode & 0o170000) === 0o120000 ? "x" : undefined });
  const listing = (...entries: ReturnType<typeof entry>[]): Uint8Array => {
    const writer = new ListingWriter();
    for (const each of entries) writer.add(each);
    return writer.finish();
  };

  test.each([
    ["..", [entry("..")]],
    [".", [entry(".")]],
    ["an absolute path", [entry("/etc")]],
    ["a path through a link", [entry("a", 0o120777), entry("a/b")]],
    ["a path through a file", [entry("a"), entry("a/b")]],
    ["a path through nothing", [entry("a/b")]],
    ["two of one name", [entry("a"), entry("a")]],
    ["another order", [entry("b"), entry("a")]],
    ["a device", [entry("a", 0o060644)]],
    ["a zero byte", [entry("a\0b")]],
  ])("refuses %s", (_, entries) => {
    expect(() => [...readListing(listing(...entries))]).toThrow("is broken");
  });

  test("random bytes are refused or read, and lead nowhere", () => {
    const good = listing(entry("a", 0o040755), entry("a/b"), entry("c", 0o120777));
    for (let run = 0; run < 2000; run++) {
      const bytes = good.slice();
      for (let count = 0; count < 3; count++) bytes[random(bytes.length)] = random(256);
      try {
        for (const { path } of readListing(bytes)) expect(path.split("/").some((name) => name === ".." || name === "." || name === "")).toBe(false);
      } catch (error) {
        expect((error as Error).message).toMatch(/is broken|cut off/);
      }
    }
  });
});
