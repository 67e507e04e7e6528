import type { Database } from "bun:sqlite";
import { bootID } from "../../linux/mod.ts";
import type { LayerPort } from "../solver/ports.ts";

/** As BuildKit calls them. */
export type RecordKind = "regular" | "source.local" | "exec.cachemount" | "source.git.checkout" | "source.http" | "frontend" | "internal";

export interface CacheRecord {
  readonly id: string;
  readonly kind: RecordKind;
  /** Topmost layer; undefined of a cache mount. */
  readonly top: number | undefined;
  readonly mountKey: string | undefined;
  /** Number of a cache mount's folder. */
  readonly folder: number | undefined;
  readonly description: string;
  readonly createdMs: number;
  readonly usedMs: number;
  readonly uses: number;
  /** Bytes of its own layer or folder. */
  readonly size: number;
}

interface Row {
  id: string;
  kind: RecordKind;
  top: number | null;
  mount_key: string | null;
  folder: number | null;
  description: string;
  created_ms: number;
  used_ms: number;
  uses: number;
  size: number;
}

export interface NewRecord {
  readonly kind: RecordKind;
  readonly top?: number | undefined;
  readonly mountKey?: string | undefined;
  readonly folder?: number | undefined;
  readonly description: string;
  readonly size: number;
  readonly keys: readonly string[];
  readonly parents: readonly string[];
}

/** BuildKit's ids are of 25 such characters. */
function newID(): string {
  return BigInt(`0x${crypto.randomUUID().replaceAll("-", "")}`).toString(36).padStart(25, "0").slice(-25);
}

export const ownerOf = (record: string): string => `build:${record}`;

/** What builds keep, in the store. Each method is one transaction; the caller's own goes on in it. */
export class CacheRecords {
  constructor(
    readonly db: Database,
    readonly layers: Pick<LayerPort, "retain" | "release">,
  ) {}

  add({ kind, top, mountKey, folder, description, size, keys, parents }: NewRecord): CacheRecord {
    const id = newID();
    const now = Date.now();
    this.db.transaction(() => {
      this.db.query("INSERT INTO build_records (id, kind, top, mount_key, folder, description, created_ms, used_ms, uses, size, unsynced_boot) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)").run(id, kind, top ?? null, mountKey ?? null, folder ?? null, description, now, now, size, bootID());
      for (const key of keys) this.setKey(key, id);
      for (const parent of parents) this.db.query("INSERT OR IGNORE INTO build_parents (record, parent) VALUES (?, ?)").run(id, parent);
      if (top !== undefined) this.layers.retain(ownerOf(id), top);
    })();
    return { id, kind, top, mountKey, folder, description, createdMs: now, usedMs: now, uses: 1, size };
  }

  setKey(key: string, id: string): void {
    this.db.query("INSERT OR REPLACE INTO build_keys (key, record) VALUES (?, ?)").run(key, id);
  }

  byKey(key: string): CacheRecord | undefined {
    const row = this.db.query<Row, [string]>("SELECT r.* FROM build_keys k JOIN build_records r ON r.id = k.record WHERE k.key = ?").get(key);
    return row ? fromRow(row) : undefined;
  }

  /** Of all records that came to this layer. */
  keysOfTop(top: number): string[] {
    return this.db.query<{ key: string }, [number]>("SELECT k.key FROM build_keys k JOIN build_records r ON r.id = k.record WHERE r.top = ? ORDER BY k.key").all(top).map(({ key }) => key);
  }

  byTop(top: number): CacheRecord | undefined {
    const row = this.db.query<Row, [number]>("SELECT * FROM build_records WHERE top = ? LIMIT 1").get(top);
    return row ? fromRow(row) : undefined;
  }

  byMount(mountKey: string): CacheRecord[] {
    return this.db.query<Row, [string]>("SELECT * FROM build_records WHERE mount_key = ? ORDER BY folder").all(mountKey).map(fromRow);
  }

