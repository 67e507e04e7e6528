import type { Caller } from "./auth/access.ts";
import type { TokenIssuer } from "./auth/issue.ts";
import type { Metrics } from "./metrics.ts";
import type { PullThrough } from "./pull-through.ts";
import type { Repositories } from "./repositories.ts";
import type { Action } from "./routes.ts";
import type { RegistryLimits } from "./settings.ts";

/** One request, taken apart: what a handler needs. */
export interface Call {
  readonly request: Request;
  readonly query: URLSearchParams;
  /** The parts of the path that the route names, decoded, not yet parsed. */
  readonly part: (name: string) => string;
  readonly repositories: Repositories;
  /** Where what is not here comes from, when this is a cache. */
  readonly cache: PullThrough | undefined;
  readonly limits: RegistryLimits;
  readonly metrics: Metrics;
  readonly caller: Caller;
  /** Of tokens, where this registry makes them itself. */
  readonly issuer: TokenIssuer | undefined;
  /** @throws Refusal UNAUTHORIZED */
  readonly byPassword: (user: string, password: string) => Promise<Caller>;
  readonly mayOf: (caller: Caller, action: Action, name: string) => boolean;
  /** Whether the caller may also pull from another repository, from which it wants to mount. */
  readonly mayPull: (name: string) => boolean;
  /** @throws Refusal when the caller may not */
  readonly requirePull: (name: string) => void;
  /** Bytes that came with the request, as they are read. */
  readonly received: (bytes: number) => void;
}

export type Handler = (call: Call) => Promise<Response>;

