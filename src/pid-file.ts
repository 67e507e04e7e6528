import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { EngineError } from "./base/mod.ts";
import { runsOurProgram } from "./linux/mod.ts";

/** The number of this process in a file, for service managers; disposing removes it. @throws EngineError Conflict, in dockerd's words */
export function writePidFile(path: string): Disposable {
  const before = numberIn(path);
  if (before !== undefined && before !== process.pid && runsOurProgram(before))
    throw new EngineError("Conflict", `ensure docker is not running or delete ${path}: process with PID ${before} is still running`);
  // Whoever reads it finds the old number or the new one, never half of one.
  writeFileSync(`${path}.new`, `${process.pid}`, { mode: 0o644 });
  renameSync(`${path}.new`, path);
  return { [Symbol.dispose]: () => (numberIn(path) === process.pid ? rmSync(path, { force: true }) : undefined) };
}

function numberIn(path: string): number | undefined {
  try {
    const number = Number(readFileSync(path, "utf8").trim());
    return Number.isSafeInteger(number) && number > 1 ? number : undefined;
  } catch {
    return undefined;
  }
}
