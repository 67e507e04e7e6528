import { describe, expect, test } from "bun:test";
import { encodeTar, TarReader, type NewEntry, type TarEntry } from "../../src/archive/mod.ts";
import { DEFAULT_LIMITS } from "../../src/archive/mod.ts";
import { scratchFolder } from "../scratch.ts";

interface Read {
  readonly entry: TarEntry;
  readonly content: string;
}

function readAll(bytes: Uint8Array, chunkBytes = bytes.length, reader = new TarReader()): Read[] {
  const found: { entry: TarEntry; content: string }[] = [];
  for (let offset = 0; offset < bytes.length; offset += Math.max(chunkBytes, 1)) {
    for (const event of reader.push(bytes.subarray(offset, offset + chunkBytes))) {
      if (event.kind === "entry") found.push({ entry: event.entry, content: "" });
      const last = found.at(-1);
      if (event.kind === "data" && last) last.content += Buffer.from(event.bytes).toString("latin1");
    }
  }
  reader.finish();
  return found;
}

/** A header with one field overwritten and its sum made right again. */
function forged(entry: NewEntry, change: (block: Buffer) => void): Buffer {
  const block = Buffer.from(encodeTar([entry]).subarray(0, 512));
  change(block);
  block.fill(0x20, 148, 156);
  block.write(`${block.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function special(typeFlag: string, body: Uint8Array, size = body.length): Buffer {
  const header = forged({ kind: "file", name: "special" }, (block) => {
    block.write(size.toString(8).padStart(11, "0"), 124, "latin1");
    block.write(typeFlag, 156, "latin1");
  });
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

const members: (NewEntry & { content?: string })[] = [
  { kind: "directory", name: "etc/", mode: 0o755 },
  { kind: "file", name: "etc/passwd", mode: 0o4755, uid: 3_000_000, gid: 4_000_000_000, mtimeNs: 1_700_000_000_123_456_789n, content: "x".repeat(1000), xattrs: new Map([["security.capability", new Uint8Array([1, 0, 10, 255, 61])]]) },
  { kind: "file", name: `long/${"n".repeat(200)}`, content: "y" },
  { kind: "file", name: "bytes-\xff\xfe\xe9" },
  { kind: "symlink", name: "l", linkName: `/t/${"m".repeat(150)}` },
  { kind: "charDevice", name: "null", devMajor: 1, devMinor: 3 },
  { kind: "hardLink", name: "h", linkName: "etc/passwd" },
  { kind: "fifo", name: "p" },
];

describe("TarReader", () => {
  test.each([1, 7, 511, 512, 513, 100_000])("reads what the writer wrote, in chunks of %d bytes", (chunkBytes) => {
    const found = readAll(encodeTar(members), chunkBytes);
    expect(found.map(({ entry }) => entry.name)).toEqual(members.map(({ name }) => name));
    expect(found.map(({ content }) => content)).toEqual(members.map(({ content = "" }) => content));
    const passwd = found[1]?.entry;
    expect(passwd).toMatchObject({ uid: 3_000_000, gid: 4_000_000_000, mode: 0o4755, mtimeNs: 1_700_000_000_123_456_789n });
    expect(passwd?.xattrs.get("security.capability")).toEqual(new Uint8Array([1, 0, 10, 255, 61]));
    expect(found[4]?.entry.linkName).toBe(`/t/${"m".repeat(150)}`);
    expect(found[5]?.entry).toMatchObject({ kind: "charDevice", devMajor: 1, devMinor: 3 });
  });

  test("the last entry's padding and the end mark may be missing, a part of an entry not", () => {
    const archive = encodeTar([{ kind: "file", name: "a", content: "whole" }, { kind: "file", name: "b", content: "last" }]);
    const lastContentEnd = 512 + 512 + 512 + "last".length;
    expect(readAll(archive.subarray(0, lastContentEnd)).map(({ content }) => content)).toEqual(["whole", "last"]);
    for (const end of [lastContentEnd - 1, 512 + 512 + 100]) expect(() => readAll(archive.subarray(0, end))).toThrow("it ends in the middle of an entry");
  });

  test("takes GNU long names and a global header, which a local one overrides", () => {
    const archive = Buffer.concat([
      special("g", Buffer.from("12 uid=1234\n12 gid=4321\n")),
      special("L", Buffer.from(`${"d/".repeat(100)}name\0`)),
      special("x", Buffer.from("10 uid=77\n")),
      encodeTar([{ kind: "file", name: "short" }, { kind: "file", name: "next" }]),
    ]);
    const [first, second] = readAll(archive);
    expect(first?.entry).toMatchObject({ name: `${"d/".repeat(100)}name`, uid: 77, gid: 4321 });
    expect(second?.entry).toMatchObject({ name: "next", uid: 1234 });
  });

  test("reads sparse files that GNU tar made, in every format", async () => {
    const folder = scratchFolder();
    await Bun.$`truncate -s 3M sparse && printf hello | dd of=sparse bs=1 seek=1000000 conv=notrunc status=none && printf end | dd of=sparse bs=1 seek=3145725 conv=notrunc status=none`.cwd(folder).quiet();
    for (const format of [["--format=gnu"], ["--format=pax", "--sparse-version=0.1"], ["--format=pax", "--sparse-version=1.0"]]) {
      await Bun.$`tar -S ${format} -cf out.tar sparse`.cwd(folder);
      const [file] = readAll(await Bun.file(`${folder}/out.tar`).bytes(), 1000);
      expect(file?.entry).toMatchObject({ name: "sparse", size: 3 * 1024 * 1024 });
      expect(file?.entry.sparse?.length).toBeGreaterThan(0);
      expect(file?.content).toContain("hello");
    }
    await Bun.$`rm -rf ${folder}`;
  });

  test.each([
    ["a wrong header sum", Buffer.concat([encodeTar([{ kind: "file", name: "a" }])]).fill(0x41, 0, 1).fill(0x42, 5, 6)],
    ["the end in the middle of a file", Buffer.from(encodeTar([{ kind: "file", name: "a", content: "z".repeat(5000) }])).subarray(0, 3000)],
    ["the end in the middle of a header", Buffer.from(encodeTar([{ kind: "file", name: "a" }])).subarray(0, 100)],
    ["a pax record that is longer than its header", Buffer.concat([special("x", Buffer.from("99 path=a\n")), encodeTar([{ kind: "file", name: "a" }])])],
    ["a pax record without a length", Buffer.concat([special("x", Buffer.from("path=abc\n")), encodeTar([{ kind: "file", name: "a" }])])],
    ["a huge pax header", special("x", Buffer.alloc(512), 8 * 1024 * 1024 * 1024 - 1)],
    ["a pax size that is no number", Buffer.concat([special("x", Buffer.from("12 size=-12\n")), encodeTar([{ kind: "file", name: "a" }])])],
    ["an unknown type", forged({ kind: "file", name: "a" }, (block) => block.write("Z", 156, "latin1"))],
    ["a negative size", forged({ kind: "file", name: "a" }, (block) => block.fill(0xff, 124, 136))],
    ["a name beyond PATH_MAX", Buffer.concat([special("L", Buffer.alloc(5000, "a")), encodeTar([{ kind: "file", name: "a" }])])],
    ["endless extended headers", Buffer.concat(Array.from({ length: 40 }, () => special("x", Buffer.from("10 uid=77\n"))))],
  ])("refuses %s", (_, archive) => {
    expect(() => readAll(archive)).toThrow(expect.objectContaining({ kind: "InvalidParameter" }));
  });

  test("refuses more entries and more bytes than allowed", () => {
    const archive = encodeTar([{ kind: "file", name: "a", content: "123" }, { kind: "file", name: "b", content: "456" }]);
    expect(() => readAll(archive, 512, new TarReader({ ...DEFAULT_LIMITS, entries: 1 }))).toThrow("more than 1 entries");
    expect(() => readAll(archive, 512, new TarReader({ ...DEFAULT_LIMITS, totalBytes: 5 }))).toThrow("too large");
  });

  test("never throws anything but EngineError on random damage", () => {
    const archive = encodeTar(members);
    let seed = 42;
    const random = (below: number) => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
    for (let round = 0; round < 300; round++) {
      const damaged = Buffer.from(archive);
      for (let count = 0; count < 4; count++) damaged[random(damaged.length)] = random(256);
      try {
        readAll(damaged, 1 + random(2000));
      } catch (error) {
        expect(error).toMatchObject({ name: "EngineError" });
      }
    }
  });
});
