import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const QUIET: Flag = { name: "quiet", short: "q", type: "bool", help: "Show only volume names" };
const FORMAT = "Format the output with a Go template";

/** What makes a volume one of a cluster. */
export const CLUSTER_FLAGS = ["availability", "group", "limit-bytes", "required-bytes", "scope", "secret", "sharing", "topology-preferred", "topology-required", "type"] as const;

export const LS: CommandSpec = {
  summary: "List volumes",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ name: "cluster", type: "bool", hidden: true, help: "Show only cluster volumes" }, { name: "filter", short: "f", type: "filter", help: "Show only what matches these conditions" }, { name: "format", type: "string", help: `${FORMAT}, 'table', 'table TEMPLATE' or 'json'` }, QUIET],
  configured: { format: "volumesFormat" },
  load: () => import("../commands/volume-ls.ts"),
};

export const INSPECT: CommandSpec = { summary: "Show everything about volumes", usage: "[OPTIONS] VOLUME [VOLUME...]", args: [1], flags: [{ name: "format", short: "f", type: "string", help: `${FORMAT}, or 'json'` }], load: () => import("../commands/volume-inspect.ts") };

export const CREATE: CommandSpec = {
  summary: "Create a volume",
  usage: "[OPTIONS] [VOLUME]",
  args: [0, 1],
  flags: [
    { name: "driver", short: "d", type: "string", default: '"local"', help: "Volume driver" },
    { name: "label", type: "list", help: "Set a label" },
    { name: "name", type: "string", hidden: true, help: "Name of the volume" },
    ...CLUSTER_FLAGS.map((name): Flag => ({ name, type: name.startsWith("topology") ? "list" : name === "secret" ? "map" : "string", hidden: true, help: "Of a cluster volume: this engine has none" })),
    { name: "opt", short: "o", type: "map", default: "map[]", help: "Options of the driver" },
  ],
  load: () => import("../commands/volume-create.ts"),
};

export const RM: CommandSpec = {
  summary: "Remove volumes",
  usage: "[OPTIONS] VOLUME [VOLUME...]",
  args: [1],
  flags: [{ name: "force", short: "f", type: "bool", help: "Do not mind volumes that are not there" }],
  load: () => import("../commands/volume-rm.ts"),
};

export const PRUNE: CommandSpec = {
  summary: "Remove unused volumes",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ name: "all", short: "a", type: "bool", help: "Remove named volumes too" }, { name: "filter", type: "filter", help: 'Conditions (e.g. "label=<label>")' }, { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" }],
  configured: { filters: true },
  load: () => import("../commands/volume-prune.ts"),
};

export const RENAME: CommandSpec = { summary: "Give a volume that no container uses another name", usage: "OLD_NAME NEW_NAME", args: [2, 2], flags: [], load: () => import("../commands/volume-rename.ts") };

export const SAVE: CommandSpec = {
  summary: "Save all that a volume holds to a tar archive (streamed to STDOUT by default)",
  usage: "[OPTIONS] VOLUME",
  args: [1, 1],
  flags: [{ name: "output", short: "o", type: "string", help: "Write to a file, instead of STDOUT" }],
  load: () => import("../commands/volume-save.ts"),
};

export const LOAD: CommandSpec = {
  summary: "Fill a volume from a tar archive or STDIN; it is made if it is not there",
  usage: "[OPTIONS] VOLUME",
  args: [1, 1],
  flags: [{ name: "input", short: "i", type: "string", help: "Read from this file instead of STDIN" }],
  load: () => import("../commands/volume-load.ts"),
};

export const UPDATE: CommandSpec = {
  summary: "Change a cluster volume: this engine has none",
  usage: "[OPTIONS] VOLUME",
  args: [1, 1],
  flags: [{ name: "availability", type: "string", default: '"active"', help: 'Availability of a cluster volume ("active", "pause", "drain")' }],
  load: () => import("../commands/volume-update.ts"),
};
