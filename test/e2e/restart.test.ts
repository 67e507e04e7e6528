/** Restart policies and execs over what the machine and the engine go through: crash, power cut, start. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, run as runCommand, startEngine, type TestEngine } from "../harness.ts";
import { processesInNetworkOf } from "../leaks.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);
afterEach(async () => engine.clear(), 60_000);

const inspect = (ref: string, template: string): Promise<string> => engine.ok("inspect", "-f", template, ref);
const run = (name: string, policy: string, ...command: string[]): Promise<string> => engine.ok("run", "-d", "--name", name, "--restart", policy, BUSYBOX, ...command);

const untilStatus = (ref: string, status: string): Promise<void> => until(async () => (await inspect(ref, "{{.State.Status}}")) === status);

/** Nothing runs any more, nobody has written how it ended, and the run root is gone. */
async function cutPower(): Promise<void> {
  const running = (await engine.ok("ps", "-q", "--no-trunc")).split("\n").filter(Boolean);
  const processes = await Promise.all(running.map(async (id) => Number(await inspect(id, "{{.State.Pid}}"))));
  await engine.kill9();
  const monitors = processesInNetworkOf(engine.networkHolder).filter(({ pid, command }) => pid !== engine.networkHolder && command.startsWith("hako-shim"));
  for (const pid of [...monitors.map((monitor) => monitor.pid), ...processes]) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has just ended.
    }
  }
  for (const name of ["c", "e", "hako.sock"]) rmSync(join(engine.runRoot, name), { recursive: true, force: true });
}

test("after a power cut: always and unless-stopped run, what a person stopped stays so, the rest ended with 255", async () => {
  for (const policy of ["always", "unless-stopped", "no"]) await run(`on-${policy}`, policy, "sleep", "1000");
  for (const policy of ["always", "unless-stopped"]) await run(`stopped-${policy}`, policy, "sleep", "1000");
  await engine.ok("stop", "-t", "0", "stopped-always", "stopped-unless-stopped");
  await run("failed", "on-failure:1", "false");
  await untilStatus("failed", "exited");
  const joined = await engine.ok("run", "-d", "--restart", "always", "--network", "container:on-always", BUSYBOX, "sleep", "1000");
  await cutPower();
  await engine.start();
  const status = (ref: string): Promise<string> => inspect(ref, "{{.State.Status}} {{.State.ExitCode}}");
  await untilStatus("on-always", "running");
  await untilStatus("on-unless-stopped", "running");
  await untilStatus("stopped-always", "running");
  expect(await status("stopped-unless-stopped")).toBe("exited 137");
  expect(await status("on-no")).toBe("exited 255");
  expect(await status("failed")).toBe("exited 1");
  await untilStatus(joined, "running");
}, 120_000);

test("a restart that was due when the engine was killed is done by the next", async () => {
  const id = await run("looping", "always", "sh", "-c", "exit 3");
  await until(async () => Number(await inspect(id, "{{.RestartCount}}")) >= 3);
  await untilStatus(id, "restarting");
  const count = Number(await inspect(id, "{{.RestartCount}}"));
  await engine.restart();
  await until(async () => Number(await inspect(id, "{{.RestartCount}}")) > count);
}, 120_000);

test("a stop of a restarting container holds over a restart of the engine", async () => {
  const id = await run("ended", "unless-stopped", "sh", "-c", "exit 3");
  await until(async () => Number(await inspect(id, "{{.RestartCount}}")) >= 2);
  await engine.ok("stop", id);
  await engine.restart();
  expect(await inspect(id, "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 3");
}, 120_000);

test("counted restarts begin anew with a person's start", async () => {
  await run("tries", "on-failure:2", "sh", "-c", "exit 5");
  const spent = (): Promise<void> => until(async () => (await inspect("tries", "{{.RestartCount}} {{.State.Status}}")) === "2 exited");
  await spent();
  await engine.ok("start", "tries");
  await spent();
  const deaths = (await engine.ok("events", "--since", "1h", "--until", "0s", "--filter", "container=tries", "--filter", "event=die", "--format", "{{.Action}}")).split("\n");
  expect(deaths.length).toBe(6);
}, 120_000);

test("an exec is known by its id to the next engine: that it runs, how it ended, that it can still be started", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sleep", "1000");
  const create = async (...command: string[]): Promise<string> => ((await (await engine.api("POST", `/containers/${id}/exec`, { Cmd: command })).json()) as { Id: string }).Id;
  const start = async (exec: string): Promise<number> => (await engine.api("POST", `/exec/${exec}/start`, { Detach: true })).status;
  const state = async (exec: string): Promise<{ Running: boolean; ExitCode: number | null }> => {
    const { Running, ExitCode } = (await (await engine.api("GET", `/exec/${exec}/json`)).json()) as { Running: boolean; ExitCode: number | null };
    return { Running, ExitCode };
  };
  const [running, ended, endsLater, waiting] = [await create("sleep", "1000"), await create("sh", "-c", "exit 3"), await create("sh", "-c", "while [ ! -e /go ]; do sleep 0.02; done; exit 4"), await create("sh", "-c", "exit 5")];
  for (const exec of [running, ended, endsLater]) expect(await start(exec)).toBe(200);
  await until(async () => (await state(ended)).ExitCode === 3);
  await engine.restart();
  expect(await state(running)).toEqual({ Running: true, ExitCode: null });
  expect(await state(ended)).toEqual({ Running: false, ExitCode: 3 });
  expect(await inspect(id, "{{len .ExecIDs}}")).toBe("3");
  await engine.ok("exec", id, "touch", "/go");
  await until(async () => !(await state(endsLater)).Running);
  expect(await state(endsLater)).toEqual({ Running: false, ExitCode: 4 });
  expect(await start(waiting)).toBe(200);
  await until(async () => (await state(waiting)).ExitCode === 5);
  await engine.ok("rm", "-f", id);
  expect((await engine.api("GET", `/exec/${running}/json`)).status).toBe(404);
}, 120_000);

test("what cannot be removed is dead: it cannot be started, and removing it can be tried again", async () => {
  const id = await engine.ok("create", BUSYBOX, "true");
  const folder = join(engine.dataRoot, "containers", id);
  expect((await runCommand(["mount", "-t", "tmpfs", "none", folder])).code).toBe(0);
  try {
    expect((await engine.hako("rm", id)).stderr).toContain(`unable to remove container ${id.slice(0, 12)}`);
    expect(await inspect(id, "{{.State.Status}} {{.State.Dead}}")).toBe("dead true");
    expect(await engine.ok("ps", "-a", "--filter", "status=dead", "--format", "{{.Status}}")).toBe("Dead");
    expect((await engine.hako("start", id)).stderr).toContain("container is marked for removal and cannot be started");
  } finally {
    await runCommand(["umount", folder]);
  }
  await engine.ok("rm", id);
  expect(await engine.ok("ps", "-aq")).toBe("");
}, 120_000);
