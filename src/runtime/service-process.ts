import { closeSync, openSync } from "node:fs";
import { spawnFd } from "../linux/mod.ts";

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
