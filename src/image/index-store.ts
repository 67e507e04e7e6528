import type { Database } from "bun:sqlite";
import type { Digest } from "../spec/mod.ts";

/** An index as it came with its image, and what of it is here. */
export interface KeptIndex {
  readonly digest: Digest;
  /** The index, and of what it lists the blobs that are here. */
  readonly blobs: readonly Digest[];
}

/**
 * Indexes that names stand for: each keeps the blobs of all its platforms and attestations, and lives as long as a name stands for it. A variant is
 * one of its images that was unpacked here.
 */
export class IndexStore {
  constructor(readonly db: Database) {}

  /** Of a canonical name. */
  ofName(name: string): Digest | undefined {
    return this.db.query<{ index_digest: Digest | null }, [string]>("SELECT index_digest FROM image_names WHERE name = ?").get(name)?.index_digest ?? undefined;
  }

  /** Those that an image's names stand for. */
  ofImage(id: Digest): Digest[] {
    return this.db.query<{ index_digest: Digest }, [string]>("SELECT DISTINCT index_digest FROM image_names WHERE image_id = ? AND index_digest IS NOT NULL ORDER BY name").all(id).map(({ index_digest }) => index_digest);
  }

  /** An image without a name that an index holds is no image that lost its name. */
  isVariant(id: Digest): boolean {
    return this.db.query("SELECT 1 FROM index_variants WHERE image_id = ? LIMIT 1").get(id) !== null;
  }

  isNamed(index: Digest): boolean {
    return this.db.query("SELECT 1 FROM image_names WHERE index_digest = ? LIMIT 1").get(index) !== null;
  }

  /** The index and what of it is here. */
  blobs(index: Digest): Digest[] {
    return this.db.query<{ digest: Digest }, [string]>("SELECT digest FROM index_blobs WHERE index_digest = ?").all(index).map(({ digest }) => digest);
  }

  variants(index: Digest): Digest[] {
    return this.db.query<{ image_id: Digest }, [string]>("SELECT image_id FROM index_variants WHERE index_digest = ?").all(index).map(({ image_id }) => image_id);
  }

  /** Within the caller's transaction, in which a name comes to stand for it. */
  keep({ digest, blobs }: KeptIndex, image: Digest): void {
    const add = this.db.query("INSERT OR IGNORE INTO index_blobs (index_digest, digest) VALUES (?, ?)");
    for (const blob of [digest, ...blobs]) add.run(digest, blob);
    this.db.query("INSERT OR IGNORE INTO index_variants (index_digest, image_id) VALUES (?, ?)").run(digest, image);
  }

  /** The index does not keep these any more. */
  letGo(index: Digest, blobs: readonly Digest[]): void {
    const remove = this.db.query("DELETE FROM index_blobs WHERE index_digest = ? AND digest = ?");
    this.db.transaction(() => blobs.forEach((digest) => remove.run(index, digest)))();
  }

  /** Forgets the indexes that no name stands for any more; the blobs they had are candidates for removal. */
  dropUnnamed(): Digest[] {
    return this.db.transaction(() => {
      const unnamed = "NOT IN (SELECT index_digest FROM image_names WHERE index_digest IS NOT NULL)";
      this.db.run(`DELETE FROM index_variants WHERE index_digest ${unnamed}`);
      return this.db.query<{ digest: Digest }, []>(`DELETE FROM index_blobs WHERE index_digest ${unnamed} RETURNING digest`).all().map(({ digest }) => digest);
    })();
  }

  hasBlob(digest: Digest): boolean {
    return this.db.query("SELECT 1 FROM index_blobs WHERE digest = ? LIMIT 1").get(digest) !== null;
  }
}
