/** Known escapes, each as an image or a flag that tries it. The host must stay as it was. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, run, startEngine, type TestEngine } from "../harness.ts";
import { changedBusyboxTar } from "../images.ts";

let engine: TestEngine;
let victim: string;
beforeAll(async () => {
  engine = await startEngine();
  victim = join(engine.runRoot, "victim");
  mkdirSync(victim);
  writeFileSync(join(victim, "secret"), "host secret\n");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const hash = (path: string): string => new Bun.CryptoHasher("sha256").update(readFileSync(path)).digest("hex");

async function evilImage(name: string, change: (root: string) => void | Promise<void>): Promise<string> {
  const tar = join(engine.runRoot, `${name}.tar`);
  await changedBusyboxTar(tar, change);
  await engine.importTar(tar, `evil:${name}`);
  rmSync(tar);
  return `evil:${name}`;
}

function expectHostUntouched(): void {
  expect(readdirSync(victim)).toEqual(["secret"]);
  expect(readFileSync(join(victim, "secret"), "utf8")).toBe("host secret\n");
}

describe("an image whose own folders are symlinks (CVE-2025-31133, CVE-2025-52565, CVE-2025-52881)", () => {
  test.each(["dev", "proc", "sys", "etc", "dev/pts", "dev/shm", "proc/sys"])("/%s leads out of the root", async (path) => {
    const image = await evilImage(path.replace("/", "-"), (root) => {
      if (path === "etc") renameSync(join(root, "etc"), join(root, "old-etc"));
      const target = join(root, path);
      mkdirSync(join(target, ".."), { recursive: true });
      symlinkSync(victim, target);
    });
    const { code, stdout } = await engine.hakoWith({ timeoutMs: 60_000 }, "run", "--rm", image, "sh", "-c", `cat ${victim}/secret /${path}/secret; echo x > /${path}/planted; grep CapEff /proc/self/status`);
    expect(stdout).not.toContain("host secret");
    // Refused with an error, or run with everything inside of the root.
    if (code === 0) expect(stdout).toContain("CapEff:\t00000000a80425fb");
    expectHostUntouched();
  });

  test("/dev/null of the image is not what masks", async () => {
    const image = await evilImage("null", (root) => {
      mkdirSync(join(root, "dev"));
      symlinkSync("/proc/sysrq-trigger", join(root, "dev/null"));
      symlinkSync("/proc/sys/kernel/core_pattern", join(root, "dev/console"));
    });
    const { stdout } = await engine.hako("run", "--rm", image, "sh", "-c", "head -c 1 /proc/kcore | wc -c; echo 1 > /proc/sys/kernel/core_pattern; echo h > /proc/sysrq-trigger; ls -l /dev/null");
    expect(stdout).not.toMatch(/^[1-9]/);
    const { stdout: tty } = await engine.hako("run", "-t", "--rm", image, "sh", "-c", "echo 1 > /proc/sys/kernel/core_pattern || echo refused");
    if (tty !== "") expect(tty).toContain("refused");
  });

  test("/proc made of a folder does not pass for procfs", async () => {
    const image = await evilImage("fakeproc", (root) => {
      mkdirSync(join(root, "proc/self/attr"), { recursive: true });
      mkdirSync(join(root, "proc/sys/kernel"), { recursive: true });
      writeFileSync(join(root, "proc/sys/kernel/hostname"), "fake");
    });
    expect(await engine.ok("run", "--rm", image, "sh", "-c", "grep -c ' /proc proc ' /proc/mounts")).toBe("1");
  });
});

test.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])("a working directory of /proc/self/fd/%d does not lead out (CVE-2024-21626)", async (fd) => {
  const { stdout } = await engine.hako("run", "--rm", "--network", "none", "-w", `/proc/self/fd/${fd}`, BUSYBOX, "sh", "-c", `cat ../../../../../..${victim}/secret`);
  expect(stdout).not.toContain("host secret");
  const id = await engine.ok("run", "-d", "--network", "none", BUSYBOX, "sleep", "1000");
  const result = await engine.hako("exec", "-w", `/proc/self/fd/${fd}`, id, "sh", "-c", `cat ../../../../../..${victim}/secret`);
  expect(result.stdout).not.toContain("host secret");
  await engine.ok("rm", "-f", id);
});

test("the shim's executable cannot be overwritten from inside (CVE-2019-5736)", async () => {
  const programs = [join(import.meta.dir, "../../build/hako"), join(engine.runRoot, "bin/hako-shim")];
  const before = programs.map(hash);
  const image = await evilImage("selfexe", (root) => {
    writeFileSync(join(root, "bin/evil"), "#!/proc/self/exe\n");
    chmodSync(join(root, "bin/evil"), 0o755);
  });
  const overwrite = "while :; do for p in /proc/[0-9]*/exe; do echo owned 2>/dev/null > $p; done; done 2>/dev/null";
  const id = await engine.ok("run", "-d", image, "sh", "-c", overwrite);
  await Promise.all(Array.from({ length: 10 }, () => engine.hako("exec", id, "/bin/evil")));
  await Promise.all(Array.from({ length: 10 }, () => engine.hako("exec", id, "true")));
  await engine.hakoWith({ timeoutMs: 60_000 }, "run", "--rm", image, "/bin/evil");
  await engine.ok("rm", "-f", id);
  expect(programs.map(hash)).toEqual(before);
});

