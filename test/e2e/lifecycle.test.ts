import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const TRAP = ["sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.05; done"];

const inspect = async (container: string, field: string): Promise<string> => await engine.ok("inspect", "--format", field, container);
const running = async (...args: string[]): Promise<string> => await engine.ok("run", "-d", ...args);

async function untilReady(container: string): Promise<void> {
  using live = engine.live("logs", "-f", container);
  await live.until("ready");
}

describe("states", () => {
  test("created, running, paused, exited", async () => {
    await engine.ok("create", "--name", "states", BUSYBOX, "sleep", "1000");
    expect(await inspect("states", "{{.State.Status}}")).toBe("created");
    expect(await engine.ok("start", "states")).toBe("states");
    expect(await inspect("states", "{{.State.Status}} {{.State.Running}}")).toBe("running true");
    await engine.ok("pause", "states");
    expect(await inspect("states", "{{.State.Status}} {{.State.Paused}}")).toBe("paused true");
    expect(await engine.ok("ps", "--format", "{{.Status}}", "--filter", "name=states")).toEndWith("(Paused)");
    await engine.ok("unpause", "states");
    await engine.ok("kill", "states");
    await engine.ok("wait", "states");
    expect(await inspect("states", "{{.State.Status}} {{.State.ExitCode}} {{.State.OOMKilled}}")).toBe("exited 137 false");
    await engine.ok("rm", "states");
  });

  test("start again runs the same container with its files", async () => {
    await engine.ok("run", "--name", "again", BUSYBOX, "sh", "-c", "echo x >> /count; wc -l < /count");
    const result = await engine.hako("start", "-a", "again");
    expect(result.stdout).toBe("2\n");
    expect(await engine.ok("logs", "again")).toBe("1\n2");
    await engine.ok("rm", "again");
  });

  test("start of a running container is no error", async () => {
    const id = await running(BUSYBOX, "sleep", "1000");
    const response = await engine.api("POST", `/containers/${id}/start`);
    expect(response.status).toBe(304);
    expect(await engine.ok("start", id)).toBe(id);
    await engine.ok("rm", "-f", id);
  });
});

