/** The compiled filter, run by an interpreter of classic BPF, against the profile's own words. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../src/base/mod.ts";
import { CAPABILITIES, compileSeccomp, DEFAULT_CAPABILITIES, defaultSeccompProfile, parseSeccompProfile, type SeccompArgument, type SeccompArch, type SeccompProfile } from "../../src/linux/mod.ts";
import { syscallNumbers, type Abi } from "../../src/linux/seccomp/syscall-table.ts";

const AUDIT: Readonly<Record<Abi, number>> = { x86_64: 0xc000003e, x32: 0xc000003e, i386: 0x40000003, arm64: 0xc00000b7, arm: 0x40000028 };
const ALLOW = 0x7fff0000;
const errno = (value: number): number => 0x50000 + value;
const KILL_THREAD = 0;

interface SeccompData {
  nr: number;
  arch: number;
  args: bigint[];
}

function run(program: Uint8Array, { nr, arch, args }: SeccompData): number {
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, nr, true);
  data.setUint32(4, arch, true);
  args.forEach((value, index) => data.setBigUint64(16 + index * 8, value, true));
  const code = new DataView(program.buffer, program.byteOffset, program.length);
  let accumulator = 0;
  for (let pc = 0; ; pc++) {
    const at = pc * 8;
    const [jt, jf, k] = [code.getUint8(at + 2), code.getUint8(at + 3), code.getUint32(at + 4, true)];
    switch (code.getUint16(at, true)) {
      case 0x20:
        accumulator = data.getUint32(k, true);
        break;
      case 0x54:
        accumulator = (accumulator & k) >>> 0;
        break;
      case 0x05:
        pc += k;
        break;
      case 0x15:
        pc += accumulator === k ? jt : jf;
        break;
      case 0x25:
        pc += accumulator > k ? jt : jf;
        break;
      case 0x35:
        pc += accumulator >= k ? jt : jf;
        break;
      case 0x06:
        return k;
      default:
        throw new Error(`instruction ${code.getUint16(at, true).toString(16)} at ${pc}`);
    }
  }
}

function holds({ index, op, value, valueTwo = 0 }: SeccompArgument, args: readonly bigint[], bits: number): boolean {
  const cut = (number: bigint | number): bigint => BigInt.asUintN(bits, BigInt(number));
  const argument = cut(args[index] ?? 0n);
  switch (op) {
    case "SCMP_CMP_EQ": return argument === cut(value);
    case "SCMP_CMP_NE": return argument !== cut(value);
    case "SCMP_CMP_LT": return argument < cut(value);
    case "SCMP_CMP_LE": return argument <= cut(value);
    case "SCMP_CMP_GT": return argument > cut(value);
    case "SCMP_CMP_GE": return argument >= cut(value);
    case "SCMP_CMP_MASKED_EQ": return (argument & cut(value)) === cut(valueTwo);
  }
}

/** The profile read word for word, without any of the compiler's tables but the numbers. */
function evaluate(profile: SeccompProfile, abi: Abi, name: string, args: readonly bigint[]): number {
  const verdict = (action: string, value = 1): number => (action === "SCMP_ACT_ALLOW" ? ALLOW : action === "SCMP_ACT_ERRNO" ? errno(value) : KILL_THREAD);
  const rules = profile.syscalls.filter((rule) => rule.names.includes(name));
  const bits = abi === "x86_64" || abi === "arm64" ? 64 : 32;
  const chosen = rules.find((rule) => !rule.args) ?? rules.find((rule) => rule.args?.every((arg) => holds(arg, args, bits)));
  if (chosen) return verdict(chosen.action, chosen.errnoRet);
  const numbers = syscallNumbers(abi);
  const highest = Math.max(...profile.syscalls.flatMap((rule) => rule.names.map((known) => numbers.get(known) ?? -1)));
  return (numbers.get(name) ?? 0) > highest ? errno(38) : verdict(profile.defaultAction, profile.defaultErrnoRet);
}

const INTERESTING = [0n, 1n, 8n, 17n, 37n, 38n, 39n, 40n, 41n, 0x20000n, 0x20008n, 0xffffffffn, 0x10000000n, 0x7e020000n, 0x02000000n, 0x01000011n, 0x1_00000000n, 0x1_00000026n, 0xffffffff_ffffffffn];

