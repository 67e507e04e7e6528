import { Leases, type Storage } from "../storage/mod.ts";
import { Cut } from "./body.ts";
import type { Call } from "./call.ts";
import { Refusal } from "./refusal.ts";
import { Repositories } from "./repositories.ts";
import { ROUTES, type Operation, type Route } from "./routes.ts";
import type { RegistryLimits } from "./settings.ts";

export interface RegistryOptions {
  readonly storage: Storage;
  readonly limits: RegistryLimits;
  readonly readOnly: boolean;
  /** How old an unreferenced object must be before it counts as garbage. */
  readonly graceMs: number;
  /** Faults of ours; a client's are answered only. */
  readonly report: (sentence: string, error: unknown) => void;
}

/** Answers the registry's requests; knows nothing of sockets. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #repositories: Repositories;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#repositories = new Repositories(options.storage, new Leases(options.storage, options.graceMs), options.limits.manifestBytes);
  }

  /** Never throws. @param address of the client */
  async answer(request: Request, _address: string): Promise<Response> {
    const url = new URL(request.url);
    const response = await this.#dispatch(request, url);
    if (url.pathname.startsWith("/v2")) response.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
    response.headers.set("X-Content-Type-Options", "nosniff");
    return response;
  }

  async #dispatch(request: Request, url: URL): Promise<Response> {
    try {
      const { operation, parts } = findOperation(request.method, url.pathname);
      if (operation.writes && this.#options.readOnly) throw new Refusal("UNSUPPORTED", "the registry is read-only");
      return await operation.handle(this.#call(request, url, parts));
    } catch (error) {
      if (error instanceof Refusal) return error.answer();
      if (error instanceof Cut) return new Response(null, { status: 499 });
      this.#options.report(`${request.method} ${url.pathname} failed`, error);
      return new Refusal("UNKNOWN", "the registry could not answer: its log says why").answer();
    }
  }

  #call(request: Request, url: URL, parts: Readonly<Record<string, string>>): Call {
    return {
      request,
      query: url.searchParams,
      part: (name) => parts[name] ?? "",
      repositories: this.#repositories,
      limits: this.#options.limits,
      mayPull: () => Promise.resolve(true),
      received: () => undefined,
    };
  }
}

interface Found {
  readonly route: Route;
  readonly operation: Operation;
  readonly parts: Readonly<Record<string, string>>;
}

/** @throws Refusal 404 for no such path, 405 for a method that it does not have */
function findOperation(method: string, pathname: string): Found {
  const path = decoded(pathname);
  for (const route of ROUTES) {
    const match = route.pattern.exec(path);
    if (!match) continue;
    const operation = route.methods[method];
    if (!operation) throw new Refusal("UNSUPPORTED", "the operation is unsupported", { headers: { Allow: Object.keys(route.methods).join(", ") } });
    return { route, operation, parts: match.groups ?? {} };
  }
  throw new Refusal("UNSUPPORTED", "there is nothing at this path", { status: 404 });
}

function decoded(pathname: string): string {
  try {
    return pathname.includes("%") ? decodeURIComponent(pathname) : pathname;
  } catch {
    throw new Refusal("NAME_INVALID", "the path is not valid UTF-8");
  }
}
