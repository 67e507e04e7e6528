import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, rmdirSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanOp } from "../../src/runtime/ops.gen.ts";
import { PLAN_OP_LAYOUTS } from "../../src/runtime/ops.gen.ts";
import { encodePlan } from "../../src/runtime/plan-encoding.ts";
import { ATTR, CLONE, PROC, STATE, STDIO, Sandbox, ShimClient, readIndex, readLog, u64, unavailable, until } from "./shim-harness.ts";

const ERRNO = { ENOENT: 2, EACCES: 13, EISDIR: 21, EINVAL: 22, ESRCH: 3, ENOTTY: 25, EXDEV: 18, ELOOP: 40 } as const;
const SIGKILL = 9;
const SIGTERM = 15;

const sanitized = process.env["SHIM_UNDER_TEST"]?.includes("sanitized") ?? false;

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox[Symbol.dispose]());

function open(title: string, body: () => void): void {
  describe.skipIf(unavailable !== undefined)(`${title}${unavailable ? ` (skipped: ${unavailable})` : ""}`, body);
}

open("shim: life of a container", () => {
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
    expect(second.hello).toMatchObject({ state: STATE.RUNNING, version: 1 });
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
    const { ops } = sandbox.plan({ argv: ["true"] });
    const shim = sandbox.spawn(ops);
    await Bun.sleep(300);
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

  test("does not wait for grandchildren that hold the output", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "sleep 5 & echo gone"], cloneFlags: CLONE.NEWNS });
    const shim = sandbox.spawn(ops);
    const began = performance.now();
    const control = await ShimClient.connect(shim.socket);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

async function connectOnce(path: string): Promise<void> {
  const socket = await Bun.connect({ unix: path, socket: { data() {} } });
  socket.end();
}

open("shim: a start that fails", () => {
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
    const end = await sandbox.run({ argv: ["true"], beforePivot: [{ op: "bind", source: "/nonesuch-source", target: "/x", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n }] });
    expect(end).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.bind.code, errno: ERRNO.ENOENT, message: "/nonesuch-source" });
  });

  test("ends with code 1, and tells a late engine why", async () => {
    const { ops } = sandbox.plan({ argv: ["nonesuch"] });
    const shim = sandbox.spawn(ops);
    await Bun.sleep(200);
    const control = await ShimClient.connect(shim.socket);
    expect(control.hello.state).toBe(STATE.FAILED);
    expect(await control.end()).toMatchObject({ kind: "failed", errno: ERRNO.ENOENT });
    expect(await shim.exited).toBe(1);
  });

  test("refuses a malformed plan before doing anything", async () => {
    const bytes = encodePlan(sandbox.plan({ argv: ["true"] }).ops).slice();
    const control = await ShimClient.connect(sandbox.spawnBytes(bytes.subarray(0, bytes.length - 1)).socket);
    expect(await control.end()).toMatchObject({ kind: "failed", opCode: 0, errno: ERRNO.EINVAL });
  });
});

open("shim: stdin and terminal", () => {
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

open("shim: frame log", () => {
  test("frames lines, splits long ones, marks continuations, and indexes every frame", async () => {
    const end = await sandbox.run({ argv: ["sh", "-c", "echo first; printf prompt; sleep 0.2; echo ' more'; head -c 40000 /dev/zero; echo"], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n }] });
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

  test("continues a log, after repairing what a crash tore", async () => {
    const { ops, log, index } = sandbox.plan({ argv: ["echo", "second"] });
    const frame = (text: string) => Buffer.concat([Buffer.from([1, 0, 0, 0, 0, 0, 0, text.length]), Buffer.from(text)]);
    writeFileSync(log, Buffer.concat([frame("indexed\n"), frame("lost\n"), frame("torn\n").subarray(0, 10)]));
    writeFileSync(index, Buffer.concat([u64(0n), u64(1n), Buffer.alloc(5)]));
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    await control.end();
    expect(readLog(log).frames.map((one) => one.text)).toEqual(["indexed\n", "lost\n", "second\n"]);
    expect(readIndex(index).map((entry) => entry.offset)).toEqual([0, 16, 29]);
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

open("shim: STREAM_OUTPUT", () => {
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
    const { ops } = sandbox.plan({ argv: ["sh", "-c", `head -c ${total} /dev/zero; echo done > /progress`], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n }], stdio: STDIO.STREAM_OUTPUT, withoutLog: true });
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

  test("discards output once the client has vanished", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "head -c 5000000 /dev/zero; exit 6"], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n }], stdio: STDIO.STREAM_OUTPUT, withoutLog: true });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    const output = await ShimClient.connect(shim.socket, 2);
    output.socket.pause();
    await Bun.sleep(100);
    output.close();
    expect(await control.end()).toMatchObject({ exitCode: 6 });
  });
});

