import type { Schema } from "../base/mod.ts";

/**
 * A layer lives while a snapshot, an owner (an image) or a layer on top of it refers to it; owners name the top layer only.
 */
export const snapshotSchema: Schema = {
  module: "snapshot",
  steps: [
    `CREATE TABLE layers (
       n INTEGER PRIMARY KEY,
       chain_id TEXT NOT NULL UNIQUE,
       diff_id TEXT NOT NULL,
       parent INTEGER REFERENCES layers (n),
       size INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX layers_parent ON layers (parent);
     CREATE TABLE layer_owners (owner TEXT PRIMARY KEY, top INTEGER NOT NULL REFERENCES layers (n)) STRICT;
     CREATE INDEX layer_owners_top ON layer_owners (top);
     CREATE TABLE snapshots (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, top INTEGER REFERENCES layers (n)) STRICT;
     CREATE INDEX snapshots_top ON snapshots (top);`,
    // The machine's start during which the layer was unpacked, until its files are known to be on disk.
    "ALTER TABLE layers ADD COLUMN unsynced_boot TEXT",
  ],
};
