import { chmodSync, chownSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { CacheRecord, CacheRecords } from "../cache/records.ts";
import type { CacheSharing } from "../graph/op.ts";

export interface CacheMountWish {
  /** Whoever asks with the same key gets the same folder. */
  readonly key: string;
  readonly description: string;
  readonly sharing: CacheSharing;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Fills a new folder. */
  readonly fill: ((folder: string) => Promise<void>) | undefined;
}

interface Use {
  users: number;
  exclusive: boolean;
}

/** A folder held for a step. */
export interface HeldCacheMount extends Disposable {
  readonly folder: string;
}

/**
 * Folders that outlive the steps they are mounted in: `<data root>/build/mounts/<n>`. `shared`: together with others; `locked`: one after the
 * other; `private`: another folder for each that runs at the same time.
 */
export class CacheMounts {
  readonly #uses = new Map<number, Use>();
  readonly #making = new Map<string, Promise<unknown>>();
  #changed = Promise.withResolvers<void>();
  #next: number;

  constructor(
    readonly root: string,
    readonly records: CacheRecords,
    readonly folders: { discard(folder: string): void; /** Bytes. */ measure(folder: string): Promise<number> },
  ) {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const known = new Set(records.all().flatMap(({ folder }) => (folder === undefined ? [] : [folder])));
    const present = readdirSync(root).map(Number).filter(Number.isInteger);
    for (const n of present) if (!known.has(n)) folders.discard(join(root, String(n)));
    for (const record of records.all()) if (record.folder !== undefined && !present.includes(record.folder)) records.remove(record.id);
    this.#next = Math.max(0, ...present, ...known) + 1;
  }

  folder(n: number): string {
    return join(this.root, String(n));
  }

  isUsed(n: number): boolean {
    return this.#uses.has(n);
  }

  async hold(wish: CacheMountWish, signal: AbortSignal): Promise<HeldCacheMount> {
    for (;;) {
      signal.throwIfAborted();
      const making = this.#making.get(wish.key);
      if (making) {
        await making;
        continue;
      }
      const known = this.records.byMount(wish.key);
      const record = known.find((candidate) => this.#mayUse(candidate, wish.sharing));
      if (record) return this.#use(record, wish.sharing);
      if (known.length === 0 || wish.sharing === "private") return await this.#make(wish);
      await this.#freed(signal);
    }
  }

  #mayUse({ folder = 0 }: CacheRecord, sharing: CacheSharing): boolean {
    const use = this.#uses.get(folder);
    return !use || (sharing === "shared" && !use.exclusive);
  }

  #use({ id, folder = 0 }: CacheRecord, sharing: CacheSharing): HeldCacheMount {
    const use = this.#uses.get(folder) ?? { users: 0, exclusive: sharing !== "shared" };
    use.users++;
    this.#uses.set(folder, use);
    this.records.used(id);
    let held = true;
    return {
      folder: this.folder(folder),
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        if (--use.users === 0) {
          this.#uses.delete(folder);
          this.#measure(id, folder);
        }
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      },
    };
  }

  async #make(wish: CacheMountWish): Promise<HeldCacheMount> {
    const n = this.#next++;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#making.set(wish.key, promise);
    const folder = this.folder(n);
    try {
      mkdirSync(folder, { mode: 0o700 });
      await wish.fill?.(folder);
      if (!wish.fill) {
        chownSync(folder, wish.uid, wish.gid);
        chmodSync(folder, wish.mode & 0o7777);
      }
      const record = this.records.add({ kind: "exec.cachemount", mountKey: wish.key, folder: n, description: wish.description, size: 0, keys: [], parents: [] });
      // Taken before anybody else finds it.
      return this.#use(record, wish.sharing);
    } catch (error) {
      this.folders.discard(folder);
      throw error;
    } finally {
      this.#making.delete(wish.key);
      resolve();
    }
  }

  /** In the background; how large it is is told, nothing depends on it. */
  #measure(id: string, folder: number): void {
    void this.folders.measure(this.folder(folder)).then((size) => this.records.setSize(id, size)).catch(() => undefined);
  }

  async #freed(signal: AbortSignal): Promise<void> {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => undefined);
    const abort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", abort);
    try {
      await Promise.race([this.#changed.promise, promise]);
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }
}
