import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";
import { ALWAYS, BUILD, PROGRESS } from "./build.ts";

const FILTER: Flag = { name: "filter", type: "filter", help: "Provide filter values" };
const [BUILDER, DEBUG] = ALWAYS as readonly [Flag, Flag];
const FORMAT: Flag = { name: "format", type: "string", help: "Format the output" };

const DU: CommandSpec = {
  summary: "Disk usage",
  usage: "",
  args: [0, 0],
  flags: [...ALWAYS, FILTER, FORMAT, { name: "verbose", type: "bool", help: 'Shorthand for "--format=pretty"' }],
  load: () => import("../commands/buildx/du.ts"),
};

const PRUNE: CommandSpec = {
  summary: "Remove build cache",
  usage: "",
  args: [0, 0],
  flags: [
    { name: "all", short: "a", type: "bool", help: "Include internal/frontend images" },
    ...ALWAYS,
    FILTER,
    { name: "force", short: "f", type: "bool", help: "Do not prompt for confirmation" },
    { name: "max-used-space", type: "bytes", help: "Maximum amount of disk space allowed to keep for cache" },
    { name: "min-free-space", type: "bytes", help: "Target amount of free disk space after pruning" },
    { name: "reserved-space", type: "bytes", help: "Amount of disk space always allowed to keep for cache" },
    { name: "keep-storage", type: "bytes", hidden: true, help: "Amount of disk space to keep for cache" },
    { name: "verbose", type: "bool", help: "Provide a more verbose output" },
  ],
  configured: { filters: true },
  load: () => import("../commands/buildx/prune.ts"),
};

const LS: CommandSpec = { summary: "List builder instances", usage: "", args: [0, 0], flags: [DEBUG, { ...FORMAT, default: "table" }, { name: "no-trunc", type: "bool", help: "Don't truncate output" }], load: () => import("../commands/buildx/ls.ts") };
const INSPECT: CommandSpec = { summary: "Inspect current builder instance", usage: "[NAME]", args: [0, 1], flags: [{ name: "bootstrap", type: "bool", help: "Ensure builder has booted before inspecting" }, ...ALWAYS], load: () => import("../commands/buildx/inspect.ts") };
const VERSION: CommandSpec = { summary: "Show buildx version information", usage: "", args: [0, 0], flags: [DEBUG], local: true, load: () => import("../commands/buildx/version.ts") };

/** There is one builder, the engine: what makes, chooses and ends others says so. */
const CREATE: CommandSpec = {
  summary: "Create a new builder instance",
  usage: "[OPTIONS] [CONTEXT|ENDPOINT]",
  args: [0, 1],
  flags: [
    { name: "append", type: "bool", help: "Append a node to builder instead of changing it" },
    { name: "bootstrap", type: "bool", help: "Boot builder after creation" },
    { name: "buildkitd-config", type: "string", help: "BuildKit daemon config file" },
    { name: "buildkitd-flags", type: "string", help: "BuildKit daemon flags" },
    DEBUG,
    { name: "driver", type: "string", help: 'Driver to use (available: "docker")' },
    { name: "driver-opt", type: "list", help: "Options for the driver" },
    { name: "leave", type: "bool", help: "Remove a node from builder instead of changing it" },
    { name: "name", type: "string", help: "Builder instance name" },
    { name: "node", type: "string", help: "Create/modify node with given name" },
    { name: "platform", type: "list", help: "Fixed platforms for current node" },
    { name: "use", type: "bool", help: "Set the current builder instance" },
  ],
  local: true,
  load: () => import("../commands/buildx/create.ts"),
};
const RM: CommandSpec = {
  summary: "Remove one or more builder instances",
  usage: "[OPTIONS] [NAME] [NAME...]",
  args: [0],
  flags: [
    { name: "all-inactive", type: "bool", help: "Remove all inactive builders" },
    ...ALWAYS,
    { name: "force", short: "f", type: "bool", help: "Do not prompt for confirmation" },
    { name: "keep-daemon", type: "bool", help: "Keep the BuildKit daemon running" },
    { name: "keep-state", type: "bool", help: "Keep BuildKit state" },
  ],
  local: true,
  load: () => import("../commands/buildx/rm.ts"),
};
const USE: CommandSpec = {
  summary: "Set the current builder instance",
  usage: "[OPTIONS] NAME",
  args: [1, 1],
  flags: [BUILDER, DEBUG, { name: "default", type: "bool", help: "Set builder as default for current context" }, { name: "global", type: "bool", help: "Builder persists context changes" }],
  local: true,
  load: () => import("../commands/buildx/use.ts"),
};
const STOP: CommandSpec = { summary: "Stop builder instance", usage: "[NAME]", args: [0, 1], flags: ALWAYS, local: true, load: () => import("../commands/buildx/use.ts") };

