import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanOp } from "../../src/runtime/ops.gen.ts";
import { PLAN_OP_LAYOUTS } from "../../src/runtime/ops.gen.ts";
import { encodePlan } from "../../src/runtime/plan-encoding.ts";
import { ATTR, CLONE, PROC, STATE, STDIO, Sandbox, ShimClient, kernelTests, readIndex, readLog, u64 } from "./shim-harness.ts";
import { until } from "../until.ts";

const ERRNO = { ENOENT: 2, EACCES: 13, EISDIR: 21, EINVAL: 22, ESRCH: 3, ENOTTY: 25, EXDEV: 18, ELOOP: 40 } as const;
const SIGKILL = 9;
const SIGTERM = 15;

const sanitized = process.env["SHIM_UNDER_TEST"]?.includes("sanitized") ?? false;

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox[Symbol.dispose]());

kernelTests("shim: life of a container", () => {
  test("runs a process in an overlay root and reports its exit code", async () => {
    const end = await sandbox.run({ argv: ["sh", "-c", "echo out; echo err >&2; touch /made; exit 7"] });
    expect(end).toMatchObject({ kind: "exited", exitCode: 7, signal: 0, oomKilled: 0 });
    expect(end.log.stdout).toBe("out\n");
    expect(end.log.stderr).toBe("err\n");
    expect(end.exitFile).toMatchObject({ exitCode: 7, signal: 0, oomKilled: false });
  });

  test("delivers signals, and reports death by signal as 128 + n", async () => {
    const { ops } = sandbox.plan({ argv: ["sleep", "60"] });
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    if (control.hello.state === STATE.STARTING) expect(await control.started()).toBeGreaterThan(1);
    expect(await control.kill(SIGKILL)).toBe(0);
    expect(await control.end()).toMatchObject({ exitCode: 128 + SIGKILL, signal: SIGKILL });
  });

  test("ignores SIGTERM to itself", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "sleep 0.3; exit 3"] });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    process.kill(shim.pid, "SIGTERM");
    process.kill(shim.pid, "SIGHUP");
    expect(await control.end()).toMatchObject({ exitCode: 3 });
  });

  test("gives every later CONTROL connection the state, and leaves the exit file when nobody listens", async () => {
    const { ops, exit } = sandbox.plan({ argv: ["sh", "-c", "read line; exit 5"], stdio: STDIO.OPEN_STDIN | STDIO.STDIN_ONCE });
    const shim = sandbox.spawn(ops);
    const first = await ShimClient.connect(shim.socket);
    if (first.hello.state === STATE.STARTING) await first.started();
    const second = await ShimClient.connect(shim.socket);
    expect(second.hello).toMatchObject({ state: STATE.RUNNING, version: 2 });
    expect(second.hello.startedNs).toBeGreaterThan(0n);
    const input = await ShimClient.connect(shim.socket, 1);
    input.socket.end();
    expect(await first.end()).toMatchObject({ exitCode: 5 });
    expect(await second.end()).toMatchObject({ exitCode: 5 });
    await shim.exited;
    expect(JSON.parse(readFileSync(exit, "utf8"))).toMatchObject({ exitCode: 5 });
    await expect(connectOnce(shim.socket)).rejects.toThrow();
  });

  test("tells the end to an engine that connects after it", async () => {
    const { ops, exit } = sandbox.plan({ argv: ["true"] });
    const shim = sandbox.spawn(ops);
    await until(() => existsSync(exit));
    const late = await ShimClient.connect(shim.socket);
    expect(late.hello.state).toBe(STATE.EXITED);
    expect(await late.end()).toMatchObject({ exitCode: 0 });
  });

  test("tolerates unknown frames and long payloads", async () => {
    const { ops } = sandbox.plan({ argv: ["sleep", "60"] });
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    if (control.hello.state === STATE.STARTING) await control.started();
    control.send(999, new Uint8Array(60_000));
    control.send(16, new Uint8Array(0));
    expect(await control.kill(SIGTERM + 1000)).toBe(ERRNO.EINVAL);
    expect(await control.request(17, 24, 80)).toBe(ERRNO.ENOTTY);
    expect(await control.kill(SIGKILL)).toBe(0);
    expect(await control.end()).toMatchObject({ signal: SIGKILL });
  });

  test("survives connections that send garbage, and more of them than it serves", async () => {
    const { ops } = sandbox.plan({ argv: ["sleep", "60"] });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    if (control.hello.state === STATE.STARTING) await control.started();
    let seed = 12345;
    const random = () => (seed = (seed * 1103515245 + 12345) & 0x7fffffff) >> 8;
    for (let round = 0; round < 60; round++) {
      const client = await ShimClient.connect(shim.socket, round % 2).catch(() => undefined);
      const garbage = Buffer.from(Array.from({ length: 400 }, () => random() & 255));
      // Half of them with a type that exists, a short length, and then whatever comes.
      if (round % 3 === 0) for (let at = 0; at + 24 <= garbage.length; at += 24) garbage.set([17 + (random() % 3), 0, 0, 0, 16, 0, 0, 0], at);
      client?.socket.write(garbage);
      if (round % 4 === 0) client?.close();
    }
    expect(await control.kill(SIGKILL)).toBe(0);
    expect(await control.end()).toMatchObject({ signal: SIGKILL });
  });

  test("does not wait for grandchildren that hold the output", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "sleep 1000 & echo gone"], cloneFlags: CLONE.NEWNS });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
  });
});

