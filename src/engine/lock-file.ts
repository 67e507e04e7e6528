import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { flock } from "../linux/mod.ts";

/** One engine per data root: held while the process lives, whatever ends it. @throws EngineError Conflict */
export function lockDataRoot(dataRoot: string): Disposable {
  const path = join(dataRoot, "lock");
  const fd = openSync(path, "a+", 0o600);
  if (!flock(fd, "exclusive")) {
    const holder = readFileSync(path, "utf8").trim();
    closeSync(fd);
    throw new EngineError("Conflict", `another engine${/^\d+$/.test(holder) ? ` (process ${holder})` : ""} uses the data root ${dataRoot}: stop it, or choose another with --data-root`);
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { [Symbol.dispose]: () => closeSync(fd) };
}
