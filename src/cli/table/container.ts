import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";
import { CREATE_FLAGS, RUN_FLAGS } from "./create-flags.ts";

const FORMAT: Flag = { name: "format", type: "string", help: "Format the output with a Go template, 'table', 'table TEMPLATE' or 'json'" };
const FILTER: Flag = { name: "filter", short: "f", type: "filter", help: "Show only what matches these conditions" };
const DETACH_KEYS: Flag = { name: "detach-keys", type: "string", help: "Keys that detach from the container" };
const SIGNAL: Flag = { name: "signal", short: "s", type: "string", help: "Signal to send to the container" };
const TIMEOUT: Flag = { name: "timeout", short: "t", type: "int", help: "Seconds to wait before killing the container" };
const TIME: Flag = { name: "time", type: "int", hidden: true, help: "Seconds to wait before killing the container" };
const MANY = "CONTAINER [CONTAINER...]";

export const ATTACH: CommandSpec = {
  summary: "Attach standard input, output and error to a running container",
  usage: "[OPTIONS] CONTAINER",
  args: [1, 1],
  flags: [DETACH_KEYS, { name: "no-stdin", type: "bool", help: "Do not attach STDIN" }, { name: "sig-proxy", type: "bool", default: "true", help: "Pass signals on to the process" }],
  load: () => import("../commands/attach.ts"),
};

export const CREATE: CommandSpec = {
  summary: "Create a container",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: [1],
  flags: CREATE_FLAGS,
  interspersed: false,
  configured: { proxies: true },
  load: () => import("../commands/create.ts"),
};

export const RUN: CommandSpec = {
  summary: "Create a container from an image and run it",
  usage: "[OPTIONS] IMAGE [COMMAND] [ARG...]",
  args: [1],
  flags: RUN_FLAGS,
  interspersed: false,
  configured: { proxies: true },
  load: () => import("../commands/run.ts"),
};

export const EXEC: CommandSpec = {
  summary: "Execute a command in a running container",
  usage: "[OPTIONS] CONTAINER COMMAND [ARG...]",
  args: [2],
  flags: [
    { name: "detach", short: "d", type: "bool", help: "Run the command in the background" },
    DETACH_KEYS,
    { name: "env", short: "e", type: "list", help: "Set environment variables" },
    { name: "env-file", type: "list", help: "Read environment variables from a file" },
    { name: "interactive", short: "i", type: "bool", help: "Keep STDIN open even if not attached" },
    { name: "privileged", type: "bool", help: "Give the command extended privileges" },
    { name: "tty", short: "t", type: "bool", help: "Give it a terminal" },
    { name: "user", short: "u", type: "string", help: "User name or UID (<name|uid>[:<group|gid>])" },
    { name: "workdir", short: "w", type: "string", help: "Working directory inside the container" },
  ],
  interspersed: false,
  load: () => import("../commands/exec.ts"),
};

export const DEBUG: CommandSpec = {
  summary: "Use a toolbox image's programs inside a running container, without changing it",
  usage: "[OPTIONS] CONTAINER [COMMAND] [ARG...]",
  args: [1],
  flags: [
    { name: "env", short: "e", type: "list", help: "Set environment variables of the toolbox" },
    { name: "image", type: "string", default: '"busybox"', help: "Image whose programs are used; it needs /bin/sh" },
    { name: "interactive", short: "i", type: "bool", help: "Keep STDIN open for COMMAND" },
  ],
  interspersed: false,
  load: () => import("../commands/debug.ts"),
};

export const INSPECT_CONTAINER: CommandSpec = {
  summary: "Show everything about containers",
  usage: `[OPTIONS] ${MANY}`,
  args: [1],
  flags: [{ ...FORMAT, short: "f" }, { name: "size", short: "s", type: "bool", help: "Show total file sizes" }],
  load: () => import("../commands/inspect-container.ts"),
};

export const KILL: CommandSpec = { summary: "Kill running containers", usage: `[OPTIONS] ${MANY}`, args: [1], flags: [SIGNAL], load: () => import("../commands/kill.ts") };

export const LOGS: CommandSpec = {
  summary: "Show what a container has written",
  usage: "[OPTIONS] CONTAINER",
  args: [1, 1],
  flags: [
    { name: "clear", type: "bool", help: "Empty the log instead of showing it" },
    { name: "details", type: "bool", help: "Show the extra details of the log" },
    { name: "follow", short: "f", type: "bool", help: "Follow the output" },
    { name: "since", type: "string", help: 'Since this time ("2013-01-02T13:23:37Z") or so long ago ("42m")' },
    { name: "tail", short: "n", type: "string", default: '"all"', help: "Lines to show from the end" },
    { name: "timestamps", short: "t", type: "bool", help: "Show times" },
    { name: "until", type: "string", help: 'Before this time ("2013-01-02T13:23:37Z") or so long ago ("42m")' },
  ],
  load: () => import("../commands/logs.ts"),
};

