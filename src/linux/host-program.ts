import { spawn } from "node:child_process";
import { messageOf } from "../base/mod.ts";

export interface HostProgram {
  /** Found in the usual folders. */
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** It and what it began are killed then. */
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Standard error, line by line, as it comes. */
  readonly onErrorText?: (text: string) => void;
}

export interface HostProgramResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/** A program of this machine, with nothing of the engine's environment or capabilities; it dies with the engine. Undefined when there is none of that name. */
export async function runHostProgram({ name, args, env = {}, folder = "/", signal, timeoutMs, onErrorText }: HostProgram): Promise<HostProgramResult | undefined> {
  signal.throwIfAborted();
  if (Bun.which(name, { PATH }) === null) return undefined;
  const bound = Bun.which("setpriv", { PATH }) === null ? [name, ...args] : ["setpriv", "--pdeathsig", "KILL", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all", name, ...args];
  const child = spawn(bound[0] as string, bound.slice(1), { cwd: folder, env: { PATH, LC_ALL: "C", ...env }, stdio: ["ignore", "pipe", "pipe"], detached: true });
  const end = (): void => {
    try {
      // A group of its own: what it began ends too.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended, ignoring.
    }
  };
  const timer = setTimeout(end, timeoutMs);
  signal.addEventListener("abort", end);
  try {
    const exited = new Promise<number>((resolve, reject) => child.once("error", (error) => reject(new Error(`${name}: ${messageOf(error)}`))).once("close", (code) => resolve(code ?? 137)));
    const [exitCode, stdout, stderr] = await Promise.all([exited, collected(child.stdout), collected(child.stderr, onErrorText)]);
    signal.throwIfAborted();
    return { exitCode, stdout, stderr };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}

/** The beginning of what is written; the rest is read and dropped. */
async function collected(stream: AsyncIterable<Uint8Array>, onText?: (text: string) => void): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream) {
    onText?.(Buffer.from(piece).toString("utf8"));
    if (size < MAX_OUTPUT_BYTES) pieces.push(piece);
    size += piece.length;
  }
  return Buffer.concat(pieces).toString("utf8");
}
