import { BPF, and, branch, encode, jump, load, ret, type Instruction } from "./bpf.ts";
import { decide, RET_KILL_THREAD, type AbiDecisions, type Decision } from "./decisions.ts";
import type { SeccompArch, SeccompArgument, SeccompProfile } from "./profile.ts";
import { X32_BIT, type Abi } from "./syscall-table.ts";

/** struct seccomp_data */
const NR_OFFSET = 0;
const ARCH_OFFSET = 4;
const ARGS_OFFSET = 16;

/** AUDIT_ARCH_* of linux/audit.h; x32 shares that of x86-64. */
const AUDIT_ARCH = { x86_64: 0xc000003e, i386: 0x40000003, arm64: 0xc00000b7, arm: 0x40000028 } as const;

const NATIVE: Readonly<Record<SeccompArch, "x86_64" | "arm64">> = { x64: "x86_64", arm64: "arm64" };
const COMPAT: Readonly<Record<SeccompArch, { abi: "i386" | "arm"; name: string }>> = {
  x64: { abi: "i386", name: "SCMP_ARCH_X86" },
  arm64: { abi: "arm", name: "SCMP_ARCH_ARM" },
};

const compiled = new WeakMap<SeccompProfile, Map<SeccompArch, Uint8Array>>();

/**
 * The profile as an array of struct sock_filter, with libseccomp's meaning: the native architecture is always covered, others when
 * listed, an unlisted one kills the thread. Compiled once per profile object.
 * @throws EngineError InvalidParameter for an action that cannot be had
 */
export function compileSeccomp(profile: SeccompProfile, arch: SeccompArch): Uint8Array {
  const known = compiled.get(profile) ?? new Map<SeccompArch, Uint8Array>();
  let program = known.get(arch);
  if (!program) {
    program = encode(assemble(profile, arch));
    compiled.set(profile, known.set(arch, program));
  }
  return program;
}

function assemble(profile: SeccompProfile, arch: SeccompArch): Instruction[] {
  const native = NATIVE[arch];
  const compat = COMPAT[arch];
  const otherArchitecture = [ret(RET_KILL_THREAD)];
  const compatCode = profile.architectures.includes(compat.name)
    ? branch(BPF.JEQ, AUDIT_ARCH[compat.abi], section(decide(profile, compat.abi)), otherArchitecture)
    : otherArchitecture;
  return [load(ARCH_OFFSET), ...branch(BPF.JEQ, AUDIT_ARCH[native], nativeSection(profile, native), compatCode)];
}

function nativeSection(profile: SeccompProfile, native: Abi): Instruction[] {
  const decisions = decide(profile, native);
  if (native !== "x86_64") return section(decisions);
  const x32 = profile.architectures.includes("SCMP_ARCH_X32") ? search(decide(profile, "x32")) : [ret(decisions.newerThanProfile?.verdict ?? RET_KILL_THREAD)];
  return [load(NR_OFFSET), ...branch(BPF.JGE, X32_BIT, x32, search(decisions))];
}

function section(decisions: AbiDecisions): Instruction[] {
  return [load(NR_OFFSET), ...search(decisions)];
}

/** Consecutive numbers of one fate. */
interface Segment {
  readonly start: number;
  readonly decision: Decision;
}

/** Binary search over the number, which is in the accumulator. */
function search(decisions: AbiDecisions): Instruction[] {
  return tree(segments(decisions), wordBits(decisions.abi));
}

function segments({ byNumber, fallback, newerThanProfile }: AbiDecisions): Segment[] {
  const rest: Decision = { cases: [], otherwise: fallback };
  const result: Segment[] = [{ start: 0, decision: rest }];
  const start = (number: number, decision: Decision): void => {
    const last = result.at(-1);
    if (last && last.decision.cases.length === 0 && decision.cases.length === 0 && last.decision.otherwise === decision.otherwise) return;
    if (last?.start === number) result.pop();
    result.push({ start: number, decision });
  };
  for (const number of [...byNumber.keys()].sort((a, b) => a - b)) {
    start(number, byNumber.get(number) ?? rest);
    start(number + 1, rest);
  }
  if (newerThanProfile) start(newerThanProfile.above + 1, { cases: [], otherwise: newerThanProfile.verdict });
  return merged(result);
}

/** Popping an overtaken start can leave two neighbours of one fate. */
function merged(list: readonly Segment[]): Segment[] {
  return list.filter(({ decision }, index) => {
    const previous = list[index - 1]?.decision;
    return !(previous && previous.cases.length === 0 && decision.cases.length === 0 && previous.otherwise === decision.otherwise);
  });
}