export const PS: CommandSpec = {
  summary: "List containers",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    { name: "all", short: "a", type: "bool", help: "Show all containers (default shows just running)" },
    FILTER,
    FORMAT,
    { name: "last", short: "n", type: "int", default: "-1", help: "Show the n newest containers, in whatever state" },
    { name: "latest", short: "l", type: "bool", help: "Show the newest container, in whatever state" },
    { name: "no-trunc", type: "bool", help: "Do not shorten output" },
    { name: "quiet", short: "q", type: "bool", help: "Show only container IDs" },
    { name: "size", short: "s", type: "bool", help: "Show total file sizes" },
  ],
  configured: { format: "psFormat" },
  load: () => import("../commands/ps.ts"),
};

export const PAUSE: CommandSpec = { summary: "Pause all processes of containers", usage: MANY, args: [1], flags: [], load: () => import("../commands/pause.ts") };
export const UNPAUSE: CommandSpec = { summary: "Let paused containers go on", usage: MANY, args: [1], flags: [], load: () => import("../commands/unpause.ts") };
export const PORT: CommandSpec = { summary: "List port mappings of a container, or one of them", usage: "CONTAINER [PRIVATE_PORT[/PROTO]]", args: [1, 2], flags: [], load: () => import("../commands/port.ts") };

export const PRUNE_CONTAINERS: CommandSpec = {
  summary: "Remove all stopped containers",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ name: "filter", type: "filter", help: 'Conditions (e.g. "until=<timestamp>")' }, { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" }],
  configured: { filters: true },
  load: () => import("../commands/container-prune.ts"),
};

export const RENAME: CommandSpec = { summary: "Rename a container", usage: "CONTAINER NEW_NAME", args: [2, 2], flags: [], load: () => import("../commands/rename.ts") };
export const RESTART: CommandSpec = { summary: "Restart containers", usage: `[OPTIONS] ${MANY}`, args: [1], flags: [SIGNAL, TIME, TIMEOUT], load: () => import("../commands/restart.ts") };

export const RM: CommandSpec = {
  summary: "Remove containers",
  usage: `[OPTIONS] ${MANY}`,
  args: [1],
  flags: [
    { name: "force", short: "f", type: "bool", help: "Remove running ones too (with SIGKILL)" },
    { name: "link", short: "l", type: "bool", help: "Remove the link" },
    { name: "volumes", short: "v", type: "bool", help: "Remove anonymous volumes of the container too" },
  ],
  load: () => import("../commands/rm.ts"),
};

export const START: CommandSpec = {
  summary: "Start stopped containers",
  usage: `[OPTIONS] ${MANY}`,
  args: [1],
  flags: [
    { name: "attach", short: "a", type: "bool", help: "Attach STDOUT and STDERR and forward signals" },
    { name: "checkpoint", type: "string", hidden: true, help: "Restore from this checkpoint" },
    { name: "checkpoint-dir", type: "string", hidden: true, help: "Where checkpoints are kept" },
    DETACH_KEYS,
    { name: "interactive", short: "i", type: "bool", help: "Attach the container's STDIN" },
  ],
  load: () => import("../commands/start.ts"),
};

export const STATS: CommandSpec = {
  summary: "Show what containers use, while they run",
  usage: "[OPTIONS] [CONTAINER...]",
  args: [0],
  flags: [
    { name: "all", short: "a", type: "bool", help: "Show all containers (default shows just running)" },
    FORMAT,
    { name: "no-stream", type: "bool", help: "Show it once and end" },
    { name: "no-trunc", type: "bool", help: "Do not shorten output" },
  ],
  configured: { format: "statsFormat" },
  load: () => import("../commands/stats.ts"),
};

export const STOP: CommandSpec = { summary: "Stop running containers", usage: `[OPTIONS] ${MANY}`, args: [1], flags: [SIGNAL, TIME, TIMEOUT], load: () => import("../commands/stop.ts") };
export const TOP: CommandSpec = { summary: "Show the processes of a container", usage: "CONTAINER [ps OPTIONS]", args: [1], flags: [], interspersed: false, load: () => import("../commands/top.ts") };

const UPDATE_NAMES = [
  "blkio-weight", "cpu-period", "cpu-quota", "cpu-rt-period", "cpu-rt-runtime", "cpu-shares", "cpus", "cpuset-cpus", "cpuset-mems", "memory", "memory-reservation", "memory-swap", "pids-limit",
];

export const UPDATE: CommandSpec = {
  summary: "Change limits, restart policy, labels and ports of containers, at once when they run",
  usage: `[OPTIONS] ${MANY}`,
  args: [1],
  flags: [
    ...CREATE_FLAGS.filter(({ name }) => UPDATE_NAMES.includes(name)),
    { name: "kernel-memory", type: "bytes", hidden: true, help: "Kernel memory limit: taken and without effect, as by docker" },
    { name: "restart", type: "string", help: "What to do when the container exits" },
    { name: "label-add", type: "list", help: "Set a label" },
    { name: "label-rm", type: "list", help: "Take a label away" },
    { name: "publish-add", short: "p", type: "list", help: "Publish a further port" },
    { name: "publish-rm", type: "list", help: "Take a published port back (8080:80, or 80 for all of them)" },
  ],
  load: () => import("../commands/update.ts"),
};

export const WAIT: CommandSpec = { summary: "Wait until containers stop, then print their exit codes", usage: MANY, args: [1], flags: [], load: () => import("../commands/wait.ts") };