async function connectOnce(path: string): Promise<void> {
  const socket = await Bun.connect({ unix: path, socket: { data() {} } });
  socket.end();
}

kernelTests("shim: a start that fails", () => {
  const cases = [
    { argv: ["nonesuch"], errno: ERRNO.ENOENT },
    { argv: ["/nonesuch"], errno: ERRNO.ENOENT },
    { argv: ["/tmp"], errno: ERRNO.EISDIR },
    { argv: ["/plain"], errno: ERRNO.EACCES },
  ];
  for (const { argv, errno } of cases)
    test(`reports ${argv[0]} with its errno and name`, async () => {
      sandbox.layer(1, (folder) => writeFileSync(join(folder, "plain"), "text", { mode: 0o644 }));
      const end = await sandbox.run({ argv });
      expect(end).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.exec.code, errno, message: argv[0] ?? "" });
      expect(end.exitFile).toBeUndefined();
    });

  test("names the operation and what it failed on", async () => {
    const end = await sandbox.run({ argv: ["true"], beforePivot: [{ op: "bind", source: "/nonesuch-source", target: "/x", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 }] });
    expect(end).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.bind.code, errno: ERRNO.ENOENT, message: "/nonesuch-source" });
  });

  test("ends with code 1, and tells a late engine why", async () => {
    const { ops } = sandbox.plan({ argv: ["nonesuch"] });
    const shim = sandbox.spawn(ops);
    await Bun.sleep(200);
    const control = await ShimClient.connect(shim.socket);
    // A slow machine may be at it still.
    expect<number[]>([STATE.STARTING, STATE.FAILED]).toContain(control.hello.state);
    expect(await control.end()).toMatchObject({ kind: "failed", errno: ERRNO.ENOENT });
    expect(await shim.exited).toBe(1);
  });

  test("refuses a malformed plan before doing anything", async () => {
    const bytes = encodePlan(sandbox.plan({ argv: ["true"] }).ops).slice();
    const control = await ShimClient.connect(sandbox.spawnBytes(bytes.subarray(0, bytes.length - 1)).socket);
    expect(await control.end()).toMatchObject({ kind: "failed", opCode: 0, errno: ERRNO.EINVAL });
  });
});

