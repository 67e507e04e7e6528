import type { FdSocketOptions, UnixSocketOptions } from "bun";
import { mkdirSync, openSync, readFileSync } from "node:fs";
import { Failure } from "./failure.ts";
import { err } from "./output.ts";

const RUN_ROOT = "/run/hako";
const LOG = `${RUN_ROOT}/hakod.log`;
const READY_FD = 3;

/**
 * Starts the engine in a session of its own and waits until it listens. It tells so through a pipe; a start that
 * fails closes the pipe, so nothing is polled.
 */
export async function startEngine(): Promise<void> {
  err("hako: starting the engine\n");
  mkdirSync(RUN_ROOT, { recursive: true, mode: 0o711 });
  const log = openSync(LOG, "a", 0o640);
  const engine = Bun.spawn([...ownProgram(), "daemon", "--ready-fd", String(READY_FD)], {
    stdio: ["ignore", log, log, "pipe"],
    detached: true,
    cwd: "/",
    env: process.env,
  });
  engine.unref();
  const pipe = engine.stdio[READY_FD];
  if (typeof pipe === "number" && (await firstByte(pipe))) return;
  // Another command may have started one at the same moment; then ours has given way to it, and it will listen soon.
  if (await anotherListens()) return;
  throw new Failure(`hako: the engine did not start: ${lastLine()} (see ${LOG})`, 125);
}

const ANOTHER_TRIES = 20;
const ANOTHER_PAUSE_MS = 50;

async function anotherListens(): Promise<boolean> {
  for (let tried = 0; tried < ANOTHER_TRIES; tried++) {
    try {
      (await Bun.connect({ unix: `${RUN_ROOT}/hako.sock`, socket: { data() {} } })).terminate();
      return true;
    } catch {
      await Bun.sleep(ANOTHER_PAUSE_MS);
    }
  }
  return false;
}

/** The executable, or the runtime and our source when run from the sources. */
function ownProgram(): string[] {
  return Bun.main.startsWith("/$bunfs/") ? [process.execPath] : [process.execPath, Bun.main];
}

/** Whether a byte arrives before the end. The pipe is a non-blocking socket pair, so it is read as a socket. */
function firstByte(fd: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = { data: () => resolve(true), end: () => resolve(false), close: () => resolve(false), error: () => resolve(false) };
  const options: FdSocketOptions = { fd, socket };
  // Its types list only listeners' options and paths; the descriptor form is there at run time.
  Bun.connect(options as unknown as UnixSocketOptions<undefined>).catch(() => resolve(false));
  return promise;
}

function lastLine(): string {
  return readFileSync(LOG, "utf8").trimEnd().split("\n").at(-1) ?? "";
}
