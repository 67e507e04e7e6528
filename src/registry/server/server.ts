import { firstFailure } from "../../base/mod.ts";
import { hasCode } from "../../linux/mod.ts";
import { Leases, UploadBusy, type Storage } from "../storage/mod.ts";
import type { AccessLog } from "./access-log.ts";
import { Admission } from "./admission.ts";
import type { AccessControl, Caller } from "./auth/access.ts";
import { Cut } from "./body.ts";
import type { Call } from "./call.ts";
import { Metrics } from "./metrics.ts";
import { parseName } from "./names.ts";
import { PullThrough, type PullThroughOptions } from "./pull-through.ts";
import { Refusal } from "./refusal.ts";
import { Repositories } from "./repositories.ts";
import { ROUTES, type Operation } from "./routes.ts";
import type { RegistryLimits } from "./settings.ts";

export interface RegistryOptions {
  readonly storage: Storage;
  readonly limits: RegistryLimits;
  readonly access: AccessControl;
  readonly readOnly: boolean;
  /** Whether people's browsers are shown pages. */
  readonly pages: boolean;
  /** How old an unreferenced object must be before it counts as garbage. */
  readonly graceMs: number;
  readonly metrics: Metrics;
  /** Another registry, from which what is not here is fetched. */
  readonly behind?: Omit<PullThroughOptions, "metrics" | "report"> | undefined;
  readonly log?: AccessLog | undefined;
  /** Faults of ours; a client's are answered only. */
  readonly report: (sentence: string, error: unknown) => void;
}

/** One request on its way through, for the log. */
interface Passage {
  readonly request: Request;
  readonly url: URL;
  readonly address: string;
  label: string;
  caller: Caller | undefined;
  receivedBytes: number;
}

/** The client has gone in the middle of its request: there is nobody to read this status, but the log and metrics keep it. */
const CLIENT_GONE = 499;

