/** Volumes and what the image has in their place: several containers at once, failures half-way, and crashes. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { changedBusyboxTar } from "../images.ts";
import { startEngine, type TestEngine } from "../harness.ts";
import { until } from "../until.ts";

const IMAGE = "content:test";
let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine({ busybox: false });
  const tar = join(engine.runRoot, "content.tar");
  await changedBusyboxTar(tar, (root) => {
    mkdirSync(join(root, "data"));
    for (let index = 0; index < 50; index++) writeFileSync(join(root, "data", `f${index}`), "x");
  });
  await engine.importTar(tar, IMAGE);
});
afterAll(async () => engine[Symbol.asyncDispose]());

const volumes = (): string[] => readdirSync(join(engine.dataRoot, "volumes"));
const content = (name: string): string[] => readdirSync(join(engine.dataRoot, "volumes", name, "_data"));

test("containers that are created at once fill a new volume once", async () => {
  await Promise.all(Array.from({ length: 6 }, (_, index) => engine.ok("create", "--name", `at-once-${index}`, "-v", "shared:/data", IMAGE, "true")));
  expect(content("shared").length).toBe(50);
  expect(volumes()).toEqual(["shared"]);
  await engine.ok("rm", "-f", ...Array.from({ length: 6 }, (_, index) => `at-once-${index}`));
});

test("a volume that is not empty is left as it is", async () => {
  await engine.ok("run", "--rm", "-v", "mine:/x", IMAGE, "touch", "/x/own");
  await engine.ok("run", "--rm", "-v", "mine:/data", IMAGE, "true");
  expect(content("mine")).toEqual(["own"]);
});

test("a refused create lets go of the volumes that it made or named", async () => {
  const { code, stderr } = await engine.hako("create", "-v", "good:/data", "-v", "/anonymous", "-v", "bad:/etc/passwd", IMAGE, "true");
  expect([code, stderr]).toEqual([1, "Error response from daemon: source /etc/passwd is not directory\n"]);
  await engine.ok("volume", "rm", "good", "bad");
  expect((await engine.ok("volume", "ls", "-q")).split("\n").sort()).toEqual(["mine", "shared"]);
});

test("what a crash has left of a copy is gone after the next start", async () => {
  const left = join(engine.dataRoot, "volumes", `.copy-${"a".repeat(64)}`);
  await engine.kill9();
  mkdirSync(left);
  writeFileSync(join(left, "half"), "x");
  await engine.start();
  await until(() => !existsSync(left), "the end of what was left");
  expect(volumes().sort()).toEqual(["mine", "shared"]);
});
