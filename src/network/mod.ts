/** Networks, the containers' attachments to them, and the files that tell a container about them. */
export { resolverAddress } from "./hidden-address.ts";
export { directFamilies } from "./gateway-mode.ts";
export { isPredefined, Networks, openNetworks, type BridgeInfo } from "./networks.ts";
export { subnetHolds } from "./subnet.ts";
export { gatewayEndpoint } from "./endpoint.ts";
export type { NetworkConfig } from "./default-network.ts";
export type { AddressManagement, AddressPoolRecord, AddressRange, Attachment, Endpoint, EndpointWish, NetworkDriver, NetworkRecord, NetworkRequest } from "./types.ts";
export { hostsFile, hostsLine, type HostsFileOptions } from "./hosts-file.ts";
export { resolvConf, type ResolvConfOptions } from "./resolv-conf.ts";
export { networkSchema } from "./schema.ts";
export { Publisher, type PublisherOptions } from "./publish.ts";
export { publishSchema } from "./publish-schema.ts";