/** Answers the registry's requests; knows nothing of sockets. */
export class Registry {
  readonly #options: RegistryOptions;
  readonly #admission: Admission;
  readonly #cache: PullThrough | undefined;
  readonly repositories: Repositories;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#admission = new Admission(options.limits);
    this.repositories = new Repositories(options.storage, new Leases(options.storage, options.graceMs), options.limits.manifestBytes);
    if (options.behind) this.#cache = new PullThrough(this.repositories, { ...options.behind, metrics: options.metrics, report: (sentence) => options.report("pull-through", sentence) });
  }

  /** Never throws. @param address of the client */
  async answer(request: Request, address: string): Promise<Response> {
    const beganMs = performance.now();
    const passage: Passage = { request, url: locate(request), address, label: "none", caller: undefined, receivedBytes: 0 };
    const response = await this.#admit(passage);
    if (passage.url.pathname.startsWith("/v2")) response.headers.set("Docker-Distribution-Api-Version", "registry/2.0");
    response.headers.set("X-Content-Type-Options", "nosniff");
    this.#record(passage, response, performance.now() - beganMs);
    return response;
  }

  async #admit(passage: Passage): Promise<Response> {
    try {
      using _entered = this.#admission.enter(passage.address);
      return await this.#dispatch(passage);
    } catch (thrown) {
      const error = firstFailure(thrown);
      if (error instanceof Refusal) return error.answer();
      if (error instanceof Cut) return new Response(null, { status: CLIENT_GONE });
      if (error instanceof UploadBusy) return new Refusal("BLOB_UPLOAD_INVALID", error.message, { status: 409 }).answer();
      if (hasCode(error, "ENOSPC", "EDQUOT")) return new Refusal("UNAVAILABLE", "the registry's storage is full", { status: 507 }).answer();
      this.#options.report(`${passage.request.method} ${passage.url.pathname} failed`, error);
      return new Refusal("UNKNOWN", "the registry could not answer: its log says why").answer();
    }
  }

  async #dispatch(passage: Passage): Promise<Response> {
    const { access, pages, readOnly } = this.#options;
    const { operation, parts, label } = findOperation(passage.request.method, passage.url.pathname);
    passage.label = label;
    if (operation.page && !pages) throw nothingHere();
    const caller = await this.#identify(passage);
    passage.caller = caller;
    const { request } = passage;
    if (operation.action) access.require(request, caller, operation.action, parseName(parts["name"] ?? ""));
    else if (operation.catalog) access.requireCatalog(request, caller);
    else if (!operation.anybody) access.requireKnown(request, caller);
    if (operation.writes && readOnly) throw new Refusal("UNSUPPORTED", "the registry is read-only");
    if (operation.writes && this.#cache && operation.action === "push") throw new Refusal("UNSUPPORTED", "the registry is a cache: push to the one behind it");
    return await operation.handle(this.#call(passage, caller, parts));
  }

  async #identify({ request, address }: Passage): Promise<Caller> {
    const { access } = this.#options;
    if (access.isOpen || !request.headers.has("authorization")) return await access.identify(request);
    return await this.#counted(address, () => access.identify(request));
  }

  /** @throws Refusal also for an address that has failed too often */
  async #counted(address: string, proof: () => Promise<Caller>): Promise<Caller> {
    this.#admission.mayAuthenticate(address);
    try {
      return await proof();
    } catch (error) {
      if (error instanceof Refusal && error.code === "UNAUTHORIZED") this.#admission.failedToAuthenticate(address);
      throw error;
    }
  }

  #call(passage: Passage, caller: Caller, parts: Readonly<Record<string, string>>): Call {
    const { access, limits, metrics } = this.#options;
    return {
      request: passage.request,
      query: passage.url.searchParams,
      part: (name) => parts[name] ?? "",
      repositories: this.repositories,
      cache: this.#cache,
      limits,
      metrics,
      caller,
      issuer: access.issuer,
      byPassword: (user, password) => this.#counted(passage.address, () => access.byPassword(passage.request, user, password)),
      mayOf: (other, action, name) => access.allows(other, action, name),
      mayPull: (name) => access.allows(caller, "pull", name),
      requirePull: (name) => access.require(passage.request, caller, "pull", name),
      received: (bytes) => void (passage.receivedBytes += bytes),
    };
  }

  #record({ request, url, address, label, caller, receivedBytes }: Passage, response: Response, ms: number): void {
    const { log, metrics } = this.#options;
    const { method } = request;
    const bytes = method === "HEAD" ? 0 : Number(response.headers.get("content-length") ?? 0);
    const labels = { route: label, method: label === "none" ? "any" : method };
    metrics.add("requests_total", 1, { ...labels, code: String(response.status) });
    metrics.add("request_seconds_total", ms / 1000, labels);
    if (receivedBytes > 0) metrics.add("received_bytes_total", receivedBytes);
    if (bytes > 0) metrics.add("sent_bytes_total", bytes);
    if (response.status === 429) metrics.add("refused_busy_total", 1);
    metrics.set("requests_under_way", this.#admission.underWay);
    log?.({ address, user: caller?.user, method, path: url.pathname + url.search, status: response.status, bytes, ms, agent: request.headers.get("user-agent") ?? undefined });
  }
}

/** Without the client's idea of our name, which need not even be one. */
function locate({ url }: Request): URL {
  const path = url.startsWith("/") ? url : url.slice(url.indexOf("/", url.indexOf("://") + 3));
  return new URL(`http://registry${path.startsWith("/") ? path : "/"}`);
}

interface Found {
  readonly label: string;
  readonly operation: Operation;
  readonly parts: Readonly<Record<string, string>>;
}

/** @throws Refusal 404 for no such path, 405 for a method that it does not have */
function findOperation(method: string, pathname: string): Found {
  const path = decoded(pathname);
  for (const { pattern, methods, label } of ROUTES) {
    const match = pattern.exec(path);
    if (!match) continue;
    const operation = Object.hasOwn(methods, method) ? methods[method] : undefined;
    if (!operation) throw new Refusal("UNSUPPORTED", "the operation is unsupported", { headers: { Allow: Object.keys(methods).join(", ") } });
    return { label, operation, parts: match.groups ?? {} };
  }
  throw nothingHere();
}

const nothingHere = (): Refusal => new Refusal("UNSUPPORTED", "there is nothing at this path", { status: 404 });

function decoded(pathname: string): string {
  try {
    return pathname.includes("%") ? decodeURIComponent(pathname) : pathname;
  } catch {
    throw new Refusal("NAME_INVALID", "the path is not valid UTF-8");
  }
}
