import { KeyedLock } from "../../base/mod.ts";
import type { PartialBlob } from "../../content/mod.ts";
import type { Digest } from "../../spec/mod.ts";

/** A download that is whole and verified, and waits for its image to be so; the last user to dispose leaves it to be gone on with. */
export interface VerifiedBlob extends AsyncDisposable {
  /** Stays until disposal. */
  readonly path: string;
  /** Moves it into the store. */
  accept(): Promise<void>;
}

interface Entry {
  readonly partial: PartialBlob;
  users: number;
}

/** Downloads that several layers may be made of. */
export class VerifiedBlobs {
  readonly #locks = new KeyedLock();
  readonly #entries = new Map<Digest, Entry>();

  /** Held while a blob is looked for or fetched: one download per digest. */
  lock(digest: Digest): Promise<Disposable> {
    return this.#locks.acquire(digest);
  }

  add(digest: Digest, partial: PartialBlob): VerifiedBlob {
    const entry = { partial, users: 0 };
    this.#entries.set(digest, entry);
    return this.#use(digest, entry);
  }

  use(digest: Digest): VerifiedBlob | undefined {
    const entry = this.#entries.get(digest);
    return entry && this.#use(digest, entry);
  }

  #use(digest: Digest, entry: Entry): VerifiedBlob {
    entry.users++;
    return {
      path: entry.partial.path,
      accept: () => entry.partial.accept(),
      [Symbol.asyncDispose]: async () => {
        using _only = await this.#locks.acquire(digest);
        if (--entry.users > 0) return;
        this.#entries.delete(digest);
        await entry.partial[Symbol.asyncDispose]();
      },
    };
  }
}
