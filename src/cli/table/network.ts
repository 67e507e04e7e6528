import type { CommandSpec } from "../command.ts";
import type { Flag } from "../flags.ts";

const OPT: Flag = { name: "opt", short: "o", type: "map", default: "map[]", help: "Options of the driver" };

export const CREATE: CommandSpec = {
  summary: "Create a network",
  usage: "[OPTIONS] NETWORK",
  args: [1, 1],
  flags: [
    { name: "attachable", type: "bool", help: "Let containers be attached by hand" },
    { name: "aux-address", type: "map", default: "map[]", help: "Further addresses that the driver uses" },
    { name: "config-from", type: "string", help: "Network whose configuration to copy" },
    { name: "config-only", type: "bool", help: "Create a configuration and no network" },
    { name: "driver", short: "d", type: "string", default: '"bridge"', help: "Driver of the network" },
    { name: "gateway", type: "strings", help: "Gateway of the main subnet" },
    { name: "ingress", type: "bool", help: "Create a swarm's routing mesh" },
    { name: "internal", type: "bool", help: "Keep the outside out" },
    { name: "ip-range", type: "strings", help: "Part of the subnet that containers get addresses of" },
    { name: "ipam-driver", type: "string", default: '"default"', help: "Driver of the address management" },
    { name: "ipam-opt", type: "map", default: "map[]", help: "Options of the address management" },
    { name: "ipv4", type: "bool", default: "true", help: "Give out IPv4 addresses" },
    { name: "ipv6", type: "bool", help: "Give out IPv6 addresses" },
    { name: "label", type: "list", help: "Set a label" },
    OPT,
    { name: "scope", type: "string", help: "Scope of the network" },
    { name: "subnet", type: "strings", help: "Subnet in CIDR form" },
  ],
  load: () => import("../commands/network-create.ts"),
};

export const CONNECT: CommandSpec = {
  summary: "Connect a container to a network",
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: [2, 2],
  flags: [
    { name: "alias", type: "strings", help: "Further name of the container in the network" },
    { name: "driver-opt", type: "strings", help: "Options of the network's driver" },
    { name: "gw-priority", type: "int", help: "The highest one's network has the default gateway" },
    { name: "ip", type: "string", help: "IPv4 address (172.30.100.104)" },
    { name: "ip6", type: "string", help: "IPv6 address (2001:db8::33)" },
    { name: "link", type: "list", help: "Link to another container" },
    { name: "link-local-ip", type: "strings", help: "Link-local addresses of the container" },
  ],
  load: () => import("../commands/network-connect.ts"),
};

export const DISCONNECT: CommandSpec = {
  summary: "Disconnect a container from a network",
  usage: "[OPTIONS] NETWORK CONTAINER",
  args: [2, 2],
  flags: [{ name: "force", short: "f", type: "bool", help: "Disconnect it whatever state it is in" }],
  load: () => import("../commands/network-disconnect.ts"),
};

export const EXPLAIN: CommandSpec = {
  summary: "Say who reaches a container, through which rule, and why others do not",
  usage: "[OPTIONS] CONTAINER [PORT]",
  args: [1, 2],
  flags: [
    { name: "format", short: "f", type: "string", help: "Print what was found by a template, or 'json'" },
    { name: "lang", type: "string", help: "Language: en or ja (default: as the environment says)" },
  ],
  load: () => import("../commands/network-explain.ts"),
};

export const PRUNE: CommandSpec = {
  summary: "Remove unused networks",
  usage: "[OPTIONS]",
  args: [0, 0],
  flags: [{ name: "filter", type: "filter", help: 'Conditions (e.g. "until=<timestamp>")' }, { name: "force", short: "f", type: "bool", help: "Do not ask for confirmation" }],
  configured: { filters: true },
  load: () => import("../commands/network-prune.ts"),
};

export const RM: CommandSpec = {
  summary: "Remove networks",
  usage: "NETWORK [NETWORK...]",
  args: [1],
  flags: [{ name: "force", short: "f", type: "bool", help: "Do not mind networks that are not there" }],
  load: () => import("../commands/network-rm.ts"),
};
