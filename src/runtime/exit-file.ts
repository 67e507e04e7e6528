import { readFileSync } from "node:fs";

/** How a process ended; `exitCode` is 128 + signal when a signal ended it. Instants are nanoseconds since the epoch. */
export interface ExitStatus {
  readonly exitCode: number;
  readonly signal: number;
  readonly oomKilled: boolean;
  readonly startedNs: bigint;
  readonly finishedNs: bigint;
}

/** The status that the shim left; undefined when it has not ended, or the file is damaged. */
export function readExitFile(path: string): ExitStatus | undefined {
  try {
    const record: unknown = JSON.parse(readFileSync(path, "utf8"));
    return parse(record);
  } catch {
    return undefined;
  }
}

function parse(record: unknown): ExitStatus | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const { exitCode, signal, oomKilled, startedNs, finishedNs } = record as Record<string, unknown>;
  if (typeof exitCode !== "number" || typeof startedNs !== "string" || typeof finishedNs !== "string") return undefined;
  return {
    exitCode,
    signal: typeof signal === "number" ? signal : 0,
    oomKilled: oomKilled === true,
    startedNs: BigInt(startedNs),
    finishedNs: BigInt(finishedNs),
  };
}
