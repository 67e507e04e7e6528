import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { random, seed } from "../seeded-random.ts";

setDefaultTimeout(120_000);

const ROUNDS = 4;
const MOST_MS = 500;

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = mkdtempSync(join(tmpdir(), "hako-cut-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

const write = (text: string): void => writeFileSync(join(folder, "compose.yaml"), text);
const words = (...args: string[]): string[] => ["compose", "-f", join(folder, "compose.yaml"), ...args];

describe("a command that is cut short is finished by the next one", () => {
  const project = (value: number): string => `
name: cut
services:
  web: { image: ${BUSYBOX}, command: "sleep 100", init: true, depends_on: { db: { condition: service_healthy } }, deploy: { replicas: 2 }, volumes: [data:/data], environment: { V: "${value}" } }
  db: { image: ${BUSYBOX}, command: "sleep 100", init: true, healthcheck: { test: ["CMD", "true"], interval: 100ms }, depends_on: { init: { condition: service_completed_successfully } } }
  init: { image: ${BUSYBOX}, command: "true" }
volumes: { data: {} }
`;
  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    test(`by ${signal} (seed ${seed})`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        write(project(round));
        const up = engine.live(...words("up", ...(round % 2 === 0 ? ["-d"] : [])));
        await Bun.sleep(random(MOST_MS));
        up.signal(signal);
        await up.exited;
        const again = await engine.hako(...words("up", "-d", "--wait"));
        expect({ round, code: again.code, stderr: again.code === 0 ? "" : again.stderr }).toEqual({ round, code: 0, stderr: "" });
        expect(await engine.ok(...words("ps", "-a", "--format", "{{.Name}} {{.State}}"))).toBe("cut-db-1 running\ncut-init-1 exited\ncut-web-1 running\ncut-web-2 running");
      }
      const down = engine.live(...words("down", "-v", "-t", "0"));
      await Bun.sleep(random(100));
      down.signal(signal);
      await down.exited;
      expect((await engine.hako(...words("down", "-v", "-t", "0"))).code).toBe(0);
      expect(await engine.ok("ps", "-aq")).toBe("");
      expect(await engine.ok("volume", "ls", "-q")).toBe("");
    });
  }
});

test("ctrl-c again does not wait for what will not end", async () => {
  write(`name: stubborn\nservices:\n  one: { image: ${BUSYBOX}, command: "sh -c 'trap \\"echo no\\" TERM; echo here; while :; do sleep 1 & wait; done'", stop_grace_period: 1h }\n`);
  using live = engine.live(...words("up"));
  await live.until("one-1  | here");
  live.signal("SIGINT");
  await live.until("one-1  | no");
  live.signal("SIGINT");
  expect(await live.exitCode()).toBe(130);
  expect(await engine.ok("inspect", "--format", "{{.State.Status}}", "stubborn-one-1")).toBe("exited");
  await engine.ok(...words("down"));
});

test("containers that end at once are seen to the end by up", async () => {
  write(`name: short\nservices:\n  a: { image: ${BUSYBOX}, command: echo one }\n  b: { image: ${BUSYBOX}, command: "sh -c 'echo two; exit 3'" }\n`);
  // Again at once: what they wrote before is not shown again.
  for (let time = 0; time < 3; time++) {
    const { code, stdout } = await engine.hako(...words("up"));
    expect(stdout.split("\n").toSorted().filter(Boolean)).toEqual(["a-1  | one", "a-1 exited with code 0", "b-1  | two", "b-1 exited with code 3"]);
    expect(code).toBe(0);
  }
  await engine.ok(...words("down"));
});
