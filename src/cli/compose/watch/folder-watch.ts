import { lstatSync, readdirSync, watch, type FSWatcher } from "node:fs";
import { join } from "node:path";
import { Failure } from "../../failure.ts";

/** The kernel tells of changes in folders one by one: each is watched, and those that appear in them are too. */
export class FolderWatch implements Disposable {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #enters: (folder: string) => boolean;
  readonly #changed: (path: string) => void;

  /** @param enters whether a folder matters, absolute @param changed told of each path that has changed, come or gone */
  constructor(enters: (folder: string) => boolean, changed: (path: string) => void) {
    this.#enters = enters;
    this.#changed = changed;
  }

  /** The folder, and with `deep` all in it. @throws Failure when the kernel watches no more */
  add(folder: string, deep: boolean): void {
    if (!this.#watchers.has(folder)) this.#open(folder, deep);
    if (!deep) return;
    for (const name of foldersIn(folder)) if (this.#enters(join(folder, name))) this.add(join(folder, name), true);
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #open(folder: string, deep: boolean): void {
    try {
      const watcher = watch(folder, { persistent: true }, (_, name) => this.#take(folder, name, deep));
      watcher.on("error", () => this.#close(folder));
      this.#watchers.set(folder, watcher);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? error.code : undefined;
      if (code === "ENOENT") return; // gone meanwhile
      if (code === "ENOSPC" || code === "EMFILE") throw new Failure(`cannot watch ${folder}: the kernel watches no more files for this user; raise fs.inotify.max_user_watches and fs.inotify.max_user_instances, or list folders that do not matter below "ignore"`);
      throw error;
    }
  }

  #take(folder: string, name: string | null, deep: boolean): void {
    if (name === null) return;
    const path = join(folder, name);
    if (isFolder(path)) {
      if (deep && this.#enters(path)) this.#takeNew(path);
    } else this.#close(path);
    this.#changed(path);
  }

  /** What was put into a new folder before it was watched is told of too. */
  #takeNew(folder: string): void {
    if (this.#watchers.has(folder)) return;
    this.add(folder, true);
    for (const path of pathsBelow(folder, this.#enters)) this.#changed(path);
  }

  #close(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

export const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

function foldersIn(folder: string): string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return []; // gone meanwhile, or not ours to read
  }
}

/** Everything in a folder, a folder before what it holds. */
export function* pathsBelow(folder: string, enters: (folder: string) => boolean): Generator<string, void, void> {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return;
  }
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory() && !enters(path)) continue;
    yield path;
    if (entry.isDirectory()) yield* pathsBelow(path, enters);
  }
}
