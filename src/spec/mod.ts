export { parseDigest, digestHex, type Digest } from "./digest.ts";
export type { RootMount } from "./mount.ts";
export * from "./oci-image.ts";
export * from "./oci-runtime.ts";
export type * from "./reach.ts";
export * from "./reference.ts";
export type * from "./docker/container.ts";
export type * from "./docker/image.ts";
export type * from "./docker/system.ts";