open("shim: the root", () => {
  test("mounts 125 layers", async () => {
    const lowers = ["1/fs"];
    for (let number = 2; number <= 125; number++) {
      sandbox.layer(number, (folder) => writeFileSync(join(folder, `from-${number}`), ""));
      lowers.unshift(`${number}/fs`);
    }
    const end = await sandbox.run({ argv: ["sh", "-c", "ls / | grep -c from-"], lowers });
    expect(end.log.stderr).toBe("");
    expect(end.log.stdout).toBe("124\n");
  });

  test("mounts an overlay whose paths are too long for fsconfig", async () => {
    const { ops, exit } = sandbox.plan({ argv: ["sh", "-c", "echo x > /written"] });
    const long = (path: string) => path.replace("/c1/", `/c1/${"./".repeat(150)}`);
    const changed = ops.map((op) => (op.op === "overlayRoot" ? { ...op, upper: long(op.upper), work: long(op.work) } : op));
    const control = await ShimClient.connect(sandbox.spawn(changed).socket);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    expect(existsSync(join(exit, "../fs/written"))).toBe(true);
  });

  test("follows links of the image inside the root, also where they lead nowhere yet", async () => {
    sandbox.layer(1, (folder) => {
      mkdirSync(join(folder, "var"));
      symlinkSync("/run", join(folder, "var/run"));
      symlinkSync("missing/deeper", join(folder, "relative"));
      symlinkSync("loop", join(folder, "loop"));
    });
    const file = join(sandbox.path, "socket");
    writeFileSync(file, "bound\n");
    const bind = (target: string): PlanOp => ({ op: "bind", source: file, target, flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n });
    const end = await sandbox.run({ argv: ["cat", "/run/docker.sock", "/missing/deeper/x"], beforePivot: [bind("/var/run/docker.sock"), bind("/relative/x")] });
    expect(end.log.stderr).toBe("");
    expect(end.log.stdout).toBe("bound\nbound\n");
    expect(await sandbox.run({ argv: ["true"], beforePivot: [bind("/loop/x")] })).toMatchObject({ kind: "failed", errno: ERRNO.ELOOP });
  });

  test("masks files and folders, makes paths read-only, sets sysctls, binds and links", async () => {
    const source = join(sandbox.path, "volume");
    mkdirSync(source);
    writeFileSync(join(source, "file"), "from the host\n");
    const beforePivot: PlanOp[] = [
      { op: "bind", source, target: "/deep/volume", flags: 1, attributesSet: ATTR.RDONLY, attributesClear: 0n, propagation: 0n },
      { op: "bind", source: join(source, "file"), target: "/deep/single", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n },
      { op: "directory", path: "/made/for/user", mode: 0o2750, uid: 1000, gid: 1001 },
      { op: "device", path: "/dev/null", mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 },
      { op: "symlink", path: "/dev/stdout", target: "/proc/self/fd/1" },
      { op: "sysctl", path: "net/ipv4/ip_unprivileged_port_start", value: "0" },
      { op: "mask", path: "/proc/kcore" },
      { op: "mask", path: "/proc/fs" },
      { op: "mask", path: "/proc/irq" },
      { op: "mask", path: "/proc/nonesuch" },
      { op: "readonly", path: "/proc/sys" },
      { op: "readonly", path: "/proc/nonesuch" },
    ];
    const script = `cat /deep/volume/file /deep/single /proc/sys/net/ipv4/ip_unprivileged_port_start
      echo x > /deep/volume/file; echo x > /proc/sys/kernel/domainname
      cat /proc/kcore; ls /proc/fs /proc/irq | wc -l; stat -c '%a %u:%g' /made/for/user; echo via > /dev/stdout; echo gone > /dev/null`;
    symlinkSync("busybox", join(sandbox.path, "layers/1/fs/bin/stat"));
    symlinkSync("busybox", join(sandbox.path, "layers/1/fs/bin/wc"));
    const end = await sandbox.run({ argv: ["sh", "-c", script], beforePivot });
    expect(end.log.stdout).toBe("from the host\nfrom the host\n0\n3\n2750 1000:1001\nvia\n");
    expect(end.log.stderr).toMatch(/volume\/file: Read-only file system[^]*domainname: Read-only file system/);
    expect(readFileSync(join(source, "file"), "utf8")).toBe("from the host\n");
  });

  test("makes the root read-only but not the mounts below", async () => {
    const end = await sandbox.run({ argv: ["sh", "-c", "echo x > /x; echo y > /dev/y && cat /dev/y"], beforePivot: [{ op: "rootReadonly" }] });
    expect(end.log.stdout).toBe("y\n");
    expect(end.log.stderr).toContain("/x: Read-only file system");
  });

  test("leaves nothing mounted on the host and nothing of the host inside", async () => {
    const before = readFileSync("/proc/self/mountinfo", "utf8");
    const end = await sandbox.run({ argv: ["sh", "-c", "cat /proc/self/mountinfo; ls /proc | grep -c '^[0-9]'; hostname"], beforePivot: [{ op: "hostname", hostname: "ark", domainname: "" }] });
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toBe(before);
    expect(end.log.stdout.split("\n").filter((line) => line.includes(" - ")).length).toBe(4);
    expect(end.log.stdout.endsWith("ark\n")).toBe(true);
  });
});

