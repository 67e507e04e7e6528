import { writeSync } from "node:fs";
import { EngineError, messageOf } from "../base/mod.ts";

/** A helper's words to the engine: one line of JSON each. */
export function report(value: unknown): void {
  writeSync(1, `${JSON.stringify(value)}\n`);
}

export function reportFailure(error: unknown): void {
  report({ error: { kind: error instanceof EngineError ? error.kind : "System", message: messageOf(error) } });
}
