import { describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fixtureDump, fixtureOps } from "../../native/ops/fixture.ts";
import { generatedFiles } from "../../native/ops/generate.ts";
import { PLAN_OP_LAYOUTS, type PlanOp } from "../../src/runtime/ops.gen.ts";
import { encodePlan } from "../../src/runtime/plan-encoding.ts";

const native = join(import.meta.dir, "../../native");
const fixture = (name: string) => readFileSync(join(import.meta.dir, "../fixtures", name));
const decode = join(import.meta.dir, "../../build/native/test/decode");

function make(...targets: string[]): { status: number | null; output: string } {
  const made = spawnSync("make", ["-s", "-C", native, ...targets], { encoding: "utf8" });
  return { status: made.status, output: made.stdout + made.stderr };
}

describe("plan language", () => {
  test("the generated files are current", () => {
    for (const file of generatedFiles()) expect(readFileSync(file.path, "utf8")).toBe(file.text);
  });

  test("encodePlan() writes the bytes of the fixture, which holds every operation", () => {
    const ops = fixtureOps();
    expect(new Set(ops.map((op) => op.op)).size).toBe(Object.keys(PLAN_OP_LAYOUTS).length - 1);
    expect(Buffer.from(encodePlan(ops)).equals(fixture("plan.bin"))).toBe(true);
    expect(fixtureDump(ops)).toBe(fixture("plan.txt").toString());
  });

  test("encodePlan() grows beyond its first buffer and refuses NUL bytes", () => {
    const exec = (argv: string[]): PlanOp[] => [{ op: "exec", argv, env: [] }];
    expect(encodePlan(exec(["x".repeat(100_000)])).length).toBe(16 + 8 + 4 + 4 + 100_000 + 1 + 4);
    expect(() => encodePlan(exec(["a\0b"]))).toThrow("exec.argv contains a NUL byte");
  });
});

describe("native code", () => {
  test("decodes the fixture under the sanitizers", () => {
    expect(make("sanitize-test")).toEqual({ status: 0, output: "" });
  }, 120_000);

  test("the decoder refuses plans that do not add up", () => {
    expect(make("sanitize").status).toBe(0);
    const whole = fixture("plan.bin");
    const refused = (name: string, change: (bytes: Buffer) => Buffer | void): string => {
      const copy = Buffer.from(whole);
      const path = join(import.meta.dir, `../../build/native/test/refused-${name}`);
      Bun.write(path, change(copy) ?? copy);
      const run = spawnSync(decode, [path], { encoding: "utf8" });
      expect(run.status).toBe(1);
      return run.stderr.trim();
    };
    expect(refused("magic", (bytes) => void bytes.writeUInt32LE(1, 0))).toBe("not a plan");
    expect(refused("version", (bytes) => void bytes.writeUInt32LE(9, 4))).toBe("another version of the plan language");
    expect(refused("count", (bytes) => void bytes.writeUInt32LE(9, 8))).toBe("the plan's count of operations does not add up");
    expect(refused("length", (bytes) => bytes.subarray(0, bytes.length - 1))).toBe("the plan's length does not add up");
    expect(refused("code", (bytes) => void bytes.writeUInt16LE(999, 16))).toBe("an operation that is unknown or malformed");
    const order = (ops: PlanOp[]) => () => Buffer.from(encodePlan(ops));
    const clone: PlanOp = { op: "clone", flags: 0n, cgroupDir: "" };
    const exec: PlanOp = { op: "exec", argv: ["x"], env: [] };
    expect(refused("early", order([{ op: "pivot" }, clone, exec]))).toBe("a child operation before clone");
    expect(refused("late", order([clone, { op: "exitFile", path: "x" }, exec]))).toBe("a setting after clone");
    expect(refused("twice", order([clone, clone, exec]))).toBe("a second clone");
    expect(refused("behind", order([clone, exec, { op: "pivot" }]))).toBe("a child operation after exec");
    expect(refused("neither", order([clone]))).toBe("a plan without clone or exec");
  }, 120_000);

  test("the decoder survives fuzzing", () => {
    const { status, output } = make("fuzz-test", "FUZZ_SECONDS=5", "FUZZ_RUNS=100000");
    expect(status === 0 ? "" : output).toBe("");
  }, 120_000);
});
