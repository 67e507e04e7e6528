import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const FORMAT: Flag = { name: "format", short: "f", type: "string", help: "Format the output with a Go template, or 'json'" };
const TABLE_FORMAT: Flag = { name: "format", type: "string", help: "Format the output with a Go template, 'table', 'table TEMPLATE' or 'json'" };
const FILTER: Flag = { name: "filter", short: "f", type: "filter", help: "Show only what matches these conditions" };
const QUIET: Flag = { name: "quiet", short: "q", type: "bool", help: "Show only names" };
const FORCE: Flag = { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" };

export const VERSION: CommandSpec = { summary: "Show the versions of hako and of the engine", usage: "[OPTIONS]", args: [0, 0], flags: [FORMAT], load: () => import("../commands/version.ts") };
export const INFO: CommandSpec = { summary: "Show the state of the whole engine", usage: "[OPTIONS]", args: [0, 0], flags: [FORMAT], load: () => import("../commands/info.ts") };

export const DIAL_STDIO: CommandSpec = { summary: "Join STDIN and STDOUT with the engine's socket", usage: "", args: [0, 0], flags: [], load: () => import("../commands/dial-stdio.ts") };

export const EVENTS: CommandSpec = {
  summary: "Show what happens in the engine as it happens",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [FILTER, { ...FORMAT, short: "" }, { name: "since", type: "string", help: "Show events since this time" }, { name: "until", type: "string", help: "Show events until this time" }],
  load: () => import("../commands/events.ts"),
};

export const INSPECT: CommandSpec = {
  summary: "Show everything about objects of any kind",
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  args: [1],
  flags: [FORMAT, { name: "size", short: "s", type: "bool", help: "Show total file sizes of containers" }, { name: "type", type: "string", help: "Only objects of this type" }],
  load: () => import("../commands/inspect.ts"),
};

export const EXPLAIN: CommandSpec = {
  summary: "Show what a container or an image is made of: layers, changes, isolation, limits",
  usage: "[OPTIONS] CONTAINER|IMAGE [CONTAINER|IMAGE...]",
  args: [1],
  flags: [FORMAT, { name: "lang", type: "string", help: "Language of the text: en or ja (default: that of the locale)" }],
  load: () => import("../commands/explain.ts"),
};

export const SYSTEM_DF: CommandSpec = {
  summary: "Show what takes up space",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [TABLE_FORMAT, { name: "verbose", short: "v", type: "bool", help: "Show each object" }],
  load: () => import("../commands/system-df.ts"),
};

export const SYSTEM_CHECK: CommandSpec = {
  summary: "Verify every blob and layer of all images",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ name: "repair", type: "bool", default: "true", help: "Remove damaged blobs, to be pulled again, and unpack damaged layers again" }],
  load: () => import("../commands/system-check.ts"),
};

export const SYSTEM_PRUNE: CommandSpec = {
  summary: "Remove unused data",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    { name: "all", short: "a", type: "bool", help: "Remove all unused images, not just dangling ones" },
    { name: "filter", type: "filter", help: 'Conditions (e.g. "label=<key>=<value>")' },
    FORCE,
    { name: "volumes", type: "bool", help: "Remove anonymous volumes too" },
  ],
  configured: { filters: true },
  load: () => import("../commands/system-prune.ts"),
};

export const NETWORK_LS: CommandSpec = {
  summary: "List networks",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [FILTER, TABLE_FORMAT, { name: "no-trunc", type: "bool", help: "Do not shorten output" }, { ...QUIET, help: "Show only network IDs" }],
  configured: { format: "networksFormat" },
  load: () => import("../commands/network-ls.ts"),
};

export const NETWORK_INSPECT: CommandSpec = {
  summary: "Show everything about networks",
  usage: "[OPTIONS] NETWORK [NETWORK...]",
  args: [1],
  flags: [FORMAT, { name: "verbose", short: "v", type: "bool", help: "Show diagnostics too" }],
  load: () => import("../commands/network-inspect.ts"),
};
