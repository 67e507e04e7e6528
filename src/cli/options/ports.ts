import { isAddress, type PortBinding } from "../../spec/mod.ts";

const PROTOCOLS = new Set(["tcp", "udp", "sctp"]);

export interface PublishedPort {
  /** `80/tcp` */
  readonly port: string;
  readonly binding: PortBinding;
}

/** `-p [[ip:]host:]container[/protocol]`, each part a port or a range. */
export function parsePublish(text: string): PublishedPort[] {
  const value = text.includes("=") ? shortForm(text) : text;
  const slash = value.lastIndexOf("/");
  const protocol = (slash < 0 ? "" : value.slice(slash + 1).toLowerCase()) || "tcp";
  const { ip, host, container } = splitParts(slash < 0 ? value : value.slice(0, slash));
  if (container === "") throw new Error(`no port specified: ${value}<empty>`);
  if (!PROTOCOLS.has(protocol)) throw new Error(`invalid proto: ${protocol}`);
  const [first, last] = parseRange(container, "containerPort");
  const [hostFirst, hostLast] = host === "" ? [0, 0] : parseRange(host, "hostPort");
  const count = last - first;
  if (host !== "" && hostLast - hostFirst !== count && count !== 0) throw new Error(`invalid ranges specified for container and host Ports: ${container} and ${host}`);
  return Array.from({ length: count + 1 }, (_, index) => ({
    port: `${first + index}/${protocol}`,
    binding: { HostIp: ip, HostPort: hostPort(host, hostFirst, hostLast, count, index) },
  }));
}

/** `published=8080,target=80,protocol=tcp` */
function shortForm(text: string): string {
  const given = new Map(
    text.split(",").map((field) => {
      const equals = field.indexOf("=");
      if (equals < 0) throw new Error(`invalid publish opts format (should be name=value but got '${field}')`);
      return [field.slice(0, equals), field.slice(equals + 1)] as const;
    }),
  );
  return `${given.get("published") ?? ""}:${given.get("target") ?? ""}/${given.get("protocol") ?? "tcp"}`;
}

// One container port for a range of the host's: the engine chooses from the range.
function hostPort(host: string, first: number, last: number, count: number, index: number): string {
  if (host === "") return "";
  return count === 0 && first !== last ? `${first}-${last}` : String(first + index);
}

function splitParts(text: string): { ip: string; host: string; container: string } {
  const six = /^\[([^\]]*)\]:(.*)$/.exec(text);
  const parts = (six?.[2] ?? text).split(":");
  const container = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const ip = six?.[1] ?? parts.join(":");
  if (ip !== "" && !isAddress(ip)) throw new Error(`invalid IP address: ${ip}`);
  return { ip, host, container };
}


function parseRange(text: string, what: string): readonly [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1] ?? Number.NaN);
  const last = Number(match?.[2] ?? first);
  if (!(first <= 65535 && last <= 65535) || last < first) throw new Error(`invalid ${what}: ${text}`);
  return [first, last];
}

/** `--expose 80`, `--expose 8000-8010/udp` */
export function parseExpose(value: string): string[] {
  if (value.includes(":")) throw new Error(`invalid port format for --expose: ${value}`);
  const [range = "", given = ""] = value.split("/");
  const protocol = given || "tcp";
  if (range === "") throw new Error(`invalid range format for --expose: ${range}, error: empty string specified for ports`);
  const match = /^(\d+)(?:-(\d+))?$/.exec(range);
  if (!match) throw new Error(`invalid range format for --expose: ${range}, error: strconv.ParseUint: parsing ${JSON.stringify(range)}: invalid syntax`);
  const first = Number(match[1]);
  const last = Number(match[2] ?? first);
  const beyond = [match[1], match[2]].find((port) => Number(port) > 65535);
  if (beyond !== undefined) throw new Error(`invalid range format for --expose: ${range}, error: strconv.ParseUint: parsing ${JSON.stringify(beyond)}: value out of range`);
  if (last < first) throw new Error(`invalid range format for --expose: ${range}, error: invalid range specified for port: ${range}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${protocol}`);
}
