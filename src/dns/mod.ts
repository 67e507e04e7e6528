/** The resolver that containers on user-defined networks see at 127.0.0.11. */
export { openResolver, type Resolver, type ResolverOptions, type ServedNetwork } from "./resolver.ts";
export type { Link, NamedContainer, NamedEndpoint } from "./names.ts";
export { removeRedirect } from "./redirect.ts";
export { resolverServers } from "./servers.ts";
