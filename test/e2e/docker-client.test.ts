/** The real docker client against our socket; left out where the machine has none. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { BUSYBOX, DOCKER, Live, startEngine, type TestEngine } from "../harness.ts";

describe.skipIf(!DOCKER)("docker client", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine();
  });
  afterAll(async () => {
    await engine[Symbol.asyncDispose]();
  });

  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await engine.docker(...args);
    if (code !== 0) throw new Error(`docker ${args.join(" ")}: exit code ${code}\n${stdout}\n${stderr}`);
    return stdout.trimEnd();
  };

  test("version and info", async () => {
    expect(await ok("version", "--format", "{{.Server.Version}}")).not.toBe("");
    expect(await ok("info", "--format", "{{.Driver}}")).toBe("overlay2");
  });

  test("run, with streams and exit codes", async () => {
    const { code, stdout, stderr } = await engine.docker("run", "--rm", BUSYBOX, "sh", "-c", "echo out; echo err >&2; exit 4");
    expect({ code, stdout, stderr }).toEqual({ code: 4, stdout: "out\n", stderr: "err\n" });
    expect((await engine.docker("run", "--rm", BUSYBOX, "nosuch")).code).toBe(127);
    expect((await engine.docker("run", "--rm", BUSYBOX, "/etc")).code).toBe(126);
    expect((await engine.docker("run", "--rm", "--pull", "never", "no/such")).code).toBe(125);
  });

  test("run -it, detach and attach", async () => {
    using terminal = Live.terminal([DOCKER ?? "", "-H", engine.host, "run", "-it", "--name", "tty", BUSYBOX, "sh"]);
    await terminal.until("# ");
    terminal.write("stty size; echo up''here\n");
    await terminal.until("uphere");
    expect(terminal.output).toContain("24 80");
    terminal.write("\x10\x11");
    expect(await terminal.exitCode()).toBe(0);
    using again = Live.terminal([DOCKER ?? "", "-H", engine.host, "attach", "tty"]);
    again.write("exit 3\n");
    expect(await again.exitCode()).toBe(3);
    await ok("rm", "tty");
  });

  test("a session: run -d, ps, logs, exec, top, inspect, pause, rename, stop, rm", async () => {
    const id = await ok("run", "-d", "--name", "session", "--label", "a=b", BUSYBOX, "sh", "-c", "echo started; exec sleep 1000");
    expect(await ok("ps", "-q", "--no-trunc")).toBe(id);
    expect(await ok("logs", "session")).toBe("started");
    expect(await ok("exec", "session", "cat", "/proc/1/comm")).toBe("sleep");
    expect(await ok("top", "session")).toContain("sleep 1000");
    expect(await ok("inspect", "-f", "{{.Config.Labels.a}} {{.State.Status}}", "session")).toBe("b running");
    await ok("pause", "session");
    await ok("unpause", "session");
    await ok("rename", "session", "renamed");
    await ok("stop", "-t", "0", "renamed");
    expect(await ok("wait", "renamed")).toBe("137");
    await ok("start", "renamed");
    await ok("restart", "-t", "0", "renamed");
    await ok("kill", "renamed");
    await ok("rm", "-f", "renamed");
    expect(await ok("ps", "-aq")).toBe("");
  });

  test("images: import, tag, history, inspect, rmi", async () => {
    await ok("tag", BUSYBOX, "other:one");
    expect(await ok("images", "--format", "{{.Repository}}:{{.Tag}}", "other")).toBe("other:one");
    expect(await ok("image", "inspect", "-f", "{{.Os}}", "other:one")).toBe("linux");
    expect((await ok("history", "-q", "other:one")).split("\n").length).toBe(1);
    expect(await ok("rmi", "other:one")).toContain("Untagged: other:one");
  });

  test("events and prune", async () => {
    await ok("run", "--name", "pruned", BUSYBOX, "true");
    expect(await ok("container", "prune", "-f")).toContain("Total reclaimed space");
    expect(await ok("events", "--since", "1m", "--until", String(Math.ceil(Date.now() / 1000) + 1), "--filter", "container=pruned", "--format", "{{.Action}}")).toContain("die");
  });

  test("stdin half-close through run -i and exec -i", async () => {
    using live = Live.spawn([DOCKER ?? "", "-H", engine.host, "run", "-i", "--rm", BUSYBOX, "sh", "-c", "wc -c; echo after"]);
    live.write("12345");
    live.endInput();
    expect(await live.exitCode()).toBe(0);
    expect(live.output.trim().split(/\s+/)).toEqual(["5", "after"]);
  });
});
