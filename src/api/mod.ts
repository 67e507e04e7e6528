export { ApiServer, type ApiServerOptions } from "./server.ts";
export type { TlsIdentity } from "./handshakes.ts";
export { parseListenAddress, type ListenAddress } from "./listen-address.ts";
export { bindEngine, type Engine } from "./engine.ts";
export { API_VERSION, MIN_API_VERSION } from "./version.ts";
export { routes } from "./routes.ts";
export { renderReference } from "./reference.ts";
