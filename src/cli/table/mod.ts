import type { CommandSpec, Entry } from "../command.ts";
import { BUILD } from "./build.ts";
import { BAKE, BUILDER_GROUP, BUILDX_GROUP } from "./buildx.ts";
import { COMPLETION } from "./completion.ts";
import { COMPOSE } from "./compose.ts";
import * as container from "./container.ts";
import * as context from "./context.ts";
import * as engine from "./engine.ts";
import * as files from "./files.ts";
import * as image from "./image.ts";
import { MANIFEST } from "./manifest.ts";
import * as network from "./network.ts";
import { PLUGIN } from "./plugin.ts";
import * as registry from "./registry.ts";
import { COLLECT, SERVE, START, STATUS, STOP } from "./registry-serve.ts";
import * as system from "./system.ts";
import * as volume from "./volume.ts";

/** Every name of the command line. Help, errors, completion and reference pages derive from it. */
export const TABLE: readonly Entry[] = [
  { name: "run", command: container.RUN, section: "common" },
  { name: "exec", command: container.EXEC, section: "common" },
  { name: "ps", command: container.PS, section: "common" },
  { name: "bake", command: BAKE },
  { name: "build", command: BUILD, section: "common" },
  { name: "pull", command: image.PULL, section: "common" },
  { name: "push", command: image.PUSH, section: "common" },
  { name: "images", command: image.IMAGES, section: "common" },
  { name: "login", command: registry.LOGIN, section: "common" },
  { name: "logout", command: registry.LOGOUT, section: "common" },
  { name: "search", command: registry.SEARCH, section: "common" },
  { name: "version", command: system.VERSION, section: "common" },
  { name: "info", command: system.INFO, section: "common" },
  BUILDER_GROUP,
  BUILDX_GROUP,
  {
    name: "container",
    summary: "Manage containers",
    section: "management",
    children: [
      { name: "attach", command: container.ATTACH },
      { name: "commit", command: files.COMMIT },
      { name: "cp", command: files.CP },
      { name: "create", command: container.CREATE },
      { name: "diff", command: files.DIFF },
      { name: "exec", command: container.EXEC },
      { name: "export", command: files.EXPORT },
      { name: "inspect", command: container.INSPECT_CONTAINER },
      { name: "kill", command: container.KILL },
      { name: "logs", command: container.LOGS },
      { name: "ls", aliases: ["list", "ps"], command: container.PS },
      { name: "pause", command: container.PAUSE },
      { name: "port", command: container.PORT },
      { name: "prune", command: container.PRUNE_CONTAINERS },
      { name: "rename", command: container.RENAME },
      { name: "restart", command: container.RESTART },
      { name: "rm", aliases: ["remove"], command: container.RM },
      { name: "run", command: container.RUN },
      { name: "start", command: container.START },
      { name: "stats", command: container.STATS },
      { name: "stop", command: container.STOP },
      { name: "top", command: container.TOP },
      { name: "unpause", command: container.UNPAUSE },
      { name: "update", command: container.UPDATE },
      { name: "wait", command: container.WAIT },
    ],
  },
  { name: "completion", summary: "Print the script that completes commands in a shell", section: "management", children: COMPLETION },
  COMPOSE,
  {
    name: "context",
    summary: "Manage contexts",
    section: "management",
    children: [
      { name: "create", command: context.CREATE },
      { name: "export", command: context.EXPORT },
      { name: "import", command: context.IMPORT },
      { name: "inspect", command: context.INSPECT },
      { name: "ls", aliases: ["list"], command: context.LS },
      { name: "rm", aliases: ["remove"], command: context.RM },
      { name: "show", command: context.SHOW },
      { name: "update", command: context.UPDATE },
      { name: "use", command: context.USE },
    ],
  },
  {
    name: "image",
    summary: "Manage images",
    section: "management",
    children: [
      { name: "bootstrap", command: image.BOOTSTRAP },
      { name: "build", command: BUILD },
      { name: "history", command: image.HISTORY },
      { name: "import", command: image.IMPORT },
      { name: "inspect", command: image.INSPECT_IMAGE },
      { name: "load", command: image.LOAD },
      { name: "ls", aliases: ["list"], command: image.IMAGES },
      { name: "prune", command: image.PRUNE_IMAGES },
      { name: "pull", command: image.PULL },
      { name: "push", command: image.PUSH },
      { name: "rm", aliases: ["remove"], command: image.RMI },
      { name: "save", command: image.SAVE },
      { name: "tag", command: image.TAG },
    ],
  },
  MANIFEST,
  {
    name: "network",
    summary: "Manage networks",
    section: "management",
    children: [
      { name: "connect", command: network.CONNECT },
      { name: "create", command: network.CREATE },
      { name: "disconnect", command: network.DISCONNECT },
      { name: "explain", command: network.EXPLAIN },
      { name: "inspect", command: system.NETWORK_INSPECT },
      { name: "ls", aliases: ["list"], command: system.NETWORK_LS },
      { name: "prune", command: network.PRUNE },
      { name: "rm", aliases: ["remove"], command: network.RM },
    ],
  },
  PLUGIN,
  {
    name: "registry",
    summary: "Run a registry",
    section: "management",
    children: [
      { name: "gc", command: COLLECT },
      { name: "serve", command: SERVE },
      { name: "start", command: START },
      { name: "status", command: STATUS },
      { name: "stop", command: STOP },
    ],
  },
  {
    name: "system",
    summary: "Manage the engine",
    section: "management",
    children: [
      { name: "check", command: system.SYSTEM_CHECK },
      { name: "df", command: system.SYSTEM_DF },
      { name: "dial-stdio", command: system.DIAL_STDIO, hidden: true },
      { name: "events", command: system.EVENTS },
      { name: "info", command: system.INFO },
      { name: "prune", command: system.SYSTEM_PRUNE },
      { name: "uninstall", command: engine.UNINSTALL },
    ],
  },
  {
    name: "volume",
    summary: "Manage volumes",
    section: "management",
    children: [
      { name: "create", command: volume.CREATE },
      { name: "inspect", command: volume.INSPECT },
      { name: "ls", aliases: ["list"], command: volume.LS },
      { name: "load", command: volume.LOAD },
      { name: "prune", command: volume.PRUNE },
      { name: "rename", command: volume.RENAME },
      { name: "rm", aliases: ["remove"], command: volume.RM },
      { name: "save", command: volume.SAVE },
      { name: "update", command: volume.UPDATE },
    ],
  },
  { name: "attach", command: container.ATTACH },
  { name: "commit", command: files.COMMIT },
  { name: "cp", command: files.CP },
  { name: "create", command: container.CREATE },
  { name: "daemon", command: engine.DAEMON },
  { name: "diff", command: files.DIFF },
  { name: "debug", command: container.DEBUG },
  { name: "events", command: system.EVENTS },
  { name: "explain", command: system.EXPLAIN },
  { name: "export", command: files.EXPORT },
  { name: "history", command: image.HISTORY },
  { name: "import", command: image.IMPORT },
  { name: "inspect", command: system.INSPECT },
  { name: "kill", command: container.KILL },
  { name: "load", command: image.LOAD },
  { name: "logs", command: container.LOGS },
  { name: "pause", command: container.PAUSE },
  { name: "port", command: container.PORT },
  { name: "rename", command: container.RENAME },
  { name: "restart", command: container.RESTART },
  { name: "rm", command: container.RM },
  { name: "rmi", command: image.RMI },
  { name: "save", command: image.SAVE },
  { name: "start", command: container.START },
  { name: "stats", command: container.STATS },
  { name: "stop", command: container.STOP },
  { name: "tag", command: image.TAG },
  { name: "top", command: container.TOP },
  { name: "unpause", command: container.UNPAUSE },
  { name: "update", command: container.UPDATE },
  { name: "wait", command: container.WAIT },
];

/** Docker's commands that are still to come; each is answered with a sentence instead of "unknown command". */
export const NOT_YET: ReadonlySet<string> = new Set([
  "trust", "checkpoint", "node", "secret", "service", "stack", "swarm", "config",
]);

/** All names that lead to one command, management names first, as help shows them. */
export function namesOf(command: CommandSpec, entries: readonly Entry[] = TABLE): string[] {
  const grouped: string[] = [];
  const top: string[] = [];
  for (const entry of entries) {
    for (const child of entry.children ?? []) if (child.command === command) grouped.push(...[child.name, ...(child.aliases ?? [])].map((name) => `${entry.name} ${name}`));
    if (entry.command === command) top.push(entry.name, ...(entry.aliases ?? []));
  }
  return [...grouped, ...top];
}
