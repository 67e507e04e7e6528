import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const DESCRIPTION: Flag = { name: "description", type: "string", help: "Description of the context" };
const DOCKER: Flag = { name: "docker", type: "pairs", default: "[]", help: "The engine: host=ADDRESS, ca=FILE, cert=FILE, key=FILE, skip-tls-verify=BOOL, or from=CONTEXT, parted by commas" };

export const CREATE: CommandSpec = {
  summary: "Create a context",
  usage: "[OPTIONS] CONTEXT",
  args: [1, 1],
  flags: [DESCRIPTION, DOCKER, { name: "from", type: "string", help: "Copy this context" }],
  local: true,
  load: () => import("../commands/context-create.ts"),
};

export const UPDATE: CommandSpec = { summary: "Change a context", usage: "[OPTIONS] CONTEXT", args: [1, 1], flags: [DESCRIPTION, DOCKER], local: true, load: () => import("../commands/context-update.ts") };
export const EXPORT: CommandSpec = { summary: "Write a context to a tar archive FILE or to STDOUT", usage: "[OPTIONS] CONTEXT [FILE|-]", args: [1, 2], flags: [], local: true, load: () => import("../commands/context-export.ts") };
export const IMPORT: CommandSpec = { summary: "Make a context of a tar archive", usage: "CONTEXT FILE|-", args: [2, 2], flags: [], local: true, load: () => import("../commands/context-import.ts") };
export const SHOW: CommandSpec = { summary: "Print the name of the context in use", usage: "", args: [0, 0], flags: [], local: true, load: () => import("../commands/context-show.ts") };
export const USE: CommandSpec = { summary: "Set the context to use from now on", usage: "CONTEXT", args: [1, 1], flags: [], local: true, load: () => import("../commands/context-use.ts") };

export const INSPECT: CommandSpec = {
  summary: "Show everything about contexts",
  usage: "[OPTIONS] [CONTEXT] [CONTEXT...]",
  args: [0],
  flags: [{ name: "format", short: "f", type: "string", help: "Format the output with a Go template, or 'json'" }],
  local: true,
  load: () => import("../commands/context-inspect.ts"),
};

export const LS: CommandSpec = {
  summary: "List contexts",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    { name: "format", type: "string", help: "Format the output with a Go template, 'table', 'table TEMPLATE' or 'json'" },
    { name: "quiet", short: "q", type: "bool", help: "Show only context names" },
  ],
  local: true,
  load: () => import("../commands/context-ls.ts"),
};

export const RM: CommandSpec = {
  summary: "Remove contexts",
  usage: "CONTEXT [CONTEXT...]",
  args: [1],
  flags: [{ name: "force", short: "f", type: "bool", help: "Remove it even while it is in use" }],
  local: true,
  load: () => import("../commands/context-rm.ts"),
};
