import { describe, expect, test } from "bun:test";
import { openSync, closeSync, readFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { HelperLaunch } from "../../src/runtime/mod.ts";
import { gather, missing, noZombies, Playground } from "./runtime-fixture.ts";

const lacking = missing();
const kernelTest = lacking === undefined ? test : test.skip;

async function helperOf(playground: Playground, script: string, more: Partial<HelperLaunch> = {}) {
  const exeFd = openSync(playground.layer("bin/busybox"), "r");
  try {
    return await playground.spawner.launchHelper(join(playground.dir, "h"), { exeFd, argv: ["sh", "-c", script], env: ["PATH=/usr/bin:/bin"], capabilities: ["CAP_CHOWN", "CAP_SYS_CHROOT"], ...more });
  } finally {
    closeSync(exeFd);
  }
}

describe(lacking === undefined ? "a helper process" : `a helper process (skipped: needs ${lacking})`, () => {
  kernelTest("works on streams, with few capabilities and no network", async () => {
    await using playground = new Playground();
    const helper = await helperOf(playground, "cat; grep -e CapBnd -e NoNewPrivs /proc/self/status; wc -l < /proc/net/dev; exit 4", { stdin: "stream", stdout: "stream" });
    if (!helper.stdin || !helper.stdout) throw new Error("no streams");
    const output = gather(helper.stdout);
    for (let part = 0; part < 30; part += 1) await helper.stdin.write(Buffer.alloc(100_000, "a"));
    helper.stdin.end();
    expect(await helper.exited).toBe(4);
    const text = (await output).toString();
    expect(text.slice(3_000_000)).toBe("CapBnd:\t0000000000040001\nNoNewPrivs:\t1\n3\n");
    expect(existsSync(join(playground.dir, "h"))).toBe(false);
    expect(await noZombies()).toBe(true);
  });

  kernelTest("takes files as they are, and sees a root that only it sees", async () => {
    await using playground = new Playground();
    for (const name of ["fs", "work"]) mkdirSync(join(playground.dir, "h0", name), { recursive: true });
    const out = join(playground.dir, "out");
    const stdout = openSync(out, "w");
    const mountPoint = join(playground.dir, "root");
    const helper = await helperOf(playground, `ls ${mountPoint}; echo x > ${mountPoint}/made`, {
      stdout,
      capabilities: ["CAP_DAC_OVERRIDE"],
      root: { mount: { kind: "overlay", layersDir: join(playground.dir, "layers"), lowers: ["1/fs"], upper: join(playground.dir, "h0/fs"), work: join(playground.dir, "h0/work") }, mountPoint },
    });
    closeSync(stdout);
    expect(await helper.exited).toBe(0);
    expect(readFileSync(out, "utf8")).toBe("bin\ndir\netc\nnotexec\ntmp\n");
    expect(readFileSync(join(playground.dir, "h0/fs/made"), "utf8")).toBe("x\n");
    expect(existsSync(join(mountPoint, "bin"))).toBe(false);
  });

  kernelTest("dies when told to", async () => {
    await using playground = new Playground();
    const helper = await helperOf(playground, "sleep 60");
    await helper.kill();
    expect(await helper.exited).toBe(137);
  });
});