test("a FIFO or a device as /etc/passwd and /etc/group does not hang", async () => {
  const image = await evilImage("fifo", async (root) => {
    rmSync(join(root, "etc/passwd"));
    rmSync(join(root, "etc/group"));
    await run(["mkfifo", join(root, "etc/passwd"), join(root, "etc/group")]);
  });
  for (const user of ["user", "1000", "root"]) {
    const { code } = await engine.hakoWith({ timeoutMs: 60_000 }, "run", "--rm", "-u", user, image, "true");
    expect(code).toBeOneOf([0, 125, 126]);
  }
});

test("/etc/passwd as a symlink to the host's file is looked up inside", async () => {
  writeFileSync(join(victim, "secret"), "host secret\n");
  const host = join(engine.runRoot, "host-passwd");
  writeFileSync(host, "hostonly:x:4242:4242::/:/bin/sh\n");
  const image = await evilImage("passwd", (root) => {
    rmSync(join(root, "etc/passwd"));
    symlinkSync(host, join(root, "etc/passwd"));
  });
  const { code, stdout } = await engine.hako("run", "--rm", "-u", "hostonly", image, "id", "-u");
  expect(stdout).not.toContain("4242");
  expect(code).not.toBe(0);
});

test("an image that binds a target through its own symlink stays inside", async () => {
  const image = await evilImage("target", (root) => symlinkSync(victim, join(root, "mnt")));
  const source = join(engine.runRoot, "source");
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, "planted"), "x");
  await engine.hako("run", "--rm", "-v", `${source}:/mnt/inner`, image, "sh", "-c", "ls /mnt/inner; echo y > /mnt/inner/more");
  expectHostUntouched();
});

test("a link in a volume does not lead --mount volume-subpath out of it", async () => {
  await engine.ok("run", "--rm", "-v", "lure:/v", BUSYBOX, "sh", "-c", `mkdir -p /v/real/inner; ln -s ${victim} /v/absolute; ln -s ../../../../../../../../..${victim} /v/climbing; ln -s real /v/within`);
  const mounted = (subpath: string) => engine.hako("run", "--rm", "--mount", `type=volume,src=lure,dst=/m,volume-subpath=${subpath}`, BUSYBOX, "sh", "-c", "ls /m; touch /m/planted");
  for (const subpath of ["absolute", "climbing", "real/../absolute"]) {
    const { code, stdout, stderr } = await mounted(subpath);
    expect([subpath, code, stdout]).toEqual([subpath, code === 127 ? 127 : 125, ""]);
    expect(stderr).toMatch(/it leads out of the volume|subpath must be a relative path within the volume/);
  }
  expectHostUntouched();
  expect((await mounted("within")).stdout).toBe("inner\n");
  expect((await mounted("missing")).stderr).toContain("cannot access path ");
});
