import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { flock, hasOpen, kill } from "../linux/mod.ts";

const SIGTERM = 15;
const STOP_TIMEOUT_MS = 30_000;
const STRAGGLER_TIMEOUT_MS = 10_000;
const PAUSE_MS = 20;

/** One engine per data root: held while the process lives, whatever ends it. `waits` is told once when it does not come at once. @throws EngineError Conflict */
export async function lockDataRoot(dataRoot: string, waits: () => void): Promise<Disposable> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    const lock = tryLock(dataRoot);
    if (typeof lock !== "string") return lock;
    // A child that a killed engine had just made has its files, this one and its sockets, until it runs its own program.
    const alive = lock !== "" && hasOpen(Number(lock), lockFile(dataRoot));
    if (alive || waitedMs >= STRAGGLER_TIMEOUT_MS)
      throw new EngineError("Conflict", `another engine${lock === "" ? "" : ` (process ${lock})`} uses the data root ${dataRoot}: stop it, or choose another with --data-root`);
    if (waitedMs === 0) waits();
    await Bun.sleep(PAUSE_MS);
  }
}

/** Stops the engine that uses the data root, if any, and takes its place. @throws EngineError Conflict, when it does not stop */
export async function takeDataRoot(dataRoot: string): Promise<Disposable> {
  const holder = tryLock(dataRoot);
  if (typeof holder !== "string") return holder;
  // The number alone could be another process's by now, or in another PID namespace.
  if (holder !== "" && hasOpen(Number(holder), lockFile(dataRoot))) kill(Number(holder), SIGTERM);
  for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS; waitedMs += PAUSE_MS) {
    await Bun.sleep(PAUSE_MS);
    const lock = tryLock(dataRoot);
    if (typeof lock !== "string") return lock;
  }
  return await lockDataRoot(dataRoot, () => undefined);
}

const lockFile = (dataRoot: string): string => join(dataRoot, "lock");

/** The lock, or the process that holds it ("" when it does not say). */
function tryLock(dataRoot: string): Disposable | string {
  const path = lockFile(dataRoot);
  const fd = openSync(path, "a+", 0o600);
  if (!flock(fd, "exclusive")) {
    const holder = readFileSync(path, "utf8").trim();
    closeSync(fd);
    return /^[1-9]\d*$/.test(holder) ? holder : "";
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
  return { [Symbol.dispose]: () => closeSync(fd) };
}