function compareAll(profile: SeccompProfile, arch: SeccompArch, abis: readonly Abi[]): string[] {
  const program = compileSeccomp(profile, arch);
  const wrong: string[] = [];
  for (const abi of abis)
    for (const [name, nr] of syscallNumbers(abi))
      for (const value of INTERESTING) {
        const args = [value, value, 0n, 0n, 0n, 0n];
        const [got, wanted] = [run(program, { nr, arch: AUDIT[abi], args }), evaluate(profile, abi, name, args)];
        if (got !== wanted) wrong.push(`${abi} ${name}(${value}): ${got.toString(16)}, not ${wanted.toString(16)}`);
      }
  return wrong;
}

const ABIS: Readonly<Record<SeccompArch, readonly Abi[]>> = { x64: ["x86_64", "i386", "x32"], arm64: ["arm64", "arm"] };
const conditions = (arch: SeccompArch, capabilities: readonly string[] = DEFAULT_CAPABILITIES) => ({ arch, capabilities, kernel: "6.1.0" });
const at = (abi: Abi, name: string, ...args: bigint[]): SeccompData => ({ nr: syscallNumbers(abi).get(name) ?? -1, arch: AUDIT[abi], args });

describe("the default profile", () => {
  for (const arch of ["x64", "arm64"] as const)
    for (const [who, capabilities] of [["Docker's capabilities", DEFAULT_CAPABILITIES], ["all capabilities", CAPABILITIES], ["none", []]] as const)
      test(`means on ${arch} with ${who} what it says, call by call`, () => {
        expect(compareAll(defaultSeccompProfile(conditions(arch, capabilities)), arch, ABIS[arch])).toEqual([]);
      });

  test("answers what Docker's answers in the cases everybody relies on", () => {
    const program = compileSeccomp(defaultSeccompProfile(conditions("x64")), "x64");
    expect(run(program, at("x86_64", "read"))).toBe(ALLOW);
    expect(run(program, at("x86_64", "clone3"))).toBe(errno(38));
    expect(run(program, at("i386", "clone3"))).toBe(errno(38));
    expect(run(program, at("x86_64", "clone", 0x10000011n))).toBe(errno(1));
    expect(run(program, at("x86_64", "clone", 0x11n))).toBe(ALLOW);
    expect(run(program, at("x32", "mount"))).toBe(errno(1));
    expect(run(program, at("x86_64", "unshare"))).toBe(errno(1));
    expect(run(program, at("x86_64", "socket", 38n))).toBe(errno(1));
    expect(run(program, at("x86_64", "socket", 40n))).toBe(errno(1));
    expect(run(program, at("x86_64", "socket", 0x1_00000002n))).toBe(ALLOW);
    expect(run(program, { nr: 600, arch: AUDIT.x86_64, args: [] })).toBe(errno(38));
    expect(run(program, { nr: 0, arch: AUDIT.arm64, args: [] })).toBe(KILL_THREAD);
  });

  test("is built and compiled once per set of conditions", () => {
    const profile = defaultSeccompProfile(conditions("x64"));
    expect(defaultSeccompProfile(conditions("x64"))).toBe(profile);
    expect(compileSeccomp(profile, "x64")).toBe(compileSeccomp(profile, "x64"));
  });

  const reference = join(import.meta.dir, "../../../shared/spec/seccomp-default.json");
  test.skipIf(!existsSync(reference))("has the effect of Docker's file (skipped where the file is not at hand)", () => {
    const json = readFileSync(reference, "utf8");
    for (const arch of ["x64", "arm64"] as const)
      for (const capabilities of [DEFAULT_CAPABILITIES, CAPABILITIES, ...CAPABILITIES.map((name) => [name])]) {
        const theirs = parseSeccompProfile(json, conditions(arch, capabilities));
        const ours = defaultSeccompProfile(conditions(arch, capabilities));
        expect(ours.architectures).toEqual(theirs.architectures);
        expect(Buffer.from(compileSeccomp(ours, arch)).equals(Buffer.from(compileSeccomp(theirs, arch)))).toBe(true);
      }
  });
});

