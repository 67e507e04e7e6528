import { mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, noteGarbage } from "../../base/mod.ts";
import { DIGEST_BYTES, knowsDigest, readIndex, writeIndex, type ContextIndex } from "../../layer-files/mod.ts";
import { changeTree, finishFolders, type WantedFile } from "./change-tree.ts";
import { cloneTree } from "./clone-tree.ts";
import { FileReceiver } from "./file-receiver.ts";
import { ReceivedFolder } from "./received-folder.ts";
import { RememberedContents } from "./remembered-contents.ts";
import { Slices } from "./slices.ts";
import { Spares, uselessSpares } from "./spares.ts";

/** Asks the client for the content of these files; what comes is as FileReceiver takes it. */
export type FetchFiles = (wanted: readonly WantedFile[]) => AsyncIterable<Uint8Array>;

export interface KeptContext {
  readonly key: string;
  readonly sizeBytes: number;
  readonly lastUsedMs: number;
  readonly inUse: boolean;
}

/** Beside the versions of a copy: members of layers' archives. */
const PACK = "pack";
const KEY = /^[0-9a-f]{64}$/;

/** One copy: <root>/<key>/<n>/{tree/,index}. Without an index it is being changed, or was when the engine ended. */
interface Version {
  readonly folder: string;
  readonly number: number;
}

const treeOf = ({ folder }: Version): string => join(folder, "tree");
const indexOf = ({ folder }: Version): string => join(folder, "index");

/**
 * The engine's copies of clients' folders. A copy is brought up to date by what changed, in place as far as nobody reads it; while
 * a build does, others work on a second copy that shares the files that stayed.
 */
export class ContextStore {
  readonly #root: string;
  /** Who reads, by the version's folder; by the copy's, who prepares something in it. */
  readonly #readers = new Map<string, number>();
  readonly #changing = new Set<string>();
  readonly #preparing = new Set<Promise<void>>();
  readonly #contents = new RememberedContents();

  private constructor(root: string) {
    this.#root = root;
  }

  /** Removes what a crash has left. */
  static open(root: string): ContextStore {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    const store = new ContextStore(root);
    for (const key of readdirSync(root)) {
      const versions = KEY.test(key) ? store.#versions(key) : [];
      const newest = versions.find((version) => readIndex(indexOf(version)) !== undefined);
      for (const version of versions) if (version !== newest) void store.#discard(version.folder);
      for (const spare of newest ? uselessSpares(join(root, key)) : []) void store.#discard(spare);
      if (!newest) void store.#discard(join(root, key));
    }
    return store;
  }

  /**
   * Makes a folder as the client lists it. Two calls with one key never wait for each other.
   * @param key hexadecimal digits of a SHA-256, the client's name for its folder @throws EngineError InvalidParameter, what `fetch` throws
   */
  async receive(key: string, listing: Uint8Array, fetch: FetchFiles): Promise<ReceivedFolder> {
    if (!KEY.test(key)) throw new EngineError("InvalidParameter", `invalid key of a build context: ${JSON.stringify(key.slice(0, 100))}`);
    const { version: current, index } = this.#current(key);
    const slices = new Slices();
    if (current && index && Buffer.compare(index.listing, listing) === 0 && isWhole(index)) return await this.#read(key, current, index, slices);
    const version = current && !this.#readers.has(current.folder) ? current : this.#newVersion(key);
    this.#changing.add(version.folder);
    try {
      const before = current && index && version !== current ? await this.#clone(current, index, version, slices) : index;
      const received = await this.#change(version, before, listing, fetch, slices);
      return await this.#read(key, version, received, slices);
    } finally {
      this.#changing.delete(version.folder);
      this.#removeOld(key);
    }
  }

