import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ContentStore } from "../../src/content/mod.ts";
import { bytesOf } from "../image/fixture.ts";
import { parseDigest } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";

let dir = "";
let content: ContentStore;
beforeEach(() => {
  dir = scratchFolder();
  content = new ContentStore(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const digestOf = (bytes: Uint8Array) => parseDigest(`sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`);
const onTheWay = () => readdirSync(join(dir, "ingest"));

describe("ContentStore", () => {
  test("ingest() stores pieces of any size under their digest, open() gives them back", async () => {
    const pieces = [1, 100, 600_000, 3_000_000, 5].map((size, index) => new Uint8Array(size).fill(index + 1));
    const whole = Buffer.concat(pieces);
    const blob = await content.ingest(bytesOf(...pieces));
    expect(blob).toEqual({ digest: digestOf(whole), size: whole.length });
    expect(Buffer.concat(await Array.fromAsync(content.open(blob.digest)))).toEqual(whole);
    expect(content.list()).toEqual([blob.digest]);
    expect(onTheWay()).toEqual([]);
  });

  test("ingest() keeps nothing of content that is not the expected, too large, or broken off", async () => {
    const bytes = Buffer.from("content");
    const other = digestOf(Buffer.from("other"));
    await expect(content.ingest(bytesOf(bytes), { expected: other })).rejects.toMatchObject({ kind: "InvalidParameter" });
    await expect(content.ingest(bytesOf(bytes), { maxBytes: 3 })).rejects.toMatchObject({ kind: "TooLarge" });
    async function* broken() {
      yield bytes;
      throw new Error("connection lost");
    }
    await expect(content.ingest(broken())).rejects.toThrow("connection lost");
    expect(content.list()).toEqual([]);
    expect(onTheWay()).toEqual([]);
  });

  test("opening sweeps what a crash left on the way in, and keeps blobs", async () => {
    const { digest } = await content.put("kept");
    const writer = await content.writer();
    await writer.write(Buffer.from("half"));
    const again = new ContentStore(dir);
    expect(onTheWay()).toEqual([]);
    expect(again.has(digest)).toBe(true);
    await writer[Symbol.asyncDispose]();
  });

  test("open() and read() notice a blob that the disk changed, before they have handed out the end", async () => {
    const { digest } = await content.put("good content");
    writeFileSync(content.path(digest), "evil content");
    await expect(Array.fromAsync(content.open(digest))).rejects.toMatchObject({ kind: "System" });
    expect(() => content.read(digest, 100)).toThrow("damaged");
  });

  test("read() and readJson() are bounded and tell what is missing", async () => {
    const { digest } = await content.put('{"a":1}');
    expect(content.readJson(digest, 100)).toEqual({ a: 1 });
    expect(() => content.read(digest, 3)).toThrow(expect.objectContaining({ kind: "TooLarge" }));
    expect(() => content.read(digestOf(Buffer.from("no")), 3)).toThrow(expect.objectContaining({ kind: "NotFound" }));
    const { digest: text } = await content.put("no json");
    expect(() => content.readJson(text, 100)).toThrow(expect.objectContaining({ kind: "InvalidParameter" }));
    await content.remove(digest);
    await content.remove(digest);
    expect(content.has(digest)).toBe(false);
  });
});