describe("compileSeccomp()", () => {
  const operators = ["SCMP_CMP_NE", "SCMP_CMP_LT", "SCMP_CMP_LE", "SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT"] as const;
  const BOUNDARIES = [0n, 5n, 0xffffffffn, 0x1_00000000n, 0x1_00000005n, 0xfffffffe_00000005n, 0xffffffff_ffffffffn];

  for (const op of operators)
    test(`${op} compares all 64 bits`, () => {
      for (const value of BOUNDARIES)
        for (const action of ["SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"] as const) {
          const defaultAction = action === "SCMP_ACT_ALLOW" ? "SCMP_ACT_ERRNO" : "SCMP_ACT_ALLOW";
          const args = [{ index: 1, value, op }, { index: 3, value, op }];
          const profile: SeccompProfile = { defaultAction, architectures: [], syscalls: [{ names: ["ioctl"], action, args }] };
          const program = compileSeccomp(profile, "x64");
          for (const first of BOUNDARIES)
            for (const second of BOUNDARIES)
              expect(run(program, at("x86_64", "ioctl", 0n, first, 0n, second))).toBe(evaluate(profile, "x86_64", "ioctl", [0n, first, 0n, second]));
        }
    });

  test("conditions on one argument twice are alternatives", () => {
    const args = [1, 2].map((value): SeccompArgument => ({ index: 0, value, op: "SCMP_CMP_EQ" }));
    const program = compileSeccomp({ defaultAction: "SCMP_ACT_ERRNO", architectures: [], syscalls: [{ names: ["personality"], action: "SCMP_ACT_ALLOW", args }] }, "x64");
    expect([0n, 1n, 2n, 3n].map((value) => run(program, at("x86_64", "personality", value)))).toEqual([errno(1), ALLOW, ALLOW, errno(1)]);
  });

  test("an architecture that is not listed kills", () => {
    const program = compileSeccomp({ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [] }, "x64");
    expect(run(program, at("i386", "read"))).toBe(KILL_THREAD);
    expect(run(program, at("x32", "read"))).toBe(KILL_THREAD);
    expect(run(program, at("x86_64", "read"))).toBe(ALLOW);
  });

  test("socketcall lets through on i386 what the direct calls are allowed", () => {
    const program = compileSeccomp({ defaultAction: "SCMP_ACT_ERRNO", architectures: ["SCMP_ARCH_X86"], syscalls: [{ names: ["connect"], action: "SCMP_ACT_ALLOW" }] }, "x64");
    expect(run(program, at("i386", "socketcall", 3n))).toBe(ALLOW);
    expect(run(program, at("i386", "socketcall", 4n))).toBe(errno(1));
  });
});

describe("parseSeccompProfile()", () => {
  const parse = (profile: object) => parseSeccompProfile(JSON.stringify(profile), conditions("x64"));

  test("refuses what Docker refuses, with a reason", () => {
    const base = { defaultAction: "SCMP_ACT_ERRNO" };
    expect(() => parseSeccompProfile("{", conditions("x64"))).toThrow(EngineError);
    expect(() => parse({ ...base, architectures: ["SCMP_ARCH_X86"], archMap: [{ architecture: "SCMP_ARCH_X86_64" }] })).toThrow("use either 'architectures' or 'archMap'");
    expect(() => parse({ ...base, syscalls: [{ name: "read", names: ["write"], action: "SCMP_ACT_ALLOW" }] })).toThrow("use either 'name' or 'names'");
    expect(() => parse({ defaultAction: "SCMP_ACT_NONE" })).toThrow("defaultAction");
    expect(() => parse({ ...base, syscalls: [{ names: ["read"], action: "SCMP_ACT_ALLOW", args: [{ index: 9, op: "SCMP_CMP_EQ" }] }] })).toThrow("invalid argument index 9");
  });

  test("keeps a rule only where its conditions hold", () => {
    const rule = (extra: object) => parse({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ names: ["bpf"], action: "SCMP_ACT_ALLOW", ...extra }] }).syscalls.length;
    expect(rule({ includes: { caps: ["CAP_SYS_ADMIN"] } })).toBe(0);
    expect(rule({ includes: { caps: ["CAP_CHOWN"] } })).toBe(1);
    expect(rule({ excludes: { caps: ["CAP_CHOWN"] } })).toBe(0);
    expect(rule({ includes: { arches: ["s390x"] } })).toBe(0);
    expect(rule({ includes: { minKernel: "6.2" } })).toBe(0);
    expect(rule({ includes: { minKernel: "5.19" } })).toBe(1);
  });
});
