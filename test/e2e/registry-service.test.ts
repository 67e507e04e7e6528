/** The registry that the engine keeps running: through the command line, with its process and with the engine killed. */
import { expect, test } from "bun:test";
import { existsSync, rmSync } from "node:fs";
import { processStart } from "../../src/linux/mod.ts";
import { run, startEngine, type TestEngine } from "../harness.ts";

interface Status {
  readonly Enabled: boolean;
  readonly Running: boolean;
  readonly Pid: number;
  readonly Address: string;
  readonly StorageBytes: number;
}

const statusOf = async (engine: TestEngine): Promise<Status> => (await (await engine.api("GET", "/hako/registry")).json()) as Status;

async function running(engine: TestEngine, except: number): Promise<Status> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await Bun.sleep(20)) {
    const status = await statusOf(engine);
    if (status.Running && status.Pid !== except) return status;
  }
  throw new Error(`the registry does not run: ${engine.log.slice(-2000)}`);
}

test("start, push and pull, kill -9 of it and of the engine, stop", async () => {
  await using engine = await startEngine();
  expect((await engine.hako("registry", "status")).stdout).toBe("The registry is off.\n");
  const refused = await engine.hako("registry", "start", "--storage", "tape");
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toContain('invalid value "tape" for --storage');
  expect((await statusOf(engine)).Enabled).toBe(false);

  expect(await engine.ok("registry", "start")).toBe("http://127.0.0.1:5000");
  expect(await engine.ok("info")).toContain("\n Registry Service: http://127.0.0.1:5000\n");
  expect(await engine.ok("info", "-f", "{{json .}}")).toContain(`"RegistryService":{`);
  expect((await engine.hako("registry", "start")).stderr).toContain("the registry is on already");
  await engine.ok("tag", "busybox:test", "127.0.0.1:5000/team/busybox:1");
  await engine.ok("push", "127.0.0.1:5000/team/busybox:1");
  const first = await statusOf(engine);
  expect(first.StorageBytes).toBeGreaterThan(100_000);

  process.kill(first.Pid, "SIGKILL");
  const second = await running(engine, first.Pid);

  // The registry serves on while no engine runs, and is the same one to the next.
  await engine.kill9();
  expect(processStart(second.Pid)).toBeDefined();
  expect((await engine.inNetwork("bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/5000")).code).toBe(0);
  await engine.start();
  expect((await running(engine, 0)).Pid).toBe(second.Pid);
  await engine.ok("rmi", "127.0.0.1:5000/team/busybox:1");
  await engine.ok("pull", "127.0.0.1:5000/team/busybox:1");

  // This engine has not started it, and hears of its end too.
  process.kill(second.Pid, "SIGKILL");
  const again = await running(engine, second.Pid);

  // Both die: it is on, so the next engine starts it.
  await engine.kill9();
  process.kill(again.Pid, "SIGKILL");
  await engine.start();
  const third = await running(engine, again.Pid);
  expect(await engine.ok("registry", "status")).toContain(`PID: ${third.Pid}\n`);

  await engine.ok("registry", "stop");
  await engine.ok("registry", "stop");
  expect(processStart(third.Pid)).toBeUndefined();
  expect(await engine.ok("info")).not.toContain("Registry Service");
  expect((await engine.hako("registry", "status")).code).toBe(1);
  await engine.restart();
  expect((await statusOf(engine)).Enabled).toBe(false);
}, 120_000);

test("uninstalling ends it and removes its content", async () => {
  await using engine = await startEngine({ busybox: false });
  await engine.ok("registry", "start", "--addr", "127.0.0.1:0");
  const { Pid } = await statusOf(engine);
  await engine.stop();
  expect(processStart(Pid)).toBeDefined();
  const { code, stderr } = await run([...engine.daemonCommand().slice(0, 3), ...uninstallCommand(engine)]);
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(processStart(Pid)).toBeUndefined();
  expect(existsSync(engine.dataRoot)).toBe(false);
  rmSync(engine.runRoot, { recursive: true, force: true });
}, 120_000);

const uninstallCommand = (engine: TestEngine): string[] => [engine.command()[0] ?? "", "system", "uninstall", "--force", "--data-root", engine.dataRoot, "--run-root", engine.runRoot, "--bridge", "hakot0", "--cgroup-parent", engine.cgroupParent];
