import type { Database } from "bun:sqlite";
import { mkdirSync, readdirSync, renameSync } from "node:fs";
import { bootID } from "../linux/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { layerDir, layerFolder, layersDir, type SnapshotPaths } from "./paths.ts";
import type { Trash } from "./trash.ts";

export interface Layer {
  readonly n: number;
  readonly chainID: Digest;
  readonly diffID: Digest;
  readonly parent: number | undefined;
  /** Bytes of its files. */
  readonly size: number;
}

/** An empty folder for a layer to be unpacked into; disposing it before it was committed removes it. */
export interface NewLayer extends Disposable {
  readonly n: number;
  readonly folder: string;
}

interface LayerRow {
  n: number;
  chain_id: Digest;
  diff_id: Digest;
  parent: number | null;
  size: number;
}

/** Unpacked layers: each an own folder, named by a number, found by chainID. */
export class Layers {
  #next: number;
  readonly #pending = new Set<number>();

  constructor(
    readonly db: Database,
    readonly paths: SnapshotPaths,
    readonly trash: Trash,
  ) {
    mkdirSync(layersDir(paths), { recursive: true, mode: 0o700 });
    const highest = db.query<{ n: number | null }, []>("SELECT max(n) AS n FROM layers").get()?.n ?? 0;
    this.#next = Math.max(highest, ...this.#folders()) + 1;
  }

