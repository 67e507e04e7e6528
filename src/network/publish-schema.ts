import type { Schema } from "../base/mod.ts";

/** published_ports: a row for each container whose ports lead to it; its address and the ports as JSON. */
export const publishSchema: Schema = {
  module: "network.publish",
  steps: ["CREATE TABLE published_ports (container_id TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID"],
};