kernelTests("shim: stdin and terminal", () => {
  test("passes stdin on and closes it with its first client when asked to", async () => {
    const { ops, log } = sandbox.plan({ argv: ["cat"], stdio: STDIO.OPEN_STDIN | STDIO.STDIN_ONCE });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const input = await ShimClient.connect(shim.socket, 1);
    const payload = Buffer.alloc(3_000_000, "0123456789abcde\n");
    input.socket.end(payload);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    expect(readLog(log).stdout.length).toBe(payload.length);
  });

  test("keeps stdin open after a client that leaves, until CLOSE_STDIN", async () => {
    const { ops, log } = sandbox.plan({ argv: ["cat"], stdio: STDIO.OPEN_STDIN });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    for (const word of ["one\n", "two\n"]) {
      const input = await ShimClient.connect(shim.socket, 1);
      input.socket.end(word);
      await until(() => readLog(log).stdout.endsWith(word));
    }
    expect(await control.request(19)).toBe(0);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
  });

  test("gives a terminal of the asked size, resizes it, and logs it as stream 1", async () => {
    const { ops, log } = sandbox.plan({ argv: ["sh"], stdio: STDIO.TTY | STDIO.OPEN_STDIN, rows: 33, cols: 101 });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const input = await ShimClient.connect(shim.socket, 1);
    input.socket.write("stty size; tty; cat /proc/self/mounts | grep /dev/console; echo to-console > /dev/console\n");
    await until(() => readLog(log).stdout.includes("33 101") && readLog(log).stdout.includes("to-console\r\n"));
    expect(readLog(log).stdout).toContain("/dev/pts/0");
    expect(readLog(log).stdout).toContain("devpts /dev/console");
    expect(await control.request(17, 40, 120)).toBe(0);
    input.socket.write("stty size; exit 9\n");
    expect(await control.end()).toMatchObject({ exitCode: 9 });
    expect(readLog(log).stdout).toContain("40 120");
    expect(readLog(log).stderr).toBe("");
  });
});

kernelTests("shim: frame log", () => {
  test("frames lines, splits long ones, marks continuations, and indexes every frame", async () => {
    const end = await sandbox.run({ argv: ["sh", "-c", "echo first; printf prompt; sleep 0.2; echo ' more'; head -c 40000 /dev/zero; echo"], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 }] });
    expect(end.log.frames.slice(0, 3).map((frame) => frame.text)).toEqual(["first\n", "prompt", " more\n"]);
    expect(end.log.frames.every((frame) => frame.text.length <= 16384)).toBe(true);
    const index = readIndex(end.index);
    expect(index.length).toBe(end.log.frames.length);
    expect(index.slice(0, 4).map((entry) => entry.continued)).toEqual([false, false, true, false]);
    let offset = 0;
    for (const [position, frame] of end.log.frames.entries()) {
      expect(index[position]?.offset).toBe(offset);
      offset += 8 + frame.text.length;
    }
    expect(Number((index[0]?.timeNs ?? 0n) / 1_000_000n)).toBeGreaterThan(Date.now() - 60_000);
  });

  test("continues a log that an earlier run has left in order", async () => {
    const { ops, log, index } = sandbox.plan({ argv: ["echo", "second"] });
    const frame = (text: string) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
    writeFileSync(log, Buffer.concat([frame("first\n"), frame("more\n")]));
    writeFileSync(index, Buffer.concat([u64(0n), u64(1n), u64(14n), u64(2n)]));
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    await control.end();
    expect(readLog(log).frames.map((one) => one.text)).toEqual(["first\n", "more\n", "second\n"]);
    expect(readIndex(index).map((entry) => entry.offset)).toEqual([0, 14, 27]);
  });

  test("answers WATCH once the log has grown past its end", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "sleep 0.2; echo now; sleep 60"] });
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    control.send(18, u64(0n));
    expect((await control.next(36)).payload.readBigUInt64LE(0)).toBe(12n);
    control.send(18, u64(5n));
    expect((await control.next(36)).payload.readBigUInt64LE(0)).toBe(12n);
    await control.kill(SIGKILL);
    await control.end();
  });
});

