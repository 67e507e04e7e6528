import type { ContentStore } from "../content/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { ImageStore } from "./store.ts";

/** Blobs that no image refers to yet but somebody works with: they are not garbage while they are held. */
export class BlobHolds {
  readonly #counts = new Map<Digest, number>();

  constructor(
    readonly content: ContentStore,
    readonly store: ImageStore,
  ) {}

  /** A hold on blobs that are added as they come; disposing it removes those that nothing refers to. */
  open(): AsyncDisposable & { add(digest: Digest): void } {
    const held: Digest[] = [];
    return {
      add: (digest) => {
        held.push(digest);
        this.#counts.set(digest, (this.#counts.get(digest) ?? 0) + 1);
      },
      [Symbol.asyncDispose]: async () => {
        for (const digest of held) {
          const left = (this.#counts.get(digest) ?? 1) - 1;
          if (left > 0) this.#counts.set(digest, left);
          else this.#counts.delete(digest);
        }
        await this.drop(new Set(held));
      },
    };
  }

  /** Removes those that nobody holds and no image refers to. */
  drop = async (digests: Iterable<Digest>): Promise<void> => {
    const garbage = [...digests].filter((digest) => !this.#counts.has(digest) && !this.store.hasBlob(digest));
    await Promise.all(garbage.map((digest) => this.content.remove(digest)));
  };
}
