/**
 * A plan with every operation once, for the tests of both encoders: run this to write test/fixtures/plan.bin and
 * test/fixtures/plan.txt (what the C decoder must print for it).
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { PLAN_OP_LAYOUTS, type PlanFieldType, type PlanOp } from "../../src/runtime/ops.gen.ts";
import { encodePlan } from "../../src/runtime/plan-encoding.ts";

const NAMES = Object.keys(PLAN_OP_LAYOUTS) as PlanOp["op"][];

/** One value per type, different for each field, with the awkward cases among them. */
function sample(type: PlanFieldType, seed: number): unknown {
  switch (type) {
    case "u32":
      return 0xffff_ff00 + seed;
    case "i32":
      return -seed;
    case "u64":
      return 0x8000_0000_0000_0000n + BigInt(seed);
    case "str":
      return seed % 7 === 0 ? "" : `箱 ${seed}/…`;
    case "bytes":
      return Uint8Array.from({ length: seed % 5 }, (_, index) => index * seed);
    case "strs":
      return Array.from({ length: seed % 4 }, (_, index) => (index === 0 ? "" : `item ${index} of ${seed}`));
    case "u32s":
      return Array.from({ length: seed % 3 }, (_, index) => index + seed);
    default:
      return type satisfies never;
  }
}

/** In an order that the shim accepts: settings, clone, the rest; exec and execFd cannot both be in one plan. */
export function fixtureOps(): PlanOp[] {
  const before: PlanOp["op"][] = ["stdio", "frameLog", "logRotation", "exitFile", "oomFile", "adopt", "joinPidNamespace", "clone", "netlinkHost"];
  const last: PlanOp["op"] = "execFd";
  const order = [...before, ...NAMES.filter((name) => !before.includes(name) && name !== last && name !== "exec"), last];
  return order.map((name, position) => {
    const fields = PLAN_OP_LAYOUTS[name].fields.map(([field, type], index) => [field, sample(type, position * 3 + index + 1)]);
    return { op: name, ...Object.fromEntries(fields) } as PlanOp;
  });
}

function show(type: PlanFieldType, value: unknown): string {
  const quote = (text: string) => `"${text}"`;
  switch (type) {
    case "bytes":
      return `<${Array.from(value as Uint8Array, (byte) => byte.toString(16).padStart(2, "0")).join("")}>`;
    case "str":
      return quote(value as string);
    case "strs":
      return `[${(value as string[]).map(quote).join(", ")}]`;
    case "u32s":
      return `[${(value as number[]).join(", ")}]`;
    default:
      return String(value);
  }
}

/** The text that build/native/test/decode prints. */
export function fixtureDump(ops: readonly PlanOp[]): string {
  const lines = ops.map((op) => {
    const values = op as unknown as Readonly<Record<string, unknown>>;
    const fields = PLAN_OP_LAYOUTS[op.op].fields.map(([name, type]) => ` ${name}=${show(type, values[name])}`);
    return `${op.op}${fields.join("")}\n`;
  });
  return lines.join("");
}

if (import.meta.main) {
  const path = (name: string) => fileURLToPath(new URL(`../../test/fixtures/${name}`, import.meta.url));
  const ops = fixtureOps();
  writeFileSync(path("plan.bin"), encodePlan(ops));
  writeFileSync(path("plan.txt"), fixtureDump(ops));
}
