import { afterAll, beforeAll, expect, test } from "bun:test";
import { closeFd, connectUnix, readSocket, writeSocket } from "../../src/linux/mod.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
  await engine.ok("run", "-d", "--name", "box", "-e", "FROM_RUN=1", "-w", "/home", BUSYBOX, "sleep", "1000");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

test("exec runs inside with the container's environment and folder", async () => {
  const { stdout, stderr, code } = await engine.hako("exec", "box", "sh", "-c", "echo $FROM_RUN; pwd; hostname; echo e >&2; exit 3");
  expect(stdout).toMatch(/^1\n\/home\n[0-9a-f]{12}\n$/);
  expect(stderr).toBe("e\n");
  expect(code).toBe(3);
});

test("exec -e -u -w", async () => {
  expect(await engine.ok("exec", "-e", "A=b", "-u", "1000:2000", "-w", "/tmp", "box", "sh", "-c", "echo $A $(id -u) $(id -g) $(pwd)")).toBe("b 1000 2000 /tmp");
});

test("exec -i passes stdin on and its end", async () => {
  expect((await engine.hakoWith({ stdin: "a\nb\nc\n" }, "exec", "-i", "box", "wc", "-l")).stdout.trim()).toBe("3");
});

test("exec -d returns at once and the command runs", async () => {
  expect(await engine.ok("exec", "-d", "box", "sh", "-c", "sleep 0.2; echo done > /tmp/detached")).toBe("");
  expect(await engine.ok("exec", "box", "sh", "-c", "while ! cat /tmp/detached 2>/dev/null; do sleep 0.05; done")).toBe("done");
});

test("exec has the container's isolation, exec --privileged all capabilities", async () => {
  const facts = await engine.ok("exec", "box", "grep", "-E", "CapEff|CapBnd|Seccomp:|NoNewPrivs", "/proc/self/status");
  expect(facts).toContain("CapEff:\t00000000a80425fb");
  expect(facts).toContain("Seccomp:\t2");
  const all = await engine.ok("exec", "--privileged", "box", "grep", "CapEff", "/proc/self/status");
  expect(BigInt(`0x${all.split("\t")[1]}`)).toBeGreaterThan(0x1ffffffffn);
});

test("exec joins every namespace and the cgroup of the container", async () => {
  const list = "for n in mnt pid net ipc uts cgroup; do [ $(readlink /proc/self/ns/$n) = $(readlink /proc/1/ns/$n) ] && echo 1; done";
  expect(await engine.ok("exec", "box", "sh", "-c", list)).toBe("1\n1\n1\n1\n1\n1");
});

test.each([
  ["nosuchcommand", 127, "executable file not found in $PATH"],
  ["/etc", 126, "permission denied"],
])("exec of %s exits with %d", async (command, code, message) => {
  const result = await engine.hako("exec", "box", command);
  expect(result.code).toBe(code);
  expect(result.stdout + result.stderr).toContain(message);
});

test("exec in a container that is not running", async () => {
  const id = await engine.ok("create", BUSYBOX, "true");
  const { code, stderr } = await engine.hako("exec", id, "true");
  expect(code).toBe(1);
  expect(stderr).toContain(`container ${id} is not running`);
  await engine.ok("rm", id);
});

test("exec in a paused container is refused", async () => {
  await engine.ok("pause", "box");
  const { code, stderr } = await engine.hako("exec", "box", "true");
  await engine.ok("unpause", "box");
  expect(code).toBe(1);
  expect(stderr).toContain("is paused, unpause the container before exec");
});

test("twenty execs at once", async () => {
  const results = await Promise.all(Array.from({ length: 20 }, (_, i) => engine.hako("exec", "box", "sh", "-c", `echo ${i}; exit ${i}`)));
  expect(results.map(({ stdout, code }) => `${stdout.trim()} ${code}`)).toEqual(Array.from({ length: 20 }, (_, i) => `${i} ${i}`));
});

test("exec carries 4 MB out unchanged", async () => {
  const { stdout } = await engine.hako("exec", "box", "sh", "-c", "yes 0123456789abcdef | head -c 4000000");
  expect(stdout.length).toBe(4_000_000);
  expect(stdout).toBe("0123456789abcdef\n".repeat(235295).slice(0, 4_000_000));
});

test("the container's end ends its execs", async () => {
  await engine.ok("run", "-d", "--name", "short", BUSYBOX, "sleep", "1000");
  using live = engine.live("exec", "short", "sh", "-c", "echo up; sleep 1000");
  await live.until("up");
  await engine.ok("kill", "short");
  expect(await live.exitCode()).toBe(137);
  await engine.ok("rm", "short");
});

test("exec -u knows a user that the container has added since it started, and no longer one that it has removed", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sleep", "1000");
  expect(await engine.ok("exec", "-u", "root", id, "id", "-u")).toBe("0");
  expect((await engine.hako("exec", "-u", "late", id, "id", "-u")).stderr).toContain("unable to find user late: no matching entries in passwd file");
  await engine.ok("exec", id, "sh", "-c", "echo late:x:4321:0::/:/bin/sh >> /etc/passwd");
  expect(await engine.ok("exec", "-u", "late", id, "id", "-u")).toBe("4321");
  await engine.ok("exec", id, "rm", "/etc/passwd");
  expect((await engine.hako("exec", "-u", "late", id, "id", "-u")).code).not.toBe(0);
  await engine.ok("rm", "-f", id);
});

test("a joined exec has frames, a terminal's too, and its exit code in the last one", async () => {
  const connection = connectUnix(engine.socket);
  try {
    const body = JSON.stringify({ AttachStdout: true, Tty: true, Cmd: ["sh", "-c", "printf out; exit 3"] });
    writeSocket(connection, Buffer.from(`POST /hako/containers/box/exec HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    const bytes = Buffer.alloc(4096);
    let answer = "";
    for (let length = 1; length > 0; answer += bytes.toString("latin1", 0, length)) length = readSocket(connection, bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 101 /);
    expect(answer.slice(answer.indexOf("\r\n\r\n") + 4)).toBe('\x01\0\0\0\0\0\0\x03out\x04\0\0\0\0\0\0\x10{"StatusCode":3}');
  } finally {
    closeFd(connection);
  }
});

test("a client that reads the head of the reply through a buffer finds no output behind it", async () => {
  const made = (await (await engine.api("POST", "/containers/box/exec", { AttachStdout: true, Cmd: ["echo", "out"] })).json()) as { Id: string };
  const connection = connectUnix(engine.socket);
  try {
    const body = "{}";
    writeSocket(connection, Buffer.from(`POST /exec/${made.Id}/start HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
    let exitCode: number | null = null;
    while (exitCode === null) exitCode = ((await (await engine.api("GET", `/exec/${made.Id}/json`)).json()) as { ExitCode: number | null }).ExitCode;
    const bytes = Buffer.alloc(4096);
    expect(bytes.toString("latin1", 0, readSocket(connection, bytes))).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n$/);
    let output = "";
    for (let length = 1; length > 0; output += bytes.toString("latin1", 0, length)) length = readSocket(connection, bytes);
    expect(output).toBe("\x01\0\0\0\0\0\0\x04out\n");
  } finally {
    closeFd(connection);
  }
});