open("shim: images that try to lead out of their root", () => {
  let outside: string;
  beforeEach(() => {
    outside = mkdtempSync("/tmp/hk-outside-");
  });
  afterEach(() => rmSync(outside, { recursive: true, force: true }));

  test("resolves a /dev and an /etc that are links out of the root inside it", async () => {
    sandbox.layer(1, (folder) => {
      symlinkSync(`../../../../../..${outside}`, join(folder, "dev"));
      symlinkSync(outside, join(folder, "etc"));
    });
    const file = join(sandbox.path, "hosts");
    writeFileSync(file, "hosts\n");
    const beforePivot: PlanOp[] = [
      { op: "bind", source: file, target: "/etc/hosts", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n },
      { op: "device", path: "/dev/null", mode: 0o020666, major: 1, minor: 3, uid: 0, gid: 0 },
      { op: "directory", path: "/etc/a/b", mode: 0o755, uid: 0, gid: 0 },
      { op: "symlink", path: "/dev/fd", target: "/proc/self/fd" },
    ];
    const end = await sandbox.run({ argv: ["sh", "-c", `cat /etc/hosts; ls ${outside}`], beforePivot });
    expect(end).toMatchObject({ kind: "exited" });
    expect(end.log.stdout).toContain("hosts\n");
    expect(readdirSync(outside)).toEqual([]);
  });

  test("refuses a /proc that is a link", async () => {
    sandbox.layer(1, (folder) => symlinkSync("tmp", join(folder, "proc")));
    expect(await sandbox.run({ argv: ["true"] })).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.mount.code, errno: ERRNO.ELOOP });
  });

  test("refuses to set a sysctl or mask where /proc is not procfs", async () => {
    sandbox.layer(1, (folder) => {
      mkdirSync(join(folder, "proc/sys/net"), { recursive: true });
      writeFileSync(join(folder, "proc/sys/net/x"), "");
      writeFileSync(join(folder, "proc/kcore"), "");
    });
    const sysctl = await sandbox.run({ argv: ["true"], mounts: [], beforePivot: [{ op: "sysctl", path: "net/x", value: "1" }] });
    expect(sysctl).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.sysctl.code, errno: ERRNO.EXDEV });
    const mask = await sandbox.run({ argv: ["true"], mounts: [], beforePivot: [{ op: "mask", path: "/proc/kcore" }] });
    expect(mask).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.mask.code, errno: ERRNO.EXDEV });
  });

  test("does not let a sysctl climb out of /proc/sys", async () => {
    const end = await sandbox.run({ argv: ["true"], beforePivot: [{ op: "sysctl", path: "../sysrq-trigger", value: "h" }] });
    expect(end).toMatchObject({ kind: "failed", errno: ERRNO.EXDEV });
  });

  test("refuses a working directory outside the root", async () => {
    const { ops } = sandbox.plan({ argv: ["true"] });
    const fd = "/proc/self/fd/5";
    const changed = ops.map((op) => (op.op === "cwd" ? { ...op, path: fd } : op));
    const control = await ShimClient.connect(sandbox.spawn(changed, ["/tmp"]).socket);
    expect(await control.end()).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.cwd.code });
  });

  test("passes no descriptor of the engine on", async () => {
    const { ops, log } = sandbox.plan({ argv: ["ls", "/proc/self/fd"] });
    const control = await ShimClient.connect(sandbox.spawn(ops, ["/tmp", "/etc/passwd"]).socket);
    await control.end();
    // 3 is the folder that ls itself reads.
    expect(readLog(log).stdout.trim().split(/\s+/)).toEqual(["0", "1", "2", "3"]);
  });
});