describe("ending", () => {
  test("stop sends SIGTERM and the code is kept", async () => {
    const id = await running(BUSYBOX, ...TRAP);
    await untilReady(id);
    expect(await engine.ok("stop", id)).toBe(id);
    expect(await inspect(id, "{{.State.ExitCode}}")).toBe("9");
    expect((await engine.api("POST", `/containers/${id}/stop`)).status).toBe(304);
    await engine.ok("rm", id);
  });

  test("stop -t 1 kills what does not listen", async () => {
    const id = await running(BUSYBOX, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done");
    await untilReady(id);
    const start = performance.now();
    await engine.ok("stop", "-t", "1", id);
    expect(performance.now() - start).toBeGreaterThan(900);
    expect(await inspect(id, "{{.State.ExitCode}}")).toBe("137");
    await engine.ok("rm", id);
  });

  test("kill -s sends any signal", async () => {
    const id = await running(BUSYBOX, "sh", "-c", "trap 'echo got' USR1; echo ready; while :; do sleep 0.05; done");
    await untilReady(id);
    await engine.ok("kill", "-s", "USR1", id);
    using live = engine.live("logs", "-f", id);
    await live.until("got");
    expect((await engine.hako("kill", "-s", "NOSUCH", id)).stderr).toContain("invalid signal: NOSUCH");
    await engine.ok("rm", "-f", id);
  });

  test("kill of a container that is not running", async () => {
    const id = await engine.ok("create", BUSYBOX, "true");
    const { code, stderr } = await engine.hako("kill", id);
    expect(code).toBe(1);
    expect(stderr).toContain(`container ${id} is not running`);
    await engine.ok("rm", id);
  });

  test("restart keeps the id and starts a new process", async () => {
    const id = await running(BUSYBOX, "sleep", "1000");
    const before = await inspect(id, "{{.State.Pid}}");
    await engine.ok("restart", "-t", "0", id);
    const after = await inspect(id, "{{.State.Pid}}");
    expect(after).not.toBe(before);
    expect(await inspect(id, "{{.State.Running}}")).toBe("true");
    await engine.ok("rm", "-f", id);
  });

  test("rm refuses a running container, rm -f does not", async () => {
    const id = await running("--name", "busy", BUSYBOX, "sleep", "1000");
    const { code, stderr } = await engine.hako("rm", "busy");
    expect(code).toBe(1);
    expect(stderr).toContain(`cannot remove container "busy": container is running: stop the container before removing or force remove`);
    expect(await engine.ok("rm", "-f", "busy")).toBe("busy");
    expect((await engine.hako("inspect", id)).code).toBe(1);
  });

  test("wait returns each container's code", async () => {
    const one = await running(BUSYBOX, "sh", "-c", "sleep 0.3; exit 3");
    const two = await running(BUSYBOX, "sh", "-c", "exit 4");
    expect(await engine.ok("wait", one, two)).toBe("3\n4");
    await engine.ok("rm", one, two);
  });

  test("rename", async () => {
    const id = await engine.ok("create", "--name", "old-name", BUSYBOX, "true");
    await engine.ok("rename", "old-name", "new-name");
    expect(await inspect("new-name", "{{.Id}} {{.Name}}")).toBe(`${id} /new-name`);
    expect((await engine.hako("inspect", "old-name")).code).toBe(1);
    expect((await engine.hako("rename", "new-name", "in valid")).stderr).toContain("Invalid container name (/in valid)");
    await engine.ok("rm", "new-name");
  });
});

describe("ps", () => {
  test("columns are Docker's", async () => {
    const id = await running("--name", "columns", BUSYBOX, "sleep", "1000");
    const [header, row] = (await engine.ok("ps")).split("\n");
    expect(header?.split(/\s{2,}/)).toEqual(["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"]);
    expect(row).toMatch(new RegExp(`^${id.slice(0, 12)}   ${BUSYBOX}\\s+"sleep 1000"\\s+.*ago\\s+Up .*columns$`));
    await engine.ok("rm", "-f", "columns");
  });

  test("filters", async () => {
    const up = await running("--name", "f-up", "--label", "team=a", BUSYBOX, "sleep", "1000");
    const down = await engine.ok("run", "-d", "--name", "f-down", "--label", "team=b", BUSYBOX, "sh", "-c", "exit 5");
    await engine.ok("wait", down);
    const ids = async (...filters: string[]): Promise<string[]> => (await engine.ok("ps", "-aq", "--no-trunc", ...filters.flatMap((filter) => ["--filter", filter]))).split("\n").filter(Boolean).sort();
    expect(await ids("status=running")).toEqual([up]);
    expect(await ids("status=exited")).toEqual([down]);
    expect(await ids("exited=5")).toEqual([down]);
    expect(await ids("label=team")).toEqual([up, down].sort());
    expect(await ids("label=team=b")).toEqual([down]);
    expect(await ids("name=f-")).toEqual([up, down].sort());
    expect(await ids("name=^/f-up$")).toEqual([up]);
    expect(await ids(`ancestor=${BUSYBOX}`)).toEqual([up, down].sort());
    expect(await ids(`id=${up.slice(0, 8)}`)).toEqual([up]);
    expect((await engine.hako("ps", "--filter", "nosuch=1")).code).toBe(1);
    await engine.ok("rm", "-f", "f-up", "f-down");
  });

  test("--format with templates, json and table", async () => {
    await running("--name", "fmt", BUSYBOX, "sleep", "1000");
    expect(await engine.ok("ps", "--format", "{{.Names}}:{{.Image}}:{{.State}}")).toBe(`fmt:${BUSYBOX}:running`);
    expect((JSON.parse(await engine.ok("ps", "--format", "json")) as { Names: string }).Names).toBe("fmt");
    expect((await engine.ok("ps", "--format", "table {{.Names}}\t{{.State}}")).split("\n").map((line) => line.trim().split(/\s+/))).toEqual([["NAMES", "STATE"], ["fmt", "running"]]);
    expect(await engine.ok("ps", "--no-trunc", "-l", "--format", "{{.ID}}")).toMatch(/^[0-9a-f]{64}$/);
    await engine.ok("rm", "-f", "fmt");
  });
});

test("random names are adjective_name", async () => {
  const id = await engine.ok("create", BUSYBOX, "true");
  expect(await inspect(id, "{{.Name}}")).toMatch(/^\/[a-z]+_[a-z]+\d?$/);
  await engine.ok("rm", id);
});

test("top lists the processes by the host's ids", async () => {
  const id = await running(BUSYBOX, "sleep", "1000");
  const text = await engine.ok("top", id);
  expect(text.split("\n")[0]?.split(/\s+/)).toEqual(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
  expect(text).toContain(await inspect(id, "{{.State.Pid}}"));
  expect(text).toContain("sleep 1000");
  await engine.ok("rm", "-f", id);
});

test("events tells the life of a container", async () => {
  using live = engine.live("events", "--since", "0", "--format", "{{.Action}} {{.Actor.Attributes.name}}");
  await engine.ok("run", "--rm", "--name", "eventful", "--network", "none", BUSYBOX, "true");
  await live.until("destroy eventful");
  const actions = live.output.split("\n").filter((line) => line.endsWith(" eventful")).map((line) => line.split(" ")[0]);
  expect(actions.filter((action) => action !== "attach")).toEqual(["create", "start", "die", "destroy"]);
});

test("container prune removes stopped ones only", async () => {
  const up = await running(BUSYBOX, "sleep", "1000");
  const down = await engine.ok("run", "-d", BUSYBOX, "true");
  await engine.ok("wait", down);
  expect(await engine.ok("container", "prune", "-f")).toContain(down);
  expect(await engine.ok("ps", "-aq", "--no-trunc")).toBe(up);
  await engine.ok("rm", "-f", up);
});

test("version, info and system df answer", async () => {
  expect(await engine.ok("version", "--format", "{{.Server.APIVersion}}")).toBe("1.51");
  expect(await engine.ok("info", "--format", "{{.DockerRootDir}}")).toBe(engine.dataRoot);
  expect((await engine.ok("system", "df")).split("\n")[0]?.split(/\s{2,}/)).toEqual(["TYPE", "TOTAL", "ACTIVE", "SIZE", "RECLAIMABLE"]);
});

test("thirty containers at once", async () => {
  const codes = await Promise.all(Array.from({ length: 30 }, (_, i) => engine.hako("run", "--rm", BUSYBOX, "sh", "-c", `exit ${i}`)));
  expect(codes.map(({ code }) => code)).toEqual(Array.from({ length: 30 }, (_, i) => i));
});
