/** What COPY, ADD and WORKDIR make of a layer; the trees that are expected are those that BuildKit made of the same instructions. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runFileActions } from "../../src/layer-files/file-actions.ts";
import type { JobAction } from "../../src/layer-files/mod.ts";
import { lgetxattr } from "../../src/linux/mod.ts";
import { scratchFolder } from "../scratch.ts";

type Copy = Extract<JobAction, { action: "copy" }>;

let root = "";
const at = (...parts: string[]): string => join(root, ...parts);

beforeEach(() => {
  root = scratchFolder();
  for (const folder of ["context/d/sub/deep", "context/m700", "base/t/existing/sub", "base/t/real", "base/etc", "upper", "archives"]) mkdirSync(at(folder), { recursive: true });
  for (const [path, content] of Object.entries({ "d/a": "a", "d/sub/b": "b", "d/sub/deep/c.txt": "c", "x.txt": "x", "y.txt": "y", "z.md": "z", "m700/in": "in" })) writeFileSync(at("context", path), content);
  for (const [path, content] of Object.entries({ "t/existing/a": "old", "t/file": "f", "t/real/target": "t", "etc/passwd": "root:x:0:0::/:/bin/sh\nusr:x:66:77::/:/bin/sh\n", "etc/group": "root:x:0:\ngrp:x:78:\n" })) writeFileSync(at("base", path), content);
  symlinkSync("a", at("context/d/link"));
  symlinkSync("sub", at("context/d/dlink"));
  symlinkSync("d", at("context/toplink"));
  symlinkSync("d/a", at("context/filelink"));
  symlinkSync("real", at("base/t/tolink"));
  symlinkSync("/t/real/target", at("base/t/flink"));
  linkSync(at("context/d/a"), at("context/d/hard"));
  chmodSync(at("context/m700"), 0o700);
  chmodSync(at("base/t/existing"), 0o711);
  utimesSync(at("context/x.txt"), 1000, 1000);
  utimesSync(at("base/t"), 2000, 2000);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function copy(source: string | readonly string[], target: string, changes: Partial<Copy> = {}): Copy {
  const sources = typeof source === "string" ? [source] : source;
  return { action: "copy", input: 0, sources, target, targetIsFolder: target.endsWith("/") || sources.length > 1, wildcards: true, parents: false, exclude: [], owner: "", mode: "", unpack: false, contentsOnly: true, followLinks: true, required: true, ...changes };
}

function act(...actions: JobAction[]) {
  return runFileActions({ kind: "files", upper: at("upper"), base: { kind: "layers", folders: [at("base")], layers: [1] }, inputs: [{ kind: "context", folders: [at("context")], layers: [] }], actions, sharing: [], archives: at("archives"), seals: true }, () => undefined);
}

/** `name mode uid:gid [content or link]`, without the base's own folders above. */
function made(below = "upper"): string[] {
  const lines: string[] = [];
  const visit = (folder: string, path: string): void => {
    for (const name of readdirSync(folder).sort()) {
      const stat = lstatSync(join(folder, name));
      const what = stat.isSymbolicLink() ? `-> ${readlinkSync(join(folder, name))}` : stat.isFile() ? readFileSync(join(folder, name), "utf8") : stat.isCharacterDevice() ? "whiteout" : "/";
      lines.push(`${path}${name} ${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${what}`);
      if (stat.isDirectory()) visit(join(folder, name), `${path}${name}/`);
    }
  };
  visit(at(below), "");
  return lines;
}

