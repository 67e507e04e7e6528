import { readFileSync } from "node:fs";
import { EngineError } from "../../base/mod.ts";
import { RUNTIME_ENV, runtimeCommand } from "./compile-external.ts";
import type { Bundle } from "./bundle.ts";

/** A runtime that does not answer must not hold its container's lock for ever. */
const PATIENCE_MS = 10_000;
const MESSAGE_BYTES = 4096;

/** Runs `<runtime> … words`. @throws EngineError System with what it said */
export async function callRuntime(bundle: Bundle, words: readonly string[]): Promise<void> {
  const runtime = bundle.runtime();
  if (!runtime) return;
  const child = Bun.spawn(runtimeCommand(runtime, bundle, words), { stdin: "ignore", stdout: "ignore", stderr: "pipe", env: Object.fromEntries(RUNTIME_ENV.map((entry) => entry.split("=") as [string, string])), timeout: PATIENCE_MS, killSignal: "SIGKILL" });
  const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new EngineError("System", `${runtime.path} ${words[0] ?? ""}: ${said.trim().slice(0, MESSAGE_BYTES) || (lastError(bundle.log) ?? `ended with ${child.signalCode ?? code}`)}`);
}

/** The last error of a runtime's log in JSON lines; undefined when there is none to be read. */
export function lastError(logPath: string): string | undefined {
  let text: string;
  try {
    text = readFileSync(logPath, "utf8");
  } catch {
    return undefined;
  }
  for (const line of text.trimEnd().split("\n").reverse()) {
    const message = errorOf(line);
    if (message !== undefined) return message.slice(0, MESSAGE_BYTES);
  }
  return undefined;
}

function errorOf(line: string): string | undefined {
  try {
    const { level, msg } = JSON.parse(line) as { level?: unknown; msg?: unknown };
    return level === "error" || level === "fatal" ? String(msg) : undefined;
  } catch {
    return undefined;
  }
}