kernelTests("shim: STREAM_OUTPUT", () => {
  test("starts the process only when somebody takes its output", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "echo out; echo err >&2; exit 4"], stdio: STDIO.STREAM_OUTPUT, withoutLog: true });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    await Bun.sleep(200);
    expect((await ShimClient.connect(shim.socket)).hello.state).toBe(STATE.STARTING);
    const output = await ShimClient.connect(shim.socket, 2);
    expect(await control.end()).toMatchObject({ exitCode: 4 });
    await output.ended;
    const bytes = Buffer.concat(output.raw);
    expect(bytes.includes(Buffer.from([1, 0, 0, 0, 0, 0, 0, 4, 0x6f, 0x75, 0x74, 10]))).toBe(true);
    expect(bytes.includes(Buffer.from([2, 0, 0, 0, 0, 0, 0, 4, 0x65, 0x72, 0x72, 10]))).toBe(true);
  });

  test("holds the process back while the client does not read, loses nothing, and drains after its end", async () => {
    const total = 3_000_000;
    const { ops } = sandbox.plan({ argv: ["sh", "-c", `head -c ${total} /dev/zero; echo done > /progress`], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 }], stdio: STDIO.STREAM_OUTPUT, withoutLog: true });
    const plan = sandbox.spawn(ops);
    const control = await ShimClient.connect(plan.socket);
    const output = await ShimClient.connect(plan.socket, 2);
    output.socket.pause();
    await Bun.sleep(400);
    expect(await control.kill(0)).toBe(0);
    output.socket.resume();
    await output.ended;
    const bytes = Buffer.concat(output.raw);
    let received = 0;
    for (let at = 0; at < bytes.length; ) {
      const length = bytes.readUInt32BE(at + 4);
      received += length;
      at += 8 + length;
    }
    expect(received).toBe(total);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    output.close();
    expect(await plan.exited).toBe(0);
  });

  test("streams a terminal without frames, input and output", async () => {
    const { ops } = sandbox.plan({ argv: ["cat"], stdio: STDIO.TTY | STDIO.OPEN_STDIN | STDIO.STREAM_OUTPUT, withoutLog: true });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const [output, input] = [await ShimClient.connect(shim.socket, 2), await ShimClient.connect(shim.socket, 1)];
    input.socket.write("typed\n");
    await until(() => Buffer.concat(output.raw).toString() === "typed\r\ntyped\r\n");
    input.socket.write("\x04");
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    await output.ended;
  });

  test("discards output once the client has vanished", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "head -c 5000000 /dev/zero; exit 6"], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 }], stdio: STDIO.STREAM_OUTPUT, withoutLog: true });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const output = await ShimClient.connect(shim.socket, 2);
    output.socket.pause();
    await Bun.sleep(100);
    output.close();
    expect(await control.end()).toMatchObject({ exitCode: 6 });
  });
});

kernelTests("shim: exec into a running container", () => {
  test("joins its namespaces, streams, and cannot be traced before exec", async () => {
    const { ops } = sandbox.plan({ argv: ["sleep", "60"], beforePivot: [{ op: "hostname", hostname: "ark", domainname: "" }] });
    const container = await ShimClient.connect(sandbox.spawn(ops).socket);
    const pid = container.hello.state === STATE.RUNNING ? container.hello.pid : await container.started();
    const exec: PlanOp[] = [
      { op: "stdio", flags: STDIO.STREAM_OUTPUT, rows: 0, cols: 0 },
      { op: "joinPidNamespace", fd: 5 },
      { op: "clone", flags: 0n, cgroupDir: "" },
      ...[6, 7, 8, 9].map((fd) => ({ op: "joinNamespaces", fd, flags: 0n }) as const),
      { op: "identity", uid: 0, gid: 0, groups: [], umask: 0o22, bounding: 0n, effective: 0n, permitted: 0n, inheritable: 0n, ambient: 0n },
      { op: "cwd", path: "/" },
      { op: "exec", argv: ["sh", "-c", "hostname; ls /; echo $$; kill -9 1; exit 12"], env: ["PATH=/bin"] },
    ];
    const files = ["pid", "uts", "ipc", "net", "mnt"].map((name) => `/proc/${pid}/ns/${name}`);
    const withMount = exec.map((op) => (op.op === "joinNamespaces" && op.fd === 9 ? { ...op, flags: CLONE.NEWNS } : op));
    const shim = sandbox.spawn(withMount, files);
    const control = await ShimClient.connect(shim.socket);
    const output = await ShimClient.connect(shim.socket, 2);
    expect(await control.end()).toMatchObject({ exitCode: 12 });
    await output.ended;
    const text = Buffer.concat(output.raw).toString();
    expect(text).toContain("ark\n");
    expect(text).toContain("bin");
    await container.kill(SIGKILL);
    await container.end();
  });
});

