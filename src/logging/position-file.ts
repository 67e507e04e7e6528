import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { OpenLineState } from "./line-assembler.ts";

/** How far a container's log has been forwarded. */
export interface Position {
  /** The place in the log behind what was acknowledged. */
  readonly place: number;
  /** Lines that have begun before it. */
  readonly lines: readonly OpenLineState[];
  /** The destination's own. */
  readonly mark?: unknown;
}

/** Undefined when nothing was forwarded yet, or what is there cannot be read: then the log is forwarded from its beginning. */
export function readPosition(path: string): Position | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, "utf8"));
    return isPosition(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** All of it or nothing. */
export function writePosition(path: string, position: Position): void {
  writeFileSync(`${path}.new`, JSON.stringify(position), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

export function removePosition(path: string): void {
  rmSync(path, { force: true });
}

function isPosition(value: unknown): value is Position {
  return typeof value === "object" && value !== null && "place" in value && Number.isSafeInteger(value.place) && "lines" in value && Array.isArray(value.lines) && value.lines.every(isLine);
}

function isLine(value: unknown): value is OpenLineState {
  if (typeof value !== "object" || value === null) return false;
  const { held, id, pieces, timeNs } = value as Record<string, unknown>;
  return typeof held === "string" && typeof id === "string" && Number.isSafeInteger(pieces) && typeof timeNs === "string" && /^\d{1,20}$/.test(timeNs);
}
