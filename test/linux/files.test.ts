import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AT, closeFd, connectUnix, fstat, getxattr, linkat, listenUnix, lgetxattr, llistxattr, lsetxattr, memfdCreate, mkdirat, mknodat, O, openat2, pwriteFd, readDirectory, readlinkat,
  readSmallFileAt, reap, recvFds, renameat, RESOLVE, S, sealMemfd, sendFds, socketPair, spawnFd, statx, symlinkat, SyscallError, unlinkat, utimensat, waitExit, writeFd,
} from "../../src/linux/mod.ts";
import { scratchFolder } from "../scratch.ts";
import { codeOf } from "./code-of.ts";
import { holdLease } from "./lease.ts";

let folder = "";
let dir = -1;
beforeAll(() => {
  folder = scratchFolder();
  dir = openat2(AT.FDCWD, folder, { flags: O.PATH | O.DIRECTORY });
});
afterAll(() => {
  closeFd(dir);
  rmSync(folder, { recursive: true, force: true });
});

describe("paths", () => {
  test("openat2() is not held up by a lease", async () => {
    const path = join(folder, "leased");
    writeFileSync(path, "hello");
    await using holder = await holdLease(path);
    expect(codeOf(() => openat2(dir, "leased", { flags: O.RDONLY | O.NONBLOCK }))).toBe("EAGAIN");
    expect(readSmallFileAt(dir, "leased", 100)).toBeUndefined();
    await holder.letGo();
    expect(Buffer.from(readSmallFileAt(dir, "leased", 100) ?? []).toString()).toBe("hello");
  });

  test("openat2() keeps links and .. inside the root", () => {
    writeFileSync(join(folder, "inside"), "hello");
    symlinkSync("/inside", join(folder, "absolute"));
    const fd = openat2(dir, "absolute", { flags: O.RDONLY, resolve: RESOLVE.IN_ROOT });
    expect(fstat(fd).size).toBe(5);
    closeFd(fd);
    expect(codeOf(() => openat2(dir, "../etc/passwd", { flags: O.RDONLY, resolve: RESOLVE.BENEATH }))).toBe("EXDEV");
  });

  test("a NUL inside of a name is refused, as text and as bytes", () => {
    expect(codeOf(() => mkdirat(dir, "a\0b", 0o755))).toBe("EINVAL");
    expect(codeOf(() => mkdirat(dir, new Uint8Array([97, 0, 98]), 0o755))).toBe("EINVAL");
  });

  test("an error carries call, errno and path", () => {
    const error = (() => {
      try {
        openat2(dir, "missing", { flags: O.RDONLY });
      } catch (thrown) {
        return thrown as SyscallError;
      }
      return undefined;
    })();
    expect(error).toMatchObject({ call: "open", errno: 2, code: "ENOENT", path: "missing", message: "open missing: no such file or directory" });
  });

  test("names that are not UTF-8 survive", () => {
    const name = new Uint8Array([0xff, 0xfe, 0x41]);
    mkdirat(dir, "bytes", 0o755);
    const inner = openat2(dir, "bytes", { flags: O.RDONLY | O.DIRECTORY });
    mkdirat(inner, name, 0o700);
    expect(readDirectory(inner).map((entry) => [...entry.name])).toEqual([[...name]]);
    closeFd(inner);
  });
});

describe("nodes", () => {
  test("links, renames and removals work by descriptor", () => {
    writeFileSync(join(folder, "one"), "1");
    linkat(dir, "one", dir, "two");
    expect(statx(dir, "one").nlink).toBe(2);
    symlinkat("somewhere", dir, "link");
    expect(Buffer.from(readlinkat(dir, "link")).toString()).toBe("somewhere");
    renameat(dir, "two", dir, "three");
    expect(codeOf(() => statx(dir, "two"))).toBe("ENOENT");
    unlinkat(dir, "three");
    mkdirat(dir, "folder", 0o755);
    expect(codeOf(() => unlinkat(dir, "folder"))).toBe("EISDIR");
    unlinkat(dir, "folder", AT.REMOVEDIR);
  });

  test("mknodat() and statx() agree on large device numbers", () => {
    mknodat(dir, "device", S.IFCHR | 0o600, 259, 70000);
    expect(statx(dir, "device")).toMatchObject({ mode: S.IFCHR | 0o600, rdevMajor: 259, rdevMinor: 70000 });
  });

  test("utimensat() keeps nanoseconds, also before 1970 and on symlinks", () => {
    symlinkat("nowhere", dir, "dangling");
    utimensat(dir, "dangling", 1n, -1n);
    expect(statx(dir, "dangling")).toMatchObject({ atimeNs: 1n, mtimeNs: -1n });
  });

  test("extended attributes are read back, a missing one is undefined", () => {
    writeFileSync(join(folder, "attributed"), "");
    const path = join(folder, "attributed");
    lsetxattr(path, "trusted.hako", new Uint8Array([1, 0, 2]));
    expect([...(lgetxattr(path, "trusted.hako") ?? [])]).toEqual([1, 0, 2]);
    expect(getxattr(path, "trusted.none")).toBeUndefined();
    expect(llistxattr(path)).toContain("trusted.hako");
  });
});

