import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeTar, inProcessExtractor, type NewEntry } from "../../src/archive/mod.ts";
import { lgetxattr, statx, AT } from "../../src/linux/mod.ts";
import { processExtractor } from "../image/fixture.ts";
import { scratchFolder } from "../scratch.ts";

type Member = NewEntry & { content?: string };

let dir = "";
let target = "";
beforeEach(() => {
  dir = scratchFolder();
  target = join(dir, "fs");
  mkdirSync(target);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }), 120_000);

async function unpack(members: readonly Member[] | Uint8Array, extractor = inProcessExtractor()) {
  const blob = join(dir, "blob");
  writeFileSync(blob, members instanceof Uint8Array ? members : encodeTar(members));
  return await extractor.unpack({ blob, targetDir: target });
}

const at = (path: string) => join(target, path);

describe("unpack()", () => {
  test("gives files their content, owner, mode, time and capabilities", async () => {
    const capability = Buffer.from("0100000200200000000000000000000000000000", "hex");
    const applied = await unpack([
      { kind: "directory", name: "./", mode: 0o711 },
      { kind: "directory", name: "d/", mode: 0o1777, uid: 5, gid: 6, mtimeNs: 1_600_000_000_000_000_001n },
      { kind: "file", name: "d/su", mode: 0o4755, uid: 1000, gid: 1001, mtimeNs: 1_500_000_000_123_456_789n, content: "data", xattrs: new Map([["security.capability", capability], ["user.note", Buffer.from("n")]]) },
      { kind: "hardLink", name: "same", linkName: "d/su" },
      { kind: "symlink", name: "link", linkName: "/etc/target", uid: 7, mtimeNs: 1_400_000_000_000_000_000n },
      { kind: "charDevice", name: "d/null", mode: 0o666, devMajor: 1, devMinor: 3 },
      { kind: "fifo", name: "d/pipe", mode: 0o640 },
    ]);
    expect(applied).toMatchObject({ entries: 7, size: 4 + "/etc/target".length });
    expect(readFileSync(at("d/su"), "utf8")).toBe("data");
    expect(statx(AT.FDCWD, at("d/su"))).toMatchObject({ mode: 0o104755, uid: 1000, gid: 1001, mtimeNs: 1_500_000_000_123_456_789n, nlink: 2 });
    expect(statx(AT.FDCWD, at("d"))).toMatchObject({ mode: 0o41777, uid: 5, gid: 6, mtimeNs: 1_600_000_000_000_000_001n });
    expect(Buffer.from(lgetxattr(at("d/su"), "security.capability") ?? [])).toEqual(capability);
    expect(statx(AT.FDCWD, at("link"))).toMatchObject({ uid: 7, mtimeNs: 1_400_000_000_000_000_000n });
    expect(readlinkSync(at("link"))).toBe("/etc/target");
    expect(statx(AT.FDCWD, at("d/null"))).toMatchObject({ mode: 0o20666, rdevMajor: 1, rdevMinor: 3 });
    expect(lstatSync(at("d/pipe")).isFIFO()).toBe(true);
    expect(statSync(target).mode & 0o7777).toBe(0o711);
  });

  test("turns whiteouts into overlay's marks", async () => {
    await unpack([
      { kind: "file", name: ".wh.gone" },
      { kind: "directory", name: "opaque/" },
      { kind: "file", name: "opaque/.wh..wh..opq" },
      { kind: "file", name: "replaced/.wh.x" },
      { kind: "file", name: "both/.wh.dir" },
      { kind: "directory", name: "both/dir/" },
      { kind: "file", name: "kept", content: "mine" },
      { kind: "file", name: ".wh.kept" },
      { kind: "file", name: ".wh..wh.plnk" },
    ]);
    expect(statx(AT.FDCWD, at("gone"))).toMatchObject({ mode: 0o20000, rdevMajor: 0, rdevMinor: 0 });
    expect(Buffer.from(lgetxattr(at("opaque"), "trusted.overlay.opaque") ?? []).toString()).toBe("y");
    expect(Buffer.from(lgetxattr(at("both/dir"), "trusted.overlay.opaque") ?? []).toString()).toBe("y");
    expect(readFileSync(at("kept"), "utf8")).toBe("mine");
    expect(existsSync(at(".wh..wh.plnk"))).toBe(false);
  });

  test("follows links of folders inside the root, as Docker does", async () => {
    await unpack([
      { kind: "directory", name: "usr/lib/" },
      { kind: "symlink", name: "lib", linkName: "usr/lib" },
      { kind: "file", name: "lib/a.so", content: "so" },
      { kind: "symlink", name: "abs", linkName: "/usr" },
      { kind: "file", name: "abs/b", content: "b" },
    ]);
    expect(readFileSync(at("usr/lib/a.so"), "utf8")).toBe("so");
    expect(readFileSync(at("usr/b"), "utf8")).toBe("b");
  });

  test("a link replaced by a folder is no longer followed", async () => {
    await unpack([
      { kind: "directory", name: "old/" },
      { kind: "symlink", name: "d", linkName: "old" },
      { kind: "file", name: "d/1", content: "1" },
      { kind: "directory", name: "d/" },
      { kind: "file", name: "d/2", content: "2" },
      { kind: "file", name: "d", content: "file now" },
    ]);
    expect(existsSync(at("old/1"))).toBe(true);
    expect(existsSync(at("old/2"))).toBe(false);
    expect(readFileSync(at("d"), "utf8")).toBe("file now");
  });

  test("writing through a link that points at the host stays inside", async () => {
    const outside = join(dir, "outside");
    mkdirSync(outside);
    await unpack([
      { kind: "symlink", name: "evil", linkName: outside },
      { kind: "directory", name: outside.slice(1) },
      { kind: "file", name: "evil/owned", content: "x" },
    ]);
    expect(existsSync(join(outside, "owned"))).toBe(false);
    expect(existsSync(join(target, outside, "owned"))).toBe(true);
  });

  test.each<[string, Member[], string]>([
    ["an absolute name", [{ kind: "file", name: "/etc/x" }], "absolute"],
    ["a climbing name", [{ kind: "file", name: "a/../../x" }], '".."'],
    ["a climbing whiteout", [{ kind: "file", name: "../.wh.x" }], '".."'],
    ["a whiteout of its folder", [{ kind: "file", name: "a/.wh..." }], "beside it"],
    ["a whiteout of nothing", [{ kind: "file", name: "a/.wh." }], "beside it"],
    ["a link that climbs out", [{ kind: "symlink", name: "a/l", linkName: "../../x" }], "out of the root"],
    ["a hard link to the outside", [{ kind: "hardLink", name: "h", linkName: "../../../etc/passwd" }], '".."'],
    ["a hard link to an absolute name", [{ kind: "hardLink", name: "h", linkName: "/etc/passwd" }], "absolute"],
    ["a hard link to nothing", [{ kind: "hardLink", name: "h", linkName: "etc/passwd" }], "no such file"],
    ["a hard link through a link to the outside", [{ kind: "symlink", name: "l", linkName: "/etc" }, { kind: "hardLink", name: "h", linkName: "l/passwd" }], "no such file"],
    ["a file for a root", [{ kind: "file", name: "./" + "." }], "root"],
    ["a file below a file", [{ kind: "file", name: "f" }, { kind: "file", name: "f/g" }], "folder"],
    ["a folder through a dangling link", [{ kind: "symlink", name: "l", linkName: "/nowhere" }, { kind: "file", name: "l/g" }], "link to nothing"],
    ["a device that overlay takes for a whiteout", [{ kind: "charDevice", name: "z", devMajor: 0, devMinor: 0 }], "whiteout"],
    ["a very deep name", [{ kind: "file", name: "d/".repeat(600) + "f" }], "deep"],
  ])("refuses %s", async (_, members, words) => {
    await expect(unpack(members)).rejects.toMatchObject({ kind: "InvalidParameter", message: expect.stringContaining(words) });
  });

  test("gives files their owner and mode in folders that would give them others", async () => {
    // Everybody else gets nothing (acl(5)): version, then tag, permissions and id of owner, group and others.
    const nobodyElse = Buffer.from(`02000000${["01000700", "04000000", "20000000"].map((entry) => `${entry}ffffffff`).join("")}`, "hex");
    const files = (folder: string): Member[] => ["a", "b", "c"].map((name) => ({ kind: "file", name: `${folder}/${name}`, mode: 0o644, content: name }));
    await unpack([
      { kind: "directory", name: "plain/", mode: 0o755 }, ...files("plain"), { kind: "file", name: "plain/other", mode: 0o640, gid: 9, content: "o" }, { kind: "file", name: "plain/su", mode: 0o4755, content: "s" },
      { kind: "directory", name: "group/", mode: 0o2755, gid: 7 }, ...files("group"),
      { kind: "directory", name: "list/", mode: 0o755, xattrs: new Map([["system.posix_acl_default", nobodyElse]]) }, ...files("list"),
      // The same folder, described once more among its files.
      { kind: "directory", name: "plain/", mode: 0o2755, gid: 8 }, { kind: "file", name: "plain/late", mode: 0o644, content: "l" },
    ]);
    const kinds = ["plain/a", "plain/c", "plain/other", "plain/su", "plain/late", "group/a", "group/c", "list/a", "list/c"].map((path) => [path, (lstatSync(at(path)).mode & 0o7777).toString(8), lstatSync(at(path)).gid]);
    expect(kinds).toEqual([["plain/a", "644", 0], ["plain/c", "644", 0], ["plain/other", "640", 9], ["plain/su", "4755", 0], ["plain/late", "644", 0], ["group/a", "644", 0], ["group/c", "644", 0], ["list/a", "644", 0], ["list/c", "644", 0]]);
  });

  test("does not take overlay's marks from an archive", async () => {
    await unpack([{ kind: "directory", name: "d/", xattrs: new Map([["trusted.overlay.redirect", Buffer.from("/etc")]]) }]);
    expect(lgetxattr(at("d"), "trusted.overlay.redirect")).toBeUndefined();
  });

  test("agrees with GNU tar about a real tree", async () => {
    await Bun.$`tar -cf ${dir}/usr.tar -C /usr lib/python3 share/perl5 --ignore-failed-read`.quiet().nothrow();
    await unpack(await Bun.file(`${dir}/usr.tar`).bytes());
    const { exitCode, stdout } = await Bun.$`tar -C ${target} -df ${dir}/usr.tar`.quiet().nothrow();
    expect(stdout.toString()).toBe("");
    expect(exitCode).toBe(0);
  }, 300_000);
});

