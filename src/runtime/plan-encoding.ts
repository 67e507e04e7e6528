/** Bytes of a plan, in the format that native/ops/table.ts describes. */
import { EngineError } from "../base/mod.ts";
import { PLAN_OP_LAYOUTS, PLAN_VERSION, type PlanFieldType, type PlanOp } from "./ops.gen.ts";

const MAGIC = 0x4c504b48; // "HKPL"
const OP_HEADER_BYTES = 8;
const encoder = new TextEncoder();

export function encodePlan(ops: readonly PlanOp[]): Uint8Array {
  const writer = new PlanWriter();
  writer.u32(MAGIC);
  writer.u32(PLAN_VERSION);
  writer.u32(ops.length);
  writer.u32(0);
  for (const op of ops) writeOp(writer, op);
  writer.setU32(12, writer.length);
  return writer.finish();
}

function writeOp(writer: PlanWriter, op: PlanOp): void {
  const layout = PLAN_OP_LAYOUTS[op.op];
  const start = writer.length;
  writer.u32(layout.code);
  writer.u32(0);
  const values = op as unknown as Readonly<Record<string, unknown>>;
  for (const [name, type] of layout.fields) writeField(writer, type, values[name], `${op.op}.${name}`);
  writer.setU32(start + 4, writer.length - start - OP_HEADER_BYTES);
}

// The generated union has already typed each value by its column; the table only says in which order they go.
function writeField(writer: PlanWriter, type: PlanFieldType, value: unknown, where: string): void {
  switch (type) {
    case "u32":
    case "i32":
      return writer.u32(value as number);
    case "u64":
      return writer.u64(value as bigint);
    case "str":
      return writer.str(value as string, where);
    case "bytes":
      return writer.bytes(value as Uint8Array);
    case "strs": {
      const texts = value as readonly string[];
      writer.u32(texts.length);
      for (const text of texts) writer.str(text, where);
      return;
    }
    case "u32s": {
      const numbers = value as readonly number[];
      writer.u32(numbers.length);
      for (const number of numbers) writer.u32(number);
      return;
    }
    default:
      (type) satisfies never;
  }
}

class PlanWriter {
  length = 0;
  #buffer = new Uint8Array(8 * 1024);
  #view = new DataView(this.#buffer.buffer);

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value, true);
  }

  u64(value: bigint): void {
    this.#reserve(8);
    this.#view.setBigUint64(this.length, value, true);
    this.length += 8;
  }

  bytes(value: Uint8Array): void {
    this.u32(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.length);
    this.length += value.length;
  }

  str(text: string, where: string): void {
    if (text.includes("\0")) throw new EngineError("InvalidParameter", `${where} contains a NUL byte`);
    // UTF-8 takes at most three bytes per UTF-16 unit.
    this.#reserve(4 + text.length * 3 + 1);
    const { written } = encoder.encodeInto(text, this.#buffer.subarray(this.length + 4));
    this.setU32(this.length, written);
    this.#buffer[this.length + 4 + written] = 0;
    this.length += 4 + written + 1;
  }

  finish(): Uint8Array {
    return this.#buffer.subarray(0, this.length);
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.length));
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}
