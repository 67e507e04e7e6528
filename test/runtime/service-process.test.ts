import { afterEach, expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { serviceEnded, startService } from "../../src/runtime/mod.ts";
import { reap } from "../../src/linux/mod.ts";
import { scratchFolder } from "../scratch.ts";

const root = scratchFolder();
const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) {
    process.kill(pid, "SIGKILL");
    reap(pid);
  }
  rmSync(root, { recursive: true, force: true });
});

/** Below a path that no socket's address has room for. */
function start(): { pid: number; alivePath: string } {
  const folder = join(root, "long".repeat(40));
  mkdirSync(folder, { recursive: true });
  const exeFd = openSync("/bin/sleep", "r");
  const alivePath = join(folder, "alive");
  const pid = startService({ exeFd, argv: ["sleep", "1000"], env: [], logPath: join(folder, "log"), alivePath });
  closeSync(exeFd);
  started.push(pid);
  return { pid, alivePath };
}

test("the end of a service is heard by everybody who waits, and afterwards there is nothing to wait on", async () => {
  const { pid, alivePath } = start();
  const never = new AbortController().signal;
  const waiting = [serviceEnded(alivePath, never), serviceEnded(alivePath, never)];
  expect(await Promise.race([...waiting, serviceEnded(alivePath, AbortSignal.timeout(50)).then(() => "runs")])).toBe("runs");
  process.kill(pid, "SIGKILL");
  expect(await Promise.all(waiting)).toEqual([true, true]);
  expect(await serviceEnded(alivePath, never)).toBe(false);
});

test("a wait that is called off, also before it begins", async () => {
  const { alivePath } = start();
  expect(await serviceEnded(alivePath, AbortSignal.abort())).toBe(true);
});