open("shim: identity and limits", () => {
  test("sets user, groups, umask, capabilities and ownership of stdio", async () => {
    const identity = { uid: 1000, gid: 1001, groups: [1001, 7], umask: 0o27, effective: 0n, permitted: 0n, bounding: 0x400n, ambient: 0n };
    const end = await sandbox.run({ argv: ["sh", "-c", "id -u; id -g; id -G; umask; echo own > /dev/fd/1; grep -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs' /proc/self/status"], identity, beforePivot: [{ op: "symlink", path: "/dev/fd", target: "/proc/self/fd" }], afterPivot: [{ op: "noNewPrivileges" }] });
    expect(end.log.stderr).toBe("");
    expect(end.log.stdout.replace(/\s+/g, " ")).toBe("1000 1001 1001 7 0027 own CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 0000000000000400 NoNewPrivs: 1 ");
  });

  test("sets limits, the score for the OOM killer, and a seccomp filter", async () => {
    // ld [nr]; jeq mkdir → EPERM; allow
    const mkdirNumber = process.arch === "x64" ? 83 : 34;
    const program = new Uint8Array(new Uint16Array([
      0x20, 0, 0, 0, 0x15, 1 << 8, mkdirNumber, 0, 0x06, 0, 1, 5, 0x06, 0, 0, 0x7fff,
    ]).buffer);
    const end = await sandbox.run({
      argv: ["sh", "-c", "ulimit -n; cat /proc/self/oom_score_adj; mkdir /x"],
      beforePivot: [{ op: "rlimit", resource: 7, soft: 77n, hard: 99n }, { op: "oomScoreAdj", value: 321 }],
      afterPivot: [{ op: "sessionKeyring", name: "hako-test" }, { op: "seccomp", flags: 0, program: new Uint8Array(program) }],
    });
    expect(end.log.stdout).toBe("77\n321\n");
    expect(end.log.stderr).toContain("Operation not permitted");
  });

  // The sanitizers' own handler of the trap cannot leave under such a filter.
  test.skipIf(sanitized)("ends a process whose seccomp filter forbids everything", async () => {
    const program = new Uint8Array(new Uint16Array([0x06, 0, 1, 5]).buffer);
    const end = await sandbox.run({ argv: ["true"], afterPivot: [{ op: "noNewPrivileges" }, { op: "seccomp", flags: 0, program }] });
    expect(end).toMatchObject({ kind: "failed" });
  });
});

