import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../linux/mod.ts";
import { trashDir, type SnapshotPaths } from "./paths.ts";

/** Big trees vanish at once by a rename; their files are deleted in the background, one tree at a time. */
export class Trash {
  readonly #dir: string;
  #next: number;
  #queue: Promise<void> = Promise.resolve();

  constructor(paths: SnapshotPaths) {
    this.#dir = trashDir(paths);
    mkdirSync(this.#dir, { recursive: true, mode: 0o700 });
    const left = readdirSync(this.#dir);
    this.#next = Math.max(0, ...left.map((name) => Number(name) + 1 || 0));
    for (const name of left) this.#deleteLater(join(this.#dir, name));
  }

  /** Missing is done. */
  take(path: string): void {
    const target = join(this.#dir, String(this.#next++));
    try {
      renameSync(path, target);
    } catch (error) {
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    this.#deleteLater(target);
  }

  /** Resolves when everything taken so far is gone (or left for the next start). */
  emptied(): Promise<void> {
    return this.#queue;
  }

  #deleteLater(path: string): void {
    // What cannot be deleted now (a mount, an immutable file) is tried again at the next start, ignoring.
    this.#queue = this.#queue.then(() => rm(path, { recursive: true, force: true })).catch(() => {});
  }
}
