import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** What interrupted downloads may leave. */
export interface PartialLimits {
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

export const PARTIAL_LIMITS: PartialLimits = { maxAgeMs: 7 * 24 * 3600 * 1000, maxBytes: 32 * 1024 ** 3 };

/** Removes what nobody came back for, what is a blob by now, and the oldest beyond the bound. @param busy names of those that are being written */
export function sweepPartials(folder: string, blobs: string, busy: ReadonlySet<string>, { maxAgeMs, maxBytes }: PartialLimits, nowMs: number): void {
  const files = partialsOf(folder, busy).sort((a, b) => b.mtimeMs - a.mtimeMs);
  let kept = 0;
  for (const { name, size, mtimeMs } of files) {
    kept += size;
    const useless = size === 0 || !/^[0-9a-f]{64}$/.test(name) || existsSync(join(blobs, name));
    if (useless || nowMs - mtimeMs > maxAgeMs || kept > maxBytes) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Removes those that nobody has written to since. @returns their bytes */
export function dropPartials(folder: string, busy: ReadonlySet<string>, beforeMs: number): number {
  const old = partialsOf(folder, busy).filter(({ mtimeMs }) => mtimeMs < beforeMs);
  for (const { name } of old) rmSync(join(folder, name), { recursive: true, force: true });
  return old.reduce((sum, { size }) => sum + size, 0);
}

function partialsOf(folder: string, busy: ReadonlySet<string>): { name: string; size: number; mtimeMs: number }[] {
  return readdirSync(folder)
    .filter((name) => !busy.has(name))
    .flatMap((name) => {
      const stat = statSync(join(folder, name), { throwIfNoEntry: false });
      return stat ? [{ name, size: stat.size, mtimeMs: stat.mtimeMs }] : [];
    });
}