describe("compression", () => {
  const archive = encodeTar([{ kind: "file", name: "f", content: "content ".repeat(10_000) }]);
  const diffID = `sha256:${new Bun.CryptoHasher("sha256").update(archive).digest("hex")}`;
  const compressed = async (program: string) => {
    writeFileSync(join(dir, "plain"), archive);
    return new Uint8Array(await Bun.$`${program} -c < ${join(dir, "plain")}`.arrayBuffer());
  };

  test.each(["gzip", "zstd", "bzip2", "xz"])("%s: both digests in one pass, in a helper process", async (program) => {
    const bytes = await compressed(program);
    const applied = await unpack(bytes, processExtractor());
    expect(applied).toMatchObject({ diffID, digest: `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`, compressedSize: bytes.length, entries: 1 });
  });

  test.each(["gzip", "zstd", "bzip2", "xz"])("%s: refuses data that is cut short", async (program) => {
    const bytes = await compressed(program);
    await expect(unpack(bytes.subarray(0, bytes.length - 10), processExtractor())).rejects.toMatchObject({ kind: "InvalidParameter" });
  });

  test("gzip and zstd of several members are one stream", async () => {
    for (const program of ["gzip", "zstd"]) {
      const half = Math.floor(archive.length / 2);
      const parts: Uint8Array[] = [];
      for (const part of [archive.subarray(0, half), archive.subarray(half)]) {
        writeFileSync(join(dir, "part"), part);
        parts.push(new Uint8Array(await Bun.$`${program} -c < ${join(dir, "part")}`.arrayBuffer()));
      }
      expect((await unpack(Buffer.concat(parts))).diffID).toBe(diffID as never);
    }
  });

  test("a promised digest and diffID are checked", async () => {
    writeFileSync(join(dir, "blob"), archive);
    const wrong = `sha256:${"0".repeat(64)}` as never;
    for (const expected of [{ digest: wrong }, { diffID: wrong }])
      await expect(processExtractor().unpack({ blob: join(dir, "blob"), targetDir: target, expected })).rejects.toMatchObject({ kind: "InvalidParameter" });
  });
});
