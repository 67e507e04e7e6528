import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";

export const DRY_RUN: Flag = { name: "dry-run", type: "bool", help: "Say what would be done, and do nothing" };
const TIMEOUT: Flag = { name: "timeout", short: "t", type: "int", default: "0", help: "Seconds to wait for a container to end before it is killed" };
export const BUILD: Flag = { name: "build", type: "bool", help: "Build images before containers are started" };
export const NO_BUILD: Flag = { name: "no-build", type: "bool", help: "Build no image, even where the policy says so" };
export const PULL: Flag = { name: "pull", type: "string", default: '"policy"', help: 'Pull images before ("always", "missing", "never")' };
export const QUIET_PULL: Flag = { name: "quiet-pull", type: "bool", help: "Pull without showing progress" };
export const FORCE_RECREATE: Flag = { name: "force-recreate", type: "bool", help: "Make containers anew even if nothing has changed" };
export const NO_RECREATE: Flag = { name: "no-recreate", type: "bool", help: "Leave containers that are there as they are" };
export const REMOVE_ORPHANS: Flag = { name: "remove-orphans", type: "bool", help: "Remove containers of services that the file does not have" };
export const SCALE: Flag = { name: "scale", type: "list", help: "Number of containers of a service (web=3)" };
export const YES: Flag = { name: "yes", short: "y", type: "bool", help: "Answer yes to every question" };
const WAIT: Flag = { name: "wait", type: "bool", help: "Wait until services run, or are healthy; implies --detach" };
const WAIT_TIMEOUT: Flag = { name: "wait-timeout", type: "int", default: "0", help: "How many seconds to wait at most" };

const UP: CommandSpec = {
  summary: "Create and start containers",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [
    { name: "abort-on-container-exit", type: "bool", help: "Stop all containers when one has ended; not with -d" },
    { name: "abort-on-container-failure", type: "bool", help: "Stop all containers when one has failed; not with -d" },
    { name: "always-recreate-deps", type: "bool", help: "Make containers of dependencies anew; not with --no-recreate" },
    { name: "attach", type: "list", help: "Show the output of these services alone" },
    { name: "attach-dependencies", type: "bool", help: "Show the output of dependencies too" },
    BUILD,
    { name: "detach", short: "d", type: "bool", help: "Leave containers running in the background" },
    DRY_RUN,
    { name: "exit-code-from", type: "string", help: "Exit with the code of this service; implies --abort-on-container-exit" },
    FORCE_RECREATE,
    { name: "menu", type: "bool", help: "Offer keys while attached; not with --detach (COMPOSE_MENU)" },
    { name: "no-attach", type: "list", help: "Do not show the output of these services" },
    NO_BUILD,
    { name: "no-color", type: "bool", help: "Show output in one colour" },
    { name: "no-deps", type: "bool", help: "Do not start what the services depend on" },
    { name: "no-log-prefix", type: "bool", help: "Show output without names before it" },
    NO_RECREATE,
    { name: "no-start", type: "bool", help: "Make everything and start nothing" },
    PULL,
    { name: "quiet-build", type: "bool", help: "Build without showing progress" },
    QUIET_PULL,
    REMOVE_ORPHANS,
    { name: "renew-anon-volumes", short: "V", type: "bool", help: "Make volumes without a name anew" },
    { name: "rolling", type: "bool", help: "Start a replacement, and wait until it is healthy, before what it replaces is stopped" },
    SCALE,
    { ...TIMEOUT, help: "Seconds to wait for containers to end, when attached or already running" },
    { name: "timestamps", type: "bool", help: "Show times before output" },
    WAIT,
    WAIT_TIMEOUT,
    { name: "watch", short: "w", type: "bool", help: "Watch sources and bring services up to date when they change" },
    YES,
  ],
  load: () => import("../commands/compose/up.ts"),
};

const DOWN: CommandSpec = {
  summary: "Stop and remove containers, networks",
  usage: "[OPTIONS] [SERVICES]",
  args: [0],
  flags: [
    DRY_RUN,
    REMOVE_ORPHANS,
    { name: "rmi", type: "string", help: 'Remove images of services ("all"; "local": those without a name of their own)' },
    TIMEOUT,
    { name: "volumes", short: "v", type: "bool", help: "Remove the volumes of the file, and those without a name" },
  ],
  load: () => import("../commands/compose/down.ts"),
};

const START: CommandSpec = { summary: "Start services", usage: "[OPTIONS] [SERVICE...]", args: [0], flags: [DRY_RUN, WAIT, WAIT_TIMEOUT], load: () => import("../commands/compose/start.ts") };
const STOP: CommandSpec = { summary: "Stop services", usage: "[OPTIONS] [SERVICE...]", args: [0], flags: [DRY_RUN, TIMEOUT], load: () => import("../commands/compose/stop.ts") };
const RESTART: CommandSpec = {
  summary: "Restart service containers",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [DRY_RUN, { name: "no-deps", type: "bool", help: "Do not restart what depends on the services" }, TIMEOUT],
  load: () => import("../commands/compose/restart.ts"),
};
const KILL: CommandSpec = {
  summary: "Force stop service containers",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [DRY_RUN, REMOVE_ORPHANS, { name: "signal", short: "s", type: "string", default: '"SIGKILL"', help: "Signal to send" }],
  load: () => import("../commands/compose/kill.ts"),
};
const PAUSE: CommandSpec = { summary: "Pause services", usage: "[SERVICE...]", args: [0], flags: [DRY_RUN], load: () => import("../commands/compose/pause.ts") };
const UNPAUSE: CommandSpec = { summary: "Unpause services", usage: "[SERVICE...]", args: [0], flags: [DRY_RUN], load: () => import("../commands/compose/unpause.ts") };

/** Commands of `compose` that make, run and remove containers. */
export const LIFE: readonly Entry[] = [
  { name: "down", command: DOWN },
  { name: "kill", command: KILL },
  { name: "pause", command: PAUSE },
  { name: "restart", command: RESTART },
  { name: "start", command: START },
  { name: "stop", command: STOP },
  { name: "unpause", command: UNPAUSE },
  { name: "up", command: UP },
];