export const BAKE: CommandSpec = {
  summary: "Build from a file",
  usage: "[OPTIONS] [TARGET...]",
  args: [0],
  flags: [
    { name: "allow", type: "list", help: "Allow build to access specified resources" },
    BUILDER,
    { name: "call", type: "string", default: '"build"', help: 'Set method for evaluating build ("check", "outline", "targets")' },
    { name: "check", type: "bool", help: 'Shorthand for "--call=check"' },
    DEBUG,
    { name: "file", short: "f", type: "list", help: "Definition file (HCL, JSON, Compose)" },
    { name: "list", type: "string", help: 'List targets or variables ("targets", "type=variables,format=json")' },
    { name: "load", type: "bool", help: 'Shorthand for "--set=*.output=type=docker"' },
    { name: "metadata-file", type: "string", help: "Write build result metadata to a file" },
    { name: "no-cache", type: "bool", help: "Do not use cache when building the image" },
    { name: "print", type: "bool", help: "Print what would be built" },
    PROGRESS,
    { name: "provenance", type: "string", help: 'Shorthand for "--set=*.attest=type=provenance"' },
    { name: "pull", type: "bool", help: "Always attempt to pull all referenced images" },
    { name: "push", type: "bool", help: 'Shorthand for "--set=*.output=type=registry"' },
    { name: "sbom", type: "string", help: 'Shorthand for "--set=*.attest=type=sbom"' },
    { name: "set", type: "list", help: 'Override a value of targets ("target*.key=value")' },
  ],
  load: () => import("../commands/buildx/bake.ts"),
};

const HISTORY: readonly Entry[] = [
  {
    name: "inspect",
    command: { summary: "Inspect a build record", usage: "[OPTIONS] [REF]", args: [0, 1], flags: [...ALWAYS, { ...FORMAT, default: "pretty" }], load: () => import("../commands/buildx/history-inspect.ts") },
  },
  { name: "logs", command: { summary: "Print the logs of a build record", usage: "[OPTIONS] [REF]", args: [0, 1], flags: [...ALWAYS, { ...PROGRESS, default: "plain" }], load: () => import("../commands/buildx/history-logs.ts") } },
  {
    name: "ls",
    command: {
      summary: "List build records",
      usage: "[OPTIONS]",
      args: [0, 0],
      flags: [
        ...ALWAYS,
        { name: "filter", type: "list", help: 'Provide filter values (e.g., "status=error")' },
        { ...FORMAT, default: "table" },
        { name: "local", type: "bool", help: "List records for current repository only" },
        { name: "no-trunc", type: "bool", help: "Don't truncate output" },
      ],
      load: () => import("../commands/buildx/history-ls.ts"),
    },
  },
  { name: "rm", command: { summary: "Remove build records", usage: "[OPTIONS] [REF...]", args: [0], flags: [{ name: "all", type: "bool", help: "Remove all build records" }, ...ALWAYS], load: () => import("../commands/buildx/history-rm.ts") } },
];

const IMAGETOOLS: readonly Entry[] = [
  {
    name: "create",
    command: {
      summary: "Create a new image based on source images",
      usage: "[OPTIONS] [SOURCE...]",
      args: [0],
      flags: [
        { name: "annotation", type: "list", help: "Add annotation to the image" },
        { name: "append", type: "bool", help: "Append to existing manifest" },
        ...ALWAYS,
        { name: "dry-run", type: "bool", help: "Show final image instead of pushing" },
        { name: "file", short: "f", type: "list", help: "Read source descriptor from file" },
        { name: "platform", short: "p", type: "list", help: "Filter specified platforms of target image" },
        { name: "prefer-index", type: "bool", default: "true", help: "When only a single source is specified, prefer outputting an image index or manifest list instead of performing a carbon copy" },
        PROGRESS,
        { name: "tag", short: "t", type: "list", help: "Set reference for new image" },
      ],
      local: true,
      load: () => import("../commands/buildx/imagetools-create.ts"),
    },
  },
  {
    name: "inspect",
    command: {
      summary: "Show details of an image in the registry",
      usage: "[OPTIONS] NAME",
      args: [1, 1],
      flags: [...ALWAYS, { ...FORMAT, help: "Format the output using the given Go template" }, { name: "raw", type: "bool", help: "Show original, unformatted JSON manifest" }],
      local: true,
      load: () => import("../commands/buildx/imagetools-inspect.ts"),
    },
  },
];

const CHILDREN: readonly Entry[] = [
  { name: "bake", aliases: ["f"], command: BAKE },
  { name: "build", aliases: ["b"], command: BUILD },
  { name: "create", command: CREATE },
  { name: "du", command: DU },
  { name: "history", summary: "Commands to work on build records", children: HISTORY },
  { name: "imagetools", summary: "Commands to work on images in registry", children: IMAGETOOLS },
  { name: "inspect", command: INSPECT },
  { name: "ls", command: LS },
  { name: "prune", command: PRUNE },
  { name: "rm", command: RM },
  { name: "stop", command: STOP },
  { name: "use", command: USE },
  { name: "version", command: VERSION },
];

/** One set of commands under docker's two names for it. */
export const BUILDER_GROUP: Entry = { name: "builder", summary: "Manage builds", section: "management", options: ALWAYS, children: CHILDREN };
export const BUILDX_GROUP: Entry = { name: "buildx", summary: "Docker's name for the commands of builder", section: "management", options: ALWAYS, children: CHILDREN };
