import { EngineError } from "../../base/mod.ts";
import type { SeccompAction, SeccompArgument, SeccompProfile, SeccompRule } from "./profile.ts";
import { syscallNumbers, type Abi } from "./syscall-table.ts";

/** What a filter returns: SECCOMP_RET_*. */
export type Verdict = number;

/** One syscall's fate: the first case whose conditions all hold, else `otherwise`. */
export interface Decision {
  readonly cases: readonly { readonly conditions: readonly SeccompArgument[]; readonly verdict: Verdict }[];
  readonly otherwise: Verdict;
}

export interface AbiDecisions {
  readonly abi: Abi;
  readonly byNumber: ReadonlyMap<number, Decision>;
  readonly fallback: Verdict;
  /** Numbers above the highest that the profile names answer ENOSYS, so that programs fall back from calls newer than the profile. */
  readonly newerThanProfile: { readonly above: number; readonly verdict: Verdict } | undefined;
}

const EPERM = 1;
const ENOSYS = 38;
const RET_ERRNO = 0x00050000;
export const RET_KILL_THREAD = 0;

export function verdictOf(action: SeccompAction, errno: number = EPERM): Verdict {
  switch (action) {
    case "SCMP_ACT_ALLOW":
      return 0x7fff0000;
    case "SCMP_ACT_LOG":
      return 0x7ffc0000;
    case "SCMP_ACT_ERRNO":
      return RET_ERRNO | (errno & 0xffff);
    case "SCMP_ACT_TRACE":
      return 0x7ff00000 | (errno & 0xffff);
    case "SCMP_ACT_TRAP":
      return 0x00030000;
    case "SCMP_ACT_KILL":
    case "SCMP_ACT_KILL_THREAD":
      return RET_KILL_THREAD;
    case "SCMP_ACT_KILL_PROCESS":
      return 0x80000000;
    case "SCMP_ACT_NOTIFY":
      throw new EngineError("InvalidParameter", "seccomp: SCMP_ACT_NOTIFY needs a listener, which this engine does not have");
    default:
      return action satisfies never;
  }
}

/** Groups the rules by syscall number, with libseccomp's precedence: an unconditional rule beats conditional ones, then the first. */
export function decide(profile: SeccompProfile, abi: Abi): AbiDecisions {
  const numbers = syscallNumbers(abi);
  const fallback = verdictOf(profile.defaultAction, profile.defaultErrnoRet);
  const building = new Map<number, { cases: { conditions: SeccompArgument[]; verdict: Verdict }[]; unconditional?: Verdict }>();
  let highest = -1;
  for (const rule of profile.syscalls) {
    const verdict = verdictOf(rule.action, rule.errnoRet);
    for (const name of rule.names) {
      const number = numbers.get(name);
      if (number === undefined) continue;
      highest = Math.max(highest, number);
      add(number, verdict, rule);
      const multiplexed = abi === "i386" ? MULTIPLEXED[name] : undefined;
      if (multiplexed && !rule.args?.length) addMultiplexed(multiplexed, verdict);
    }
  }

  function entry(number: number): { cases: { conditions: SeccompArgument[]; verdict: Verdict }[]; unconditional?: Verdict } {
    let found = building.get(number);
    if (!found) building.set(number, (found = { cases: [] }));
    return found;
  }

  function add(number: number, verdict: Verdict, rule: SeccompRule): void {
    const target = entry(number);
    if (!rule.args?.length) {
      target.unconditional ??= verdict;
      return;
    }
    for (const conditions of alternatives(rule.args)) target.cases.push({ conditions, verdict });
  }

  function addMultiplexed([through, callNumber]: readonly [string, number], verdict: Verdict): void {
    const number = numbers.get(through);
    if (number !== undefined) entry(number).cases.push({ conditions: [{ index: 0, op: "SCMP_CMP_EQ", value: callNumber }], verdict });
  }

  const byNumber = new Map<number, Decision>();
  for (const [number, { cases, unconditional }] of building)
    byNumber.set(number, unconditional === undefined ? { cases, otherwise: fallback } : { cases: [], otherwise: unconditional });
  return { abi, byNumber, fallback, newerThanProfile: newer(profile, fallback, highest) };
}

/** config-linux.md: conditions on one argument twice are alternatives, on different arguments they add up. */
function alternatives(args: readonly SeccompArgument[]): SeccompArgument[][] {
  const repeated = new Set(args.map((arg) => arg.index)).size < args.length;
  return repeated ? args.map((arg) => [arg]) : [[...args].sort((a, b) => a.index - b.index)];
}

function newer(profile: SeccompProfile, fallback: Verdict, highest: number): AbiDecisions["newerThanProfile"] {
  const permissive = profile.defaultAction === "SCMP_ACT_ALLOW" || profile.defaultAction === "SCMP_ACT_LOG";
  if (permissive || highest < 0 || fallback === (RET_ERRNO | ENOSYS)) return undefined;
  return { above: highest, verdict: RET_ERRNO | ENOSYS };
}

/** i386 programs reach these also through one call with a number as first argument (socketcall(2), ipc(2)). */
const MULTIPLEXED: Readonly<Record<string, readonly [string, number]>> = {
  socket: ["socketcall", 1], bind: ["socketcall", 2], connect: ["socketcall", 3], listen: ["socketcall", 4], accept: ["socketcall", 5],
  getsockname: ["socketcall", 6], getpeername: ["socketcall", 7], socketpair: ["socketcall", 8], send: ["socketcall", 9], recv: ["socketcall", 10],
  sendto: ["socketcall", 11], recvfrom: ["socketcall", 12], shutdown: ["socketcall", 13], setsockopt: ["socketcall", 14], getsockopt: ["socketcall", 15],
  sendmsg: ["socketcall", 16], recvmsg: ["socketcall", 17], accept4: ["socketcall", 18], recvmmsg: ["socketcall", 19], sendmmsg: ["socketcall", 20],
  semop: ["ipc", 1], semget: ["ipc", 2], semctl: ["ipc", 3], semtimedop: ["ipc", 4], msgsnd: ["ipc", 11], msgrcv: ["ipc", 12], msgget: ["ipc", 13],
  msgctl: ["ipc", 14], shmat: ["ipc", 21], shmdt: ["ipc", 22], shmget: ["ipc", 23], shmctl: ["ipc", 24],
};
