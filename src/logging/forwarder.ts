import { messageOf } from "../base/mod.ts";
import type { Destination } from "./driver.ts";
import { LineAssembler } from "./line-assembler.ts";
import type { LogMessage, WrittenFrame } from "./message.ts";
import { readPosition, writePosition, type Position } from "./position-file.ts";

const FIRST_RETRY_MS = 250;
const MOST_RETRY_MS = 30_000;

export interface ForwarderOptions {
  /** Frames from a place on, along with the run that writes them; ends when there will be no more. */
  readonly source: (from: number, signal: AbortSignal) => AsyncIterable<{ readonly frames: readonly WrittenFrame[]; readonly end: number }>;
  /** @param mark what the destination gave when the last messages were acknowledged */
  readonly open: (mark: unknown) => Promise<Destination>;
  /** Opened already, when the container was started. */
  readonly destination?: Destination | undefined;
  readonly positionPath: string;
  /** Unsent bytes beyond which the oldest are given up. */
  readonly maxUnsentBytes?: number | undefined;
  /** The place behind the last frame of the log. */
  readonly logEnd: () => number;
  /** Everything before the place has been taken over by the destination. */
  readonly acknowledged: (place: number) => void;
  /** A sentence for the operator. */
  readonly report: (sentence: string) => void;
}

/**
 * Carries one container's log to its destination. The log on the disk is the buffer: a slow destination holds back
 * neither the container nor memory, which holds one batch. The place behind what the destination has taken is kept in a
 * file after every batch, so that after a crash of the engine at most that one batch is sent twice.
 */
export class Forwarder {
  /** Settles when the log has ended and all of it is delivered, or after `stop`. Never rejects. */
  readonly finished: Promise<void>;
  readonly #options: ForwarderOptions;
  readonly #abort = new AbortController();
  readonly #lines = new LineAssembler();
  #destination: Destination | undefined;
  #place: number;
  #mark: unknown;
  #failing = false;
  #dropping = false;

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#destination = options.destination;
    const position = readPosition(options.positionPath);
    // A machine that lost power may have lost the end of the log.
    this.#place = Math.min(position?.place ?? 0, options.logEnd());
    this.#mark = position?.mark;
    if (position) this.#lines.restore(position.lines);
    this.finished = this.#run().catch((error: unknown) => options.report(`forwarding ended: ${messageOf(error)}`));
  }

  /** Gives up what is not delivered yet; it is forwarded when the log is next. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.finished;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    let lastTimeNs = 0n;
    try {
      for await (const { frames, end } of this.#options.source(this.#place, signal)) {
        lastTimeNs = frames.at(-1)?.timeNs ?? lastTimeNs;
        if (!(await this.#deliver(frames.flatMap((frame) => this.#lines.push(frame)), end))) return;
      }
      if (!signal.aborted) await this.#deliver(this.#lines.flush(lastTimeNs), this.#place);
    } finally {
      await this.#destination?.close();
    }
  }

  /** False when it was stopped before the messages were taken. */
  async #deliver(messages: readonly LogMessage[], end: number): Promise<boolean> {
    for (let waitMs = FIRST_RETRY_MS; messages.length > 0; waitMs = Math.min(waitMs * 2, MOST_RETRY_MS)) {
      if (this.#abort.signal.aborted) return false;
      if (this.#lagsTooFar(end)) break;
      const failure = await this.#tryDeliver(messages);
      if (failure === undefined) break;
      await this.#failed(failure, waitMs);
    }
    this.#acknowledge(end);
    return true;
  }

  async #tryDeliver(messages: readonly LogMessage[]): Promise<string | undefined> {
    try {
      await this.#untilStopped(this.#openAndWrite(messages));
      if (this.#failing) this.#options.report("its destination takes the log again");
      this.#failing = false;
      return undefined;
    } catch (error) {
      return messageOf(error);
    }
  }

  async #openAndWrite(messages: readonly LogMessage[]): Promise<void> {
    this.#destination ??= await this.#options.open(this.#mark);
    await this.#destination.write(messages);
    if (this.#dropping || !this.#destination.dropped?.()) return;
    this.#dropping = true;
    this.#options.report("a line is too long for a datagram along with the container's labels and variables, and is left out, as are all others like it");
  }

  /** Nobody who stops a forwarder waits for a destination that hangs. */
  async #untilStopped(delivery: Promise<void>): Promise<void> {
    const { signal } = this.#abort;
    let stopped: (() => void) | undefined;
    const stop = new Promise<never>((_, reject) => {
      stopped = () => reject(new Error("stopped"));
      signal.addEventListener("abort", stopped);
    });
    try {
      await Promise.race([delivery, stop]);
    } finally {
      if (stopped) signal.removeEventListener("abort", stopped);
    }
  }

  async #failed(reason: string, waitMs: number): Promise<void> {
    if (!this.#failing && !this.#abort.signal.aborted) this.#options.report(`its destination does not take the log, which waits on the disk: ${reason}`);
    this.#failing = true;
    await this.#destination?.close();
    this.#destination = undefined;
    await sleep(waitMs, this.#abort.signal);
  }

  #lagsTooFar(end: number): boolean {
    const { maxUnsentBytes, logEnd } = this.#options;
    return maxUnsentBytes !== undefined && logEnd() - end > maxUnsentBytes;
  }

  #acknowledge(place: number): void {
    this.#place = place;
    this.#mark = this.#destination?.mark?.();
    const position: Position = { place, lines: this.#lines.save(), ...(this.#mark !== undefined && { mark: this.#mark }) };
    writePosition(this.#options.positionPath, position);
    this.#options.acknowledged(place);
  }
}

function sleep(waitMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    const timer = setTimeout(wake, waitMs);
    signal.addEventListener("abort", wake);
    if (signal.aborted) wake();
  });
}
