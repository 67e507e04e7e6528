/** Base images of Debian's archive: what is read, and what is refused. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeTar, TarReader } from "../../src/archive/mod.ts";
import { debianSource } from "../../src/cli/bootstrap/apt-sources.ts";
import { DebianArchive } from "../../src/cli/bootstrap/archive.ts";
import { busyboxRoot } from "../../src/cli/bootstrap/busybox.ts";
import { fileOfDeb } from "../../src/cli/bootstrap/deb.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what this machine's apt takes Debian from", () => {
  const apt = (files: Record<string, string>): string => {
    const etc = join(folder, crypto.randomUUID());
    mkdirSync(join(etc, "sources.list.d"), { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(etc, name), text);
    return etc;
  };

  test.each([
    ["one line each", { "sources.list": "# deb http://old.example/debian sid main\ndeb [arch=amd64 signed-by=/x] http://mirror.example/debian/ bookworm main\n" }, { mirror: "http://mirror.example/debian", suite: "bookworm" }],
    ["deb822", { "sources.list.d/debian.sources": "Types: deb\nURIs: http://mirror.example/debian-security\nSuites: trixie-security\n\nTypes: deb deb-src\nURIs:\n  https://mirror.example/debian\nSuites: trixie trixie-updates\nComponents: main\n" }, { mirror: "https://mirror.example/debian", suite: "trixie" }],
    ["another distribution's", { "sources.list": "deb http://archive.example/ubuntu noble main\n" }, { mirror: "http://deb.debian.org/debian", suite: "stable" }],
    ["a source that is off", { "sources.list.d/a.sources": "Enabled: no\nTypes: deb\nURIs: http://mirror.example/debian\nSuites: sid\n" }, { mirror: "http://deb.debian.org/debian", suite: "stable" }],
  ])("%s", (_, files, expected) => expect(debianSource(apt(files))).toEqual(expected));
});

const member = (name: string, bytes: Uint8Array): Uint8Array =>
  Buffer.concat([Buffer.from(`${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(bytes.length).padEnd(10)}\`\n`), bytes, Buffer.alloc(bytes.length % 2, "\n")]);

describe("a Debian package", () => {
  const data = encodeTar([{ kind: "directory", name: "./usr/" }, { kind: "file", name: "./usr/bin/busybox", content: "ELF" }]);
  const deb = (packed: Uint8Array, name: string): Uint8Array => Buffer.concat([Buffer.from("!<arch>\n"), member("debian-binary", Buffer.from("2.0\n")), member("control.tar", encodeTar([])), member(name, packed)]);

  test.each([["data.tar", data], ["data.tar.gz/", Bun.gzipSync(Buffer.from(data))], ["data.tar.zst", Bun.zstdCompressSync(data)]])("gives a file of its %s", async (name, packed) => {
    expect(Buffer.from(await fileOfDeb(deb(packed, name), ["bin/busybox", "usr/bin/busybox"], 100)).toString()).toBe("ELF");
  });

  test("that is none, is cut short, or holds something else is refused", async () => {
    await expect(fileOfDeb(Buffer.from("!<nope>\n"), ["x"], 100)).rejects.toThrow("no ar archive");
    await expect(fileOfDeb(deb(data, "other"), ["x"], 100)).rejects.toThrow("no data");
    await expect(fileOfDeb(deb(data, "data.tar"), ["x"], 100)).rejects.toThrow("holds none of x");
    await expect(fileOfDeb(deb(data, "data.tar"), ["usr/bin/busybox"], 2)).rejects.toThrow("too large");
    await expect(fileOfDeb(deb(data, "data.tar").subarray(0, -1600), ["x"], 100)).rejects.toThrow();
  });
});

test("busybox's root has it under all of its names, and no name that is none", () => {
  const entries = [...new TarReader().push(busyboxRoot(Buffer.from("ELF"), ["sh", "[", "ls", "../evil", "busybox"]))].flatMap((event) => (event.kind === "entry" ? [event.entry] : []));
  expect(entries.filter(({ kind }) => kind === "symlink").map(({ name, linkName }) => `${name} -> ${linkName}`)).toEqual(["bin/sh -> busybox", "bin/[ -> busybox", "bin/ls -> busybox", "usr/bin/env -> ../../bin/env"]);
  expect(entries.find(({ name }) => name === "tmp/")?.mode).toBe(0o1777);
  expect(entries.find(({ name }) => name === "bin/busybox")?.mode).toBe(0o755);
});

const gpg = Bun.which("gpg") && Bun.which("gpgv");
describe.skipIf(!gpg)("an archive (needs gpg and gpgv)", () => {
  const keyring = join(folder, "keys.gpg");
  const home = join(folder, "gnupg");
  const run = async (...args: string[]): Promise<void> => {
    const child = Bun.spawn(["gpg", "--homedir", home, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "", ...args], { stdout: "ignore", stderr: "pipe" });
    const message = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw new Error(message);
  };
  const served = new Map<string, Uint8Array | string>();
  let server: ReturnType<typeof Bun.serve>;
  let mirror = "";
  const deb = Buffer.from("a package");
  const sha256 = (bytes: Uint8Array | string): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");

  async function release(extra: Record<string, string> = {}): Promise<void> {
    const packages = `Package: other\nVersion: 1\n\nPackage: busybox-static\nVersion: 2-1\nFilename: pool/b.deb\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
    writeFileSync(join(folder, "Packages"), packages);
    await Bun.$`xz -kf ${join(folder, "Packages")}`.quiet();
    const packed = new Uint8Array(await Bun.file(join(folder, "Packages.xz")).arrayBuffer());
    const fields = { Suite: "stable", Codename: "test", ...extra };
    writeFileSync(join(folder, "Release"), `${Object.entries(fields).map(([key, value]) => `${key}: ${value}`).join("\n")}\nSHA256:\n ${sha256(packed)} ${packed.length} main/binary-amd64/Packages.xz\n`);
    await run("--yes", "--clearsign", "--output", join(folder, "InRelease"), join(folder, "Release"));
    served.set("/dists/stable/InRelease", await Bun.file(join(folder, "InRelease")).text());
    served.set("/dists/stable/main/binary-amd64/Packages.xz", packed);
    served.set("/pool/b.deb", deb);
  }

  beforeAll(async () => {
    mkdirSync(home, { mode: 0o700 });
    server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => new Response((served.get(new URL(request.url).pathname) as string | undefined) ?? "", { status: served.has(new URL(request.url).pathname) ? 200 : 404 }) });
    mirror = `http://127.0.0.1:${server.port}`;
    await run("--quick-generate-key", "test", "rsa2048", "sign", "never");
    await run("--output", keyring, "--export");
  });
  afterAll(async () => {
    await server.stop(true);
    await Bun.spawn(["gpgconf", "--homedir", home, "--kill", "all"], { stdout: "ignore", stderr: "ignore" }).exited;
  });

  test("whose signature and hashes hold gives its packages", async () => {
    await release();
    const archive = await DebianArchive.open(mirror, "stable", keyring);
    const entry = await archive.find("busybox-static", "amd64");
    expect(entry).toEqual({ version: "2-1", path: "pool/b.deb", sha256: sha256(deb), size: deb.length });
    expect(Buffer.from(await archive.deb(entry)).toString()).toBe("a package");
    await expect(archive.find("nosuch", "amd64")).rejects.toThrow("stable has no package nosuch for amd64");
    await expect(archive.find("busybox-static", "vax")).rejects.toThrow("no packages of stable for vax");
  });

  test("that was tampered with is refused, at whatever link", async () => {
    await release();
    const archive = await DebianArchive.open(mirror, "stable", keyring);
    const entry = await archive.find("busybox-static", "amd64");
    served.set("/pool/b.deb", "b package");
    await expect(archive.deb(entry)).rejects.toThrow("is not what the signed release says");
    served.set("/pool/b.deb", `${deb.toString()} and more`);
    await expect(archive.deb(entry)).rejects.toThrow("bytes expected");
    served.set("/dists/stable/main/binary-amd64/Packages.xz", Buffer.alloc((served.get("/dists/stable/main/binary-amd64/Packages.xz") as Uint8Array).length));
    await expect(archive.find("busybox-static", "amd64")).rejects.toThrow("is not what the signed release says");
    served.set("/dists/stable/InRelease", String(served.get("/dists/stable/InRelease")).replace("Codename: test", "Codename: evil"));
    await expect(DebianArchive.open(mirror, "stable", keyring)).rejects.toThrow("is not signed by a key of");
    served.set("/dists/stable/InRelease", "Suite: stable\n");
    await expect(DebianArchive.open(mirror, "stable", keyring)).rejects.toThrow("is not signed by a key of");
  });

  test("of another suite, or out of date, is refused", async () => {
    await release({ Suite: "oldstable" });
    await expect(DebianArchive.open(mirror, "stable", keyring)).rejects.toThrow("is the release of oldstable (test), not of stable");
    await release({ "Valid-Until": "Sat, 01 Jan 2022 00:00:00 UTC" });
    await expect(DebianArchive.open(mirror, "stable", keyring)).rejects.toThrow("the mirror is out of date");
    served.delete("/dists/stable/InRelease");
    await expect(DebianArchive.open(mirror, "stable", keyring)).rejects.toThrow("cannot fetch");
  });
});
