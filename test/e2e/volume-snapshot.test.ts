/** What `volume save` gives while somebody writes, where files can share blocks. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine } from "../harness.ts";
import { Live, run } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";
import { until } from "../until.ts";

const MKFS = Bun.which("mkfs.btrfs") ?? Bun.which("mkfs.xfs");

test.skipIf(MKFS === null)("a volume is saved as it was at one moment (needs mkfs.btrfs or mkfs.xfs)", async () => {
  const folder = scratchFolder();
  const mountPoint = join(folder, "mounted");
  mkdirSync(mountPoint);
  const data = join(mountPoint, "data");
  const disk = join(folder, "disk");
  const made = await run(["sh", "-c", `truncate -s 400M ${disk} && ${MKFS} -q ${disk} && mount -o loop ${disk} ${mountPoint}`]);
  expect(made.code).toBe(0);
  try {
    await using engine = await startEngine({ dataRoot: data });
    await engine.ok("run", "--rm", "--network", "none", "-v", "v1:/x", BUSYBOX, "sh", "-c", "cd /x && mkdir -m 2751 a && echo 1 > a/f && ln a/f second && ln -s a/f link && mkfifo pipe && dd if=/dev/urandom of=big bs=1M count=64 2>/dev/null && chown 7:8 a/f && chmod 4711 big");
    const copies = (): string[] => readdirSync(join(data, "volumes")).filter((name) => name.startsWith(".copy-"));
    // The archive is begun and not read on: the copy is there, and what is written now is not in it.
    const [tar, go] = [join(folder, "v1.tar"), join(folder, "go")];
    await run(["mkfifo", go]);
    const saving = Live.spawn(["sh", "-c", `${engine.command("volume", "save", "v1").join(" ")} | { head -c 1000; cat ${go} >/dev/null; cat; } > ${tar}`]);
    await until(() => existsSync(tar) && statSync(tar).size > 0);
    expect(copies().length).toBe(1);
    await engine.ok("run", "--rm", "--network", "none", "-v", "v1:/x", BUSYBOX, "sh", "-c", "echo 2 > /x/a/f; rm /x/big");
    await run(["sh", "-c", `echo go > ${go}`]);
    expect(await saving.exitCode()).toBe(0);
    const listed = await run(["sh", "-c", `tar --numeric-owner -tvf ${tar} | awk '{print $1, $2, $6, $7, $8, $9, $10}' | sed 's/ *$//' | sort -k3; tar -xOf ${tar} ./a/f`]);
    expect(listed.stdout.trim().split("\n")).toEqual([
      "drwxr-xr-x 0/0 ./", "drwxr-s--x 0/0 ./a/", "-rw-r--r-- 7/8 ./a/f", "-rws--x--x 0/0 ./big", "lrwxrwxrwx 0/0 ./link -> a/f", "prw-r--r-- 0/0 ./pipe", "hrw-r--r-- 7/8 ./second link to ./a/f", "1",
    ]);
    await until(() => copies().length === 0);
    expect(readdirSync(join(data, "volumes"))).toEqual(["v1"]);
  } finally {
    await run(["umount", "-l", mountPoint]);
    rmSync(folder, { recursive: true, force: true });
  }
}, 120_000);
