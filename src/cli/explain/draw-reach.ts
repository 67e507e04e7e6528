import type { Reach, ReachNetwork, ReachPort, ReachWay } from "../../spec/mod.ts";
import { printable } from "../output.ts";
import type { ReachWords } from "./reach-words.ts";

const [YES, NO, INDENT] = ["✓", "✗", "    "];

/** Who reaches a container, line by line; without control characters of anybody's names. */
export function drawReach(reach: Reach, words: ReachWords): string {
  return `${reachLines(reach, words).map(printable).join("\n")}\n`;
}

function reachLines(reach: Reach, words: ReachWords): string[] {
  const { Name: name, Mode: mode } = reach;
  if (mode === "host") return [words.hostNetwork(name)];
  if (mode.startsWith("container:")) return [words.joined(name, mode.slice("container:".length))];
  if (mode === "none") return [words.noNetwork(name)];
  if (!reach.Running) return [words.notRunning];
  const networks = reach.Networks.map(({ Name, IPv4, IPv6 }) => `${Name} (${[IPv4, IPv6].filter(Boolean).join(", ")})`).join(", ");
  const head = reach.Networks.length === 0 ? words.noNetwork(name) : words.running(name, networks);
  if (reach.Ports.length === 0) return [head, words.noPorts];
  return [head, ...reach.Ports.flatMap((port) => ["", ...portLines(reach, port, words)]), ...reach.Warnings.map(words.warning).flatMap((line) => ["", line])];
}

function portLines(reach: Reach, port: ReachPort, words: ReachWords): string[] {
  const heard = port.Listens === "everywhere" || port.Listens === "unknown";
  return [
    port.Port,
    `  ${heard ? YES : NO} ${words.listens[port.Listens]}`,
    ...port.Ways.flatMap((way) => wayLines(way, words)),
    ...reach.Networks.map((network) => neighbourLine(network, port, words)),
    ...(isOpen(port) ? [] : strangerLines(reach, port, words)),
  ];
}

const isLoopback = ({ HostIp: ip }: ReachWay): boolean => ip === "::1" || ip.startsWith("127.");
const isOpen = ({ Ways: ways }: ReachPort): boolean => ways.some((way) => way.By !== "nobody" && !isLoopback(way));
const withPort = (address: string, port: number | string): string => `${address.includes(":") ? `[${address}]` : address}:${port}`;

function wayLines(way: ReachWay, words: ReachWords): string[] {
  const from = withPort(way.HostIp, way.HostPort);
  const by = way.By === "kernel" ? words.byKernel(way.Element) : way.By === "engine" ? words.byEngine : words.byNobody;
  const who = way.HostPort === 0 ? words.routed(way.Target) : whoOf(way, words)(from, way.Target);
  return [`  ${way.By === "nobody" ? NO : YES} ${who}`, `${INDENT}${by}`];
}

function whoOf(way: ReachWay, words: ReachWords): (from: string, target: string) => string {
  if (isLoopback(way)) return words.thisHost;
  if (way.HostIp === "0.0.0.0") return words.everyHost;
  return way.HostIp === "::" ? words.everyHostIPv6 : words.oneAddress;
}

function neighbourLine({ Name: name, Driver: driver, Talking: talking, IPv4, IPv6 }: ReachNetwork, { Port: port }: ReachPort, words: ReachWords): string {
  const address = withPort(IPv4 || IPv6, port.split("/")[0] ?? "");
  if (driver !== "bridge") return `  ${YES} ${words.macvlan(name, address)}`;
  return talking ? `  ${YES} ${words.neighbours(name, address, "chain inet forward: iifname . oifname @within accept")}` : `  ${NO} ${words.noNeighbours(name)}`;
}

/** Why nobody else comes in. */
function strangerLines({ Name: name, Networks: networks }: Reach, { Port: port }: ReachPort, words: ReachWords): string[] {
  const bridges = networks.filter(({ Driver }) => Driver === "bridge");
  const number = port.split("/")[0] ?? "";
  const unprotected = bridges.find(({ Open }) => Open);
  if (unprotected) return [`  ${YES} ${words.unprotected(unprotected.Name, withPort(unprotected.IPv4, number))}`];
  const open = bridges.find(({ Internal }) => !Internal);
  if (open) return [`  ${NO} ${words.othersStopped("chain inet forward: oifname @bridges drop", `hako update -p ${number}:${port} ${name}`)}`];
  return bridges.map((network) => `  ${NO} ${words.internal(network.Name)}`);
}