describe.skipIf(process.getuid?.() !== 0)("a copy", () => {
  test("of a folder is of its content: the new folder is root's and 0755, those in it as they were", () => {
    act(copy("d", "/n"));
    expect(made()).toEqual(["n 755 0:0 /", "n/a 644 0:0 a", "n/dlink 777 0:0 -> sub", "n/hard 644 0:0 a", "n/link 777 0:0 -> a", "n/sub 755 0:0 /", "n/sub/b 644 0:0 b", "n/sub/deep 755 0:0 /", "n/sub/deep/c.txt 644 0:0 c"]);
    expect(lstatSync(at("upper/n/a")).ino).toBe(lstatSync(at("upper/n/hard")).ino);
  });

  test("gives the target nothing of the folder itself", () => {
    act(copy("m700", "/n"));
    expect(made()).toEqual(["n 755 0:0 /", "n/in 644 0:0 in"]);
  });

  test("into a folder that is there keeps that as it is, and takes no time from it", () => {
    act(copy("x.txt", "/t/existing"));
    expect(made()).toEqual(["t 755 0:0 /", "t/existing 711 0:0 /", "t/existing/x.txt 644 0:0 x"]);
    expect(lstatSync(at("upper/t")).mtimeMs).toBe(2_000_000);
    expect(lstatSync(at("upper/t/existing/x.txt")).mtimeMs).toBe(1_000_000);
  });

  test.each<[string, Copy, string[]]>([
    ["a file under a new name", copy("x.txt", "/n"), ["n 644 0:0 x"]],
    ["a file into a new folder", copy("x.txt", "/n/"), ["n 755 0:0 /", "n/x.txt 644 0:0 x"]],
    ["several files", copy(["x.txt", "y.txt"], "/n/"), ["n 755 0:0 /", "n/x.txt 644 0:0 x", "n/y.txt 644 0:0 y"]],
    ["a pattern", copy("*.txt", "/n/"), ["n 755 0:0 /", "n/x.txt 644 0:0 x", "n/y.txt 644 0:0 y"]],
    ["a pattern with a class", copy("[^xy].*d", "/n/"), ["n 755 0:0 /", "n/z.md 644 0:0 z"]],
    ["a pattern that nothing matches", copy("*.no", "/n/"), []],
    ["a link to a folder: its content", copy("toplink/sub", "/n"), ["n 755 0:0 /", "n/b 644 0:0 b", "n/deep 755 0:0 /", "n/deep/c.txt 644 0:0 c"]],
    ["a link to a file: the file", copy("filelink", "/n"), ["n 644 0:0 a"]],
    ["into a folder behind a link", copy("x.txt", "/t/tolink/"), ["t 755 0:0 /", "t/real 755 0:0 /", "t/real/x.txt 644 0:0 x"]],
    ["onto a link to a file: the file", copy("x.txt", "/t/flink"), ["t 755 0:0 /", "t/real 755 0:0 /", "t/real/target 644 0:0 x"]],
    ["over a file", copy("x.txt", "/t/file"), ["t 755 0:0 /", "t/file 644 0:0 x"]],
    ["a user by name, with the user's group", copy("x.txt", "/n/m/", { owner: "usr" }), ["n 755 66:77 /", "n/m 755 66:77 /", "n/m/x.txt 644 66:77 x"]],
    ["a user and a group", copy("x.txt", "/n", { owner: "5:grp" }), ["n 644 5:78 x"]],
    ["an octal mode, for the new folder too", copy("d/sub/deep", "/n", { mode: "640" }), ["n 640 0:0 /", "n/c.txt 640 0:0 c"]],
    ["a mode in symbols", copy("d/sub", "/n", { mode: "u=rwX,go=,o+X" }), ["n 701 0:0 /", "n/b 600 0:0 b", "n/deep 701 0:0 /", "n/deep/c.txt 600 0:0 c"]],
    ["with the folders above", copy("d/sub/deep/c.txt", "/n/", { parents: true }), ["n 755 0:0 /", "n/d 755 0:0 /", "n/d/sub 755 0:0 /", "n/d/sub/deep 755 0:0 /", "n/d/sub/deep/c.txt 644 0:0 c"]],
    ["with the folders above from a point on", copy("d/./sub/deep", "/n/", { parents: true }), ["n 755 0:0 /", "n/sub 755 0:0 /", "n/sub/deep 755 0:0 /", "n/sub/deep/c.txt 644 0:0 c"]],
    ["without what is excluded", copy("d", "/n/", { exclude: ["sub/b", "**/*.txt", "*link", "h*"] }), ["n 755 0:0 /", "n/a 644 0:0 a", "n/sub 755 0:0 /", "n/sub/deep 755 0:0 /"]],
    ["without what is excluded but for an exception", copy("d", "/n/", { exclude: ["*", "!sub/deep/c.txt"] }), ["n 755 0:0 /", "n/sub 755 0:0 /", "n/sub/deep 755 0:0 /", "n/sub/deep/c.txt 644 0:0 c"]],
    ["a path that would climb out stays inside", copy("../../x.txt", "/../n"), ["n 644 0:0 x"]],
  ])("%s", (_, action, expected) => {
    act(action);
    expect(made()).toEqual(expected);
  });

  test.each<[string, Copy, string]>([
    ["what is not there", copy("no", "/n"), '"/no": not found'],
    ["a folder onto a file", copy("d", "/t/file"), "cannot copy to non-directory: /t/file"],
    ["into a file", copy("x.txt", "/t/file/n"), "mkdir /t/file: not a directory"],
    ["a bad pattern", copy("[x", "/n"), "syntax error in pattern"],
    ["a bad mode", copy("x.txt", "/n", { mode: "rwx" }), "invalid chmod parameter"],
    ["an id that is none", copy("x.txt", "/n", { owner: "4294967296" }), "uids and gids must be in range"],
  ])("refuses %s", (_, action, message) => {
    expect(() => act(action)).toThrow(message);
  });

  test("names that nobody has are told of, and are root's", () => {
    expect(act(copy("x.txt", "/n", { owner: "nobodyhere:nogroup" })).warnings).toEqual(["unable to find user nobodyhere: no matching entries in passwd file; the files are root's", "unable to find group nogroup: no matching entries in group file; the files are of group 0"]);
    expect(made()).toEqual(["n 644 0:0 x"]);
  });

  test("a file that is taken twice, by way of a link, is two files; its own other names are one", () => {
    linkSync(at("context/x.txt"), at("elsewhere"));
    symlinkSync("x.txt", at("context/way"));
    linkSync(at("context/x.txt"), at("context/other"));
    act(copy(["x.txt", "way", "other"], "/n/"));
    const [file, way, other] = ["x.txt", "way", "other"].map((name) => lstatSync(at(`upper/n/${name}`)).ino);
    expect([way === file, other === file || other === way]).toEqual([false, true]);
  });

  test("an owner is kept where none is asked for", () => {
    chownSync(at("context/x.txt"), 66, 78);
    act(copy("x.txt", "/n"));
    expect(made()).toEqual(["n 644 66:78 x"]);
  });

  test("shares files with the context where that shows nowhere, never within one root, and not where programs judge by it", () => {
    act(copy("x.txt", "/one"), copy("x.txt", "/two"), copy("x.txt", "/etc/cron.d/x"), copy("x.txt", "/owned", { owner: "5" }));
    const inode = (path: string) => lstatSync(at(path)).ino;
    expect(inode("upper/one")).toBe(inode("context/x.txt"));
    expect(new Set(["upper/one", "upper/two", "upper/etc/cron.d/x", "upper/owned"].map(inode)).size).toBe(4);
  });

  test("the same copy is the same layer, bit by bit", () => {
    const first = act(copy("d", "/t/existing/")).sealed?.diffID;
    rmSync(at("upper"), { recursive: true });
    mkdirSync(at("upper"));
    expect(act(copy("d", "/t/existing/")).sealed?.diffID).toBe(first as string);
  });
});

