/** Data roots that are taken, newer, or full. */
import { expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "bun:sqlite";
import { BUSYBOX, Live, run, startEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

test("two engines live side by side", async () => {
  await using one = await startEngine();
  await using two = await startEngine();
  const id = await one.ok("run", "-d", "--name", "same", BUSYBOX, "sleep", "1000");
  expect(await two.ok("ps", "-aq")).toBe("");
  expect(await two.ok("run", "-d", "--name", "same", BUSYBOX, "sleep", "1000")).not.toBe(id);
  await two.restart();
  expect(await one.ok("ps", "-q", "--no-trunc")).toBe(id);
});

test("a data root in use is refused with a sentence, and so is its socket", async () => {
  await using engine = await startEngine({ busybox: false });
  using second = Live.spawn(engine.daemonCommand());
  expect(await second.exitCode()).not.toBe(0);
  expect(second.output).toMatch(/in use|already|another engine/i);
  expect(await engine.ok("ps", "-q")).toBe("");
});

test("an engine waits for what a killed one had just begun to start", async () => {
  await using engine = await startEngine({ busybox: false });
  const lock = join(engine.dataRoot, "lock");
  await engine.kill9();
  // As a child does between its making and its own program: it holds the lock, and is not the process named in it.
  using child = Live.spawn(["flock", lock, "sh", "-c", "echo held; read line"]);
  await child.until("held");
  const started = engine.start();
  await engine.logged(/waiting for the last processes of an engine that was killed/);
  child.endInput();
  await started;
});

test("a data root of a newer release is refused and left as it is", async () => {
  await using engine = await startEngine();
  await engine.stop();
  const path = join(engine.dataRoot, "hako.db");
  const change = (step: number): void => {
    using db = new Database(path);
    db.run(`UPDATE schema_versions SET version = version + ${step}`);
  };
  change(1000);
  using refused = Live.spawn(engine.daemonCommand());
  expect(await refused.exitCode()).not.toBe(0);
  expect(refused.output).toContain("written by a newer release");
  change(-1000);
  await engine.start();
  expect(await engine.ok("images", "-q")).not.toBe("");
});

test("on a full data root the engine starts, answers, and works again once there is room", async () => {
  const root = scratchFolder();
  const dataRoot = join(root, "d");
  mkdirSync(dataRoot);
  await run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", dataRoot]);
  try {
    const engine = await startEngine({ dataRoot });
    await engine.ok("create", "--name", "before", BUSYBOX, "true");
    fill(dataRoot);
    expect((await engine.hako("run", "--rm", BUSYBOX, "true")).code).toBeOneOf([0, 125]);
    expect(await engine.ok("ps", "-a", "--format", "{{.Names}}")).toContain("before");
    await engine.kill9();
    fill(dataRoot);
    await engine.start();
    expect(await engine.ok("ps", "-a", "--format", "{{.Names}}")).toContain("before");
    for (const name of ["filler", "filler2"]) rmSync(join(dataRoot, name), { force: true });
    expect(await engine.ok("run", "--rm", BUSYBOX, "echo", "room")).toBe("room");
    await engine.clear();
    await engine.stop();
    // The tmpfs itself is this test's mount, not a leak.
    expect((await engine.leaks()).filter((leak) => !leak.includes(` ${dataRoot} `))).toEqual([]);
    await run(["umount", dataRoot]);
    await engine[Symbol.asyncDispose]();
  } finally {
    await run(["umount", "-l", dataRoot]);
    rmSync(root, { recursive: true, force: true });
  }
});

/** Writes until nothing fits. */
function fill(folder: string): void {
  for (const name of ["filler", "filler2"]) {
    const path = join(folder, name);
    if (existsSync(path)) continue;
    const { bavail, bsize } = statfsSync(folder);
    try {
      writeFileSync(path, new Uint8Array(bavail * bsize));
    } catch {
      // full: as intended
    }
  }
}
