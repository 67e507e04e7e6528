import { isInhibited } from "./driver-options.ts";
import { gatewayMode } from "./gateway-mode.ts";
import type { NetworkRecord } from "./types.ts";

/** The host has none of the network's addresses, and is there all the same: for questions for names, and nothing else. */
export function hasHiddenAddress(network: NetworkRecord): boolean {
  return network.driver === "bridge" && network.enableIPv4 && !network.configOnly && gatewayMode(network, 4) === "isolated" && !isInhibited(network);
}

/** Link-local, of the network's id. */
export function hiddenAddress({ id }: Pick<NetworkRecord, "id">): string {
  const digits = Number.parseInt(id.slice(0, 4), 16);
  // 169.254.169.254 and its neighbours are others'.
  return `169.254.${64 + (digits & 63)}.${1 + ((digits >> 6) % 254)}`;
}

/** The host's address on the bridge, where names are asked for; "" where the host has none. */
export function resolverAddress(network: NetworkRecord): string {
  const { driver, configOnly, enableIPv4, pools } = network;
  if (driver !== "bridge" || configOnly || !enableIPv4 || isInhibited(network)) return "";
  return hasHiddenAddress(network) ? hiddenAddress(network) : (pools.find(({ gateway }) => gateway.includes("."))?.gateway ?? "");
}
