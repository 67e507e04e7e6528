/** Classic BPF: struct sock_filter { u16 code; u8 jt, jf; u32 k }. Code is position-independent, so pieces are just joined. */
export interface Instruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}

export const BPF = { LD_W_ABS: 0x20, JA: 0x05, JEQ: 0x15, JGT: 0x25, JGE: 0x35, RET: 0x06, AND: 0x54 } as const;

const MAX_JUMP = 255;
/** BPF_MAXINSNS */
const MAX_INSTRUCTIONS = 4096;

export const load = (offset: number): Instruction => ({ code: BPF.LD_W_ABS, jt: 0, jf: 0, k: offset });
export const ret = (value: number): Instruction => ({ code: BPF.RET, jt: 0, jf: 0, k: value });
export const and = (mask: number): Instruction => ({ code: BPF.AND, jt: 0, jf: 0, k: mask });
export const jump = (code: number, k: number, jt: number, jf: number): Instruction => ({ code, jt, jf, k });

/** `condition` true: run `otherwise`'s follower `then`; both pieces end in a return. */
export function branch(code: number, k: number, then: readonly Instruction[], otherwise: readonly Instruction[]): Instruction[] {
  if (otherwise.length <= MAX_JUMP) return [jump(code, k, otherwise.length, 0), ...otherwise, ...then];
  // Conditional jumps reach 255 instructions, the plain one any distance.
  return [jump(code, k, 0, 1), jump(BPF.JA, otherwise.length, 0, 0), ...otherwise, ...then];
}

export function encode(program: readonly Instruction[]): Uint8Array {
  if (program.length > MAX_INSTRUCTIONS) throw new RangeError(`seccomp: the filter needs ${program.length} instructions, the kernel takes ${MAX_INSTRUCTIONS}`);
  const bytes = new Uint8Array(program.length * 8);
  const view = new DataView(bytes.buffer);
  program.forEach(({ code, jt, jf, k }, index) => {
    view.setUint16(index * 8, code, true);
    view.setUint8(index * 8 + 2, jt);
    view.setUint8(index * 8 + 3, jf);
    view.setUint32(index * 8 + 4, k >>> 0, true);
  });
  return bytes;
}
