import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";
import { BUILD, DRY_RUN, FORCE_RECREATE, NO_BUILD, NO_RECREATE, PULL, QUIET_PULL, REMOVE_ORPHANS, SCALE, YES } from "./compose-life.ts";

const QUIET: Flag = { name: "quiet", short: "q", type: "bool", help: "Show no progress" };
const INCLUDE_DEPS: Flag = { name: "include-deps", type: "bool", help: "Also images of what the services depend on" };

const CREATE: CommandSpec = {
  summary: "Create containers",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [BUILD, DRY_RUN, FORCE_RECREATE, NO_BUILD, NO_RECREATE, PULL, QUIET_PULL, REMOVE_ORPHANS, SCALE, YES],
  load: () => import("../commands/compose/create.ts"),
};
const RM: CommandSpec = {
  summary: "Remove containers that do not run",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [DRY_RUN, { name: "force", short: "f", type: "bool", help: "Do not ask" }, { name: "stop", short: "s", type: "bool", help: "Stop them first" }, { name: "volumes", short: "v", type: "bool", help: "Remove their volumes without a name" }],
  load: () => import("../commands/compose/rm.ts"),
};
const SCALE_COMMAND: CommandSpec = { summary: "Change how many containers services have", usage: "[SERVICE=REPLICAS...]", args: [1], flags: [DRY_RUN, { name: "no-deps", type: "bool", help: "Do not start what the services depend on" }], load: () => import("../commands/compose/scale.ts") };
const PULL_COMMAND: CommandSpec = {
  summary: "Pull images of services",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [
    DRY_RUN,
    { name: "ignore-buildable", type: "bool", help: "Leave out what can be built" },
    { name: "ignore-pull-failures", type: "bool", help: "Go on when an image cannot be pulled" },
    INCLUDE_DEPS,
    { name: "policy", type: "string", help: '"missing" or "always"' },
    QUIET,
  ],
  load: () => import("../commands/compose/pull.ts"),
};
const PUSH: CommandSpec = { summary: "Push images of services", usage: "[OPTIONS] [SERVICE...]", args: [0], flags: [DRY_RUN, { name: "ignore-push-failures", type: "bool", help: "Go on when an image cannot be pushed" }, INCLUDE_DEPS, QUIET], load: () => import("../commands/compose/push.ts") };
const EVENTS: CommandSpec = {
  summary: "Show what happens to containers, as it happens",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [DRY_RUN, { name: "json", type: "bool", help: "As JSON, one object per line" }, { name: "since", type: "string", help: "From this time on" }, { name: "until", type: "string", help: "Up to this time" }],
  load: () => import("../commands/compose/events.ts"),
};
const WAIT: CommandSpec = { summary: "Wait until containers of services end", usage: "SERVICE [SERVICE...] [OPTIONS]", args: [1], flags: [{ name: "down-project", type: "bool", help: "Take the project down when the first one ends" }, DRY_RUN], load: () => import("../commands/compose/wait.ts") };
const VIZ: CommandSpec = {
  summary: "Draw the services as a graph for graphviz",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    DRY_RUN,
    { name: "image", type: "bool", help: "With the names of images" },
    { name: "indentation-size", type: "int", default: "1", help: "How far lines are indented" },
    { name: "networks", type: "bool", help: "With networks" },
    { name: "ports", type: "bool", help: "With ports" },
    { name: "spaces", type: "bool", help: "Indent by spaces, not by tabs" },
  ],
  load: () => import("../commands/compose/viz.ts"),
};

const PUBLISH: CommandSpec = {
  summary: "Publish the project's files to a registry",
  usage: "[OPTIONS] REPOSITORY[:TAG]",
  args: [1, 1],
  flags: [
    { name: "app", type: "bool", help: "With the images" },
    DRY_RUN,
    { name: "oci-version", type: "string", help: '"1.0" or "1.1" of the image specification' },
    { name: "resolve-image-digests", type: "bool", help: "Pin image tags to digests" },
    { name: "with-env", type: "bool", help: "With variables of services" },
    YES,
  ],
  load: () => import("../commands/compose/publish.ts"),
};
const WATCH: CommandSpec = {
  summary: "Watch files, and bring services up to date when they change",
  usage: "[SERVICE...]",
  args: [0],
  flags: [
    DRY_RUN,
    { name: "no-up", type: "bool", help: "Do not build and start services first" },
    { name: "prune", type: "bool", default: "true", help: "Remove images that a rebuild leaves without a name" },
    { name: "quiet", type: "bool", help: "Build without showing progress" },
  ],
  load: () => import("../commands/compose/watch.ts"),
};

/** Commands of `compose` about containers to be, their images and their end. */
export const MAKE: readonly Entry[] = [
  { name: "create", command: CREATE },
  { name: "events", command: EVENTS },
  { name: "publish", command: PUBLISH },
  { name: "pull", command: PULL_COMMAND },
  { name: "push", command: PUSH },
  { name: "rm", command: RM },
  { name: "scale", command: SCALE_COMMAND },
  { name: "viz", command: VIZ },
  { name: "wait", command: WAIT },
  { name: "watch", command: WATCH },
];

const CONVERT: CommandSpec = {
  summary: "Convert the project into another model (not supported)",
  usage: "[OPTIONS]",
  args: [0],
  flags: [
    DRY_RUN,
    { name: "output", short: "o", type: "string", help: "Folder to write to" },
    { name: "templates", type: "string", help: "Folder of templates" },
    { name: "transformation", short: "t", type: "list", help: "Image that converts" },
  ],
  local: true,
  load: () => import("../commands/compose/bridge.ts"),
};

/** What docker-compose has for Docker Desktop. */
export const BRIDGE: Entry = { name: "bridge", summary: "Convert the project into another model", hidden: true, children: [{ name: "convert", command: CONVERT }] };

/** What docker-compose calls experimental. */
export const ALPHA: Entry = { name: "alpha", summary: "Experimental commands", hidden: true, children: [{ name: "publish", command: PUBLISH }, { name: "viz", command: VIZ }] };
