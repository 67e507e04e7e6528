import { describe, expect, test } from "bun:test";
import { compileContainer, type ContainerCompilers } from "../../src/runtime/compile-container.ts";
import type { ContainerLaunch } from "../../src/runtime/launch.ts";
import { PLAN_OP_LAYOUTS, type PlanOp } from "../../src/runtime/ops.gen.ts";
import type { NamespaceType } from "../../src/spec/mod.ts";
import { containerLaunch, runtimeSpec } from "./spec-fixture.ts";

const FDS: Partial<Record<NamespaceType, number>> = { pid: 5, network: 6, ipc: 7, uts: 8 };
const compilers: ContainerCompilers = {
  capabilityMask: (names) => BigInt(names.length),
  seccompProgram: () => new Uint8Array([1, 2, 3]),
  namespaceFd: (type) => FDS[type] ?? -1,
  usersFd: () => 0, mountNamespaceFd: () => 6, kernelCore: false,
};

const compile = (launch: ContainerLaunch): PlanOp[] => compileContainer("c1", launch, compilers);
const names = (ops: readonly PlanOp[]): string[] => ops.map((op) => op.op).filter((name, index, all) => name !== all[index - 1]);
const find = <N extends PlanOp["op"]>(ops: readonly PlanOp[], name: N): Extract<PlanOp, { op: N }>[] => ops.filter((op): op is Extract<PlanOp, { op: N }> => op.op === name);

const V1 = { kind: "v1", tasksFiles: ["/sys/fs/cgroup/memory/hako/c1/tasks", "/sys/fs/cgroup/cpu,cpuacct/hako/c1/tasks"] } as const;

