/** Health checks that Docker cannot judge: over an engine's end, from outside the container, with what follows from a verdict. */
import { afterAll, afterEach, beforeAll, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);
afterEach(async () => engine.clear(), 60_000);

interface Health {
  readonly Status: string;
  readonly FailingStreak: number;
  readonly Log: readonly { readonly Start: string; readonly ExitCode: number; readonly Output: string }[];
}

const QUICK = ["--health-interval", "100ms", "--health-retries", "1"];
const WEB = "mkdir /w; echo hello >/w/index.html; httpd -f -p 8080 -h /w";
const healthOf = async (ref: string): Promise<Health> => JSON.parse(await engine.ok("inspect", "-f", "{{json .State.Health}}", ref)) as Health;

const untilHealth = (ref: string, status: string): Promise<void> => until(async () => (await healthOf(ref)).Status === status);

/** Processes of the host whose arguments are these. */
function running(...args: string[]): number[] {
  const wanted = args.join("\0");
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(Number).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8") === `${wanted}\0`;
    } catch {
      return false;
    }
  });
}

test("health is kept over an engine's crash, and probes go on by their own schedule", async () => {
  const id = await engine.ok("run", "-d", "--health-cmd", "test -e /ok", "--health-interval", "300ms", "--health-retries", "2", BUSYBOX, "sh", "-c", "touch /ok; sleep 1000");
  await untilHealth(id, "healthy");
  await engine.kill9();
  await engine.start();
  const after = await healthOf(id);
  expect(after.Status).toBe("healthy");
  expect(after.Log.length).toBeGreaterThan(0);
  await engine.ok("exec", id, "rm", "/ok");
  await untilHealth(id, "unhealthy");
  await engine.restart();
  expect((await healthOf(id)).Status).toBe("unhealthy");
  expect((await healthOf(id)).FailingStreak).toBeGreaterThanOrEqual(2);
}, 120_000);

test("a paused container stays unprobed over a restart of the engine", async () => {
  const id = await engine.ok("run", "-d", "--health-cmd", "true", "--health-interval", "100ms", BUSYBOX, "sleep", "1000");
  await untilHealth(id, "healthy");
  await engine.ok("pause", id);
  await engine.restart();
  const before = await healthOf(id);
  expect(before.Status).toBe("unhealthy");
  await engine.ok("unpause", id);
  await untilHealth(id, "healthy");
}, 120_000);

test("a probe ends with its engine, and with its container", async () => {
  const mark = String(100_000 + process.pid);
  const id = await engine.ok("run", "-d", "--health-cmd", `exec sleep ${mark}`, "--health-interval", "100ms", BUSYBOX, "sleep", "1000");
  const probes = (): number => running("sleep", mark).length;
  await until(async () => probes() === 1);
  await engine.kill9();
  await until(async () => probes() === 0);
  await engine.start();
  await until(async () => probes() === 1);
  await engine.ok("rm", "-f", id);
  expect(probes()).toBe(0);
  expect(readdirSync(`${engine.runRoot}/e`)).toEqual([]);
}, 120_000);

test("a page is asked for inside the container, whatever its network", async () => {
  await engine.ok("run", "-d", "--name", "good", "--health-http", "/index.html:8080", ...QUICK, BUSYBOX, "sh", "-c", WEB);
  await engine.ok("run", "-d", "--name", "none", "--network", "none", "--health-http", "http://localhost:8080/", ...QUICK, BUSYBOX, "sh", "-c", WEB);
  await engine.ok("run", "-d", "--name", "missing", "--health-http", "8080/nosuch", ...QUICK, BUSYBOX, "sh", "-c", WEB);
  await engine.ok("run", "-d", "--name", "silent", "--health-http", "8080", ...QUICK, BUSYBOX, "sleep", "1000");
  await untilHealth("good", "healthy");
  await untilHealth("none", "healthy");
  await untilHealth("missing", "unhealthy");
  await untilHealth("silent", "unhealthy");
  expect((await healthOf("good")).Log.at(-1)).toMatchObject({ ExitCode: 0, Output: expect.stringMatching(/^HTTP\/1\.1 200 OK\n/) });
  expect((await healthOf("missing")).Log.at(-1)).toMatchObject({ ExitCode: 1, Output: expect.stringMatching(/^HTTP\/1\.1 404 Not Found\n/) });
  expect((await healthOf("silent")).Log.at(-1)).toMatchObject({ ExitCode: 1, Output: "connect 127.0.0.1:8080: connection refused" });
}, 120_000);

