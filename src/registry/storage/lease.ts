import { condemnedKey } from "./layout.ts";
import type { ObjectInfo, Storage } from "./storage.ts";

/** A collector that has not removed what it condemned by then has been killed, or has given up. */
const CONDEMNED_MS = 60_000;
/** A collector gives up well before, so that nobody takes it for dead while it is about to remove. */
export const REMOVE_WITHIN_MS = 20_000;
const LOOK_AGAIN_MS = 50;

/**
 * A promise that an object stays for a while, though nothing refers to it yet.
 *
 * The garbage collector condemns a key (a marker), then looks at the object's age, then removes it if it is old. Who relies on
 * an object makes it young, then looks for the marker. Whichever order the two meet in, one sees the other.
 */
export class Leases {
  constructor(
    readonly storage: Storage,
    /** Unreferenced objects younger than this are left alone. */
    readonly graceMs: number,
  ) {}

  /** Keeps an object for at least half the grace time from now on. @returns undefined when it is not there */
  async renew(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.storage.info(key);
    // No collector condemns anything this young.
    if (!found || Date.now() - found.modifiedMs < this.graceMs / 2) return found;
    if (!(await this.storage.touch(key))) return undefined;
    await this.#decision(key);
    return await this.storage.info(key);
  }

  /** Removes an object that is old, unless somebody relies on it by then. @returns the bytes freed, undefined when it was kept */
  async collect(key: string): Promise<number | undefined> {
    if (!(await this.isOld(key))) return undefined;
    const marker = condemnedKey(key);
    const beganMs = Date.now();
    await this.storage.write(marker, new TextEncoder().encode(key));
    try {
      const found = await this.storage.info(key);
      if (!found || this.isYoung(found) || Date.now() - beganMs > REMOVE_WITHIN_MS) return undefined;
      await this.storage.remove(key);
      return found.size;
    } finally {
      await this.storage.remove(marker);
    }
  }

  async isOld(key: string): Promise<boolean> {
    const found = await this.storage.info(key);
    return found !== undefined && !this.isYoung(found);
  }

  isYoung({ modifiedMs }: ObjectInfo): boolean {
    return Date.now() - modifiedMs < this.graceMs;
  }

  /** Waits until a collector that has condemned the key has removed or spared it. */
  async #decision(key: string): Promise<void> {
    const marker = condemnedKey(key);
    for (;;) {
      const condemned = await this.storage.info(marker);
      if (!condemned || Date.now() - condemned.modifiedMs > CONDEMNED_MS) return;
      await Bun.sleep(LOOK_AGAIN_MS);
    }
  }
}
