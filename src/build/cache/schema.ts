import type { Schema } from "../../base/mod.ts";

/**
 * A record is something that builds keep: the layers up to `top` (owner `build:<id>` of the layer store), or the folder of a cache mount.
 * A key leads to the record that a vertex with that key came to. What manifests and configs say of a layer is kept as long as the layer.
 */
export const buildCacheSchema: Schema = {
  module: "build.cache",
  steps: [
    `CREATE TABLE build_records (
       id TEXT PRIMARY KEY,
       kind TEXT NOT NULL,
       top INTEGER,
       mount_key TEXT,
       folder INTEGER,
       description TEXT NOT NULL,
       created_ms INTEGER NOT NULL,
       used_ms INTEGER NOT NULL,
       uses INTEGER NOT NULL,
       size INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX build_records_top ON build_records (top);
     CREATE INDEX build_records_mount ON build_records (mount_key);
     CREATE TABLE build_keys (key TEXT PRIMARY KEY, record TEXT NOT NULL REFERENCES build_records (id) ON DELETE CASCADE) STRICT, WITHOUT ROWID;
     CREATE INDEX build_keys_record ON build_keys (record);
     CREATE TABLE build_parents (record TEXT NOT NULL REFERENCES build_records (id) ON DELETE CASCADE, parent TEXT NOT NULL, PRIMARY KEY (record, parent)) STRICT, WITHOUT ROWID;
     CREATE INDEX build_parents_parent ON build_parents (parent);
     CREATE TABLE build_sharing_layers (n INTEGER PRIMARY KEY) STRICT;`,
    // The machine's start during which it was made, until its files are known to be on disk.
    "ALTER TABLE build_records ADD COLUMN unsynced_boot TEXT",
    `CREATE TABLE build_layers (n INTEGER PRIMARY KEY, archive_bytes INTEGER NOT NULL, made_ms INTEGER NOT NULL) STRICT;`,
  ],
};
