/** The usual life of a container with each of two other OCI runtimes, under our monitor. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { crunPath, runcPath } from "../foreign-runtimes.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const scripts = scratchFolder();
let engine: TestEngine;

beforeAll(async () => {
  engine = await startEngine({ flags: ["--add-runtime", `crun=${crunPath(scripts)}`, "--add-runtime", `other-runc=${runcPath()}`, "--add-runtime", "gone=/nonexistent/runtime"] });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(scripts, { recursive: true, force: true });
}, 120_000);

const inspect = async (container: string, field: string): Promise<string> => await engine.ok("inspect", "--format", field, container);
const TRAP = ["sh", "-c", "trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.05; done"];

async function untilReady(container: string): Promise<void> {
  using live = engine.live("logs", "-f", container);
  await live.until("ready");
}

describe.each(["crun", "other-runc"])("--runtime %s", (runtime) => {
  const start = async (...args: string[]): Promise<string> => await engine.ok("run", "-d", "--runtime", runtime, ...args);

  test("output, exit code, network, host name and limits are as asked", async () => {
    const { code, stdout, stderr } = await engine.hako("run", "--rm", "--runtime", runtime, "--hostname", "foreign", "-u", "1000", "--ulimit", "nofile=100:200", "--read-only", BUSYBOX,
      "sh", "-c", "hostname; id -u; ulimit -n; ip -o -4 addr show eth0 | wc -l; touch /x; exit 3");
    expect([code, stdout, stderr]).toEqual([3, "foreign\n1000\n100\n1\n", "touch: /x: Read-only file system\n"]);
  });

  test("start, exec, pause, signal and restart", async () => {
    const id = await start("--name", `${runtime}-life`, BUSYBOX, ...TRAP);
    await untilReady(id);
    expect(await inspect(id, "{{.State.Status}} {{.HostConfig.Runtime}}")).toBe(`running ${runtime}`);
    expect(await engine.ok("exec", id, "hostname")).toBe(id.slice(0, 12));
    const piped = await engine.hakoWith({ stdin: "through\n" }, "exec", "-i", id, "cat");
    expect(piped.stdout).toBe("through\n");
    expect((await engine.hako("exec", id, "sh", "-c", "exit 5")).code).toBe(5);
    expect(await engine.ok("top", id)).toContain("trap");
    await engine.ok("pause", id);
    expect(await inspect(id, "{{.State.Status}}")).toBe("paused");
    await engine.ok("unpause", id);
    await engine.ok("stop", id);
    expect(await inspect(id, "{{.State.ExitCode}}")).toBe("7");
    expect(await engine.ok("logs", id)).toBe("ready\nbye");
    await engine.ok("start", id);
    expect(await inspect(id, "{{.State.Running}}")).toBe("true");
    await engine.ok("kill", id);
    expect(await inspect(id, "{{.State.ExitCode}}")).toBe("137");
    await engine.ok("rm", id);
  });

  test("a terminal has its size, takes input and gives the code", async () => {
    using terminal = engine.terminal("run", "-it", "--rm", "--runtime", runtime, BUSYBOX, "sh");
    await terminal.until("# ");
    terminal.write("tty; stty size; exit 4\n");
    expect(await terminal.exitCode()).toBe(4);
    expect(terminal.output).toContain("/dev/pts/0");
    expect(terminal.output).toContain("24 80");
  });

  test("exec -it is a terminal of its own", async () => {
    const id = await start(BUSYBOX, "sleep", "1000");
    using terminal = engine.terminal("exec", "-it", id, "sh");
    await terminal.until("# ");
    terminal.write("tty; exit 6\n");
    expect(await terminal.exitCode()).toBe(6);
    expect(terminal.output).toContain("/dev/pts/");
    await engine.ok("rm", "-f", id);
  });

  test("what cannot be started is told as the runtime tells it, and leaves nothing", async () => {
    const { code, stderr } = await engine.hako("run", "--rm", "--runtime", runtime, BUSYBOX, "nosuch");
    // The client goes by the words, of which crun has others.
    expect(code).toBe(runtime === "crun" ? 125 : 127);
    expect(stderr).toContain("OCI runtime create failed: ");
    expect(stderr).toMatch(/executable file .*not found in \$PATH/);
    expect(await engine.ok("ps", "-aq")).toBe("");
    const id = await start(BUSYBOX, "sleep", "1000");
    const failed = await engine.hako("exec", id, "nosuch");
    expect(failed.code).toBe(127);
    expect(failed.stdout + failed.stderr).toContain("OCI runtime exec failed: ");
    await engine.ok("rm", "-f", id);
  });

  test("the container outlives the engine, which finds it again, and its end", async () => {
    const kept = await start(BUSYBOX, ...TRAP);
    const ended = await start(BUSYBOX, "sh", "-c", "sleep 0.3; exit 11");
    await untilReady(kept);
    await engine.kill9();
    await engine.ended(ended);
    await engine.start();
    expect(await inspect(ended, "{{.State.Status}} {{.State.ExitCode}}")).toBe("exited 11");
    expect(await engine.ok("exec", kept, "echo", "still")).toBe("still");
    await engine.ok("stop", kept);
    expect(await inspect(kept, "{{.State.ExitCode}}")).toBe("7");
    await engine.ok("rm", kept, ended);
  });

  test("a memory limit ends a process that outgrows it", async () => {
    const id = await start("-m", "16m", BUSYBOX, "sh", "-c", "tail /dev/zero");
    await engine.ok("wait", id);
    expect(await inspect(id, "{{.State.OOMKilled}} {{.State.ExitCode}}")).toBe("true 137");
    await engine.ok("rm", id);
  });

  test("another's network, IPC and process namespace are joined; a volume's folder is mounted", async () => {
    const donor = await start("--ipc", "shareable", "-v", `${runtime}-shared:/data`, BUSYBOX, "sh", "-c", "mkdir /data/sub; echo inside > /data/sub/file; echo x > /dev/shm/y; echo ready; sleep 1000");
    await untilReady(donor);
    const joined = await engine.ok("run", "--rm", "--runtime", runtime, "--network", `container:${donor}`, "--pid", `container:${donor}`, "--ipc", `container:${donor}`,
      "--mount", `type=volume,src=${runtime}-shared,dst=/mnt,volume-subpath=sub`, BUSYBOX, "sh", "-c", "cat /mnt/file /dev/shm/y; hostname; ps | grep -c '[s]leep 1000'");
    expect(joined).toBe(`inside\nx\n${donor.slice(0, 12)}\n1`);
    await engine.ok("rm", "-f", donor);
  });
});

test("a name that stands for no runtime is refused in Docker's words, a program that is not there when it is started", async () => {
  expect((await engine.hako("create", "--runtime", "nope", BUSYBOX)).stderr).toContain("unknown or invalid runtime name: nope");
  expect((await engine.hako("run", "--rm", "--runtime", "gone", BUSYBOX, "true")).stderr).toContain("OCI runtime create failed: fork/exec /nonexistent/runtime: no such file or directory");
});

test("info names the runtimes", async () => {
  const info = (await (await engine.api("GET", "/info")).json()) as { Runtimes: Record<string, { path?: string }>; DefaultRuntime: string };
  expect(Object.keys(info.Runtimes).sort()).toEqual(["crun", "gone", "io.containerd.runc.v2", "other-runc", "runc"]);
  expect(info.DefaultRuntime).toBe("runc");
});
