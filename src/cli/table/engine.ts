import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

/** Where the engine keeps its things; `system uninstall` must be told the same as the engine was. */
const PLACES: readonly Flag[] = [
  { name: "bip", type: "string", help: "Address and prefix of the bridge (172.18.0.1/16)" },
  { name: "bridge", type: "string", default: '"hako0"', help: "Name of the default bridge" },
  { name: "cgroup-parent", type: "string", default: '"hako"', help: "Cgroup of all containers" },
  { name: "data-root", type: "string", default: '"/var/lib/hako"', help: "Folder of images and containers" },
  { name: "run-root", type: "string", default: '"/run/hako"', help: "Folder of sockets and other things that do not outlive a boot" },
  { name: "table", type: "string", default: '"hako"', help: "Name of the nftables table" },
];

export const DAEMON: CommandSpec = {
  summary: "Run the engine in the foreground",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [
    ...PLACES,
    { name: "debug", short: "D", type: "bool", help: "Log more" },
    { name: "host", short: "H", type: "list", help: "Where to listen (default: hako.sock in the run root)" },
    { name: "ready-fd", type: "int", hidden: true, help: "Descriptor that is written to once the engine listens" },
  ],
  local: true,
  load: () => import("../commands/daemon.ts"),
};

export const UNINSTALL: CommandSpec = {
  summary: "Stop all containers and the engine, and remove every trace of both",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [...PLACES, { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" }],
  local: true,
  load: () => import("../commands/uninstall.ts"),
};
