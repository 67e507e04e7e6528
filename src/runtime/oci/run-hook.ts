import { EngineError } from "../../base/mod.ts";
import type { Hook } from "../launch.ts";

const OUTPUT_BYTES = 1000;

/** Runs a hook in the runtime's own namespaces (config.md#posix-platform-hooks). @throws EngineError System when it fails */
export async function runHook({ path, args, env, timeoutSeconds, state }: Hook, cwd: string): Promise<void> {
  const child = Bun.spawn([path, ...args.slice(1)], {
    argv0: args[0] ?? path, cwd, stdin: Buffer.from(state), stdout: "ignore", stderr: "pipe", env: Object.fromEntries(env.map((entry) => [entry.split("=")[0] ?? "", entry.slice(entry.indexOf("=") + 1)])),
    ...(timeoutSeconds > 0 && { timeout: timeoutSeconds * 1000, killSignal: "SIGKILL" as const }),
  });
  const [said, code] = await Promise.all([new Response(child.stderr).text(), child.exited]);
  if (code !== 0) throw new EngineError("System", `hook ${path}: ${child.signalCode === "SIGKILL" && timeoutSeconds > 0 ? "timed out" : `exit status ${code}`}${said === "" ? "" : `: ${said.trim().slice(0, OUTPUT_BYTES)}`}`);
}