describe("compileContainer()", () => {
  test("orders operations so that each is possible and safe", () => {
    const spec = runtimeSpec(["true"], { linux: { sysctl: { "net.ipv4.ip_forward": "1" }, rootfsPropagation: "rslave", seccomp: { defaultAction: "SCMP_ACT_ALLOW", architectures: [], syscalls: [] } }, readonly: true, process: { cwd: "/work", terminal: true, oomScoreAdj: 100, rlimits: [{ type: "RLIMIT_NOFILE", soft: 10n, hard: -1n }] } });
    const network = { host: { messages: new Uint8Array(4), pidOffsets: [0] }, inside: new Uint8Array(8) };
    const ops = compile(containerLaunch(spec, { cgroup: V1, network, oomFile: "/oom", log: { path: "/log", indexPath: "/log.idx" } }));
    expect(names(ops)).toEqual([
      "stdio", "frameLog", "logRotation", "exitFile", "oomFile", "clone", "netlinkHost",
      "oomScoreAdj", "joinCgroups", "unshare", "waitHost", "netlinkInside", "hostname",
      "propagation", "overlayRoot", "mount", "bind", "symlink", "mount", "device", "symlink", "directory",
      "sysctl", "readonly", "mask", "rootReadonly", "pivot", "rootPropagation",
      "rlimit", "sessionKeyring", "console", "cwd", "seccomp", "identity", "exec",
    ]);
    expect(find(ops, "rlimit")).toEqual([{ op: "rlimit", resource: 7, soft: 10n, hard: 0xffffffffffffffffn }]);
    expect(find(ops, "sysctl")[0]?.path).toBe("net/ipv4/ip_forward");
  });

  test("keeps host operations before the child's", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"])));
    const sides = ops.map((op) => PLAN_OP_LAYOUTS[op.op].side);
    expect(sides.lastIndexOf("host")).toBeLessThan(sides.indexOf("child"));
  });

  test("creates the cgroup namespace in the child, once it is in its cgroup", () => {
    for (const cgroup of [V1, { kind: "v2", dir: "/sys/fs/cgroup/hako/c1" } as const]) {
      const ops = compile(containerLaunch(runtimeSpec(["true"]), { cgroup }));
      expect(find(ops, "clone")[0]).toEqual({ op: "clone", flags: 0x20000000n | 0x40000000n | 0x20000n | 0x8000000n | 0x4000000n, cgroupDir: cgroup.kind === "v2" ? cgroup.dir : "" });
      expect(find(ops, "unshare")).toEqual([{ op: "unshare", flags: 0x2000000n }]);
    }
  });

  test("joins namespaces given by path, and leaves out the host's", () => {
    const spec = runtimeSpec(["true"], { linux: { namespaces: [{ type: "mount" }, { type: "pid", path: "/p" }, { type: "network", path: "/n" }, { type: "ipc", path: "/i" }] } });
    const ops = compile(containerLaunch(spec));
    expect(find(ops, "joinPidNamespace")).toEqual([{ op: "joinPidNamespace", fd: 5 }]);
    expect(find(ops, "clone")[0]?.flags).toBe(0x20000n);
    expect(find(ops, "joinNamespaces")).toEqual([
      { op: "joinNamespaces", fd: 6, flags: 0x40000000n },
      { op: "joinNamespaces", fd: 7, flags: 0x8000000n },
    ]);
    expect(find(ops, "netlinkInside")).toEqual([]);
    expect(find(ops, "unshare")).toEqual([]);
  });

  test("brings the loopback up in a network namespace that nobody else sets up", () => {
    const [inside] = find(compile(containerLaunch(runtimeSpec(["true"]))), "netlinkInside");
    expect(inside?.messages.length).toBe(32);
  });

  test("mounts in the order of the spec, options sorted into attributes and the file system's own", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"], { mounts: [
      { destination: "/data", type: "bind", source: "/srv/data", options: ["rbind", "rprivate", "rro"] },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["noexec", "nosuid", "nodev", "exec", "size=64m", "mode=1777"] },
      { destination: "/flat", type: "bind", source: "/srv/flat", options: ["bind", "shared", "noatime", "ro"] },
    ] })));
    const mounts = ops.filter((op) => op.op === "mount" || op.op === "bind");
    expect(mounts.map((op) => op.target)).toEqual(["/proc", "/dev", "/dev/pts", "/sys", "/dev/mqueue", "/dev/shm", "/data", "/tmp", "/flat"]);
    expect(mounts[0]).toEqual({ op: "mount", target: "/proc", fstype: "proc", source: "proc", options: [], attributes: 0xen });
    expect(mounts[1]).toEqual({ op: "mount", target: "/dev", fstype: "tmpfs", source: "tmpfs", options: ["mode=755", "size=65536k"], attributes: 0x22n });
    expect(mounts[6]).toEqual({ op: "bind", source: "/srv/data", target: "/data", flags: 3, attributesSet: 1n, attributesClear: 0n, propagation: 0x44000n, usersFd: 0 });
    expect(mounts[7]).toEqual({ op: "mount", target: "/tmp", fstype: "tmpfs", source: "tmpfs", options: ["size=64m", "mode=1777"], attributes: 0x6n });
    expect(mounts[8]).toEqual({ op: "bind", source: "/srv/flat", target: "/flat", flags: 16, attributesSet: 0x11n, attributesClear: 0x70n, propagation: 0x100000n, usersFd: 0 });
  });

  test("shows a v1 container its own cgroup of each hierarchy, read-only", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"]), { cgroup: V1 }));
    expect(find(ops, "bind")).toEqual([
      { op: "bind", source: "/sys/fs/cgroup/memory/hako/c1", target: "/sys/fs/cgroup/memory", flags: 0, attributesSet: 0xfn, attributesClear: 0n, propagation: 0n, usersFd: 0 },
      { op: "bind", source: "/sys/fs/cgroup/cpu,cpuacct/hako/c1", target: "/sys/fs/cgroup/cpu,cpuacct", flags: 0, attributesSet: 0xfn, attributesClear: 0n, propagation: 0n, usersFd: 0 },
    ]);
    expect(find(ops, "symlink").slice(0, 2)).toEqual([
      { op: "symlink", path: "/sys/fs/cgroup/cpu", target: "cpu,cpuacct" },
      { op: "symlink", path: "/sys/fs/cgroup/cpuacct", target: "cpu,cpuacct" },
    ]);
  });

  test("shows a v2 container its cgroup namespace", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"]), { cgroup: { kind: "v2", dir: "/sys/fs/cgroup/hako/c1" } }));
    expect(find(ops, "mount").find((op) => op.target === "/sys/fs/cgroup")).toEqual({ op: "mount", target: "/sys/fs/cgroup", fstype: "cgroup2", source: "cgroup", options: [], attributes: 0xfn });
  });

  test("makes the default devices, the user's own in their place", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"], { linux: { devices: [{ path: "/dev/zero", type: "c", major: 1, minor: 5, fileMode: 0o600, gid: 7 }, { path: "/dev/loop0", type: "b", major: 7, minor: 0 }] } })));
    expect(find(ops, "device").map((op) => op.path)).toEqual(["/dev/null", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/zero", "/dev/loop0"]);
    expect(find(ops, "device").slice(-2)).toEqual([
      { op: "device", path: "/dev/zero", mode: 0o020600, major: 1, minor: 5, uid: 0, gid: 7 },
      { op: "device", path: "/dev/loop0", mode: 0o060666, major: 7, minor: 0, uid: 0, gid: 0 },
    ]);
    expect(find(ops, "symlink").map((op) => op.path)).toEqual(["/dev/ptmx", "/dev/fd", "/dev/stdin", "/dev/stdout", "/dev/stderr"]);
  });

  test("leaves a bound /dev as it is", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"], { mounts: [{ destination: "/dev", type: "bind", source: "/dev", options: ["rbind"] }], process: { terminal: true } })));
    expect(find(ops, "device")).toEqual([]);
    expect(find(ops, "console")).toEqual([{ op: "console", bindConsole: 0, socketFd: 0 }]);
  });

  test("installs the filter before capabilities go, or last when no privileges can be gained", () => {
    const seccomp = { defaultAction: "SCMP_ACT_ALLOW", architectures: [], syscalls: [] } as const;
    const last = (noNewPrivileges: boolean): string[] => {
      const spec = runtimeSpec(["true"], { process: { noNewPrivileges }, linux: { seccomp: { ...seccomp, architectures: [], syscalls: [] } } });
      const all = names(compile(containerLaunch(spec)));
      return all.slice(all.indexOf("cwd"));
    };
    expect(last(false)).toEqual(["cwd", "seccomp", "identity", "exec"]);
    expect(last(true)).toEqual(["cwd", "noNewPrivileges", "identity", "seccomp", "exec"]);
  });

  test("a view has no upper layer, a bind root no overlay", () => {
    const view = compile(containerLaunch(runtimeSpec(["true"]), { root: { kind: "overlayView", layersDir: "/l", lowers: ["1/fs"] } }));
    expect(find(view, "overlayRoot")[0]).toEqual({ op: "overlayRoot", mountPoint: "/run/hako/root", layersDir: "/l", lowers: ["1/fs"], upper: "", work: "" });
    const bind = compile(containerLaunch(runtimeSpec(["true"]), { root: { kind: "bind", source: "/rootfs" } }));
    expect(find(bind, "bindRoot")[0]).toEqual({ op: "bindRoot", mountPoint: "/run/hako/root", source: "/rootfs" });
  });

  test("refuses a resource limit that the kernel does not have", () => {
    expect(() => compile(containerLaunch(runtimeSpec(["true"], { process: { rlimits: [{ type: "RLIMIT_COWS", soft: 1n, hard: 1n }] } })))).toThrow("invalid rlimit type RLIMIT_COWS");
  });
});

