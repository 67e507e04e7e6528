import { afterEach, beforeEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PlanOp } from "../../src/runtime/ops.gen.ts";
import { PLAN_OP_LAYOUTS } from "../../src/runtime/ops.gen.ts";
import { ATTR, CLONE, STATE, Sandbox, ShimClient, kernelTests, readLog } from "./shim-harness.ts";
import { scratchFolder, scratchName } from "../scratch.ts";

const ERRNO = { ENOENT: 2, EACCES: 13, EISDIR: 21, EINVAL: 22, ESRCH: 3, ENOTTY: 25, EXDEV: 18, ELOOP: 40 } as const;

const sanitized = process.env["SHIM_UNDER_TEST"]?.includes("sanitized") ?? false;

let sandbox: Sandbox;
beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox[Symbol.dispose]());

kernelTests("shim: the root", () => {
  test("mounts 125 layers", async () => {
    const lowers = ["1/fs"];
    for (let number = 2; number <= 125; number++) {
      sandbox.layer(number, (folder) => writeFileSync(join(folder, `from-${number}`), ""));
      lowers.unshift(`${number}/fs`);
    }
    const end = await sandbox.run({ argv: ["sh", "-c", "ls / | grep -c from-"], lowers });
    expect(end.log.stderr).toBe("");
    expect(end.log.stdout).toBe("124\n");
    // A busy disk takes its time over the folders.
  }, 120_000);

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
    const bind = (target: string): PlanOp => ({ op: "bind", source: file, target, flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 });
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
      { op: "bind", source, target: "/deep/volume", flags: 1, attributesSet: ATTR.RDONLY, attributesClear: 0n, propagation: 0n, usersFd: 0 },
      { op: "bind", source: join(source, "file"), target: "/deep/single", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 },
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

kernelTests("shim: images that try to lead out of their root", () => {
  let outside: string;
  beforeEach(() => {
    outside = scratchFolder();
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
      { op: "bind", source: file, target: "/etc/hosts", flags: 0, attributesSet: 0n, attributesClear: 0n, propagation: 0n, usersFd: 0 },
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

kernelTests("shim: identity and limits", () => {
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

kernelTests("shim: network", () => {
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

kernelTests("shim: control groups", () => {
  test.skipIf(!existsSync(join(PIDS, "tasks")))("joins a v1 group through tasks", async () => {
    const folder = join(PIDS, scratchName("shim"));
    mkdirSync(folder);
    try {
      const end = await sandbox.run({ argv: ["grep", "pids", "/proc/self/cgroup"], beforeRoot: [{ op: "joinCgroups", tasksFiles: [join(folder, "tasks")] }] });
      expect(end.log.stdout.trim().endsWith(`:pids:/${scratchName("shim")}`)).toBe(true);
    } finally {
      await removeGroup(folder);
    }
  });

  test.skipIf(!existsSync(join(UNIFIED, "cgroup.procs")))("clones into a v2 group, with a cgroup namespace rooted there", async () => {
    const folder = join(UNIFIED, scratchName("shim"));
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
      if (attempt > 2000) throw error;
      await Bun.sleep(10);
    }
  }
}
