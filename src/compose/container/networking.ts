import type { ContainerCreateRequest, EndpointSettings } from "../../spec/mod.ts";
import type { Attachment } from "../model/service.ts";
import type { Place } from "./place.ts";

/** Networks of the service as the file names them, the one that leads outside first. */
export function networkKeys({ service }: Pick<Place, "service">): string[] {
  const priority = (key: string): number => service.networks?.[key]?.priority ?? 0;
  return Object.keys(service.networks ?? {}).toSorted((a, b) => priority(b) - priority(a) || (a < b ? -1 : 1));
}

/** What HostConfig.NetworkMode says, and the endpoints on networks of the project. @throws ComposeError for a service without a container */
export function networking(place: Place): { readonly mode: string; readonly config: ContainerCreateRequest["NetworkingConfig"] } {
  const { service } = place;
  if (service.network_mode !== undefined) return { mode: place.shared("network_mode", service.network_mode), config: undefined };
  const keys = networkKeys(place);
  const [first] = keys;
  if (first === undefined) return { mode: "none", config: undefined };
  const endpoints = keys.map((key) => [place.networkName(key), endpoint(place, service.networks?.[key] ?? {}, key === first)] as const);
  return { mode: place.networkName(first), config: { EndpointsConfig: Object.fromEntries(endpoints) } };
}

function endpoint(place: Place, attachment: Attachment, isFirst: boolean): EndpointSettings {
  const { service, name } = place;
  const { aliases = [], ipv4_address, ipv6_address, link_local_ips, mac_address, driver_opts, gw_priority, interface_name } = attachment;
  const mac = mac_address ?? (isFirst ? service.mac_address : undefined);
  const options = interface_name === undefined ? driver_opts : { ...driver_opts, "com.docker.network.endpoint.ifname": interface_name };
  const links = place.links();
  return {
    Aliases: [...new Set([...(place.withAliases ? [name, service.name] : [name]), ...aliases])],
    // Who says anything of a network has an empty one.
    ...(Object.keys(attachment).length > 0 && {
      IPAMConfig: { ...(ipv4_address !== undefined && { IPv4Address: ipv4_address }), ...(ipv6_address !== undefined && { IPv6Address: ipv6_address }), ...(link_local_ips && { LinkLocalIPs: [...link_local_ips] }) },
    }),
    ...(links.length > 0 && { Links: links }),
    ...(mac !== undefined && { MacAddress: mac }),
    ...(options && { DriverOpts: options }),
    ...(gw_priority !== undefined && { GwPriority: gw_priority }),
  };
}
