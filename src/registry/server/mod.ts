export { listen, type Listening, type ListenOptions } from "./listen.ts";
export { Registry, type RegistryOptions } from "./server.ts";
export { REGISTRY_LIMITS, type RegistryLimits } from "./settings.ts";
export { FileSystemStorage, type Storage } from "../storage/mod.ts";
