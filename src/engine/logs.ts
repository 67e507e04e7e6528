import { EngineError, nowNs } from "../base/mod.ts";
import type { EngineContext } from "./context.ts";
import { followOf } from "./log-follow.ts";
import { logDetails, logSettings } from "./log-settings.ts";
import type { LogsOptions } from "./options.ts";
import { logPaths } from "./paths.ts";
import type { ContainerRecord } from "./record.ts";
import { parsePointInTime } from "./time-text.ts";

/** @throws EngineError NotFound, InvalidParameter; the body itself never rejects for what the caller asked */
export async function containerLogs(ctx: EngineContext, ref: string, options: LogsOptions, signal: AbortSignal): Promise<{ tty: boolean; body: AsyncIterable<Uint8Array> }> {
  const record = ctx.containers.resolve(ref);
  if (!options.stdout && !options.stderr) throw new EngineError("InvalidParameter", "Bad parameters: you must choose at least one stream");
  requireReadable(record);
  const now = nowNs();
  const since = instant(options.since, now);
  const until = instant(options.until, now);
  const tail = parseTail(options.tail);
  const tty = record.config.Tty ?? false;
  const run = options.follow ? ctx.live.get(record.id) : undefined;
  const body = ctx.runtime.readLog(
    { ...logPaths(ctx.paths, record.id), tty },
    {
      follow: run !== undefined,
      stdout: options.stdout ?? false,
      stderr: options.stderr ?? false,
      timestamps: options.timestamps ?? false,
      ...(tail !== undefined && { tail }),
      ...(since !== undefined && { sinceNs: since }),
      ...(until !== undefined && { untilNs: until }),
      ...(options.details && { details: logDetails(ctx, record) }),
      signal,
      ...followOf(run),
    },
  );
  return { tty, body };
}

/** @throws EngineError NotImplemented, in Docker's words, when nothing is kept */
export function requireReadable(record: ContainerRecord): void {
  if (!logSettings(record).readable) throw new EngineError("NotImplemented", "configured logging driver does not support reading");
}

function instant(text: string | undefined, now: bigint): bigint | undefined {
  if (text === undefined || text === "" || text === "0") return undefined;
  return parsePointInTime(text, now);
}

/** Docker takes what is no number for "all". */
function parseTail(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
