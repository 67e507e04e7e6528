export { HttpAgent, type HttpRequest, type HttpResponse, type RequestBody } from "./agent.ts";
export type { Route, TlsIdentity } from "./dial.ts";
export { TransportError, type TransportFailure } from "./errors.ts";
export { HTTP_LIMITS, type HttpLimits } from "./limits.ts";
export { inRange, proxyFor, type Proxies } from "./proxy.ts";
