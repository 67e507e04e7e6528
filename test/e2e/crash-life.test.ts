/** `kill -9` of the engine at random moments, while containers restart, are probed and are ended for their health. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { random, seed } from "../seeded-random.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

interface Shown {
  readonly Name: string;
  readonly RestartCount: number;
  readonly State: { readonly Status: string; readonly Health?: { readonly Status: string } };
}

const PROBED = ["--health-interval", "30ms", "--health-retries", "2"];
const LOOPS: readonly (readonly string[])[] = [
  ["--name", "/always", "--restart", "always", BUSYBOX, "sh", "-c", "sleep 0.0$((RANDOM % 10)); exit 3"],
  ["--name", "/probed", "--restart", "always", "--health-cmd", "true", ...PROBED, BUSYBOX, "sh", "-c", "sleep 0.$((RANDOM % 5)); exit 4"],
  ["--name", "/slow", "--health-cmd", "sleep 20", ...PROBED, BUSYBOX, "sleep", "1000"],
  ["--name", "/sick", "--restart", "on-unhealthy", "--stop-timeout", "0", "--health-cmd", "false", ...PROBED, BUSYBOX, "sleep", "1000"],
  ["--name", "/spent", "--restart", "on-failure:3", BUSYBOX, "sh", "-c", "sleep 0.1; exit 5"],
];

async function shown(): Promise<Map<string, Shown>> {
  const ids = (await engine.ok("ps", "-aq")).split("\n").filter(Boolean);
  const all = JSON.parse(await engine.ok("inspect", ...ids)) as Shown[];
  return new Map(all.map((one) => [one.Name, one]));
}

/** What the test's containers have come to, for a failure's message. */
const stories = async (): Promise<string> => `seed ${seed}: ${JSON.stringify([...(await shown()).values()].map(({ Name, State, RestartCount }) => ({ Name, ...State, RestartCount })))}`;

test("crashes in the middle of restarts and probes end no policy, and leave nothing", async () => {
  for (const loop of LOOPS) await engine.ok("run", "-d", ...loop);
  for (let crash = 0; crash < 12; crash++) {
    await Bun.sleep(random(300));
    await engine.restart();
  }
  const before = await shown();
  const counts = (now: Map<string, Shown>, name: string): number => now.get(name)?.RestartCount ?? 0;
  await until(async () => {
    const now = await shown();
    return ["/always", "/probed", "/sick"].every((name) => counts(now, name) > counts(before, name)) && now.get("/spent")?.State.Status === "exited";
  }, stories);
  expect({ seed, spent: counts(await shown(), "/spent"), slow: (await shown()).get("/slow")?.State.Status }).toEqual({ seed, spent: 3, slow: "running" });
  await engine.clear();
  expect({ seed, leaks: await engine.settledLeaks(), execs: readdirSync(`${engine.runRoot}/e`).filter((name) => name.length === 64) }).toEqual({ seed, leaks: [], execs: [] });
}, 120_000);
