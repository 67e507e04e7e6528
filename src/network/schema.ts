import type { Schema } from "../base/mod.ts";

/**
 * network_state: what the engine chose or changed (subnet, id, "forwarding").
 * networks: facts as JSON. network_addresses: ranges of free addresses of a subnet, inclusive, as hexadecimal digits; never touching
 * one another. endpoints: attachments of running containers, facts as JSON.
 */
export const networkSchema: Schema = {
  module: "network",
  steps: [
    `CREATE TABLE network_state (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
     CREATE TABLE network_free (first INTEGER PRIMARY KEY, last INTEGER NOT NULL) STRICT;
     CREATE UNIQUE INDEX network_free_last ON network_free (last);
     CREATE TABLE network_endpoints (container_id TEXT PRIMARY KEY, endpoint_id TEXT NOT NULL UNIQUE, address INTEGER NOT NULL UNIQUE, mac TEXT NOT NULL) STRICT;`,
    `CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, facts TEXT NOT NULL) STRICT;
     CREATE TABLE network_addresses (subnet TEXT NOT NULL, first TEXT NOT NULL, last TEXT NOT NULL, PRIMARY KEY (subnet, first)) STRICT, WITHOUT ROWID;
     CREATE UNIQUE INDEX network_addresses_last ON network_addresses (subnet, last);
     CREATE TABLE endpoints (container_id TEXT NOT NULL, network_id TEXT NOT NULL, facts TEXT NOT NULL, PRIMARY KEY (container_id, network_id)) STRICT, WITHOUT ROWID;`,
  ],
};
