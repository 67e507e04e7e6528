export * from "./client/mod.ts";
export { proxyFor } from "./http/proxy.ts";

/** The registry server: loaded by whoever serves one, and by nobody else. */
export const loadRegistryServer = () => import("./server/mod.ts");
