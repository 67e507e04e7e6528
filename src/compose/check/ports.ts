import type { Project, Service } from "../model/project.ts";
import type { Port } from "../model/service.ts";
import { scaleOf } from "../project/scale.ts";
import { serviceError } from "./service-error.ts";

interface Taken {
  readonly service: Service;
  readonly port: Port;
}

const familyOf = (ip: string): 4 | 6 => (ip.includes(":") ? 6 : 4);
const isAny = (ip: string): boolean => ip === "0.0.0.0" || ip === "::";

/** Without an address a port is published on all of them. */
function overlap(a: string | undefined, b: string | undefined): boolean {
  if (!a || !b || a === b) return true;
  return familyOf(a) === familyOf(b) && (isAny(a) || isAny(b));
}

/**
 * One port of the host is given away once: the second container would not start. No part of loading, for a project may hold services that never run at once.
 * @throws ComposeError
 */
export function checkPorts(project: Project): void {
  const taken = new Map<string, Taken[]>();
  for (const service of Object.values(project.services).toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (service.network_mode === "host" || scaleOf(service) === 0) continue;
    for (const [index, port] of (service.ports ?? []).entries()) take(project, taken, service, port, index);
  }
}

function take(project: Project, taken: Map<string, Taken[]>, service: Service, port: Port, index: number): void {
  const { published, protocol = "tcp", host_ip: ip } = port;
  // A range is a pool from which the engine takes what is free.
  if (published === undefined || !/^\d+$/.test(published) || published === "0") return;
  const key = `${published}/${protocol}`;
  const others = taken.get(key) ?? [];
  const other = others.find(({ port: known }) => overlap(ip, known.host_ip));
  if (other) {
    throw serviceError(project, service, `ports.${index}`, `services.${service.name}.ports: port ${key} of the host is already published by service ${JSON.stringify(other.service.name)}`, "publish another port, or another address of the host");
  }
  taken.set(key, [...others, { service, port }]);
}
