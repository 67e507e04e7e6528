import { writeSync } from "node:fs";
import { EngineError, messageOf, type ErrorKind } from "../base/mod.ts";

/** A helper's words to the engine: one line of JSON each. */
export function report(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

export function reportFailure(error: unknown): void {
  report({ error: { kind: error instanceof EngineError ? error.kind : "System", message: messageOf(error) } });
}

const KINDS: readonly ErrorKind[] = ["InvalidParameter", "NotFound", "TooLarge", "System"];

/** What the engine makes of such a line. @throws EngineError with the helper's own reason */
export function checkedReport(line: string): Record<string, unknown> {
  const value = JSON.parse(line) as Record<string, unknown>;
  const { error } = value;
  if (typeof error !== "object" || error === null) return value;
  const { kind, message } = error as Readonly<Record<string, unknown>>;
  throw new EngineError(KINDS.find((known) => known === kind) ?? "System", String(message).slice(0, 4096));
}
