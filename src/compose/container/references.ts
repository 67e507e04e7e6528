import { serviceHash } from "../hash.ts";
import type { Service } from "../model/project.ts";

/** The first container of a service; undefined when it has none. */
export type FirstContainer = (service: string) => string | undefined;

/**
 * The hash of a service as docker-compose has it: of the ids of the containers whose namespaces and volumes it shares, rather than of
 * their services' names.
 */
export function containerHash(service: Service, first: FirstContainer): string {
  const mode = (text: string): string => (text.startsWith("service:") ? `container:${first(text.slice("service:".length)) ?? ""}` : text);
  const volumes = service.volumes_from?.map((entry) => {
    const [source = "", container = ""] = entry.split(":");
    return source === "container" ? container : (first(source) ?? "");
  });
  const { name: _, ...keys } = service;
  return serviceHash({
    ...keys,
    ...(service.network_mode !== undefined && { network_mode: mode(service.network_mode) }),
    ...(service.ipc !== undefined && { ipc: mode(service.ipc) }),
    ...(service.pid !== undefined && { pid: mode(service.pid) }),
    ...(volumes && { volumes_from: volumes }),
  });
}
