import type { CommandSpec } from "../command.ts";

// The engine's settings are many, and their checks more: no other command's start is to pay for them.
export const DAEMON: CommandSpec = {
  summary: "Run the engine in the foreground",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [],
  loadFlags: async () => (await import("./engine-flags.ts")).DAEMON_FLAGS,
  local: true,
  load: () => import("../commands/daemon.ts"),
};

export const UNINSTALL: CommandSpec = {
  summary: "Stop all containers and the engine, and remove every trace of both",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [],
  loadFlags: async () => (await import("./engine-flags.ts")).UNINSTALL_FLAGS,
  local: true,
  load: () => import("../commands/uninstall.ts"),
};
