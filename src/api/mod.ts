export { ApiServer, type ApiServerOptions, type ListenAddress } from "./server.ts";
export { bindEngine, type Engine } from "./engine.ts";
export { API_VERSION, MIN_API_VERSION } from "./version.ts";
export { routes } from "./routes.ts";
export { renderReference } from "./reference.ts";
