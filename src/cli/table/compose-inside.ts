import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";
import { BUILD, DRY_RUN, PULL, QUIET_PULL, REMOVE_ORPHANS } from "./compose-life.ts";
import { INDEX } from "./compose-look.ts";

const DETACH: Flag = { name: "detach", short: "d", type: "bool", help: "Leave it running in the background" };
const ENV: Flag = { name: "env", short: "e", type: "list", help: "Set a variable (NAME=value)" };
const USER: Flag = { name: "user", short: "u", type: "string", help: "Run as this user" };
const WORKDIR: Flag = { name: "workdir", short: "w", type: "string", help: "Folder in which it starts" };
const INTERACTIVE: Flag = { name: "interactive", short: "i", type: "bool", default: "true", help: "Keep standard input open" };

const EXEC: CommandSpec = {
  summary: "Execute a command in a running container",
  usage: "[OPTIONS] SERVICE COMMAND [ARGS...]",
  args: [2],
  flags: [
    DETACH, DRY_RUN, ENV, INDEX,
    { ...INTERACTIVE, hidden: true },
    { name: "no-tty", short: "T", type: "bool", help: "Allocate no terminal; without, there is one where standard input and output are" },
    { name: "privileged", type: "bool", help: "Give it all capabilities" },
    { name: "tty", short: "t", type: "bool", help: "Allocate a terminal", hidden: true },
    USER, WORKDIR,
  ],
  interspersed: false,
  load: () => import("../commands/compose/exec.ts"),
};

const TERMINAL: Flag = { name: "tty", short: "t", type: "bool", help: "Allocate a terminal", hidden: true };

const RUN: CommandSpec = {
  summary: "Run a command in a container of its own",
  usage: "[OPTIONS] SERVICE [COMMAND] [ARGS...]",
  args: [1],
  flags: [
    BUILD,
    { name: "cap-add", type: "list", help: "Give it a capability" },
    { name: "cap-drop", type: "list", help: "Take a capability from it" },
    { ...DETACH, help: "Leave it running in the background, and print its id" },
    DRY_RUN,
    { name: "entrypoint", type: "string", help: "Use this entry point" },
    ENV,
    { name: "env-from-file", type: "list", help: "Set the variables of a file" },
    INTERACTIVE,
    { name: "label", short: "l", type: "list", help: "Set a label (name=value)" },
    { name: "name", type: "string", help: "Name the container" },
    { name: "no-TTY", short: "T", type: "bool", help: "Allocate no terminal; without, there is one where standard input and output are" },
    { name: "no-deps", type: "bool", help: "Do not start what the service depends on" },
    { name: "publish", short: "p", type: "list", help: "Publish a port" },
    PULL,
    { name: "quiet", short: "q", type: "bool", help: "Show no progress" },
    { name: "quiet-build", type: "bool", help: "Build without showing progress" },
    QUIET_PULL, REMOVE_ORPHANS,
    { name: "rm", type: "bool", help: "Remove the container when it has ended" },
    { name: "service-ports", short: "P", type: "bool", help: "Publish the service's ports" },
    TERMINAL,
    { name: "use-aliases", type: "bool", help: "Let others find it by the service's name" },
    USER,
    { name: "volume", short: "v", type: "list", help: "Mount a path or a volume" },
    WORKDIR,
  ],
  interspersed: false,
  load: () => import("../commands/compose/run.ts"),
};

const ATTACH: CommandSpec = {
  summary: "Join a service's container with this terminal",
  usage: "[OPTIONS] SERVICE",
  args: [1, 1],
  flags: [
    { name: "detach-keys", type: "string", help: "Keys that leave it" },
    DRY_RUN, INDEX,
    { name: "no-stdin", type: "bool", help: "Leave standard input alone" },
    { name: "sig-proxy", type: "bool", default: "true", help: "Pass signals on to it" },
  ],
  load: () => import("../commands/compose/attach.ts"),
};

const CP: CommandSpec = {
  summary: "Copy files between a service's containers and this machine",
  usage: "[OPTIONS] SERVICE:SRC_PATH DEST_PATH|-\n\tdocker compose cp [OPTIONS] SRC_PATH|- SERVICE:DEST_PATH",
  args: [2, 2],
  flags: [
    { name: "all", type: "bool", help: "Also containers of run" },
    { name: "archive", short: "a", type: "bool", help: "Keep owners" },
    DRY_RUN,
    { name: "follow-link", short: "L", type: "bool", help: "Copy what a link leads to" },
    INDEX,
  ],
  load: () => import("../commands/compose/cp.ts"),
};

const COMMIT: CommandSpec = {
  summary: "Make an image of a service's container",
  usage: "[OPTIONS] SERVICE [REPOSITORY[:TAG]]",
  args: [1, 2],
  flags: [
    { name: "author", short: "a", type: "string", help: "Who made it" },
    { name: "change", short: "c", type: "list", help: "Apply an instruction of a Dockerfile" },
    DRY_RUN, INDEX,
    { name: "message", short: "m", type: "string", help: "What it is" },
    { name: "pause", short: "p", type: "bool", default: "true", help: "Pause the container meanwhile" },
  ],
  load: () => import("../commands/compose/commit.ts"),
};

const EXPORT: CommandSpec = { summary: "Write a service's container as an archive", usage: "[OPTIONS] SERVICE", args: [1, 1], flags: [DRY_RUN, INDEX, { name: "output", short: "o", type: "string", help: "Write to a file, not to standard output" }], load: () => import("../commands/compose/export.ts") };

/** Commands of `compose` about one service's container. */
export const INSIDE: readonly Entry[] = [
  { name: "attach", command: ATTACH },
  { name: "commit", command: COMMIT },
  { name: "cp", command: CP },
  { name: "exec", command: EXEC },
  { name: "export", command: EXPORT },
  { name: "run", command: RUN },
];
