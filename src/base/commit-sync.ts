import type { Database } from "bun:sqlite";
import { closeSync, fdatasync, openSync } from "node:fs";
import { promisify } from "node:util";

const syncData = promisify(fdatasync);

/** One sync for all who wait for it, and never one that began before somebody asked. */
export class SharedSync {
  readonly #sync: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(sync: () => Promise<void>) {
    this.#sync = sync;
  }

  /** Resolves when what was written before this call is on the disk. */
  async done(): Promise<void> {
    await (this.#running ? (this.#next ??= this.#after(this.#running)) : this.#begin());
  }

  async #after(running: Promise<void>): Promise<void> {
    try {
      await running;
    } finally {
      // Its failure is theirs too who wait for the next: the kernel tells of pages that it could not write once, and theirs may be among them.
      this.#next = undefined;
    }
    await this.#begin();
  }

  #begin(): Promise<void> {
    const running = this.#sync().finally(() => (this.#running = undefined));
    return (this.#running = running);
  }
}

/** Makes a store's commits survive a power cut, without holding this thread; one in memory has nothing to sync. */
export async function syncCommits({ filename }: Pick<Database, "filename">): Promise<void> {
  if (filename === ":memory:") return;
  const fd = openSync(`${filename}-wal`, "r");
  try {
    await syncData(fd);
  } finally {
    closeSync(fd);
  }
}
