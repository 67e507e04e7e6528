/** The default bridge network, and the files that tell a container about it. */
export { BridgeNetwork, openNetworks, type AttachOptions, type BridgeInfo, type NetworkConfig } from "./bridge-network.ts";
export type { Endpoint } from "./endpoint.ts";
export { hostsFile, type HostsFileOptions } from "./hosts-file.ts";
export { resolvConf, type ResolvConfOptions } from "./resolv-conf.ts";
export { networkSchema } from "./schema.ts";
