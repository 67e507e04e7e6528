import type { Flag } from "./flags.ts";

/** What may stand before the command's name. Those of docker that mean nothing here are taken, and said to mean nothing. */
export const GLOBAL_FLAGS: readonly Flag[] = [
  { name: "config", type: "string", hidden: true, help: "Folder of client configuration files" },
  { name: "context", short: "c", type: "string", hidden: true, help: "Context to use" },
  { name: "debug", short: "D", type: "bool", help: "Show where an unexpected failure comes from" },
  { name: "host", short: "H", type: "list", help: "Engine to connect to (unix:///path or tcp://address:port)" },
  { name: "log-level", short: "l", type: "string", hidden: true, help: "Level of log messages" },
  { name: "version", short: "v", type: "bool", help: "Print the version and quit" },
];
