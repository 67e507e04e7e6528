import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";
import { DRY_RUN } from "./compose-life.ts";

export const INDEX: Flag = { name: "index", type: "int", default: "0", help: "Which of a service's containers, counted from 1" };
const ALL: Flag = { name: "all", short: "a", type: "bool", help: "Also those that do not run" };
const QUIET_IDS: Flag = { name: "quiet", short: "q", type: "bool", help: "Print ids alone" };
const NO_TRUNC: Flag = { name: "no-trunc", type: "bool", help: "Show everything at its full length" };
const FORMAT: Flag = { name: "format", type: "string", help: '"table", "table TEMPLATE", "json" or a template' };
const TABLE_OR_JSON: Flag = { name: "format", type: "string", default: '"table"', help: '"table" or "json"' };
const SINCE: Flag = { name: "since", type: "string", help: "From this time on (2013-01-02T13:23:37Z), or from so long ago (42m)" };
const UNTIL: Flag = { name: "until", type: "string", help: "Up to this time, or up to so long ago" };

const PS: CommandSpec = {
  summary: "List containers",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [
    { ...ALL, help: "Also those that do not run, and those of run" },
    DRY_RUN,
    { name: "filter", type: "string", help: "Filter containers by a property (status=running)" },
    { ...FORMAT, default: '"table"' },
    NO_TRUNC,
    { name: "orphans", type: "bool", default: "true", help: "Also containers of services that the file does not have" },
    QUIET_IDS,
    { name: "services", type: "bool", help: "Print names of services alone" },
    { name: "status", type: "list", help: "Only those that are: paused, restarting, removing, running, dead, created, exited" },
  ],
  load: () => import("../commands/compose/ps.ts"),
};

const LS: CommandSpec = {
  summary: "List projects",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ ...ALL, help: "Also projects of which nothing runs" }, DRY_RUN, { name: "filter", type: "filter", help: "Filter projects (name=PATTERN)" }, TABLE_OR_JSON, { name: "quiet", short: "q", type: "bool", help: "Print names alone" }],
  load: () => import("../commands/compose/ls.ts"),
};

const LOGS: CommandSpec = {
  summary: "Show what containers write",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [
    DRY_RUN,
    { name: "follow", short: "f", type: "bool", help: "Go on while containers run" },
    INDEX,
    { name: "no-color", type: "bool", help: "Show output in one colour" },
    { name: "no-log-prefix", type: "bool", help: "Show output without names before it" },
    SINCE,
    { name: "tail", short: "n", type: "string", default: '"all"', help: "How many lines from the end of each container's output" },
    { name: "timestamps", short: "t", type: "bool", help: "Show times before output" },
    UNTIL,
  ],
  load: () => import("../commands/compose/logs.ts"),
};

const PORT: CommandSpec = {
  summary: "Print where a port is published",
  usage: "[OPTIONS] SERVICE PRIVATE_PORT",
  args: [2, 2],
  flags: [DRY_RUN, INDEX, { name: "protocol", type: "string", default: '"tcp"', help: '"tcp" or "udp"' }],
  load: () => import("../commands/compose/port.ts"),
};

const IMAGES: CommandSpec = { summary: "List the images of containers", usage: "[OPTIONS] [SERVICE...]", args: [0], flags: [DRY_RUN, TABLE_OR_JSON, QUIET_IDS], load: () => import("../commands/compose/images.ts") };
const TOP: CommandSpec = { summary: "Show the processes of containers", usage: "[SERVICES...]", args: [0], flags: [DRY_RUN], load: () => import("../commands/compose/top.ts") };
const STATS: CommandSpec = {
  summary: "Show what containers use, as it changes",
  usage: "[OPTIONS] [SERVICE]",
  args: [0, 1],
  flags: [ALL, DRY_RUN, FORMAT, { name: "no-stream", type: "bool", help: "Show it once" }, NO_TRUNC],
  load: () => import("../commands/compose/stats.ts"),
};
const VOLUMES: CommandSpec = { summary: "List volumes", usage: "[OPTIONS] [SERVICE...]", args: [0], flags: [DRY_RUN, { ...FORMAT, default: '"table"' }, { name: "quiet", short: "q", type: "bool", help: "Print names alone" }], load: () => import("../commands/compose/volumes.ts") };

const EXPLAIN: CommandSpec = { summary: "Show what up would change, and why", usage: "[OPTIONS] [SERVICE...]", args: [0], flags: [DRY_RUN, { name: "format", type: "string", default: '"text"', help: '"text" or "json"' }], load: () => import("../commands/compose/explain.ts") };

/** Commands of `compose` that show what there is. */
export const LOOK: readonly Entry[] = [
  { name: "explain", command: EXPLAIN },
  { name: "images", command: IMAGES },
  { name: "logs", command: LOGS },
  { name: "ls", command: LS },
  { name: "port", command: PORT },
  { name: "ps", command: PS },
  { name: "stats", command: STATS },
  { name: "top", command: TOP },
  { name: "volumes", command: VOLUMES },
];
