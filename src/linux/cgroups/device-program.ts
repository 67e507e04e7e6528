/** v2 has no device files: access is decided by an eBPF program (BPF_PROG_TYPE_CGROUP_DEVICE) attached to the group. */
import { addon, pinned } from "../addon.ts";
import { call, callOn, tryCall } from "../call.ts";
import { O } from "../constants.ts";
import { SyscallError } from "../errno.ts";
import type { DeviceRule } from "./types.ts";

/** struct bpf_insn { u8 code; u8 dst:4, src:4; s16 off; s32 imm } */
interface Ebpf {
  readonly code: number;
  readonly dst: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
}

const CODE = { LDX_W: 0x61, MOV_K: 0xb7, MOV_X: 0xbf, AND_K: 0x54, RSH_K: 0x74, JEQ_K: 0x15, JNE_K: 0x55, EXIT: 0x95 } as const;
/** struct bpf_cgroup_dev_ctx { u32 access_type (access << 16 | type); u32 major; u32 minor } */
const CONTEXT = { accessType: 0, major: 4, minor: 8 } as const;
const TYPE = { b: 1, c: 2 } as const;
const ACCESS: Readonly<Record<string, number>> = { m: 1, r: 2, w: 4 };
const ALL_ACCESS = 7;
/** Registers: r1 context, r2 type, r3 access, r4 major, r5 minor. */
const R = { result: 0, context: 1, type: 2, access: 3, major: 4, minor: 5 } as const;

/**
 * The rules as a program, the last one first because it wins. A request passes a rule when the rule covers all of its accesses;
 * what no rule covers is denied.
 */
export function compileDeviceProgram(rules: readonly DeviceRule[]): Uint8Array<ArrayBuffer> {
  // What stands before a rule for everything never counts, and the verifier refuses code that cannot be reached.
  const last = rules.findLastIndex(coversEverything);
  const program: Ebpf[] = [
    { code: CODE.LDX_W, dst: R.type, src: R.context, off: CONTEXT.accessType },
    { code: CODE.AND_K, dst: R.type, imm: 0xffff },
    { code: CODE.LDX_W, dst: R.access, src: R.context, off: CONTEXT.accessType },
    { code: CODE.RSH_K, dst: R.access, imm: 16 },
    { code: CODE.LDX_W, dst: R.major, src: R.context, off: CONTEXT.major },
    { code: CODE.LDX_W, dst: R.minor, src: R.context, off: CONTEXT.minor },
    ...rules.slice(last + 1).toReversed().flatMap(ruleCode),
    ...answer(rules[last]?.allow ?? false),
  ];
  return encode(program);
}

function coversEverything(rule: DeviceRule): boolean {
  return (rule.type ?? "a") === "a" && rule.major === undefined && rule.minor === undefined && accessBits(rule) === ALL_ACCESS;
}

function accessBits({ access }: DeviceRule): number {
  return [...access].reduce((bits, letter) => bits | (ACCESS[letter] ?? 0), 0);
}

const answer = (allow: boolean): Ebpf[] => [{ code: CODE.MOV_K, dst: R.result, imm: allow ? 1 : 0 }, { code: CODE.EXIT, dst: 0 }];

function ruleCode(rule: DeviceRule): Ebpf[] {
  const tests: Ebpf[] = [];
  if (rule.type === "b" || rule.type === "c") tests.push({ code: CODE.JNE_K, dst: R.type, imm: TYPE[rule.type] });
  const access = accessBits(rule);
  if (access !== ALL_ACCESS) {
    // An allowance must cover every access asked for; a refusal strikes when it covers any.
    tests.push({ code: CODE.MOV_X, dst: R.context, src: R.access });
    if (rule.allow) tests.push({ code: CODE.AND_K, dst: R.context, imm: ~access & ALL_ACCESS }, { code: CODE.JNE_K, dst: R.context, imm: 0 });
    else tests.push({ code: CODE.AND_K, dst: R.context, imm: access }, { code: CODE.JEQ_K, dst: R.context, imm: 0 });
  }
  if (rule.major !== undefined) tests.push({ code: CODE.JNE_K, dst: R.major, imm: rule.major });
  if (rule.minor !== undefined) tests.push({ code: CODE.JNE_K, dst: R.minor, imm: rule.minor });
  const body = [...tests, ...answer(rule.allow)];
  return body.map((instruction, index) => (isJump(instruction) ? { ...instruction, off: body.length - index - 1 } : instruction));
}

