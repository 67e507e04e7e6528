import { condemnedKey } from "./layout.ts";
import type { ObjectInfo, Storage } from "./storage.ts";

/** A collector that has not removed what it condemned by then has been killed, or has given up. */
const CONDEMNED_MS = 60_000;
/** A collector gives up well before, so that nobody takes it for dead while it is about to remove. */
const REMOVE_WITHIN_MS = 20_000;
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
    if (!found) return undefined;
    const ageMs = Date.now() - found.modifiedMs;
    // Whoever condemned it before it became so young has decided by now, and nobody condemns it at this age.
    if (ageMs > CONDEMNED_MS && ageMs < this.graceMs / 2) return found;
    if (ageMs >= this.graceMs / 2 && !(await this.storage.touch(key))) return undefined;
    await this.#decision(key);
    return await this.storage.info(key);
  }

  /** Writes an object that is there when this resolves, whatever a collector had in mind. */
  async write(key: string, bytes: Uint8Array): Promise<void> {
    do await this.storage.write(key, bytes);
    while (!(await this.renew(key)));
  }

  /** Removes an object that is old, unless somebody relies on it by then. @returns the bytes freed, undefined when it was kept */
  async collect(key: string, remove: () => Promise<void> = () => this.storage.remove(key)): Promise<number | undefined> {
    if (!(await this.#oldEnough(key))) return undefined;
    const condemned = condemnedKey(key);
    const marker = `${condemned}/${crypto.randomUUID()}`;
    const beganMs = Date.now();
    await this.storage.write(marker, new Uint8Array());
    try {
      const found = await this.#oldEnough(key);
      if (!found || Date.now() - beganMs > REMOVE_WITHIN_MS) return undefined;
      await remove();
      return found.size;
    } finally {
      await this.storage.remove(marker);
      await this.storage.tidy(condemned);
    }
  }

  async #oldEnough(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.storage.info(key);
    return found && Date.now() - found.modifiedMs >= this.graceMs ? found : undefined;
  }

  /** Waits until all collectors that have condemned the key have removed or spared it. */
  async #decision(key: string): Promise<void> {
    while (await this.#isCondemned(condemnedKey(key))) await Bun.sleep(LOOK_AGAIN_MS);
  }

  async #isCondemned(folder: string): Promise<boolean> {
    for await (const name of this.storage.list(folder)) {
      const marker = await this.storage.info(`${folder}/${name}`);
      if (marker && Date.now() - marker.modifiedMs < CONDEMNED_MS) return true;
    }
    return false;
  }
}
