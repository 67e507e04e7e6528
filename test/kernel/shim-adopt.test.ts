/** A shell script in the place of an OCI runtime: it leaves a process behind, of which the shim takes over the care. */
import { afterEach, beforeEach, expect, test } from "bun:test";
import { join } from "node:path";
import type { PlanOp } from "../../src/runtime/ops.gen.ts";
import { PLAN_OP_LAYOUTS } from "../../src/runtime/ops.gen.ts";
import { STATE, STDIO, Sandbox, ShimClient, kernelTests, readLog } from "./shim-harness.ts";

const SIGTERM = 15;
const ECHILD = 10;

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox[Symbol.dispose]());

/** A plan whose child is `sh -c script`; `$PID` is the file to write. */
function planOf(script: string, log: string): PlanOp[] {
  const pidFile = join(sandbox.path, "pid");
  return [
    { op: "stdio", flags: STDIO.OPEN_STDIN, rows: 0, cols: 0 },
    { op: "frameLog", path: log, indexPath: `${log}.idx` },
    { op: "adopt", pidFile, consoleFd: 0 },
    { op: "clone", flags: 0n, cgroupDir: "" },
    { op: "waitHost" },
    { op: "exec", argv: ["/bin/sh", "-c", script], env: ["PATH=/usr/bin:/bin", `PID=${pidFile}`] },
  ];
}

async function start(script: string): Promise<{ control: Awaited<ReturnType<typeof ShimClient.connect>>; log: string; exited: Promise<number> }> {
  const log = join(sandbox.path, "log");
  const shim = sandbox.spawn(planOf(script, log));
  return { control: await ShimClient.connect(shim.socket), log, exited: shim.exited };
}

kernelTests("shim: adoption", () => {
  test("what the runtime leaves is started, signalled, logged and waited for as any other", async () => {
    const { control, log, exited } = await start(`(trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done) & echo $! > $PID`);
    const pid = control.hello.state === STATE.RUNNING ? control.hello.pid : await control.started();
    expect((await Bun.file(join(sandbox.path, "pid")).text()).trim()).toBe(String(pid));
    while (!readLog(log).stdout.includes("ready")) await Bun.sleep(10);
    expect(await control.kill(SIGTERM)).toBe(0);
    expect(await control.end()).toMatchObject({ kind: "exited", exitCode: 7 });
    expect(readLog(log).stdout).toBe("ready\nbye\n");
    control.close();
    await exited;
  });

  test("one that has ended before its runtime keeps its exit code", async () => {
    // The process in between ends first, so that the shim is the parent while the script still runs.
    const child = "echo $$ > $PID.own; until [ -e $PID.go ]; do :; done; exit 9";
    const untilZombie = 'until [ "$state" = Z ]; do read -r _ _ state _ < /proc/$own/stat; done';
    const { control } = await start(`(sh -c '${child}' & exec true); until [ -s $PID.own ]; do :; done; : > $PID.go; read own < $PID.own; ${untilZombie}; mv $PID.own $PID`);
    expect(await control.end()).toMatchObject({ kind: "exited", exitCode: 9 });
  });

  test("a runtime that fails is a failed start with its status", async () => {
    const { control, log } = await start("echo no >&2; exit 3");
    expect(await control.end()).toEqual({ kind: "failed", opCode: PLAN_OP_LAYOUTS.adopt.code, errno: ECHILD, message: "status 3" });
    expect(readLog(log).stderr === "" || readLog(log).stderr === "no\n").toBe(true);
  });

  test("a runtime that leaves a process that is gone is a failed start", async () => {
    const { control } = await start("sh -c 'echo $$ > $PID'");
    expect(await control.end()).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.adopt.code, message: join(sandbox.path, "pid") });
  });

  test("a runtime that says nothing of a process is a failed start", async () => {
    const { control } = await start("true");
    expect(await control.end()).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.adopt.code, message: join(sandbox.path, "pid") });
  });
});