const isJump = ({ code }: Ebpf): boolean => code === CODE.JNE_K || code === CODE.JEQ_K;

function encode(program: readonly Ebpf[]): Uint8Array<ArrayBuffer> {
  const bytes = pinned(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, dst, src = 0, off = 0, imm = 0 }, index) => {
    view.setUint8(index * 8, code);
    view.setUint8(index * 8 + 1, dst | (src << 4));
    view.setInt16(index * 8 + 2, off, true);
    view.setInt32(index * 8 + 4, imm, true);
  });
  return bytes;
}

const BPF_PROG_LOAD = 5;
const BPF_PROG_ATTACH = 8;
const BPF_PROG_DETACH = 9;
const BPF_PROG_GET_FD_BY_ID = 13;
const BPF_PROG_QUERY = 16;
const PROG_TYPE_CGROUP_DEVICE = 15;
const ATTACH_CGROUP_DEVICE = 6;
const ALLOW_MULTI = 2;
const MAX_ATTACHED = 64;

/** Replaces what was attached before: all attached programs must allow, so the new one comes first and the old ones go then. */
export function attachDeviceProgram(folder: string, rules: readonly DeviceRule[]): void {
  const group = callOn(folder, "openat", -100, folder, O.RDONLY | O.DIRECTORY | O.CLOEXEC, 0);
  try {
    const before = attachedPrograms(group);
    const program = loadProgram(compileDeviceProgram(rules));
    try {
      attach(BPF_PROG_ATTACH, group, program, ALLOW_MULTI);
    } finally {
      tryCall("close", program);
    }
    for (const id of before) detachById(group, id);
  } finally {
    tryCall("close", group);
  }
}

function attributes(sizeBytes: number, fill: (view: DataView) => void): Uint8Array {
  const bytes = pinned(sizeBytes);
  fill(new DataView(bytes.buffer));
  return bytes;
}

const LICENSE = pinned(8);
LICENSE.set(Buffer.from("Apache"));

/** The kernel keeps the program while it is attached; nothing is pinned. */
function loadProgram(program: Uint8Array<ArrayBuffer>): number {
  const { address } = addon();
  const attribute = attributes(72, (view) => {
    view.setUint32(0, PROG_TYPE_CGROUP_DEVICE, true);
    view.setUint32(4, program.length / 8, true);
    view.setBigUint64(8, address(program), true);
    view.setBigUint64(16, address(LICENSE), true);
  });
  return call("bpf", BPF_PROG_LOAD, attribute, attribute.length);
}

function attach(command: number, group: number, program: number, flags: number): void {
  const attribute = attributes(16, (view) => {
    view.setUint32(0, group, true);
    view.setUint32(4, program, true);
    view.setUint32(8, ATTACH_CGROUP_DEVICE, true);
    view.setUint32(12, flags, true);
  });
  const result = tryCall("bpf", command, attribute, attribute.length);
  if (result < 0) throw new SyscallError("bpf", -result, "cgroup device program");
}

function attachedPrograms(group: number): number[] {
  const ids = pinned(MAX_ATTACHED * 4);
  const attribute = attributes(40, (view) => {
    view.setUint32(0, group, true);
    view.setUint32(4, ATTACH_CGROUP_DEVICE, true);
    view.setBigUint64(16, addon().address(ids), true);
    view.setUint32(24, MAX_ATTACHED, true);
  });
  if (tryCall("bpf", BPF_PROG_QUERY, attribute, attribute.length) < 0) return [];
  const count = new DataView(attribute.buffer, attribute.byteOffset).getUint32(24, true);
  const view = new DataView(ids.buffer);
  return Array.from({ length: count }, (_, index) => view.getUint32(index * 4, true));
}

function detachById(group: number, id: number): void {
  const attribute = attributes(12, (view) => view.setUint32(0, id, true));
  const program = tryCall("bpf", BPF_PROG_GET_FD_BY_ID, attribute, attribute.length);
  if (program < 0) return;
  try {
    attach(BPF_PROG_DETACH, group, program, 0);
  } finally {
    tryCall("close", program);
  }
}
