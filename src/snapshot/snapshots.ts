import type { Database } from "bun:sqlite";
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from "node:fs";
import { relative } from "node:path";
import { EngineError } from "../base/mod.ts";
import type { RootMount } from "../spec/mod.ts";
import { treeSize } from "./tree-size.ts";
import { Layers } from "./layers.ts";
import { StackedTree } from "./stacked-tree.ts";
import { layerFolder, layersDir, snapshotDir, snapshotsDir, upperDir, workDir, type SnapshotPaths } from "./paths.ts";
import { Trash } from "./trash.ts";

/**
 * Root file systems of containers: a stack of read-only layers and a writable one on top.
 *
 *   await snapshots.prepare(containerId, image.layers);     // base first
 *   const mount = snapshots.root(containerId);               // what the runtime mounts
 *   await snapshots.remove(containerId);                     // gone at once; files are deleted in the background
 *
 * Opening sweeps what a crash left: folders without a row, rows without a folder, unused layers, the trash.
 */
export class Snapshots {
  readonly layers: Layers;
  readonly #db: Database;
  readonly #paths: SnapshotPaths;
  readonly #trash: Trash;
  #next: number;

  constructor({ db, dir }: { readonly db: Database; readonly dir: string }) {
    this.#db = db;
    this.#paths = { root: dir };
    this.#trash = new Trash(this.#paths);
    this.layers = new Layers(db, this.#paths, this.#trash);
    mkdirSync(snapshotsDir(this.#paths), { recursive: true, mode: 0o700 });
    this.#next = Math.max(0, ...this.#sweep()) + 1;
    this.layers.sweep();
  }

  /** The folder that holds the layers' folders. */
  get layersRoot(): string {
    return layersDir(this.#paths);
  }

  /** @throws EngineError Conflict when the key is taken, NotFound when a layer is gone */
  async prepare(key: string, layerIds: readonly number[]): Promise<void> {
    const top = layerIds.at(-1);
    if (top !== undefined && !sameStack(this.layers.stack(top), layerIds)) throw new EngineError("NotFound", "the image's layers are not on this machine any more: load it again");
    if (this.#row(key)) throw new EngineError("Conflict", `snapshot ${key} already exists`);
    const n = this.#next++;
    mkdirSync(snapshotDir(this.#paths, n), { mode: 0o700 });
    mkdirSync(workDir(this.#paths, n), { mode: 0o700 });
    mkdirSync(upperDir(this.#paths, n), { mode: 0o755 });
    if (top !== undefined) likeFolder(upperDir(this.#paths, n), layerFolder(this.#paths, top));
    this.#db.query("INSERT INTO snapshots (n, key, top) VALUES (?, ?, ?)").run(n, key, top ?? null);
  }

  /** @throws EngineError NotFound */
  root(key: string): RootMount {
    const { n, top } = this.#existing(key);
    return {
      kind: "overlay",
      layersDir: layersDir(this.#paths),
      lowers: this.#stack(top).reverse().map((layer) => `${layer}/fs`),
      upper: upperDir(this.#paths, n),
      work: workDir(this.#paths, n),
    };
  }

  /** The same to look at: nothing is written, so it may be mounted beside a container that runs. @throws EngineError NotFound */
  view(key: string): RootMount {
    const { n, top } = this.#existing(key);
    const lowers = this.#stack(top).reverse().map((layer) => `${layer}/fs`);
    const upper = upperDir(this.#paths, n);
    // Overlay wants two folders at least.
    if (lowers.length === 0) return { kind: "bind", source: upper };
    return { kind: "overlayView", layersDir: layersDir(this.#paths), lowers: [relative(layersDir(this.#paths), upper), ...lowers] };
  }

  /** The writable layer's folder, with overlay's marks. @throws EngineError NotFound */
  upper(key: string): string {
    return upperDir(this.#paths, this.#existing(key).n);
  }

  /** What lies below the writable layer; undefined where nothing does. @throws EngineError NotFound */
  below(key: string): RootMount | undefined {
    const lowers = this.#stack(this.#existing(key).top).reverse();
    const [only] = lowers;
    if (only === undefined) return undefined;
    if (lowers.length === 1) return { kind: "bind", source: layerFolder(this.#paths, only) };
    return { kind: "overlayView", layersDir: layersDir(this.#paths), lowers: lowers.map((layer) => `${layer}/fs`) };
  }

  /** Layer folders of the stack, base first. @throws EngineError NotFound */
  layersOf(key: string): number[] {
    return this.#stack(this.#existing(key).top);
  }

  /** Bytes of the files in the writable layer. @throws EngineError NotFound */
  async usage(key: string): Promise<number> {
    return await treeSize(upperDir(this.#paths, this.#existing(key).n));
  }

  /** Bytes of a layer's files. */
  layerBytes(layer: number): number {
    return this.layers.bytes(layer);
  }

  /** The merged files, read without mounting them. @throws EngineError NotFound */
  files(key: string): StackedTree {
    const { n, top } = this.#existing(key);
    const lowers = this.#stack(top).reverse().map((layer) => layerFolder(this.#paths, layer));
    return new StackedTree([upperDir(this.#paths, n), ...lowers]);
  }

  /** The merged files of layers alone, base first. */
  layerFiles(layerIds: readonly number[]): StackedTree {
    return new StackedTree([...layerIds].reverse().map((layer) => layerFolder(this.#paths, layer)));
  }

  /** The same as a root to look at. There must be a layer. */
  layersView(layerIds: readonly number[]): RootMount {
    const [only] = layerIds;
    if (only === undefined) throw new EngineError("System", "no layers have no files");
    if (layerIds.length === 1) return { kind: "bind", source: layerFolder(this.#paths, only) };
    return { kind: "overlayView", layersDir: layersDir(this.#paths), lowers: [...layerIds].reverse().map((layer) => `${layer}/fs`) };
  }

  /** Missing is done. Layers that only this one used go too. */
  async remove(key: string): Promise<void> {
    const row = this.#row(key);
    if (!row) return;
    this.#db.query("DELETE FROM snapshots WHERE n = ?").run(row.n);
    this.#trash.take(snapshotDir(this.#paths, row.n));
    if (row.top !== null) this.layers.removeUnused(row.top);
  }

  /** A folder on the same file system, gone at once; its files are deleted in the background. Missing is done. */
  discard(folder: string): void {
    this.#trash.take(folder);
  }

  keys(): string[] {
    return this.#db.query<{ key: string }, []>("SELECT key FROM snapshots ORDER BY n").all().map(({ key }) => key);
  }

  /** Resolves when removed trees are off the disk. */
  trashEmptied(): Promise<void> {
    return this.#trash.emptied();
  }

  #stack(top: number | null): number[] {
    return top === null ? [] : this.layers.stack(top);
  }

  #row(key: string): { n: number; top: number | null } | null {
    return this.#db.query<{ n: number; top: number | null }, [string]>("SELECT n, top FROM snapshots WHERE key = ?").get(key);
  }

  #existing(key: string): { n: number; top: number | null } {
    const row = this.#row(key);
    if (!row) throw new EngineError("NotFound", `no writable layer for ${key}`);
    return row;
  }

  #sweep(): number[] {
    const folders = readdirSync(snapshotsDir(this.#paths)).filter((name) => /^[0-9]+$/.test(name)).map(Number);
    const present = new Set(folders);
    const rows = this.#db.query<{ n: number }, []>("SELECT n FROM snapshots").all().map(({ n }) => n);
    for (const n of rows) if (!present.has(n)) this.#db.query("DELETE FROM snapshots WHERE n = ?").run(n);
    const known = new Set(rows);
    for (const n of folders) if (!known.has(n)) this.#trash.take(snapshotDir(this.#paths, n));
    return [...folders, ...rows];
  }
}

/** The merged root shows the writable layer's owner and mode. */
function likeFolder(folder: string, model: string): void {
  const { mode, uid, gid } = statSync(model);
  if (uid !== 0 || gid !== 0) chownSync(folder, uid, gid);
  if ((mode & 0o7777) !== 0o755) chmodSync(folder, mode & 0o7777);
}

function sameStack(stack: readonly number[], expected: readonly number[]): boolean {
  return stack.length === expected.length && stack.every((n, index) => n === expected[index]);
}
