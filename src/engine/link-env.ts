import type { ContainerRecord } from "./record.ts";

/** A container that another is linked to, as the other's environment tells of it. */
export interface LinkedContainer {
  readonly alias: string;
  readonly ip: string;
  readonly config: Pick<ContainerRecord["config"], "Env" | "ExposedPorts">;
}

interface Port {
  readonly number: number;
  readonly protocol: string;
}

/** Variables that programs from before there were names on a network read: Docker's `--link` on the default bridge. */
export function linkEnv(name: string, { alias, ip, config }: LinkedContainer): string[] {
  const prefix = alias.toUpperCase().replaceAll("-", "_");
  const ports = portsOf(config);
  const first = ports.find(({ protocol }) => protocol === "tcp") ?? ports[0];
  return [
    ...(first ? [`${prefix}_PORT=${urlOf(ip, first)}`] : []),
    ...runsOf(ports).flatMap(([start, end]) => rangeEnv(prefix, ip, start, end)),
    ...ports.flatMap((port) => portEnv(prefix, ip, port)),
    `${prefix}_NAME=/${name}/${alias}`,
    ...(config.Env ?? []).filter((entry) => entry.includes("=") && !/^(HOME|PATH)=/.test(entry)).map((entry) => `${prefix}_ENV_${entry}`),
  ];
}

function portsOf({ ExposedPorts: exposed }: LinkedContainer["config"]): Port[] {
  const ports = Object.keys(exposed ?? {}).map((text) => {
    const [number = "", protocol = "tcp"] = text.split("/");
    return { number: Number(number), protocol: protocol.toLowerCase() };
  });
  return ports.sort((a, b) => a.number - b.number || (a.protocol === "tcp" ? -1 : 1));
}

/** First and last of ports that follow each other without a gap. */
function runsOf(ports: readonly Port[]): [Port, Port][] {
  const runs: [Port, Port][] = [];
  for (const port of ports) {
    const last = runs.at(-1);
    if (last && last[1].number + 1 === port.number && last[1].protocol === port.protocol) last[1] = port;
    else runs.push([port, port]);
  }
  return runs.filter(([start, end]) => end.number > start.number);
}

const urlOf = (ip: string, { number, protocol }: Port): string => `${protocol}://${ip}:${number}`;
const keyOf = (prefix: string, { number, protocol }: Port): string => `${prefix}_PORT_${number}_${protocol.toUpperCase()}`;

function portEnv(prefix: string, ip: string, port: Port): string[] {
  const key = keyOf(prefix, port);
  return [`${key}=${urlOf(ip, port)}`, `${key}_ADDR=${ip}`, `${key}_PORT=${port.number}`, `${key}_PROTO=${port.protocol}`];
}

function rangeEnv(prefix: string, ip: string, start: Port, end: Port): string[] {
  const key = keyOf(prefix, start);
  return [
    `${key}_START=${urlOf(ip, start)}`, `${key}_ADDR=${ip}`, `${key}_PROTO=${start.protocol}`, `${key}_PORT_START=${start.number}`,
    `${key}_END=${urlOf(ip, end)}`, `${key}_PORT_END=${end.number}`,
  ];
}
