import type { Database } from "bun:sqlite";
import type { Schema } from "../base/mod.ts";
import type { Digest, Reference } from "../spec/mod.ts";

/** Where blobs are known to be besides here, and which compressed blob was made of a layer. */
export const transferSchema: Schema = {
  module: "image.transfer",
  steps: [
    `CREATE TABLE blob_places (
       digest TEXT NOT NULL,
       registry TEXT NOT NULL,
       repository TEXT NOT NULL,
       seen INTEGER NOT NULL,
       PRIMARY KEY (digest, registry, repository)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX blob_places_seen ON blob_places (seen);
     CREATE TABLE packed_layers (diff_id TEXT PRIMARY KEY, digest TEXT NOT NULL, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
  ],
};

/** Pulls and pushes whose places are kept. */
const KEPT_NOTES = 2_000;
const MOUNTS_TRIED = 3;

export interface PackedLayer {
  readonly digest: Digest;
  readonly size: number;
}

/** What pulls and pushes have learnt; none of it must be true any more. */
export class BlobPlaces {
  constructor(readonly db: Database) {}

  /** The repository has these blobs. */
  note({ domain, path }: Reference, digests: readonly Digest[]): void {
    if (this.#isLatest(domain, path, new Set(digests))) return;
    this.db.transaction(() => {
      const next = (this.db.query<{ seen: number }, []>("SELECT coalesce(max(seen), 0) + 1 AS seen FROM blob_places").get()?.seen ?? 1);
      const add = this.db.query("INSERT OR REPLACE INTO blob_places (digest, registry, repository, seen) VALUES (?, ?, ?, ?)");
      for (const digest of digests) add.run(digest, domain, path, next);
      this.db.query("DELETE FROM blob_places WHERE seen <= ?").run(next - KEPT_NOTES);
    })();
  }

  /** Whether just this was noted last: images are pulled and pushed again and again. */
  #isLatest(registry: string, repository: string, digests: ReadonlySet<Digest>): boolean {
    const latest = this.db
      .query<{ digest: Digest }, [string, string]>("SELECT digest FROM blob_places WHERE seen = (SELECT max(seen) FROM blob_places) AND registry = ? AND repository = ?")
      .all(registry, repository);
    return latest.length === digests.size && latest.every(({ digest }) => digests.has(digest));
  }

  /** Other repositories of the same registry that had the blob, the latest first. */
  othersWith({ domain, path }: Reference, digest: Digest): string[] {
    return this.db
      .query<{ repository: string }, [string, string, string, number]>("SELECT repository FROM blob_places WHERE digest = ? AND registry = ? AND repository != ? ORDER BY seen DESC LIMIT ?")
      .all(digest, domain, path, MOUNTS_TRIED)
      .map(({ repository }) => repository);
  }

  /** Whether any repository has had it. */
  isKnown(digest: Digest): boolean {
    return this.db.query("SELECT 1 FROM blob_places WHERE digest = ? LIMIT 1").get(digest) !== null;
  }

  packed(diffID: Digest): PackedLayer | undefined {
    return this.db.query<PackedLayer, [string]>("SELECT digest, size FROM packed_layers WHERE diff_id = ?").get(diffID) ?? undefined;
  }

  notePacked(diffID: Digest, { digest, size }: PackedLayer): void {
    this.db.query("INSERT OR REPLACE INTO packed_layers (diff_id, digest, size) VALUES (?, ?, ?)").run(diffID, digest, size);
  }
}
