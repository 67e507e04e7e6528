export { openRegistryClient } from "./client.ts";
export { RegistryError, type RegistryErrorDetails } from "./errors.ts";
export type * from "./types.ts";
