import { closeSync, openSync } from "node:fs";
import { kill, spawnFd, waitExit } from "../linux/mod.ts";

export interface ServiceLaunch {
  /** The engine's executable, opened. */
  readonly exeFd: number;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** Standard error is appended to it. */
  readonly logPath: string;
}

/** A long-lived process of the engine's own program, in a session of its own: it goes on when the engine ends. @returns its number; the caller reaps it */
export function startService({ exeFd, argv, env, logPath }: ServiceLaunch): number {
  const none = openSync("/dev/null", "r+");
  const log = openSync(logPath, "a", 0o600);
  try {
    return spawnFd({ exeFd, argv, env, fds: [none, none, log] });
  } finally {
    closeSync(none);
    closeSync(log);
  }
}

export interface ProgramRun {
  /** The engine's executable, opened. */
  readonly exeFd: number;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** It is killed then. */
  readonly timeoutMs: number;
}

/** A short-lived process of the engine's own program with everything that the engine may see and do. @returns its exit code; undefined when it took too long */
export async function runProgram({ exeFd, argv, env, timeoutMs }: ProgramRun): Promise<number | undefined> {
  const none = openSync("/dev/null", "r+");
  const pid = ((): number => {
    try {
      return spawnFd({ exeFd, argv, env, fds: [none, none, none] });
    } finally {
      closeSync(none);
    }
  })();
  const ended = waitExit(pid).then((status) => (status === "gone" ? undefined : status.exitCode));
  const late = Symbol("late");
  const alarm = Promise.withResolvers<typeof late>();
  const timer = setTimeout(() => alarm.resolve(late), timeoutMs);
  const first = await Promise.race([ended, alarm.promise]);
  clearTimeout(timer);
  if (first !== late) return first;
  kill(pid, 9);
  return undefined;
}