describe("readSmallFileAt()", () => {
  test("reads a regular file and refuses links, FIFOs and long ones at once", () => {
    writeFileSync(join(folder, "small"), "text");
    symlinkSync("small", join(folder, "to-small"));
    mknodat(dir, "fifo", S.IFIFO | 0o600);
    expect(Buffer.from(readSmallFileAt(dir, "small", 10) ?? []).toString()).toBe("text");
    expect(readSmallFileAt(dir, "small", 3)).toBeUndefined();
    expect(readSmallFileAt(dir, "to-small", 10)).toBeUndefined();
    expect(readSmallFileAt(dir, "fifo", 10)).toBeUndefined();
    expect(readSmallFileAt(dir, "none", 10)).toBeUndefined();
  });
});

describe("memory files and sockets", () => {
  test("a sealed memory file cannot be written", () => {
    const fd = memfdCreate("test");
    writeFd(fd, new Uint8Array([1, 2, 3]));
    sealMemfd(fd);
    expect(codeOf(() => pwriteFd(fd, new Uint8Array([9]), 0))).toBe("EPERM");
    closeFd(fd);
  });

  test("listenUnix() binds with its mode, replaces a stale socket, and takes long paths", () => {
    const long = join(folder, "d".repeat(100));
    mkdirat(dir, "d".repeat(100), 0o755);
    for (const path of [join(folder, "s"), join(folder, "s"), join(long, "s")]) {
      const listening = listenUnix(path, 0o660);
      const connected = connectUnix(path);
      expect(statx(AT.FDCWD, path).mode).toBe(S.IFSOCK | 0o660);
      closeFd(connected);
      closeFd(listening);
    }
    expect(codeOf(() => connectUnix(join(folder, "s")))).toBe("ECONNREFUSED");
  });

  test("descriptors travel over a socket", () => {
    const [left, right] = socketPair();
    const fd = openSync(join(folder, "small"), "r");
    expect(sendFds(left, new Uint8Array([7]), [fd])).toBe(1);
    const bytes = new Uint8Array(4);
    const received = recvFds(right, bytes);
    expect(received.length).toBe(1);
    expect(received.fds.map((received) => fstat(received).ino)).toEqual([fstat(fd).ino]);
    for (const open of [left, right, ...received.fds]) closeFd(open);
    closeSync(fd);
  });
});

describe("spawnFd()", () => {
  test("maps descriptors in order, closes the rest and tells the status", async () => {
    const output = openSync(join(folder, "output"), "w+");
    const exeFd = openat2(AT.FDCWD, "/bin/sh", { flags: O.RDONLY });
    const script = "ls /proc/self/fd >&1; echo $A; exit 7";
    const pid = spawnFd({ exeFd, argv: ["sh", "-c", script], env: ["A=value", "PATH=/bin:/usr/bin"], fds: [output, output, output, exeFd] });
    expect(await waitExit(pid)).toEqual({ exitCode: 7, signal: 0 });
    const text = readFileSync(join(folder, "output"), "utf8");
    // ls itself opens one more.
    expect(text.split("\n").slice(0, 5)).toEqual(["0", "1", "2", "3", "4"]);
    expect(text).toContain("value\n");
    expect(reap(pid)).toBe("gone");
    closeSync(output);
    closeFd(exeFd);
  });

  test("the child starts with every signal unblocked and none ignored", async () => {
    const output = openSync(join(folder, "signals"), "w+");
    const exeFd = openat2(AT.FDCWD, "/bin/cat", { flags: O.RDONLY });
    await waitExit(spawnFd({ exeFd, argv: ["cat", "/proc/self/status"], env: [], fds: [output, output, output] }));
    const status = readFileSync(join(folder, "signals"), "utf8");
    expect(status).toContain("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000");
    closeSync(output);
    closeFd(exeFd);
  });

  test("throws when the file is no program", () => {
    const exeFd = openat2(dir, "small", { flags: O.RDONLY });
    expect(codeOf(() => spawnFd({ exeFd, argv: ["x"], env: [], fds: [] }))).toBe("EACCES");
    closeFd(exeFd);
  });
});
