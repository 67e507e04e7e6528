import { EngineError } from "../base/mod.ts";
import { seccompFlags } from "../linux/mod.ts";
import type { CapabilitySets, ProcessSpec, Seccomp } from "../spec/mod.ts";
import type { StdioLaunch } from "./launch.ts";
import type { PlanOp } from "./ops.gen.ts";

/** What compiling needs of linux/, all of it pure. */
export interface PlanCompilers {
  capabilityMask(names: readonly string[]): bigint;
  seccompProgram(seccomp: Seccomp): Uint8Array;
}

/** Flags of the `stdio` op. */
export const STDIO = { TTY: 1, OPEN_STDIN: 2, STDIN_ONCE: 4, STREAM_OUTPUT: 8, DIRECT: 16, LET_GO: 32, BOUND: 64 } as const;

/** setrlimit(2), asm-generic numbers: x86-64 and arm64 agree. */
const RLIMITS: readonly string[] = [
  "RLIMIT_CPU",
  "RLIMIT_FSIZE",
  "RLIMIT_DATA",
  "RLIMIT_STACK",
  "RLIMIT_CORE",
  "RLIMIT_RSS",
  "RLIMIT_NPROC",
  "RLIMIT_NOFILE",
  "RLIMIT_MEMLOCK",
  "RLIMIT_AS",
  "RLIMIT_LOCKS",
  "RLIMIT_SIGPENDING",
  "RLIMIT_MSGQUEUE",
  "RLIMIT_NICE",
  "RLIMIT_RTPRIO",
  "RLIMIT_RTTIME",
];

const EVERYTHING = (1n << 64n) - 1n;

/** In a user namespace that has just been made or entered: nobody until now, its root from here on. */
export const BECOME_ROOT: PlanOp = { op: "identity", uid: 0, gid: 0, groups: [], umask: 0o022, bounding: EVERYTHING, effective: EVERYTHING, permitted: EVERYTHING, inheritable: 0n, ambient: 0n };

/** A terminal replaces the caller's standard streams. */
export function letGoFlags(tty: boolean): number {
  return STDIO.LET_GO | (tty ? 0 : STDIO.DIRECT);
}

export function stdioOp(stdio: StdioLaunch, more: number): PlanOp {
  const flags = (stdio.tty ? STDIO.TTY : 0) | (stdio.openStdin ? STDIO.OPEN_STDIN : 0) | more;
  return { op: "stdio", flags, rows: stdio.rows, cols: stdio.cols };
}

/** rlimits in the order of the spec. @throws EngineError InvalidParameter on a name the kernel does not have. */
export function rlimitOps(process: ProcessSpec): PlanOp[] {
  return process.rlimits.map(({ type, soft, hard }): PlanOp => {
    const resource = RLIMITS.indexOf(type);
    if (resource < 0) throw new EngineError("InvalidParameter", `invalid rlimit type ${type}`);
    return { op: "rlimit", resource, soft: BigInt.asUintN(64, soft), hard: BigInt.asUintN(64, hard) };
  });
}

/**
 * From root to the program. The working directory comes first, so that root's rights open it, as users expect.
 * Installing a filter takes CAP_SYS_ADMIN or no_new_privs: with it, the filter comes last and need not allow what
 * `identity` calls; without it, it must precede the loss of capabilities.
 */
export function lastSteps(process: ProcessSpec, seccomp: Seccomp | undefined, compilers: PlanCompilers): PlanOp[] {
  const filter = seccomp ? [seccompOp(seccomp, compilers)] : [];
  const identity = identityOp(process, compilers);
  return [
    { op: "cwd", path: process.cwd },
    ...labelOps(process),
    ...(process.noNewPrivileges ? [{ op: "noNewPrivileges" } as const, identity, ...filter] : [...filter, identity]),
    { op: "exec", argv: process.args, env: process.env },
  ];
}

function labelOps(process: ProcessSpec): PlanOp[] {
  const ops: PlanOp[] = [];
  if (process.apparmorProfile && process.apparmorProfile !== "unconfined") ops.push({ op: "securityLabel", attribute: "apparmor/exec", label: `exec ${process.apparmorProfile}` });
  if (process.selinuxLabel) ops.push({ op: "securityLabel", attribute: "exec", label: process.selinuxLabel });
  return ops;
}

function seccompOp(seccomp: Seccomp, compilers: PlanCompilers): PlanOp {
  return { op: "seccomp", flags: seccompFlags(seccomp), program: compilers.seccompProgram(seccomp) };
}

function identityOp({ user, capabilities }: ProcessSpec, { capabilityMask }: PlanCompilers): PlanOp {
  const mask = (set: keyof CapabilitySets): bigint => capabilityMask(capabilities[set]);
  return {
    op: "identity",
    uid: user.uid,
    gid: user.gid,
    groups: user.additionalGids,
    umask: user.umask ?? 0o022,
    bounding: mask("bounding"),
    effective: mask("effective"),
    permitted: mask("permitted"),
    inheritable: mask("inheritable"),
    ambient: mask("ambient"),
  };
}
