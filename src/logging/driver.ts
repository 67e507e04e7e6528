import type { LoggedContainer } from "./container.ts";
import type { LogMessage } from "./message.ts";
import type { LogOptions } from "./option-values.ts";

/**
 * Where a container's messages go.
 *
 *     const destination = await driver.open(request);     // the start fails when this does
 *     await destination.write(messages);                  // taken over; a rejection: give them again to a new one
 *     await destination.close();
 */
export interface Destination {
  /** In order, one call at a time. Resolves when they are out of our hands; rejects when some may not have arrived. */
  write(messages: readonly LogMessage[]): Promise<void>;
  /** What is to be kept beside the place in the log, so that `open` after a crash goes on exactly there. */
  mark?(): unknown;
  /** Messages that nobody will ever take, for they are too long. */
  dropped?(): number;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}

export interface OpenRequest {
  readonly container: LoggedContainer;
  readonly options: LogOptions;
  /** The container's folder, for what is kept on this machine. */
  readonly dir: string;
  /** What `mark` gave when the last messages were acknowledged. */
  readonly mark?: unknown;
}

export interface LogDriver {
  /** Of a create request. @throws EngineError InvalidParameter, in Docker's words */
  validate(options: LogOptions): void;
  /** Undefined: the engine's own log is all there is. */
  readonly open?: (request: OpenRequest) => Promise<Destination>;
  /** Its messages stay on this machine, with limits of their own. */
  readonly local: boolean;
}
