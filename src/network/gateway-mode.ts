import type { Family } from "./subnet.ts";
import type { NetworkRecord } from "./types.ts";

/**
 * How a bridge leads to the world, for each family. nat: under the host's address, and in by published ports of the host. routed: under the
 * containers' own, and in to the ports that they publish. nat-unprotected: out as nat, in to every port. isolated: the host is not on it.
 */
export type GatewayMode = "nat" | "nat-unprotected" | "routed" | "isolated";

const MODES: readonly string[] = ["nat", "nat-unprotected", "routed", "isolated"] satisfies GatewayMode[];
export const isGatewayMode = (text: string): text is GatewayMode => MODES.includes(text);

export function gatewayMode({ options }: Pick<NetworkRecord, "options">, family: Family): GatewayMode {
  const mode = options[`com.docker.network.bridge.gateway_mode_ipv${family}`] ?? "";
  return isGatewayMode(mode) ? mode : "nat";
}

/** Families of which published ports are the containers' own, and none of the host's; and those of which they are that besides. */
export function directFamilies(network: NetworkRecord): { readonly routed: readonly Family[]; readonly direct: readonly Family[] } {
  const routed = ([4, 6] as const).filter((family) => gatewayMode(network, family) === "routed");
  return { routed, direct: trustedInterfaces(network).length > 0 ? [4, 6] : routed };
}

/** Interfaces of the host from which published ports are reached at the containers' own addresses. */
export function trustedInterfaces({ options }: Pick<NetworkRecord, "options">): string[] {
  return [...new Set((options["com.docker.network.bridge.trusted_host_interfaces"] ?? "").split(":").filter((name) => name !== ""))];
}