  create(): NewLayer {
    const n = this.#next++;
    const folder = layerFolder(this.paths, n);
    mkdirSync(layerDir(this.paths, n), { mode: 0o700 });
    mkdirSync(folder, { mode: 0o755 });
    this.#pending.add(n);
    return { n, folder, [Symbol.dispose]: () => this.#discard(n) };
  }

  /** Adds the row of an unpacked layer, within the caller's transaction. After it `settle` keeps the folder. */
  insert({ n, chainID, diffID, parent, size }: Layer): void {
    this.db.query("INSERT INTO layers (n, chain_id, diff_id, parent, size, unsynced_boot) VALUES (?, ?, ?, ?, ?, ?)").run(n, chainID, diffID, parent ?? null, size, bootID());
  }

  /** Layers whose files may not have reached the disk before the machine went down. */
  unsyncedBefore(boot: string): Layer[] {
    return this.db.query<LayerRow, [string]>("SELECT * FROM layers WHERE unsynced_boot IS NOT NULL AND unsynced_boot != ?").all(boot).map(fromRow);
  }

  /** The files of these layers were synced after their rows were written. */
  markSynced(layers: readonly number[]): void {
    const mark = this.db.query("UPDATE layers SET unsynced_boot = NULL WHERE n = ?");
    this.db.transaction(() => layers.forEach((n) => mark.run(n)))();
  }

  /** Puts a newly unpacked folder in the place of a damaged one; only while no container runs on it. */
  replaceFolder(n: number, fresh: NewLayer): void {
    this.trash.take(layerDir(this.paths, n));
    renameSync(layerDir(this.paths, fresh.n), layerDir(this.paths, n));
    this.settle(fresh.n);
  }

  /** The transaction with the row is on disk: the folder stays. */
  settle(n: number): void {
    this.#pending.delete(n);
  }

  folder(n: number): string {
    return layerFolder(this.paths, n);
  }

  /** Bytes of a layer's files; 0 when it is gone. */
  bytes(n: number): number {
    return this.db.query<{ size: number }, [number]>("SELECT size FROM layers WHERE n = ?").get(n)?.size ?? 0;
  }

  all(): Layer[] {
    return this.db.query<LayerRow, []>("SELECT * FROM layers ORDER BY n").all().map(fromRow);
  }

  get(n: number): Layer | undefined {
    const row = this.db.query<LayerRow, [number]>("SELECT * FROM layers WHERE n = ?").get(n);
    return row ? fromRow(row) : undefined;
  }

  byChainID(chainID: Digest): Layer | undefined {
    const row = this.db.query<LayerRow, [string]>("SELECT * FROM layers WHERE chain_id = ?").get(chainID);
    return row ? fromRow(row) : undefined;
  }

  /** The layers from the base up to this one. */
  stack(top: number): number[] {
    return this.db
      .query<{ n: number }, [number]>(
        `WITH RECURSIVE stack (n, parent, depth) AS (
           SELECT n, parent, 0 FROM layers WHERE n = ?
           UNION ALL SELECT l.n, l.parent, s.depth + 1 FROM layers l JOIN stack s ON l.n = s.parent)
         SELECT n FROM stack ORDER BY depth DESC`,
      )
      .all(top)
      .map(({ n }) => n);
  }

  /** An owner keeps this layer and all below it; within the caller's transaction. */
  retain(owner: string, top: number): void {
    this.db.query("INSERT OR REPLACE INTO layer_owners (owner, top) VALUES (?, ?)").run(owner, top);
  }

  /** Keeps the layer, and all below it, while something is being built on it; a crash ends it. */
  lease(top: number): Disposable {
    const owner = `lease:${crypto.randomUUID()}`;
    this.retain(owner, top);
    return { [Symbol.dispose]: () => void this.release(owner) };
  }

  /** Ends an ownership and removes the layers that nobody refers to any more, top first. */
  release(owner: string): Layer[] {
    const row = this.db.query<{ top: number }, [string]>("DELETE FROM layer_owners WHERE owner = ? RETURNING top").get(owner);
    return row ? this.removeUnused(row.top) : [];
  }

  /** Removes the layer and those below it as far as nothing else refers to them. */
  removeUnused(top: number): Layer[] {
    const removed: Layer[] = [];
    for (let n: number | null = top; n !== null; ) {
      const row: LayerRow | null = this.db.query<LayerRow, [number]>("SELECT * FROM layers WHERE n = ?").get(n);
      if (!row || this.#isUsed(n)) break;
      this.db.query("DELETE FROM layers WHERE n = ?").run(n);
      removed.push(fromRow(row));
      n = row.parent;
    }
    // The rows go first: a folder without a row is swept at the next start, a row without a folder is damage.
    for (const layer of removed) this.trash.take(layerDir(this.paths, layer.n));
    return removed;
  }

  /** Start-up: layers that nothing refers to, folders without a row. */
  sweep(): void {
    this.db.run("DELETE FROM layer_owners WHERE owner LIKE 'lease:%'");
    const tops = this.db.query<{ n: number }, []>("SELECT n FROM layers WHERE n NOT IN (SELECT parent FROM layers WHERE parent IS NOT NULL)").all();
    for (const { n } of tops) this.removeUnused(n);
    const known = new Set(this.db.query<{ n: number }, []>("SELECT n FROM layers").all().map(({ n }) => n));
    for (const n of this.#folders()) if (!known.has(n) && !this.#pending.has(n)) this.trash.take(layerDir(this.paths, n));
  }

  #isUsed(n: number): boolean {
    return this.db
      .query<{ used: number }, [number, number, number]>(
        "SELECT EXISTS (SELECT 1 FROM layers WHERE parent = ?) OR EXISTS (SELECT 1 FROM layer_owners WHERE top = ?) OR EXISTS (SELECT 1 FROM snapshots WHERE top = ?) AS used",
      )
      .get(n, n, n)?.used === 1;
  }

  #discard(n: number): void {
    if (this.#pending.delete(n)) this.trash.take(layerDir(this.paths, n));
  }

  #folders(): number[] {
    return readdirSync(layersDir(this.paths)).filter((name) => /^[0-9]+$/.test(name)).map(Number);
  }
}

function fromRow(row: LayerRow): Layer {
  return { n: row.n, chainID: row.chain_id, diffID: row.diff_id, parent: row.parent ?? undefined, size: row.size };
}
