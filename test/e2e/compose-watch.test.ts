import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUSYBOX, HAKO, Live, startEngine, type TestEngine } from "../harness.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = mkdtempSync(join(tmpdir(), "hako-watch-"));
  writeFileSync(join(folder, "compose.yaml"), `
name: dev
services:
  web:
    image: ${BUSYBOX}
    command: sh -c 'echo up; trap "exit 0" TERM; while :; do sleep 1 & wait; done'
    develop:
      watch:
        - { path: ./src, action: sync, target: /app/src, ignore: ["*.tmp"], initial_sync: true }
        - { path: ./one.conf, action: sync+restart, target: /app/one.conf }
        - { path: ./run, action: sync+exec, target: /app/run, exec: { command: touch /app/ran } }
  quiet: { image: ${BUSYBOX}, command: sleep 100, stop_grace_period: 0s }
`);
  for (const name of ["src/sub", "run"]) mkdirSync(join(folder, name), { recursive: true });
  for (const name of ["src/a", "src/sub/b", "one.conf"]) writeFileSync(join(folder, name), "first");
});
afterAll(async () => {
  await engine.hako(...compose("down", "-t", "0"));
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

const compose = (...args: string[]): string[] => ["compose", "-f", join(folder, "compose.yaml"), ...args];
const live = (...args: string[]): Live => Live.spawn([HAKO, "-H", engine.host, ...compose(...args)]);
const inside = (command: string): Promise<string> => engine.ok("exec", "dev-web-1", "sh", "-c", command);

test("watch brings what changes into the container, and removes there what is gone", async () => {
  using watching = live("watch");
  await watching.until("Watch enabled");
  expect(await inside("cat /app/src/a /app/src/sub/b")).toBe("firstfirst");

  writeFileSync(join(folder, "src/not.tmp"), "x");
  mkdirSync(join(folder, "src/new/deep"), { recursive: true });
  writeFileSync(join(folder, "src/new/deep/c"), "second");
  await watching.until("Syncing service");
  expect(await inside("until cat /app/src/new/deep/c 2>/dev/null; do sleep 0.05; done; ls /app/src")).toBe("seconda\nnew\nsub");

  rmSync(join(folder, "src/new"), { recursive: true });
  await inside("while [ -e /app/src/new ]; do sleep 0.05; done");

  writeFileSync(join(folder, "one.conf"), "changed");
  await watching.until('service(s) ["web"] restarted');
  expect(await inside("cat /app/one.conf")).toBe("changed");

  writeFileSync(join(folder, "run/now"), "");
  await inside("until [ -e /app/ran ]; do sleep 0.05; done");

  watching.signal("SIGINT");
  await watching.until("Watch disabled");
  expect(await watching.exited).toBe(130);
});

test("watch refuses where nothing says what to watch", async () => {
  expect(await engine.hako(...compose("watch", "quiet"))).toMatchObject({ code: 1, stderr: "none of the selected services is configured for watch, consider setting a 'develop' section\n" });
});

test("watch builds a service anew, and goes on after a build that fails", async () => {
  const place = join(folder, "built");
  mkdirSync(place);
  const file = join(folder, "built.yaml");
  writeFileSync(file, `name: built\nservices:\n  app: { build: ./built, command: sleep 100, init: true, network_mode: none, develop: { watch: [{ path: ./built, action: rebuild }] } }\n`);
  const write = (value: string, rest = ""): void => writeFileSync(join(place, "Dockerfile"), `FROM ${BUSYBOX}\nENV VALUE=${value}\n${rest}`);
  write("one");
  using watching = Live.spawn([HAKO, "-H", engine.host, "compose", "-f", file, "watch"]);
  await watching.until("Watch enabled");
  const value = (): Promise<string> => engine.ok("exec", "built-app-1", "sh", "-c", "echo $VALUE");
  expect(await value()).toBe("one");
  write("two", "NOSUCH\n");
  await watching.until("Error handling changed files");
  expect(await value()).toBe("one");
  write("three");
  await watching.until("successfully built");
  await watching.until(/successfully built[^]*service\(s\) \["app"\] recreated/);
  expect(await value()).toBe("three");
  expect(await engine.ok("images", "-q", "--filter", "dangling=true")).toBe("");
  watching.signal("SIGINT");
  expect(await watching.exited).toBe(130);
  expect((await engine.hako("compose", "-f", file, "down", "-t", "0", "--rmi", "local")).code).toBe(0);
});

test("up --watch does both; the menu's d leaves the containers running", async () => {
  using shown = Live.terminal([HAKO, "-H", engine.host, ...compose("up", "--watch", "--menu")]);
  await shown.until("Watch enabled");
  writeFileSync(join(folder, "src/a"), "again");
  await inside("until [ $(cat /app/src/a) = again ]; do sleep 0.05; done");
  shown.write("w");
  await shown.until("Watch disabled");
  shown.write("v");
  await shown.until("no Docker Desktop");
  shown.write("d");
  expect(await shown.exited).toBe(0);
  expect(await inside("echo there")).toBe("there");
});
