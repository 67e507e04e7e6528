import type { ProcessSpec, Ulimit } from "../spec/mod.ts";

/** --ulimit's names and setrlimit(2)'s. */
export const RLIMITS: Readonly<Record<string, string>> = {
  core: "RLIMIT_CORE", cpu: "RLIMIT_CPU", data: "RLIMIT_DATA", fsize: "RLIMIT_FSIZE", locks: "RLIMIT_LOCKS", memlock: "RLIMIT_MEMLOCK", msgqueue: "RLIMIT_MSGQUEUE",
  nice: "RLIMIT_NICE", nofile: "RLIMIT_NOFILE", nproc: "RLIMIT_NPROC", rss: "RLIMIT_RSS", rtprio: "RLIMIT_RTPRIO", rttime: "RLIMIT_RTTIME", sigpending: "RLIMIT_SIGPENDING", stack: "RLIMIT_STACK",
};

const INFINITY = 2n ** 64n - 1n;

export function rlimitsOf(ulimits: readonly Ulimit[]): ProcessSpec["rlimits"] {
  const limit = (value: number | undefined): bigint => (value === undefined || value < 0 ? INFINITY : BigInt(value));
  return ulimits.flatMap(({ Name = "", Soft, Hard }) => {
    const type = RLIMITS[Name];
    return type === undefined ? [] : [{ type, soft: limit(Soft), hard: limit(Hard) }];
  });
}