  list(): KeptContext[] {
    return readdirSync(this.#root).filter((key) => KEY.test(key)).flatMap((key) => {
      const versions = this.#versions(key);
      const sizes = versions.map((version) => readIndex(indexOf(version))?.sizeBytes ?? 0);
      return versions.length === 0 ? [] : [{ key, sizeBytes: Math.max(...sizes) + bytesIn(join(this.#root, key, PACK)), lastUsedMs: statSync(join(this.#root, key)).mtimeMs, inUse: this.#isUsed(key) }];
    });
  }

  /** Removes copies that nobody uses: those unused since `before` (milliseconds), then the ones unused for longest until the others have at most `keepBytes`. @returns those */
  async prune({ unusedSinceMs, keepBytes }: { unusedSinceMs?: number; keepBytes?: number }): Promise<KeptContext[]> {
    const kept = this.list().sort((a, b) => a.lastUsedMs - b.lastUsedMs);
    let total = kept.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const removed: KeptContext[] = [];
    for (const context of kept) {
      const due = (unusedSinceMs !== undefined && context.lastUsedMs < unusedSinceMs) || (keepBytes !== undefined && total > keepBytes) || (unusedSinceMs === undefined && keepBytes === undefined);
      // Asked again: a build may have begun while another copy was removed.
      if (!due || this.#isUsed(context.key)) continue;
      total -= context.sizeBytes;
      removed.push(context);
      await this.#discard(join(this.#root, context.key));
    }
    return removed;
  }

  #isUsed(key: string): boolean {
    return this.#readers.has(join(this.#root, key)) || this.#versions(key).some(({ folder }) => this.#readers.has(folder) || this.#changing.has(folder));
  }

  /** The newest first. */
  #versions(key: string): Version[] {
    const names = folderNames(join(this.#root, key)).filter((name) => /^[0-9]+$/.test(name));
    return names.map((name) => ({ folder: join(this.#root, key, name), number: Number(name) })).sort((a, b) => b.number - a.number);
  }

  #current(key: string): { version?: Version; index?: ContextIndex } {
    for (const version of this.#versions(key)) {
      if (this.#changing.has(version.folder)) continue;
      const index = readIndex(indexOf(version));
      if (index) return { version, index };
    }
    return {};
  }

  #newVersion(key: string): Version {
    const number = (this.#versions(key)[0]?.number ?? 0) + 1;
    const version = { folder: join(this.#root, key, String(number)), number };
    mkdirSync(treeOf(version), { recursive: true, mode: 0o700 });
    return version;
  }

  async #clone(from: Version, index: ContextIndex, to: Version, slices: Slices): Promise<ContextIndex> {
    using _ = this.#hold(from);
    return await cloneTree(treeOf(from), treeOf(to), index, slices);
  }

  async #change(version: Version, before: ContextIndex | undefined, listing: Uint8Array, fetch: FetchFiles, slices: Slices): Promise<ContextIndex> {
    rmSync(indexOf(version), { force: true });
    const tree = treeOf(version);
    const { wanted, digests, sizeBytes, folders } = await changeTree(tree, before, listing, slices);
    const received = Buffer.from(digests);
    using receiver = new FileReceiver(tree, wanted, received);
    try {
      if (wanted.length > 0) {
        for await (const chunk of fetch(wanted)) {
          noteGarbage(chunk.length);
          for (let rest = receiver.push(chunk, () => slices.due); ; rest = receiver.push(rest, () => slices.due)) {
            if (slices.due) await slices.next();
            if (rest.length === 0) break;
          }
        }
        receiver.finish();
      }
      await finishFolders(tree, folders, slices);
    } finally {
      // What came stays, also when the client has gone: it need not come again.
      const settled = Buffer.from(received);
      for (const file of receiver.unsettled) settled.fill(0, file * DIGEST_BYTES, (file + 1) * DIGEST_BYTES);
      writeIndex(indexOf(version), { listing, digests: settled, sizeBytes });
    }
    return { listing, digests: received, sizeBytes };
  }

  async #read(key: string, version: Version, index: ContextIndex, slices: Slices): Promise<ReceivedFolder> {
    await using undo = new AsyncDisposableStack();
    const hold = undo.use(this.#hold(version));
    const now = Date.now() / 1000;
    utimesSync(join(this.#root, key), now, now);
    const contents = await this.#contents.of(version.folder, index, slices);
    undo.move();
    const copy = join(this.#root, key);
    const spares = new Spares(copy);
    return new ReceivedFolder(treeOf(version), contents, { index: indexOf(version), pack: join(copy, PACK), spares: Spares.folderOf(copy) }, spares, async () => {
      hold[Symbol.dispose]();
      this.#removeOld(key);
      void this.#prepare(copy, spares);
    });
  }

  #hold({ folder }: Pick<Version, "folder">): Disposable {
    this.#readers.set(folder, (this.#readers.get(folder) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const others = (this.#readers.get(folder) ?? 1) - 1;
        if (others > 0) this.#readers.set(folder, others);
        else this.#readers.delete(folder);
      },
    };
  }

  async #prepare(copy: string, spares: Spares): Promise<void> {
    using _ = this.#hold({ folder: copy });
    const made = spares.make();
    this.#preparing.add(made);
    await made;
    this.#preparing.delete(made);
  }

  /** Settles when what is prepared for further builds is made. */
  async prepared(): Promise<void> {
    await Promise.all(this.#preparing);
  }

  /** Of copies that nobody reads or changes only the newest stays. */
  #removeOld(key: string): void {
    const versions = this.#versions(key);
    const newest = versions.find((version) => !this.#changing.has(version.folder) && readIndex(indexOf(version)) !== undefined);
    for (const version of versions) {
      if (version === newest || this.#readers.has(version.folder) || this.#changing.has(version.folder)) continue;
      rmSync(indexOf(version), { force: true });
      void this.#discard(version.folder);
    }
  }

  /** Away at once, so that nobody finds a part of it; what cannot be removed now is found at the next start. */
  async #discard(folder: string): Promise<void> {
    this.#contents.forget(folder);
    const away = join(this.#root, `gone-${crypto.randomUUID()}`);
    renameSync(folder, away);
    await rm(away, { recursive: true, force: true }).catch(() => undefined);
  }
}

function folderNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Of the files in its folders. */
function bytesIn(folder: string): number {
  return folderNames(folder).reduce((sum, name) => sum + folderNames(join(folder, name)).reduce((inner, file) => inner + (statSync(join(folder, name, file), { throwIfNoEntry: false })?.size ?? 0), 0), 0);
}

function isWhole({ digests }: ContextIndex): boolean {
  for (let file = 0; file < digests.length / DIGEST_BYTES; file++) if (!knowsDigest(digests, file)) return false;
  return true;
}
