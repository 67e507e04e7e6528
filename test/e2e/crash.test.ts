/** `kill -9` of the engine at random moments loses nothing (D3). */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { random, seed } from "../seeded-random.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const COUNTER = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; [ $((i % 20)) = 0 ] && sleep 0.02; done; exit 7";
const LINES = Array.from({ length: 2000 }, (_, i) => `line ${i + 1}`);

test("a container goes on through crashes: every line once, its exit code, its identity", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sh", "-c", COUNTER);
  const pid = await engine.ok("inspect", "--format", "{{.State.Pid}}", id);
  for (let crash = 0; crash < 5; crash++) {
    await Bun.sleep(random(200));
    await engine.restart();
    const [status, now] = (await engine.ok("inspect", "--format", "{{.State.Status}} {{.State.Pid}}", id)).split(" ");
    if (status === "running") expect(now).toBe(pid);
  }
  expect(await engine.ok("wait", id)).toBe("7");
  expect((await engine.ok("logs", id)).split("\n")).toEqual(LINES);
  await engine.ok("rm", id);
});

test("what ended while the engine was down has its code and time", async () => {
  const ids = await Promise.all([0, 1, 42].map((code) => engine.ok("run", "-d", BUSYBOX, "sh", "-c", `sleep 0.5; echo bye; exit ${code}`)));
  const killed = await engine.ok("run", "-d", "-m", "16m", BUSYBOX, "sh", "-c", "sleep 0.5; head -c 64m /dev/zero | tail; exit 1");
  await engine.kill9();
  await engine.ended(...ids, killed);
  const endedBy = Date.now();
  await engine.start();
  expect(await engine.ok("wait", ...ids)).toBe("0\n1\n42");
  for (const id of ids) expect(await engine.ok("logs", id)).toBe("bye");
  const state = JSON.parse(await engine.ok("inspect", "--format", "{{json .State}}", killed)) as { OOMKilled: boolean; FinishedAt: string; Status: string };
  expect(state.Status).toBe("exited");
  expect(state.OOMKilled).toBe(true);
  expect(Date.parse(state.FinishedAt)).toBeLessThanOrEqual(endedBy);
  await engine.ok("rm", killed, ...ids);
});

test("attach, exec, logs -f, stop and stdin work on a container of the engine before", async () => {
  const id = await engine.ok("run", "-dit", BUSYBOX, "sh");
  await engine.restart();
  expect(await engine.ok("exec", id, "echo", "exec works")).toBe("exec works");
  using attached = engine.terminal("attach", id);
  attached.write("echo attach''works\n");
  await attached.until("attachworks");
  using follower = engine.live("logs", "-f", id);
  attached.write("echo follow''works\n");
  await follower.until("followworks");
  await engine.ok("stop", "-t", "0", id);
  expect(await engine.ok("wait", id)).toBe("137");
  await engine.ok("rm", id);
});

test("--rm is done by the next engine when the container ended meanwhile", async () => {
  const id = await engine.ok("run", "-d", "--rm", BUSYBOX, "sleep", "0.3");
  await engine.kill9();
  await engine.ended(id);
  await engine.start();
  expect(await engine.ok("ps", "-aq", "--no-trunc", "--filter", `id=${id}`)).toBe("");
  expect(await engine.settledLeaks()).toEqual([]);
});

test("a paused container stays paused", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sleep", "1000");
  await engine.ok("pause", id);
  await engine.restart();
  expect(await engine.ok("inspect", "--format", "{{.State.Status}}", id)).toBe("paused");
  await engine.ok("unpause", id);
  await engine.ok("rm", "-f", id);
});

test("crashes in the middle of run, exec, logs, stop and rm leave nothing half-made", async () => {
  const rounds = 8;
  for (let round = 0; round < rounds; round++) {
    let down = false;
    const steady = await engine.ok("run", "-d", BUSYBOX, "sleep", "1000");
    const loop = async (command: (turn: number) => string[]): Promise<void> => {
      for (let turn = 0; !down; turn++) await engine.hako(...command(turn));
    };
    const loops = [
      loop(() => ["run", "--rm", BUSYBOX, "true"]),
      loop((turn) => ["run", "-d", "--name", `r${round}-${turn}`, BUSYBOX, "sleep", "1000"]),
      loop(() => ["exec", steady, "true"]),
      loop((turn) => ["rm", "-f", `r${round}-${turn}`]),
      loop(() => ["logs", steady]),
    ];
    await Bun.sleep(50 + random(400));
    down = true;
    await engine.kill9();
    await Promise.all(loops);
    await engine.start();
    expect(`${seed}: ${await engine.ok("inspect", "--format", "{{.State.Status}}", steady)}`).toBe(`${seed}: running`);
    expect(await engine.ok("exec", steady, "echo", "alive")).toBe("alive");
    // What is listed can be removed, and then nothing is left of it.
    await engine.clear();
    expect({ seed, round, leaks: await engine.settledLeaks() }).toEqual({ seed, round, leaks: [] });
  }
}, 180_000);

test("a monitor that does not answer keeps no engine from starting, and its container is taken up when it does", async () => {
  const [stuck, other] = [await engine.ok("run", "-d", BUSYBOX, "sh", "-c", "trap 'exit 8' TERM; while :; do sleep 0.1; done"), await engine.ok("run", "-d", BUSYBOX, "sleep", "1000")];
  const shim = Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${await engine.ok("inspect", "-f", "{{.State.Pid}}", stuck)}/status`, "utf8"))?.[1]);
  expect(readFileSync(`/proc/${shim}/comm`, "utf8")).toBe("hako-shim\n");
  process.kill(shim, "SIGSTOP");
  try {
    await engine.restart();
    expect((await engine.hako("exec", other, "true")).code).toBe(0);
    expect(await engine.ok("inspect", "-f", "{{.State.Status}}", stuck)).toBe("running");
    expect((await engine.hako("stop", stuck)).stderr).toContain("is out of reach: its monitor process, hako-shim, does not answer");
    expect((await engine.hako("rm", "-f", stuck)).stderr).toContain("is out of reach");
  } finally {
    process.kill(shim, "SIGCONT");
  }
  await until(async () => (await engine.hako("exec", stuck, "true")).code === 0);
  await engine.ok("stop", stuck);
  expect(await engine.ok("inspect", "-f", "{{.State.ExitCode}}", stuck)).toBe("8");
  await engine.ok("rm", "-f", stuck, other);
}, 120_000);