open("shim: exec into a running container", () => {
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

/** One rtnetlink message; attributes are [type, payload] pairs. */
function netlinkMessage(type: number, flags: number, body: Uint8Array, attributes: readonly (readonly [number, Uint8Array])[] = []): Buffer {
  const parts: Uint8Array[] = [body];
  for (const [attribute, payload] of attributes) {
    const header = Buffer.alloc(4);
    header.writeUInt16LE(4 + payload.length, 0);
    header.writeUInt16LE(attribute, 2);
    parts.push(header, payload, Buffer.alloc(-payload.length & 3));
  }
  const content = Buffer.concat(parts);
  const header = Buffer.alloc(16);
  header.writeUInt32LE(16 + content.length, 0);
  header.writeUInt16LE(type, 4);
  header.writeUInt16LE(flags, 6);
  return Buffer.concat([header, content]);
}

const RTM_NEWLINK = 16;
const CREATE_EXCLUSIVE = 0x600;

function linkInfo(index: number, flags: number): Buffer {
  const body = Buffer.alloc(16);
  body.writeInt32LE(index, 4);
  body.writeUInt32LE(flags, 8);
  body.writeUInt32LE(flags, 12);
  return body;
}

function attribute(type: number, payload: Uint8Array): Buffer {
  return netlinkMessage(0, 0, new Uint8Array(0), [[type, payload]]).subarray(16);
}

open("shim: network", () => {
  test("moves a veth to the child by its pid, and configures it inside", async () => {
    const peer = Buffer.concat([linkInfo(0, 0), attribute(3, Buffer.from("eth0\0")), attribute(19, Buffer.alloc(4))]);
    const info = Buffer.concat([attribute(1, Buffer.from("veth\0")), attribute(2, attribute(1, peer))]);
    const create = netlinkMessage(RTM_NEWLINK, CREATE_EXCLUSIVE, linkInfo(0, 0), [[3, Buffer.from("hk-test\0")], [18, info]]);
    const pidOffset = create.lastIndexOf(Buffer.from([8, 0, 19, 0])) + 4;
    const network: PlanOp[] = [{ op: "netlinkHost", messages: create, pidOffsets: [pidOffset] }, { op: "waitHost" }, { op: "netlinkInside", messages: netlinkMessage(RTM_NEWLINK, 0, linkInfo(1, 1)) }];
    const { ops, log } = sandbox.plan({ argv: ["cat", "/proc/net/dev"], beforeRoot: network });
    // A network namespace of its own stands for the host's.
    const shim = sandbox.spawn(ops, [], { wrapper: ["unshare", "-n"] });
    const control = await ShimClient.connect(shim.socket);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    expect(readLog(log).stdout).toMatch(/eth0:/);
  });

  test("reports which message the kernel refused", async () => {
    const good = netlinkMessage(RTM_NEWLINK, 0, linkInfo(1, 1));
    const bad = netlinkMessage(RTM_NEWLINK, 0, linkInfo(999, 1));
    const end = await sandbox.run({ argv: ["true"], beforeRoot: [{ op: "netlinkInside", messages: Buffer.concat([good, bad]) }] });
    expect(end).toMatchObject({ kind: "failed", opCode: PLAN_OP_LAYOUTS.netlinkInside.code, errno: 19, message: "netlink message 2" });
  });
});

const PIDS = "/sys/fs/cgroup/pids";
const UNIFIED = existsSync("/sys/fs/cgroup/cgroup.controllers") ? "/sys/fs/cgroup" : "/sys/fs/cgroup/unified";

open("shim: control groups", () => {
  test.skipIf(!existsSync(join(PIDS, "tasks")))("joins a v1 group through tasks", async () => {
    const folder = join(PIDS, `hk-shim-${process.pid}`);
    mkdirSync(folder);
    try {
      const end = await sandbox.run({ argv: ["grep", "pids", "/proc/self/cgroup"], beforeRoot: [{ op: "joinCgroups", tasksFiles: [join(folder, "tasks")] }] });
      expect(end.log.stdout.trim().endsWith(`:pids:/hk-shim-${process.pid}`)).toBe(true);
    } finally {
      await removeGroup(folder);
    }
  });

  test.skipIf(!existsSync(join(UNIFIED, "cgroup.procs")))("clones into a v2 group, with a cgroup namespace rooted there", async () => {
    const folder = join(UNIFIED, `hk-shim-${process.pid}`);
    mkdirSync(folder);
    try {
      const { ops, log } = sandbox.plan({ argv: ["sh", "-c", "grep ^0: /proc/self/cgroup; cat /proc/1/cgroup | grep -c ."] });
      const changed = ops.map((op) => (op.op === "clone" ? { ...op, flags: op.flags | CLONE.NEWCGROUP, cgroupDir: folder } : op));
      const control = await ShimClient.connect(sandbox.spawn(changed).socket);
      expect(await control.end()).toMatchObject({ exitCode: 0 });
      expect(readLog(log).stdout.startsWith("0::/\n")).toBe(true);
    } finally {
      await removeGroup(folder);
    }
  });

  test("compares the count of OOM kills at start and end", async () => {
    const events = join(sandbox.path, "memory.events");
    writeFileSync(events, "low 0\noom 1\noom_kill 3\n");
    const run = async (change: string): Promise<unknown> => {
      const { ops } = sandbox.plan({ argv: ["sleep", "0.3"] });
      const control = await ShimClient.connect(sandbox.spawn([{ op: "oomFile", path: events }, ...ops]).socket);
      if (control.hello.state === STATE.STARTING) await control.started();
      writeFileSync(events, change);
      return control.end();
    };
    expect(await run("low 0\noom 1\noom_kill 3\n")).toMatchObject({ oomKilled: 0 });
    expect(await run("low 0\noom 2\noom_kill 4\n")).toMatchObject({ oomKilled: 1 });
  });
});

async function removeGroup(folder: string): Promise<void> {
  for (let attempt = 0; existsSync(folder); attempt++) {
    try {
      rmdirSync(folder);
    } catch (error) {
      if (attempt > 100) throw error;
      await Bun.sleep(10);
    }
  }
}

open("docker-init", () => {
  test("runs the command as a child, reaps orphans and ends with its code", async () => {
    const shimPath = join(import.meta.dir, "../../build/native/hako-shim");
    const bind: PlanOp = { op: "bind", source: shimPath, target: "/sbin/docker-init", flags: 0, attributesSet: ATTR.RDONLY, attributesClear: 0n, propagation: 0n };
    const script = "sh -c 'sleep 0.1 & exit 0'; sleep 0.3; ps -o pid,comm | grep -v ps; exit 42";
    const end = await sandbox.run({ argv: ["/sbin/docker-init", "--", "sh", "-c", script], beforePivot: [bind] });
    expect(end).toMatchObject({ exitCode: 42 });
    expect(end.log.stdout).toContain("docker-init");
    expect(end.log.stdout).not.toContain("sleep");
  });

  test("forwards signals, and reports a command that is not there as 127", async () => {
    const shimPath = join(import.meta.dir, "../../build/native/hako-shim");
    const bind: PlanOp = { op: "bind", source: shimPath, target: "/sbin/docker-init", flags: 0, attributesSet: ATTR.RDONLY, attributesClear: 0n, propagation: 0n };
    const { ops, log } = sandbox.plan({ argv: ["/sbin/docker-init", "--", "sh", "-c", "trap 'exit 33' TERM; echo ready; while :; do sleep 0.05; done"], beforePivot: [bind] });
    const control = await ShimClient.connect(sandbox.spawn(ops).socket);
    await until(() => readLog(log).stdout === "ready\n");
    await control.kill(SIGTERM);
    expect(await control.end()).toMatchObject({ exitCode: 33 });
    expect(await sandbox.run({ argv: ["/sbin/docker-init", "--", "nonesuch"], beforePivot: [bind] })).toMatchObject({ exitCode: 127 });
  });
});

open("shim: helpers", () => {
  test("execFd runs an executable that the root does not hold, on the shim's own descriptors", async () => {
    const { ops } = sandbox.plan({ argv: ["unused"], stdio: STDIO.DIRECT, withoutLog: true });
    const changed: PlanOp[] = ops.map((op) => (op.op === "exec" ? { op: "execFd", fd: 5, argv: ["echo", "from a helper"], env: [] } : op));
    const shim = sandbox.spawn(changed, ["/bin/busybox"], { direct: true });
    const control = await ShimClient.connect(shim.socket);
    expect(await control.end()).toMatchObject({ exitCode: 0 });
    expect(await new Response(shim.output).text()).toBe("from a helper\n");
  });

  test.skipIf(sanitized)("the shim is small: its idle footprint stays below half a megabyte", async () => {
    const { ops } = sandbox.plan({ argv: ["sh", "-c", "head -c 3000000 /dev/zero; sleep 60"], mounts: [PROC, { op: "bind", source: "/dev/zero", target: "/dev/zero", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n }] });
    const shim = sandbox.spawn(ops);
    const control = await ShimClient.connect(shim.socket);
    await Bun.sleep(1800);
    const rollup = readFileSync(`/proc/${shim.pid}/smaps_rollup`, "utf8");
    expect(Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1])).toBeLessThan(200);
    await control.kill(SIGKILL);
    await control.end();
    expect(existsSync(shim.socket) && statSync(shim.socket).isSocket()).toBe(true);
  });
});
