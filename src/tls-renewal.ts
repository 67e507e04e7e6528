import { statSync } from "node:fs";
import { messageOf } from "./base/mod.ts";
import type { OperatorLog } from "./operator-log.ts";

const LOOK_EVERY_MS = 5_000;

/**
 * Calls `renew` when one of the files is another than before, and on SIGHUP. What it throws is told once per change: one of a pair is written before
 * the other, and what was read before stays in force.
 */
export function onRenewedFiles(paths: readonly string[], renew: () => void, log: OperatorLog): Disposable {
  let seen = stampOf(paths);
  const attempt = (): void => {
    seen = stampOf(paths);
    try {
      renew();
      log(`the certificate was read again: ${paths.join(", ")}`);
    } catch (error) {
      log(`${messageOf(error)}; the certificate before stays in force`, "warn");
    }
  };
  const timer = setInterval(() => stampOf(paths) !== seen && attempt(), LOOK_EVERY_MS);
  timer.unref();
  process.on("SIGHUP", attempt);
  return {
    [Symbol.dispose]: () => {
      clearInterval(timer);
      process.off("SIGHUP", attempt);
    },
  };
}

const stampOf = (paths: readonly string[]): string =>
  paths.map((path) => statSync(path, { throwIfNoEntry: false })).map((found) => (found ? `${found.ino} ${found.size} ${found.mtimeMs}` : "")).join();
