import type { CommandSpec, Entry } from "../command.ts";
import type { Flag } from "../flags.ts";

const TRUST: Flag = { name: "disable-content-trust", type: "bool", default: "true", hidden: true, help: "Has no effect" };
const GRANT: Flag = { name: "grant-all-permissions", type: "bool", hidden: true, help: "Of a managed plugin: this engine has none" };
const force = (help: string): Flag => ({ name: "force", short: "f", type: "bool", help });

const LS: CommandSpec = {
  summary: "List plugins",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    { name: "filter", short: "f", type: "filter", help: 'Show only what matches these conditions (e.g. "enabled=true")' },
    { name: "format", type: "string", help: "Format the output with a Go template, 'table', 'table TEMPLATE' or 'json'" },
    { name: "no-trunc", type: "bool", help: "Don't truncate output" },
    { name: "quiet", short: "q", type: "bool", help: "Show only plugin IDs" },
  ],
  configured: { format: "pluginsFormat" },
  load: () => import("../commands/plugin-ls.ts"),
};

const INSPECT: CommandSpec = {
  summary: "Show everything about plugins",
  usage: "[OPTIONS] PLUGIN [PLUGIN...]",
  args: [1],
  flags: [{ name: "format", short: "f", type: "string", help: "Format the output with a Go template, or 'json'" }],
  load: () => import("../commands/plugin-inspect.ts"),
};

const change = (summary: string, usage: string, args: CommandSpec["args"], flags: readonly Flag[] = []): CommandSpec => ({ summary, usage, args, flags, load: () => import("../commands/plugin-change.ts") });
const refuse = (summary: string, usage: string, args: CommandSpec["args"], flags: readonly Flag[] = []): CommandSpec => ({ summary, usage, args, flags, load: () => import("../commands/plugin-refuse.ts") });

/** Managed plugins are what Docker has and this engine has not; scripts that look for some find none. */
export const PLUGIN: Entry = {
  name: "plugin",
  summary: "Managed plugins of Docker engines",
  children: [
    { name: "create", command: refuse("Not supported: drivers listen on sockets", "[OPTIONS] PLUGIN PLUGIN-DATA-DIR", [2, 2], [{ name: "compress", type: "bool", hidden: true, help: "Of a managed plugin: this engine has none" }]) },
    { name: "disable", command: change("Disable a plugin", "[OPTIONS] PLUGIN", [1, 1], [force("Also one that is in use")]) },
    { name: "enable", command: change("Enable a plugin", "[OPTIONS] PLUGIN", [1, 1], [{ name: "timeout", type: "int", default: "30", help: "Seconds that its socket is given" }]) },
    { name: "inspect", command: INSPECT },
    { name: "install", command: refuse("Not supported: drivers listen on sockets", "[OPTIONS] PLUGIN [KEY=VALUE...]", [1], [{ name: "alias", type: "string", hidden: true, help: "Of a managed plugin: this engine has none" }, { name: "disable", type: "bool", hidden: true, help: "Of a managed plugin: this engine has none" }, TRUST, GRANT]) },
    { name: "ls", aliases: ["list"], command: LS },
    { name: "push", command: refuse("Not supported: drivers listen on sockets", "[OPTIONS] PLUGIN[:TAG]", [1, 1], [TRUST]) },
    { name: "rm", aliases: ["remove"], command: change("Remove plugins", "[OPTIONS] PLUGIN [PLUGIN...]", [1], [force("Also those that are in use")]) },
    { name: "set", command: change("Change settings of a plugin", "PLUGIN KEY=VALUE [KEY=VALUE...]", [2]) },
    { name: "upgrade", command: refuse("Not supported: drivers listen on sockets", "[OPTIONS] PLUGIN [REMOTE]", [1, 2], [TRUST, GRANT, { name: "skip-remote-check", type: "bool", hidden: true, help: "Of a managed plugin: this engine has none" }]) },
  ],
};
