/** The eBPF device filter, run by an interpreter of the few instructions it uses, against the rules read in order. */
import { expect, test } from "bun:test";
import type { DeviceRule } from "../../src/linux/mod.ts";
import { compileDeviceProgram } from "../../src/linux/cgroups/device-program.ts";

const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
interface Request {
  type: "b" | "c";
  major: number;
  minor: number;
  access: number;
}

function run(program: Uint8Array, { type, major, minor, access }: Request): boolean {
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  const context = [(access << 16) | (type === "b" ? 1 : 2), major, minor];
  const registers = new Array<number>(11).fill(0);
  for (let pc = 0; ; pc++) {
    const [operation, slots, offset, immediate] = [code.getUint8(pc * 8), code.getUint8(pc * 8 + 1), code.getInt16(pc * 8 + 2, true), code.getInt32(pc * 8 + 4, true)];
    const [to, from] = [slots & 0xf, slots >> 4];
    const value = registers[to] ?? 0;
    if (operation === 0x95) return registers[0] === 1;
    else if (operation === 0x61) registers[to] = context[offset / 4] ?? 0;
    else if (operation === 0x54) registers[to] = value & immediate;
    else if (operation === 0x74) registers[to] = value >>> immediate;
    else if (operation === 0xb7) registers[to] = immediate;
    else if (operation === 0xbf) registers[to] = registers[from] ?? 0;
    else if (operation === 0x55) pc += value !== immediate ? offset : 0;
    else if (operation === 0x15) pc += value === immediate ? offset : 0;
    else throw new Error(`instruction ${operation.toString(16)}`);
  }
}

/** Letter by letter, the last rule that matches a letter decides it. */
function allowed(rules: readonly DeviceRule[], { type, major, minor, access }: Request): boolean {
  return Object.entries(ACCESS).filter(([, bit]) => access & bit).every(([letter]) => {
    const last = rules.findLast((rule) => (rule.type === undefined || rule.type === "a" || rule.type === type) && (rule.major ?? major) === major && (rule.minor ?? minor) === minor && rule.access.includes(letter));
    return last?.allow ?? false;
  });
}

const DENY_ALL: DeviceRule = { allow: false, access: "rwm" };
const CASES: Readonly<Record<string, DeviceRule[]>> = {
  "no rules": [],
  "everything denied": [DENY_ALL],
  privileged: [DENY_ALL, { allow: true, type: "a", access: "rwm" }],
  "a container's": [DENY_ALL, { allow: true, type: "c", access: "m" }, { allow: true, type: "b", access: "m" }, { allow: true, type: "c", major: 1, minor: 3, access: "rwm" }, { allow: true, type: "c", major: 136, access: "rwm" }],
  "one refused": [{ allow: true, access: "rwm" }, { allow: false, type: "b", major: 8, access: "w" }],
};

for (const [name, rules] of Object.entries(CASES))
  test(`the program decides as the rules say: ${name}`, () => {
    const program = compileDeviceProgram(rules);
    for (const type of ["b", "c"] as const)
      for (const major of [1, 8, 136])
        for (const minor of [0, 3])
          for (const access of [1, 2, 4, 6]) {
            const request = { type, major, minor, access };
            expect({ request, allowed: run(program, request) }).toEqual({ request, allowed: allowed(rules, request) });
          }
  });
