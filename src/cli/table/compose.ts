import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";
import { IMAGES } from "./compose-build.ts";
import { INSIDE } from "./compose-inside.ts";
import { DRY_RUN, LIFE } from "./compose-life.ts";
import { LOOK } from "./compose-look.ts";
import { ALPHA, BRIDGE, MAKE } from "./compose-make.ts";

/** What may stand before the name of a compose command. */
const OPTIONS: readonly Flag[] = [
  { name: "all-resources", type: "bool", help: "Include all resources, even those not used by services" },
  { name: "ansi", type: "string", default: '"auto"', help: 'Control when to print ANSI control characters ("never", "always", "auto")' },
  { name: "compatibility", type: "bool", help: "Name containers as docker-compose 1 did" },
  DRY_RUN,
  { name: "env-file", type: "list", help: "Specify an alternate environment file" },
  { name: "file", short: "f", type: "list", help: "Compose configuration files" },
  { name: "parallel", type: "int", default: "-1", help: "Control max parallelism, -1 for unlimited" },
  { name: "profile", type: "list", help: "Specify a profile to enable" },
  { name: "progress", type: "string", help: "Set type of progress output (auto, tty, plain, json, quiet)" },
  { name: "project-directory", type: "string", help: "Specify an alternate working directory (default: the path of the, first specified, Compose file)" },
  { name: "project-name", short: "p", type: "string", help: "Project name" },
  { name: "workdir", type: "string", help: "Use --project-directory instead", hidden: true },
];

const only = (what: string): string => `Print the ${what}, one per line`;

const CONFIG: CommandSpec = {
  summary: "Parse, resolve and render compose file in canonical format",
  usage: "[OPTIONS] [SERVICE...]",
  args: [0],
  flags: [
    DRY_RUN,
    { name: "environment", type: "bool", help: "Print environment used for interpolation" },
    { name: "format", type: "string", help: "Format the output. Values: [yaml | json]" },
    { name: "hash", type: "string", help: only("service config hash") },
    { name: "images", type: "bool", help: only("image names") },
    { name: "lock-image-digests", type: "bool", help: "Produces an override file with image digests" },
    { name: "models", type: "bool", help: only("model names") },
    { name: "networks", type: "bool", help: only("network names") },
    { name: "no-consistency", type: "bool", help: "Don't check model consistency - warning: may produce invalid Compose output" },
    { name: "no-env-resolution", type: "bool", help: "Don't resolve service env files" },
    { name: "no-interpolate", type: "bool", help: "Don't interpolate environment variables" },
    { name: "no-normalize", type: "bool", help: "Don't normalize compose model" },
    { name: "no-path-resolution", type: "bool", help: "Don't resolve file paths" },
    { name: "output", short: "o", type: "string", help: "Save to file (default to stdout)" },
    { name: "profiles", type: "bool", help: only("profile names") },
    { name: "quiet", short: "q", type: "bool", help: "Only validate the configuration, don't print anything" },
    { name: "resolve-image-digests", type: "bool", help: "Pin image tags to digests" },
    { name: "services", type: "bool", help: only("service names") },
    { name: "variables", type: "bool", help: "Print model variables and default values" },
    { name: "volumes", type: "bool", help: only("volume names") },
  ],
  load: () => import("../commands/compose/config.ts"),
};

const VERSION: CommandSpec = {
  summary: "Show the Compose version information",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [DRY_RUN, { name: "format", short: "f", type: "string", help: "Format the output. Values: [pretty | json]. (Default: pretty)" }, { name: "short", type: "bool", help: "Shows only Compose's version number" }],
  local: true,
  load: () => import("../commands/compose/version.ts"),
};

/** `compose`; a command of it is one module below commands/compose. */
export const COMPOSE: Entry = {
  name: "compose",
  summary: "Define and run applications of several containers",
  section: "management",
  options: OPTIONS,
  children: [
    { name: "config", aliases: ["convert"], command: CONFIG },
    { name: "version", command: VERSION },
    ...IMAGES,
    ...INSIDE,
    ...LIFE,
    ...LOOK,
    ...MAKE,
    ALPHA,
    BRIDGE,
  ],
};