kernelTests("docker-init", () => {
  const shimPath = join(import.meta.dir, "../../build/native/hako-shim");
  const bind: PlanOp = { op: "bind", source: shimPath, target: "/sbin/docker-init", flags: 0, attributesSet: ATTR.RDONLY, attributesClear: 0n, propagation: 0n, usersFd: 0 };

  test("runs the command as a child, reaps orphans and ends with its code", async () => {
    const script = "sh -c 'sleep 0.1 & exit 0'; sleep 0.3; ps -o pid,comm | grep -v ps; exit 42";
    const end = await sandbox.run({ argv: ["/sbin/docker-init", "--", "sh", "-c", script], beforePivot: [bind] });
    expect(end).toMatchObject({ exitCode: 42 });
    expect(end.log.stdout).toContain("docker-init");
    expect(end.log.stdout).not.toContain("sleep");
  });

  test("puts the command into the terminal's foreground, so that keys reach it", async () => {
    const { ops, log } = sandbox.plan({ argv: ["/sbin/docker-init", "--", "sh"], beforePivot: [bind], stdio: STDIO.TTY | STDIO.OPEN_STDIN });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const input = await ShimClient.connect(shim.socket, 1);
    input.socket.write("echo a'b'c; cat\n");
    await until(() => readLog(log).stdout.includes("abc"));
    input.socket.write("here\n");
    // The terminal's echo, and the command's own.
    await until(() => readLog(log).stdout.includes("here\r\nhere\r\n"));
    input.socket.write("\x03");
    // A shell that prompts takes what was typed before for waste.
    await until(() => /\^C\r\n.*# /.test(readLog(log).stdout), "the prompt");
    input.socket.write("exit 21\n");
    expect(await control.end()).toMatchObject({ exitCode: 21 });
    expect(readLog(log).stdout).not.toContain("job control turned off");
  });

  test("forwards signals, and reports a command that is not there as 127", async () => {
    const { ops, log } = sandbox.plan({ argv: ["/sbin/docker-init", "--", "sh", "-c", "trap 'exit 33' TERM; echo ready; while :; do sleep 0.05; done"], beforePivot: [bind] });
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    await until(() => readLog(log).stdout === "ready\n");
    await control.kill(SIGTERM);
    expect(await control.end()).toMatchObject({ exitCode: 33 });
    expect(await sandbox.run({ argv: ["/sbin/docker-init", "--", "nonesuch"], beforePivot: [bind] })).toMatchObject({ exitCode: 127 });
  });
});

kernelTests("shim: helpers", () => {
  test("execFd runs an executable that the root does not hold, on the shim's own descriptors", async () => {
    const { ops } = sandbox.plan({ argv: ["unused"], stdio: STDIO.DIRECT, withoutLog: true });
    const changed: PlanOp[] = ops.map((op) => (op.op === "exec" ? { op: "execFd", fd: 5, argv: ["echo", "from a helper"], env: [] } : op));
    const shim = sandbox.spawn(changed, ["/bin/busybox"], { direct: true });
    const control = await ShimClient.connect(shim.socket);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    expect(await new Response(shim.output).text()).toBe("from a helper\n");
  });

  test.skipIf(sanitized)("the shim is small: idle, it holds less than 100 KB of its own, also after much output", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "head -c 3000000 /dev/zero; sleep 60"], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 }] });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    await Bun.sleep(1800);
    const rollup = readFileSync(`/proc/${shim.pid}/smaps_rollup`, "utf8");
    // The executable's own pages are shared by all shims; these are what each further container costs.
    expect(Number(/^Anonymous:\s+(\d+)/m.exec(rollup)?.[1])).toBeLessThan(100);
    await control.kill(SIGKILL);
    await control.end();
    expect(existsSync(shim.socket) && statSync(shim.socket).isSocket()).toBe(true);
  });
});