describe.skipIf(process.getuid?.() !== 0)("folders, files and removals", () => {
  test("a folder with all above it, and one that is there", () => {
    act({ action: "makeFolder", path: "/n/m", owner: "usr:grp", mode: 0o750 }, { action: "makeFolder", path: "/t/tolink", owner: "", mode: 0o700 });
    expect(made()).toEqual(["n 755 66:78 /", "n/m 750 66:78 /"]);
    expect(() => act({ action: "makeFolder", path: "/t/file", owner: "", mode: 0o755 })).toThrow("mkdir /t/file: not a directory");
  });

  test("a file of its own content", () => {
    act({ action: "makeFile", path: "/t/new", content: Buffer.from("text\n").toString("base64"), owner: "7:8", mode: "600" });
    expect(made()).toEqual(["t 755 0:0 /", "t/new 600 7:8 text\n"]);
  });

  test("what is removed from the base is hidden; a folder put there again shows nothing of the old one", () => {
    act({ action: "remove", path: "/t/existing", missingIsFine: false }, { action: "remove", path: "/nope", missingIsFine: true });
    expect(made()).toEqual(["t 755 0:0 /", "t/existing 0 0:0 whiteout"]);
    act(copy("x.txt", "/t/existing/"));
    expect(made("upper/t/existing")).toEqual(["x.txt 644 0:0 x"]);
    expect(Buffer.from(lgetxattr(at("upper/t/existing"), "trusted.overlay.opaque") ?? []).toString()).toBe("y");
    expect(() => act({ action: "remove", path: "/nope", missingIsFine: false })).toThrow("lstat /nope: no such file or directory");
  });

  test("a folder of the base that belongs to somebody is theirs here too", () => {
    chownSync(at("base/t/existing"), 66, 77);
    act(copy("x.txt", "/t/existing/sub/"));
    expect(made()).toEqual(["t 755 0:0 /", "t/existing 711 66:77 /", "t/existing/sub 755 0:0 /", "t/existing/sub/x.txt 644 0:0 x"]);
  });
});
