import type { ByteDuplex } from "../base/mod.ts";
import { DetachScanner } from "./detach-keys.ts";
import type { ShimStdin } from "./ports.ts";

/**
 * Carries what a client sends to a process, no faster than the process reads. `detachKeys` are looked for on terminals only.
 * Returns `detached` when they were found, `ended` when the client is done or the process takes no more.
 */
export async function pumpStdin(duplex: ByteDuplex, stdin: ShimStdin, detachKeys: Uint8Array | undefined): Promise<"detached" | "ended"> {
  const scanner = detachKeys && new DetachScanner(detachKeys);
  try {
    for await (const bytes of duplex.input) {
      const { pass, detached } = scanner?.scan(bytes) ?? { pass: bytes, detached: false };
      if (pass.length > 0) await stdin.write(pass);
      if (detached) {
        // A terminal's end of input is none to its process; the monitor's connection is free again.
        stdin.end();
        return "detached";
      }
    }
  } catch {
    // The client or the process has gone: either way there is nothing left to carry.
  }
  stdin.end();
  return "ended";
}
