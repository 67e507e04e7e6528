import { isAddress } from "../../spec/mod.ts";
import { ComposeError } from "../errors.ts";
import { mapping, scalar, type Node, type Place } from "../tree/node.ts";

/** One published port, as the short form says it. */
export interface PortText {
  readonly hostIP: string;
  /** A port, or a range from which the engine takes one. */
  readonly published: string;
  readonly target: number;
  readonly protocol: string;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** `[[IP:]PUBLISHED:]TARGET[/PROTOCOL]` with ranges, sorted as docker-compose sorts them. @throws Error in its words */
export function splitPort(text: string): PortText[] {
  const parts = text.split(":");
  const written = parts.slice(0, -2).join(":");
  const hostIP = unbracketed(written);
  if (hostIP.includes(":") && hostIP === written) throw new Error(`Invalid ip address ${hostIP}: address ${hostIP}:: too many colons in address`);
  const published = parts.at(-2) ?? "";
  const [target = "", protocol = "tcp"] = splitOnce(parts.at(-1) ?? "", "/");
  if (hostIP !== "" && !isAddress(hostIP)) throw new Error(`Invalid ip address: ${hostIP}`);
  if (target === "") throw new Error(`No port specified: ${text}<empty>`);
  const inside = parseRange(target, "containerPort");
  const outside = published === "" ? undefined : parseRange(published, "hostPort");
  const size = inside.last - inside.first;
  if (outside && outside.last - outside.first !== size && size !== 0) throw new Error(`Invalid ranges specified for container and host Ports: ${target} and ${published}`);
  const proto = protocol.toLowerCase();
  if (!["tcp", "udp", "sctp"].includes(proto)) throw new Error(`Invalid proto: ${protocol}`);
  const isPool = outside !== undefined && size === 0 && outside.last !== outside.first;
  const ports = Array.from({ length: size + 1 }, (_, index) => {
    const host = outside ? String(outside.first + index) : "";
    return { hostIP, published: isPool ? `${host}-${outside.last}` : host, target: inside.first + index, protocol: proto };
  });
  return ports.toSorted((a, b) => (String(a.target) < String(b.target) ? -1 : 1));
}

const unbracketed = (ip: string): string => (ip.startsWith("[") && ip.endsWith("]") ? ip.slice(1, -1) : ip);

function splitOnce(text: string, separator: string): string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parseRange(text: string, what: string): Range {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (!match || last < first || last > 65535) throw new Error(`Invalid ${what}: ${text}`);
  return { first, last };
}

/** The list of ports with every item in its long form; a range becomes several. */
export function portsOf(node: Node, path: string, lenient: boolean): Node {
  if (node.kind !== "sequence") return node;
  const items: Node[] = [];
  for (const item of node.items) {
    if (item.kind !== "scalar") {
      items.push(item);
      continue;
    }
    try {
      items.push(...splitPort(String(item.value)).map((port) => longForm(port, item.at)));
    } catch (error) {
      if (lenient) return node;
      throw new ComposeError(error instanceof Error ? error.message : String(error), { at: item.at, path, fix: 'write "PUBLISHED:TARGET", "IP:PUBLISHED:TARGET" or "TARGET", in quotes' });
    }
  }
  return { ...node, items };
}

function longForm({ hostIP, published, target, protocol }: PortText, at: Place | undefined): Node {
  const entries = new Map<string, Node>([["mode", scalar("ingress", at)]]);
  if (hostIP !== "") entries.set("host_ip", scalar(hostIP, at));
  entries.set("target", scalar(target, at));
  if (published !== "") entries.set("published", scalar(published, at));
  return mapping(entries.set("protocol", scalar(protocol, at)), at);
}
