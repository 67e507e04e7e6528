import type { Database } from "bun:sqlite";
import { checkpoint } from "../../base/mod.ts";

const QUIET_MS = 3000;

/** Copies the store's log home once nothing has changed for a while, so that no request has to wait for the disk. */
export class IdleCheckpoint {
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly db: Database,
    private readonly log: (line: string) => void,
  ) {}

  /** Something was written. */
  touch(): void {
    if (this.#timer) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#run(), QUIET_MS).unref();
  }

  #run(): void {
    this.#timer = undefined;
    try {
      checkpoint(this.db);
    } catch (error) {
      this.log(`the store's log stays as it is for now: ${String(error)}, ignoring`);
    }
  }
}
