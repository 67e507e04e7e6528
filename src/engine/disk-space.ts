import { closeSync, existsSync, openSync, statfsSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../base/mod.ts";
import { fallocate } from "../linux/mod.ts";

const RESERVE_BYTES = 16 * 1024 * 1024;
/** Below this nothing new is begun: what runs needs the rest to be stopped and removed in good order. */
const LEAST_FREE_BYTES = 8 * 1024 * 1024;

/**
 * Keeps an engine useful on a full disk: a reserve file is given up so that the store can be opened and things removed; until
 * there is space again, whatever would take more is refused.
 */
export class DiskSpace {
  readonly #reserve: string;

  constructor(private readonly dataRoot: string) {
    this.#reserve = join(dataRoot, "reserve");
  }

  /** Before the store is opened. Returns a sentence for the operator when there is little space. */
  prepare(): string | undefined {
    if (this.#free() >= LEAST_FREE_BYTES) {
      this.#refill();
      return undefined;
    }
    this.#release();
    return `the disk under ${this.dataRoot} is full: containers go on and can be stopped and removed, nothing new can be created until there is space`;
  }

  /** @throws EngineError Unavailable while the disk is full */
  requireWritable(): void {
    if (this.#free() >= LEAST_FREE_BYTES) {
      if (!existsSync(this.#reserve)) this.#refill();
      return;
    }
    this.#release();
    throw new EngineError("Unavailable", `the disk under ${this.dataRoot} is full: remove containers, images or other files, then try again`);
  }

  isFull(): boolean {
    return this.#free() < LEAST_FREE_BYTES;
  }

  /** The store took no row: what ends and goes must still be written down. */
  makeRoom(): void {
    this.#release();
  }

  #free(): number {
    const { bavail, bsize } = statfsSync(this.dataRoot);
    return bavail * bsize;
  }

  #release(): void {
    if (existsSync(this.#reserve)) unlinkSync(this.#reserve);
  }

  /** Only from plenty: a reserve that takes the last space would be the harm it is kept against. */
  #refill(): void {
    if (existsSync(this.#reserve) || this.#free() < 4 * RESERVE_BYTES) return;
    const fd = openSync(this.#reserve, "w", 0o600);
    try {
      fallocate(fd, 0, RESERVE_BYTES);
    } catch {
      // A file system without fallocate keeps no reserve; the least free space still guards it.
      unlinkSync(this.#reserve);
    } finally {
      closeSync(fd);
    }
  }
}
