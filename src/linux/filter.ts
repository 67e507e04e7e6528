import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { EngineError } from "../base/mod.ts";

/** A child that turns one byte stream into another. Its pipes are bounded: neither side can outrun the other. */
export interface Filter {
  /** Resolves when the child has taken the bytes; false when it takes no more. */
  write(bytes: Uint8Array): Promise<boolean>;
  end(): void;
  readonly output: AsyncIterable<Uint8Array>;
  /** Undefined when it ended well, otherwise its complaint. Never rejects. */
  readonly finished: Promise<string | undefined>;
  /** Idempotent. */
  kill(): void;
}

const PROGRAMS = {
  // The limit keeps a hostile stream's dictionary from taking the machine's memory; xz -9 needs 65 MiB.
  xz: { args: ["-dc", "-T1", "--memlimit-decompress=512MiB"], package: "xz-utils" },
  bzip2: { args: ["-dc"], package: "bzip2" },
} as const;

const FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin"];
const COMPLAINT_BYTES = 1024;

/** @throws EngineError System when the program is not installed */
export function startDecompressor(name: keyof typeof PROGRAMS): Filter {
  const program = PROGRAMS[name];
  const path = FOLDERS.map((folder) => `${folder}/${name}`).find((candidate) => existsSync(candidate));
  if (path === undefined) throw new EngineError("System", `${name} is needed to read this archive and is not installed: install the package ${program.package}`);
  const child = spawn(path, [...program.args], { stdio: ["pipe", "pipe", "pipe"], env: { LC_ALL: "C" } });
  let complaint = "";
  child.stderr.on("data", (bytes: Buffer) => {
    if (complaint.length < COMPLAINT_BYTES) complaint += bytes.toString("latin1").slice(0, COMPLAINT_BYTES);
  });
  // A child that stopped reading answers writes with EPIPE; its exit code tells the reason.
  child.stdin.on("error", () => {});
  const { promise: finished, resolve } = Promise.withResolvers<string | undefined>();
  child.on("error", (error) => resolve(error.message));
  child.on("close", (code, signal) => resolve(code === 0 ? undefined : complaint.trim() || `${name} ended with ${signal ?? code}`));
  return {
    write: (bytes) => writeAll(child.stdin, bytes),
    end: () => child.stdin.end(),
    output: child.stdout,
    finished,
    kill: () => void (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")),
  };
}

function writeAll(stdin: NodeJS.WritableStream & { destroyed?: boolean }, bytes: Uint8Array): Promise<boolean> {
  return new Promise((resolve) => {
    if (stdin.destroyed) return resolve(false);
    stdin.write(bytes, (error) => resolve(!error));
  });
}