  get(id: string): CacheRecord | undefined {
    const row = this.db.query<Row, [string]>("SELECT * FROM build_records WHERE id = ?").get(id);
    return row ? fromRow(row) : undefined;
  }

  all(): CacheRecord[] {
    return this.db.query<Row, []>("SELECT * FROM build_records ORDER BY used_ms, created_ms").all().map(fromRow);
  }

  parents(id: string): string[] {
    return this.db.query<{ parent: string }, [string]>("SELECT parent FROM build_parents WHERE record = ?").all(id).map(({ parent }) => parent);
  }

  used(id: string): void {
    this.db.query("UPDATE build_records SET used_ms = ?, uses = uses + 1 WHERE id = ?").run(Date.now(), id);
  }

  setSize(id: string, size: number): void {
    this.db.query("UPDATE build_records SET size = ? WHERE id = ?").run(size, id);
  }

  /** Its keys go with it; layers that nobody else keeps too. */
  remove(id: string): void {
    this.db.query("DELETE FROM build_records WHERE id = ?").run(id);
    this.layers.release(ownerOf(id));
  }

  /** A layer that a build made. */
  noteLayer(n: number, archiveBytes: number): void {
    this.db.query("INSERT OR REPLACE INTO build_layers (n, archive_bytes, made_ms) VALUES (?, ?, ?)").run(n, archiveBytes, Date.now());
  }

  /** Undefined of a layer that no build made. */
  factsOf(n: number): { readonly archiveBytes: number; readonly createdMs: number } | undefined {
    const row = this.db.query<{ archive_bytes: number; made_ms: number }, [number]>("SELECT archive_bytes, made_ms FROM build_layers WHERE n = ?").get(n);
    return row ? { archiveBytes: row.archive_bytes, createdMs: row.made_ms } : undefined;
  }

  /** The folder of this layer has files in common with others. */
  markSharing(n: number): void {
    this.db.query("INSERT OR IGNORE INTO build_sharing_layers (n) VALUES (?)").run(n);
  }

  sharing(layers: readonly number[]): number[] {
    const query = this.db.query<{ n: number }, [number]>("SELECT n FROM build_sharing_layers WHERE n = ?");
    return layers.filter((n) => query.get(n) !== null);
  }

  /** Those whose files may not be on disk yet. */
  unsynced(): string[] {
    return this.db.query<{ id: string }, []>("SELECT id FROM build_records WHERE unsynced_boot IS NOT NULL").all().map(({ id }) => id);
  }

  markSynced(ids: readonly string[]): void {
    const mark = this.db.query("UPDATE build_records SET unsynced_boot = NULL WHERE id = ?");
    this.db.transaction(() => ids.forEach((id) => mark.run(id)))();
  }

  /** Start-up: marks of layers that are gone, layers whose record is gone, and what the machine's end may have cut short. */
  sweep(): void {
    const doubtful = this.db.query<{ id: string }, [string]>("SELECT id FROM build_records WHERE kind != 'exec.cachemount' AND unsynced_boot IS NOT NULL AND unsynced_boot != ?").all(bootID());
    for (const { id } of doubtful) this.remove(id);
    this.db.run("DELETE FROM build_layers WHERE n NOT IN (SELECT n FROM layers)");
    const ownerless = this.db.query<{ owner: string }, []>("SELECT owner FROM layer_owners WHERE owner LIKE 'build:%' AND substr(owner, 7) NOT IN (SELECT id FROM build_records)").all();
    for (const { owner } of ownerless) this.layers.release(owner);
    this.db.run("DELETE FROM build_sharing_layers WHERE n NOT IN (SELECT n FROM layers)");
    this.db.run("DELETE FROM build_records WHERE top IS NOT NULL AND top NOT IN (SELECT n FROM layers)");
  }
}

function fromRow(row: Row): CacheRecord {
  return {
    id: row.id, kind: row.kind, top: row.top ?? undefined, mountKey: row.mount_key ?? undefined, folder: row.folder ?? undefined, description: row.description, createdMs: row.created_ms, usedMs: row.used_ms, uses: row.uses, size: row.size,
  };
}
