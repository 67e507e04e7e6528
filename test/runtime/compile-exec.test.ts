import { describe, expect, test } from "bun:test";
import { compileExec } from "../../src/runtime/compile-exec.ts";
import type { ExecLaunch } from "../../src/runtime/launch.ts";
import { processSpec } from "./spec-fixture.ts";

const compilers = { capabilityMask: (names: readonly string[]) => BigInt(names.length), seccompProgram: () => new Uint8Array(8), containerPidfd: 5 };

const launch = (more: Partial<ExecLaunch> = {}): ExecLaunch => ({
  containerPid: 10,
  process: processSpec(["true"]),
  cgroup: { kind: "v1", tasksFiles: ["/t"] },
  stdio: { tty: false, openStdin: true, rows: 0, cols: 0, attachOutput: true },
  exitFile: "/exit",
  ...more,
});

describe("compileExec()", () => {
  test("enters the cgroup by host paths before the mount namespace changes", () => {
    const ops = compileExec("e1", launch(), compilers);
    expect(ops.map((op) => op.op)).toEqual(["stdio", "exitFile", "joinPidNamespace", "clone", "joinCgroups", "joinNamespaces", "waitHost", "sessionKeyring", "cwd", "identity", "exec"]);
    expect(ops[0]).toEqual({ op: "stdio", flags: 2 | 4 | 8, rows: 0, cols: 0 });
    expect(ops[3]).toEqual({ op: "clone", flags: 0n, cgroupDir: "" });
  });

  test("a detached process streams no output", () => {
    const [stdio] = compileExec("e1", launch({ stdio: { tty: true, openStdin: false, rows: 24, cols: 80, attachOutput: false } }), compilers);
    expect(stdio).toEqual({ op: "stdio", flags: 1 | 4, rows: 24, cols: 80 });
  });

  test("on v2 the clone lands in the cgroup", () => {
    const ops = compileExec("e1", launch({ cgroup: { kind: "v2", dir: "/cg" } }), compilers);
    expect(ops.find((op) => op.op === "clone")).toEqual({ op: "clone", flags: 0n, cgroupDir: "/cg" });
    expect(ops.some((op) => op.op === "joinCgroups")).toBe(false);
  });

  test("a terminal comes after the container's namespaces", () => {
    const names = compileExec("e1", launch({ process: processSpec(["sh"], { terminal: true }) }), compilers).map((op) => op.op);
    expect(names.indexOf("console")).toBeGreaterThan(names.indexOf("joinNamespaces"));
  });
});
