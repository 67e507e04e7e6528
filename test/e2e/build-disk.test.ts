/** Builds on a disk that becomes full: which step it was, and that the next build works. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type Result, type TestEngine } from "../harness.ts";
import { run } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";

const MB = 1024 * 1024;
let root: string;
let dataRoot: string;
let engine: TestEngine;
beforeAll(async () => {
  root = scratchFolder();
  dataRoot = join(root, "d");
  mkdirSync(dataRoot);
  await run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", dataRoot]);
  engine = await startEngine({ dataRoot });
});
afterAll(async () => {
  await engine.clear();
  await engine.stop();
  // The tmpfs itself is this test's mount, not a leak.
  expect((await engine.leaks()).filter((leak) => !leak.includes(` ${dataRoot} `))).toEqual([]);
  await run(["umount", dataRoot]);
  await engine[Symbol.asyncDispose]();
  await run(["umount", "-l", dataRoot]);
  rmSync(root, { recursive: true, force: true });
}, 120_000);

async function build(dockerfile: string, megabytes: number): Promise<Result> {
  const folder = mkdtempSync(join(root, "p-"));
  writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX}\n${dockerfile}`);
  writeFileSync(join(folder, "big"), Buffer.alloc(megabytes * MB, 1));
  const result = await engine.hako("build", "--progress", "plain", folder);
  await engine.ok("builder", "prune", "-af");
  return result;
}

test.each<[string, string, number, RegExp]>([
  ["a context", "COPY big /big\n", 120, /\[internal\] load build context[^]*ERROR: failed to build: failed to solve: .*no space left on device/],
  ["a command", "RUN head -c 120m /dev/zero >/big\n", 0, /RUN head[^]*ERROR: failed to build: failed to solve: process "\/bin\/sh -c head -c 120m \/dev\/zero >\/big" did not complete successfully: exit code: 1: no space left on the engine's disk/],
  ["a copy", "COPY --chown=1:1 big /big\n", 50, /COPY --chown=1:1 big \/big[^]*ERROR: failed to build: failed to solve: .*no space left on device: \/big could not be copied/],
])("what is too much for the disk is named, and goes: %s", async (_, dockerfile, megabytes, told) => {
  const { code, stderr } = await build(dockerfile, megabytes);
  expect([code, stderr]).toEqual([1, expect.stringMatching(told)]);
  expect(readdirSync(join(engine.runRoot, "c"))).toEqual([]);
  const next = await build("COPY big /big\nRUN test -s /big\n", 1);
  expect([next.code, next.code === 0 ? "" : next.stderr]).toEqual([0, ""]);
});
