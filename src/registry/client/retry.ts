import { TransportError } from "../http/mod.ts";
import { RegistryError } from "./errors.ts";
import type { OnRetry, RegistryLimits } from "./types.ts";

/** Longer than this nobody waits unasked. */
const MAX_WAIT_MS = 60_000;

export interface Patience {
  readonly limits: Pick<RegistryLimits, "attempts" | "backOffMs">;
  readonly signal: AbortSignal | undefined;
  readonly onRetry: OnRetry | undefined;
}

/** Tries until it works, the error is final, or patience ends; then throws the last error. */
export async function withRetries<T>(patience: Patience, attempt: () => Promise<T>): Promise<T> {
  for (let failed = 1; ; failed++) {
    try {
      return await attempt();
    } catch (error) {
      await waitFor(patience, error, failed);
    }
  }
}

/** Waits before the next attempt. @param failed attempts so far @throws the error, when there should be none */
export async function waitFor({ limits, signal, onRetry }: Patience, error: unknown, failed: number): Promise<void> {
  signal?.throwIfAborted();
  if (failed >= limits.attempts || !isTransient(error)) throw error;
  const doubled = limits.backOffMs * 2 ** (failed - 1);
  const delayMs = retryAfter(error) ?? Math.min(MAX_WAIT_MS, doubled * (0.75 + Math.random() / 2));
  if (delayMs > MAX_WAIT_MS) throw error;
  onRetry?.(error, delayMs);
  await sleep(delayMs, signal);
}

/** A server that cannot be reached at all is told of at once; one that broke off may have had a bad moment. */
function isTransient(error: unknown): error is Error {
  if (error instanceof RegistryError) return error.details.transient === true;
  return error instanceof TransportError && error.failure === "cut";
}

const retryAfter = (error: Error): number | undefined => (error instanceof RegistryError ? error.details.retryAfterMs : undefined);

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
  });
}
