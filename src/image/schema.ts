import type { Schema } from "../base/mod.ts";

/** Names are canonical (`docker.io/library/debian:12`), with a tag or a digest. An image's layers are found by its ownership in snapshot. */
export const imageSchema: Schema = {
  module: "image",
  steps: [
    `CREATE TABLE images (
       id TEXT PRIMARY KEY,
       manifest TEXT NOT NULL,
       size INTEGER NOT NULL,
       created_ms INTEGER NOT NULL,
       parent TEXT,
       last_tagged TEXT,
       added INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX images_parent ON images (parent);
     CREATE TABLE image_names (name TEXT PRIMARY KEY, image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE) STRICT;
     CREATE INDEX image_names_image ON image_names (image_id);
     CREATE TABLE image_blobs (
       image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
       digest TEXT NOT NULL,
       PRIMARY KEY (image_id, digest)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX image_blobs_digest ON image_blobs (digest);
     CREATE TABLE image_layers (
       image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
       position INTEGER NOT NULL,
       chain_id TEXT NOT NULL,
       PRIMARY KEY (image_id, position)
     ) STRICT, WITHOUT ROWID;`,
    // A name may stand for an index; of what it lists the blobs that are here are kept as long as it does.
    `ALTER TABLE image_names ADD COLUMN index_digest TEXT;
     CREATE INDEX image_names_index ON image_names (index_digest) WHERE index_digest IS NOT NULL;
     CREATE TABLE index_blobs (index_digest TEXT NOT NULL, digest TEXT NOT NULL, PRIMARY KEY (index_digest, digest)) STRICT, WITHOUT ROWID;
     CREATE INDEX index_blobs_digest ON index_blobs (digest);
     CREATE TABLE index_variants (
       index_digest TEXT NOT NULL,
       image_id TEXT NOT NULL REFERENCES images (id) ON DELETE CASCADE,
       PRIMARY KEY (index_digest, image_id)
     ) STRICT, WITHOUT ROWID;
     CREATE INDEX index_variants_image ON index_variants (image_id);`,
    // When it came, or when the last container of it went; unknown of images that are older than this column.
    "ALTER TABLE images ADD COLUMN last_used_ms INTEGER",
  ],
};
