import { EngineError, type ByteDuplex } from "../../base/mod.ts";
import { Caller } from "../../grpc/mod.ts";

/** How long a build waits for its client's other connection. */
const WAIT_MS = 10_000;
const MAX_SESSIONS = 1000;

export interface BuildkitSession {
  readonly id: string;
  /** What the client calls its folders by from one session to the next; "" for nothing. */
  readonly sharedKey: string;
  readonly caller: Caller;
}

/** The connections on which clients answer what their builds ask, by the id that the clients have given them. */
export class BuildkitSessions {
  readonly #open = new Map<string, BuildkitSession>();
  readonly #waiting = new Set<() => void>();

  /** Resolves when the connection is over. @throws EngineError Conflict */
  async serve(id: string, sharedKey: string, duplex: ByteDuplex): Promise<void> {
    if (this.#open.has(id)) throw new EngineError("Conflict", `session ${id} already exists`);
    if (this.#open.size >= MAX_SESSIONS) throw new EngineError("Unavailable", "too many sessions are open");
    const caller = new Caller(duplex);
    this.#open.set(id, { id, sharedKey, caller });
    for (const wake of this.#waiting) wake();
    await caller.closed;
    this.#open.delete(id);
  }

  /** A client may ask for its build before the session is there. @throws EngineError NotFound */
  async get(id: string, signal: AbortSignal): Promise<BuildkitSession> {
    const end = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
    for (;;) {
      const found = this.#open.get(id);
      if (found) return found;
      if (end.aborted) throw new EngineError("NotFound", `no active session for ${id.slice(0, 100)}: context deadline exceeded`);
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiting.delete(wake);
          end.removeEventListener("abort", wake);
          resolve();
        };
        this.#waiting.add(wake);
        end.addEventListener("abort", wake);
      });
    }
  }
}