describe("trees that are opened before the mounts", () => {
  test("a shared bind is held while it is the host's, and the namespace stays a slave until pivot", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"], { mounts: [{ destination: "/s", type: "bind", source: "/srv", options: ["rbind", "rshared"] }], linux: { rootfsPropagation: "shared" } })));
    const names = ops.map(({ op }) => op);
    expect(names.indexOf("holdTree")).toBe(names.indexOf("propagation") - 1);
    expect(find(ops, "holdTree")).toEqual([{ op: "holdTree", source: "/srv", recursive: 1, namespaceFd: 0 }]);
    expect(find(ops, "propagation")).toEqual([{ op: "propagation", flags: 0x84000n }]);
    expect(find(ops, "bind").at(-1)).toMatchObject({ source: "/srv", flags: 1 | 16, propagation: 0x104000n });
    expect(names.indexOf("rootPropagation")).toBeGreaterThan(names.indexOf("pivot"));
  });

  test("another container's folder comes from its mount namespace", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"], { mounts: [{ destination: "/dev/shm", type: "bind", source: "/dev/shm", options: ["bind"], mountNamespace: "/proc/1/ns/mnt" }] })));
    expect(find(ops, "holdTree")).toEqual([{ op: "holdTree", source: "/dev/shm", recursive: 0, namespaceFd: 6 }]);
    expect(find(ops, "bind").at(-1)).toMatchObject({ flags: 16 });
  });

  test("a path beneath a volume is marked as such", () => {
    const ops = compile(containerLaunch(runtimeSpec(["true"], { mounts: [{ destination: "/m", type: "bind", source: "/vol", beneath: "a/b", options: ["rbind"] }] })));
    expect(find(ops, "bind").at(-1)).toMatchObject({ source: "/vol/./a/b", flags: 1 | 8 });
  });
});
