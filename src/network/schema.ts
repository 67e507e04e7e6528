import type { Schema } from "../base/mod.ts";

/**
 * network_state: what the engine chose or changed (subnet, id, "forwarding").
 * network_free: ranges of free addresses of the subnet, inclusive, as numbers; never touching one another.
 * network_endpoints: a container's attachment.
 */
export const networkSchema: Schema = {
  module: "network",
  steps: [
    `CREATE TABLE network_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
     CREATE TABLE network_free (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
     CREATE UNIQUE INDEX network_free_last ON network_free (last);
     CREATE TABLE network_endpoints (container_id TEXT PRIMARY KEY, endpoint_id TEXT NOT NULL UNIQUE, address INTEGER NOT NULL UNIQUE, mac TEXT NOT NULL) STRICT;`,
  ],
};