test("a port is connected to; a server that does not answer is timed out", async () => {
  await engine.ok("run", "-d", "--name", "port", "--health-tcp", "8080", ...QUICK, BUSYBOX, "sh", "-c", WEB);
  await engine.ok("run", "-d", "--name", "mute", "--health-http", "8081", "--health-timeout", "200ms", ...QUICK, BUSYBOX, "nc", "-ll", "-p", "8081", "-e", "sleep", "1000");
  await untilHealth("port", "healthy");
  await untilHealth("mute", "unhealthy");
  await until(async () => (await healthOf("mute")).Log.some(({ ExitCode, Output }) => ExitCode === -1 && Output === "Health check exceeded timeout (200ms)"));
}, 120_000);

test.each([
  ["--health-http", "https://localhost/", "probes speak plain HTTP"],
  ["--health-http", "http://example.com/", "host names are not looked up"],
  ["--health-http", "8080/a b", "without spaces"],
  ["--health-http", "70000", "out of range"],
  ["--health-http", "http://localhost:80/x:81", "names two ports"],
  ["--health-tcp", "example.com:80", "it must be a port, or address:port"],
  ["--health-tcp", "0", "it must be a port, or address:port"],
])("%s %s is refused", async (flag, value, reason) => {
  const { code, stderr } = await engine.hako("create", flag, value, BUSYBOX, "true");
  expect(code).toBe(1);
  expect(stderr).toContain(`invalid ${flag === "--health-tcp" ? "TCP" : "HTTP"} health check ${JSON.stringify(value)}`);
  expect(stderr).toContain(reason);
}, 120_000);

test("two kinds of check at once are refused", async () => {
  expect((await engine.hako("create", "--health-cmd", "true", "--health-tcp", "80", BUSYBOX, "true")).stderr).toContain("--health-cmd conflicts with --health-tcp");
}, 120_000);

test("on-unhealthy:1 restarts once what is unhealthy, and then leaves it", async () => {
  const id = await engine.ok("run", "-d", "--restart", "on-unhealthy:1", "--health-cmd", "false", ...QUICK, BUSYBOX, "sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.05; done");
  await until(async () => (await engine.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}} {{.State.Health.Status}} {{gt .State.Health.FailingStreak 3}}", id)) === "1 running unhealthy true");
  expect(await engine.ok("inspect", "-f", "{{json .HostConfig.RestartPolicy}}", id)).toBe('{"Name":"on-unhealthy","MaximumRetryCount":1}');
}, 120_000);

test("a container that a person stops while it is ended for its health stays stopped", async () => {
  const id = await engine.ok("run", "-d", "--restart", "on-unhealthy", "--stop-timeout", "60", "--health-cmd", "false", ...QUICK, BUSYBOX, "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done");
  await untilHealth(id, "unhealthy");
  await engine.ok("stop", "-t", "0", id);
  expect(await engine.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}}", id)).toBe("0 exited");
}, 120_000);

test("run -d --wait returns when it is healthy, or says why it is not", async () => {
  const check = ["--health-cmd", "test -e /ok || { echo not yet; false; }", "--health-interval", "100ms"];
  const healthy = await engine.ok("run", "-d", "--wait=20s", ...check, "--health-retries", "100", BUSYBOX, "sh", "-c", "sleep 0.5; touch /ok; sleep 1000");
  expect((await healthOf(healthy)).Status).toBe("healthy");
  const unhealthy = await engine.hako("run", "-d", "--wait", ...check, "--health-retries", "2", BUSYBOX, "sleep", "1000");
  expect([unhealthy.code, unhealthy.stderr]).toEqual([1, expect.stringMatching(/^container \w{12} is unhealthy: its check ended with 1: not yet\n$/)]);
  const late = await engine.hako("run", "-d", "--wait=300ms", ...check, "--health-retries", "100", BUSYBOX, "sleep", "1000");
  expect([late.code, late.stderr]).toEqual([1, expect.stringMatching(/is not healthy after 0\.3s\n$/)]);
  const ended = await engine.hako("run", "-d", "--wait", ...check, "--health-retries", "100", BUSYBOX, "sh", "-c", "sleep 0.3; exit 9");
  expect([ended.code, ended.stderr]).toEqual([9, expect.stringContaining("ended with exit code 9 before it was healthy")]);
  expect((await engine.hako("run", "-d", "--wait", BUSYBOX, "sleep", "1000")).code).toBe(0);
  expect((await engine.hako("run", "--wait", BUSYBOX, "true")).stderr).toContain("--wait goes with --detach");
}, 120_000);
