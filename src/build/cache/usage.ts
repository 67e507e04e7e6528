import type { Database } from "bun:sqlite";
import type { CacheRecord, CacheRecords, RecordKind } from "./records.ts";

/** A record as `du` shows it. Times in milliseconds since the epoch, sizes in bytes. */
export interface CacheUsage {
  readonly id: string;
  readonly parents: readonly string[];
  readonly kind: RecordKind;
  readonly description: string;
  /** A build, or a step, has it at this moment. */
  readonly inUse: boolean;
  /** An image or a container has its layer too. */
  readonly shared: boolean;
  /** Its files may change: a cache mount. */
  readonly mutable: boolean;
  readonly size: number;
  readonly createdMs: number;
  readonly usedMs: number;
  readonly uses: number;
}

/** All records with who else has them: two looks at the whole store, whatever their number. */
export function usageOf(records: CacheRecords, isMountUsed: (folder: number) => boolean): CacheUsage[] {
  const leased = layersBelow(records.db, "SELECT top FROM layer_owners WHERE owner LIKE 'lease:%'");
  const shared = layersBelow(records.db, "SELECT top FROM layer_owners WHERE owner NOT LIKE 'lease:%' AND owner NOT LIKE 'build:%' UNION SELECT top FROM snapshots WHERE top IS NOT NULL");
  const parents = parentsOf(records.db);
  return records.all().map((record) => shown(record, parents.get(record.id) ?? [], {
    inUse: record.top === undefined ? isMountUsed(record.folder ?? 0) : leased.has(record.top),
    shared: record.top !== undefined && shared.has(record.top),
  }));
}

function shown({ id, kind, description, size, createdMs, usedMs, uses }: CacheRecord, parents: readonly string[], use: { readonly inUse: boolean; readonly shared: boolean }): CacheUsage {
  return { id, parents, kind, description, ...use, mutable: kind === "exec.cachemount", size, createdMs, usedMs, uses };
}

/** The layers that a query names, and all below them. */
function layersBelow(db: Database, tops: string): ReadonlySet<number> {
  const rows = db.query<{ n: number }, []>(`WITH RECURSIVE used (n) AS (${tops} UNION SELECT l.parent FROM layers l JOIN used u ON l.n = u.n WHERE l.parent IS NOT NULL) SELECT n FROM used`).all();
  return new Set(rows.map(({ n }) => n));
}

function parentsOf(db: Database): ReadonlyMap<string, string[]> {
  const parents = new Map<string, string[]>();
  for (const { record, parent } of db.query<{ record: string; parent: string }, []>("SELECT p.record, p.parent FROM build_parents p JOIN build_records r ON r.id = p.parent").all()) {
    const known = parents.get(record);
    if (known) known.push(parent);
    else parents.set(record, [parent]);
  }
  return parents;
}
