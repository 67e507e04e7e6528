/** The narrow interfaces that the use cases need of the mechanisms; the real ones fit by shape. */

/** What network/ keeps. */
export type { AddressManagement, AddressRange, Attachment, Endpoint, EndpointWish, NetworkDriver, NetworkRecord, NetworkRequest } from "../network/mod.ts";
/** What linux/ reads of the kernel. */
export type { CgroupStats, CgroupSupport, InterfaceCounters, ProcessInfo } from "../linux/mod.ts";

export type * from "./ports/builds.ts";
export type * from "./ports/cgroups.ts";
export type * from "./ports/host.ts";
export type * from "./ports/images.ts";
export type * from "./ports/logs.ts";
export type * from "./ports/networks.ts";
export type * from "./ports/publishing.ts";
export type * from "./ports/runtime.ts";
export type * from "./ports/snapshots.ts";
export type * from "./ports/trees.ts";