function tree(list: readonly Segment[], bits: 32 | 64): Instruction[] {
  const [first] = list;
  if (!first) return [];
  if (list.length === 1) return leaf(first.decision, bits);
  const middle = list.length >> 1;
  const pivot = list[middle] ?? first;
  return branch(BPF.JGE, pivot.start, tree(list.slice(middle), bits), tree(list.slice(0, middle), bits));
}

function leaf({ cases, otherwise }: Decision, bits: 32 | 64): Instruction[] {
  return [...cases.flatMap(({ conditions, verdict }) => guarded(conditions, [ret(verdict)], bits)), ret(otherwise)];
}

/** `body` behind its conditions: one that fails jumps past the body. */
function guarded(conditions: readonly SeccompArgument[], body: Instruction[], bits: 32 | 64): Instruction[] {
  return conditions.reduceRight((rest, condition) => [...compare(condition, rest.length, bits), ...rest], body);
}

const LOW = 0xffffffffn;

/** libseccomp looks only at the low half where the ABI's words have 32 bits. */
function wordBits(abi: Abi): 32 | 64 {
  return abi === "x86_64" || abi === "arm64" ? 64 : 32;
}

/** Falls through when the comparison holds, else jumps `fail` instructions past its own end. Two halves, the high one first. */
function compare({ index, value, valueTwo = 0, op }: SeccompArgument, fail: number, bits: 32 | 64): Instruction[] {
  const operand = BigInt.asUintN(64, BigInt(op === "SCMP_CMP_MASKED_EQ" ? valueTwo : value));
  const mask = op === "SCMP_CMP_MASKED_EQ" ? BigInt.asUintN(64, BigInt(value)) : undefined;
  const low = half(ARGS_OFFSET + index * 8, mask === undefined ? undefined : mask & LOW);
  const final = lowTest(op, Number(operand & LOW), fail);
  if (bits === 32) return [...low, ...final];
  const high = half(ARGS_OFFSET + index * 8 + 4, mask === undefined ? undefined : mask >> 32n);
  const rest = low.length + final.length;
  return [...high, ...highTest(op, Number(operand >> 32n), rest, fail), ...low, ...final];
}

function half(offset: number, mask: bigint | undefined): Instruction[] {
  return mask === undefined ? [load(offset)] : [load(offset), and(Number(mask))];
}

/** Equal halves go on to the low half; `rest` instructions lie between here and the success. */
function highTest(op: SeccompArgument["op"], high: number, rest: number, fail: number): Instruction[] {
  switch (op) {
    case "SCMP_CMP_EQ":
    case "SCMP_CMP_MASKED_EQ":
      return [jump(BPF.JEQ, high, 0, rest + fail)];
    case "SCMP_CMP_NE":
      return [jump(BPF.JEQ, high, 0, rest)];
    case "SCMP_CMP_GT":
    case "SCMP_CMP_GE":
      return [jump(BPF.JGT, high, rest + 1, 0), jump(BPF.JEQ, high, 0, rest + fail)];
    case "SCMP_CMP_LT":
    case "SCMP_CMP_LE":
      return [jump(BPF.JGT, high, rest + 1 + fail, 0), jump(BPF.JEQ, high, 0, rest)];
    default:
      return op satisfies never;
  }
}

function lowTest(op: SeccompArgument["op"], low: number, fail: number): Instruction[] {
  switch (op) {
    case "SCMP_CMP_EQ":
    case "SCMP_CMP_MASKED_EQ":
      return [jump(BPF.JEQ, low, 0, fail)];
    case "SCMP_CMP_NE":
      return [jump(BPF.JEQ, low, fail, 0)];
    case "SCMP_CMP_GT":
      return [jump(BPF.JGT, low, 0, fail)];
    case "SCMP_CMP_GE":
      return [jump(BPF.JGE, low, 0, fail)];
    case "SCMP_CMP_LT":
      return [jump(BPF.JGE, low, fail, 0)];
    case "SCMP_CMP_LE":
      return [jump(BPF.JGT, low, fail, 0)];
    default:
      return op satisfies never;
  }
}

const FLAG_LOG = 2;
const FLAG_SPEC_ALLOW = 4;

/** Flags of seccomp(2). Without a list: no speculative-store mitigation, as runc does, because it costs every process speed. */
export function seccompFlags(profile: SeccompProfile): number {
  if (!profile.flags) return FLAG_SPEC_ALLOW;
  return profile.flags.reduce((flags, name) => flags | (name === "SECCOMP_FILTER_FLAG_LOG" ? FLAG_LOG : name === "SECCOMP_FILTER_FLAG_SPEC_ALLOW" ? FLAG_SPEC_ALLOW : 0), 0);
}

