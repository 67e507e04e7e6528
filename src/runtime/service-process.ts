import { closeSync, openSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fdPath, kill, listenUnix, spawnFd, waitExit } from "../linux/mod.ts";
import { SocketStream } from "./socket-stream.ts";

export interface ServiceLaunch {
  /** The engine's executable, opened. */
  readonly exeFd: number;
  readonly argv: readonly string[];
  readonly env: readonly string[];
  /** Standard error is appended to it. */
  readonly logPath: string;
  /** A socket that the process holds as long as it lives, for `serviceEnded`. */
  readonly alivePath: string;
}

/** A long-lived process of the engine's own program, in a session of its own: it goes on when the engine ends. @returns its number; the caller reaps it */
export function startService({ exeFd, argv, env, logPath, alivePath }: ServiceLaunch): number {
  const fds = [openSync("/dev/null", "r+"), openSync(logPath, "a", 0o600), listenUnix(alivePath)] as const;
  const [none, log, alive] = fds;
  try {
    return spawnFd({ exeFd, argv, env, fds: [none, none, log, alive] });
  } finally {
    fds.forEach(closeSync);
  }
}

/**
 * Whoever started it: a connection that nobody takes lasts as long as the process that listens.
 * @returns true when it has ended or the wait is called off, false when there is nothing to wait on
 */
export async function serviceEnded(alivePath: string, signal: AbortSignal): Promise<boolean> {
  const ended = Promise.withResolvers<void>();
  // A socket's address is short, a path may be long.
  const folder = openSync(dirname(alivePath), "r");
  const stream = await SocketStream.connect(`${fdPath(folder)}/${basename(alivePath)}`, { onEnd: () => ended.resolve() })
    .catch(() => undefined)
    .finally(() => closeSync(folder));
  if (!stream) return false;
  const stop = (): void => stream.close();
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  await ended.promise;
  signal.removeEventListener("abort", stop);
  return true;
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
