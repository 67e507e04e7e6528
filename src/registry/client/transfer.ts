import { HTTP_LIMITS, HttpAgent, proxyFor, TransportError, type HttpResponse, type RequestBody, type TlsIdentity } from "../http/mod.ts";
import { refusal } from "./answers.ts";
import { tlsIdentity } from "./certificates.ts";
import { parseChallenges, type Challenge } from "./challenge.ts";
import { ownEndpoints, parseHttpUrl, type Endpoint } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import { basicAuthorization, fetchToken, TokenCache, tokenSource, type Send, type Token } from "./tokens.ts";
import type { RegistryAuth, RegistryClientOptions, RegistryLimits } from "./types.ts";

export const REGISTRY_LIMITS: RegistryLimits = {
  ...HTTP_LIMITS,
  manifestBytes: 4 * 1024 * 1024,
  redirects: 5,
  attempts: 5,
  backOffMs: 500,
  documentMs: 120_000,
};

const PLAIN = { key: "", context: undefined, verify: false };
const NO_PROXIES = { http: "", https: "", no: "" };
const SESSIONS_KEPT = 256;
/** For so long nobody asks a registry again how it wants to be spoken to. */
const SESSION_MS = 300_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Who asks, and for what: the scopes of the distribution spec's tokens. */
export interface Access {
  readonly auth: RegistryAuth;
  readonly scopes: readonly string[];
}

export interface Query {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly access: Access;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal;
}

/** What a request was proven with. */
interface Proof {
  authorization?: string;
}

/** What one user's requests to one endpoint have learnt: how it wants to be spoken to. */
export interface Session {
  readonly endpoint: Endpoint;
  challenges: readonly Challenge[];
}

/** Requests to registries with everything that HTTP leaves to its user: identity, redirects, and refusals as errors. */
export class Transfer {
  readonly limits: RegistryLimits;
  readonly #agent: HttpAgent;
  readonly #tokens = new TokenCache();
  readonly #sessions = new Map<string, { readonly session: Promise<Session>; readonly until: number }>();

  constructor(readonly options: RegistryClientOptions) {
    this.limits = { ...REGISTRY_LIMITS, ...options.limits };
    this.#agent = new HttpAgent(this.limits);
  }

  close(): void {
    this.#agent.close();
  }

  /** What is known of an endpoint; what is not, it is asked. @throws RegistryError */
  session(endpoint: Endpoint, signal?: AbortSignal): Promise<Session> {
    const key = endpointKey(endpoint);
    const known = this.#sessions.get(key);
    if (known && known.until > performance.now()) return unlessAborted(known.session, signal);
    if (this.#sessions.size >= SESSIONS_KEPT) this.#sessions.clear();
    const entry = { session: this.greet(endpoint), until: performance.now() + SESSION_MS };
    this.#sessions.set(key, entry);
    entry.session.catch((error: unknown) => {
      // That it does not speak TLS is knowledge too: the next request goes where the last one was served.
      if (!speaksPlainly(error) && this.#sessions.get(key) === entry) this.#sessions.delete(key);
    });
    return unlessAborted(entry.session, signal);
  }

  /** With a server that is no registry: nothing is known of it, and nothing is shown to it. */
  async foreignSession(url: URL): Promise<Session> {
    return { endpoint: { base: url, mirror: true, verify: await this.#verifies(url) }, challenges: [] };
  }

  /** What was learnt of a registry that has gone or changed says nothing any more. */
  #forget({ base }: Endpoint): void {
    for (const key of this.#sessions.keys()) if (new URL(key.slice(key.indexOf(" ") + 1)).host === base.host) this.#sessions.delete(key);
  }

  /** Learns whether the endpoint is there and what it wants. @throws RegistryError */
  async greet(endpoint: Endpoint, signal?: AbortSignal): Promise<Session> {
    const url = new URL(`${endpoint.base.href.replace(/\/$/, "")}/v2/`);
    const response = await this.#send(endpoint.verify, url, { method: "GET", headers: {}, signal: this.#within(signal) });
    const challenges = response.status === 401 ? parseChallenges(response.headers.get("www-authenticate") ?? "") : [];
    if (response.status >= 500) throw await refusal(response, true);
    await response.discard();
    return { endpoint, challenges };
  }

  /** The answer to a request, whose status is one of those expected. @throws RegistryError */
  async request(session: Session, query: Query, expected: readonly number[] | "any"): Promise<HttpResponse> {
    const proof: Proof = {};
    let response = await this.#follow(session, query, proof).catch((error: unknown) => {
      if (error instanceof RegistryError && error.cause instanceof TransportError) this.#forget(session.endpoint);
      throw error;
    });
    if (response.status === 401 && isOwn(session, query.url)) {
      // The token may have ended early, or another scope is wanted; a second refusal is final.
      const challenges = parseChallenges(response.headers.get("www-authenticate") ?? "");
      if (await this.#mayHelp(session, query.access, challenges, proof)) {
        await response.discard();
        response = await this.#follow(session, query, {});
      }
    }
    if (expected === "any" || expected.includes(response.status)) return response;
    throw await refusal(response, true);
  }

  /** A token for a login, with a refresh token where the server gives one. */
  loginToken(session: Session, challenge: Challenge, auth: RegistryAuth): Promise<Token> {
    const source = tokenSource(challenge.parameters, session.endpoint.base.protocol === "https:");
    const scope = challenge.parameters.get("scope");
    return fetchToken(this.#tokenSend(session), source, scope ? [scope] : [], auth, true);
  }

  /** Whether another try could be proven better than the one that was refused. */
  async #mayHelp(session: Session, { auth, scopes }: Access, challenges: readonly Challenge[], { authorization }: Proof): Promise<boolean> {
    if (challenges.length === 0 || auth.registryToken) return false;
    session.challenges = challenges;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (!bearer) return challenges.some(({ scheme }) => scheme === "basic") && Boolean(auth.username) && authorization !== basicAuthorization(auth);
    const refused = authorization?.replace(/^Bearer /, "") ?? "";
    await this.#tokens.forget(tokenSource(bearer.parameters, session.endpoint.base.protocol === "https:"), scopes, auth, refused);
    return true;
  }

  async #follow(session: Session, query: Query, proof: Proof): Promise<HttpResponse> {
    let { url } = query;
    let { method } = query;
    for (let redirects = 0; ; redirects++) {
      const own = isOwn(session, url);
      const authorization = own ? await this.#authorization(session, query) : undefined;
      if (authorization !== undefined) proof.authorization = authorization;
      const headers = { ...query.headers, ...(authorization !== undefined && { Authorization: authorization }) };
      const verify = own ? session.endpoint.verify : await this.#verifies(url);
      const response = await this.#send(verify, url, { method, headers, ...(query.body && { body: query.body }), ...(query.signal && { signal: query.signal }) });
      const location = response.headers.get("location");
      if (!REDIRECTS.has(response.status) || location === undefined) {
        if (own || response.status < 300) return response;
        throw await refusal(response, false);
      }
      await response.discard();
      if (method !== "GET" && method !== "HEAD") throw new RegistryError("System", `${verb(method)} ${quoted(url)}: the registry redirects an upload, which is not followed`);
      if (redirects >= this.limits.redirects) throw new RegistryError("System", `${verb(method)} ${quoted(query.url)}: stopped after ${this.limits.redirects} redirects`);
      url = redirectTarget(url, location, method);
      if (response.status === 303) method = "GET";
    }
  }

  async #verifies(url: URL): Promise<boolean> {
    const endpoints = await ownEndpoints(url.host, this.options);
    return endpoints.every(({ verify }) => verify);
  }

  async #authorization(session: Session, { access, method, url, signal }: Query): Promise<string | undefined> {
    const { auth, scopes } = access;
    // For a tag Docker's first request is a HEAD.
    const asked = /\/manifests\/[^:]+$/.test(url.pathname) && method === "GET" ? "Head" : verb(method);
    if (auth.registryToken) return `Bearer ${auth.registryToken}`;
    const bearer = session.challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer) {
      const source = tokenSource(bearer.parameters, session.endpoint.base.protocol === "https:");
      try {
        // Others may wait for the same token, so that its request outlives the one that first asked for it.
        const token = this.#tokens.get(source, scopes, auth, () => fetchToken(this.#tokenSend(session), source, scopes, auth));
        return `Bearer ${await unlessAborted(token, signal)}`;
      } catch (error) {
        if (error instanceof RegistryError) throw new RegistryError(error.kind, `${asked} ${quoted(url)}: ${error.message}`, error.details, { cause: error });
        throw error;
      }
    }
    if (!session.challenges.some(({ scheme }) => scheme === "basic")) return undefined;
    // Docker names the request of a pull only.
    const request = scopes.some((scope) => scope.endsWith(":pull,push")) ? "" : `${asked} ${quoted(url)}: `;
    if (!auth.username) throw new RegistryError("Unauthorized", `${request}no basic auth credentials`, { status: 401 });
    return basicAuthorization(auth);
  }

  #tokenSend(session: Session): Send {
    return async (url, { method, headers, form }) => {
      const verify = url.host === session.endpoint.base.host ? session.endpoint.verify : await this.#verifies(url);
      const bytes = form === undefined ? undefined : Buffer.from(form);
      return this.#send(verify, url, { method, headers, ...(bytes && { body: { sizeBytes: bytes.length, open: () => [bytes] } }), signal: AbortSignal.timeout(this.limits.documentMs) });
    };
  }

  #within(signal: AbortSignal | undefined): AbortSignal {
    const deadline = AbortSignal.timeout(this.limits.documentMs);
    return signal ? AbortSignal.any([signal, deadline]) : deadline;
  }

  async #send(verify: boolean, url: URL, request: { method: string; headers: Record<string, string>; body?: RequestBody; signal?: AbortSignal }): Promise<HttpResponse> {
    const identity = (to: URL | undefined, verified: boolean): TlsIdentity => (to?.protocol === "https:" ? tlsIdentity(to.host, verified, this.options.certsDirs ?? []) : PLAIN);
    try {
      const proxy = proxyFor(url, this.options.proxies ?? NO_PROXIES);
      const route = { url, proxy, tls: identity(url, verify), proxyTls: identity(proxy, true) };
      return await this.#agent.exchange(route, { ...request, headers: { "User-Agent": this.options.userAgent, ...request.headers } });
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      throw new RegistryError("System", `${verb(request.method)} ${quoted(url)}: ${error.message}`, { transient: error.failure === "cut" }, { cause: error });
    }
  }
}

const endpointKey = ({ base, verify }: Endpoint): string => `${verify} ${base.href}`;

const speaksPlainly = (error: unknown): boolean => error instanceof RegistryError && error.cause instanceof TransportError && error.cause.failure === "notTls";

/** Leaves work to itself that others may share. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Only there do credentials go. */
const isOwn = ({ endpoint }: Session, url: URL): boolean => url.origin === endpoint.base.origin;

function redirectTarget(from: URL, location: string, method: string): URL {
  const target = parseHttpUrl(location, from);
  if (!target) throw new RegistryError("System", `${verb(method)} ${quoted(from)}: redirected to ${JSON.stringify(location.slice(0, 200))}, which is neither http nor https`);
  if (from.protocol === "https:" && target.protocol === "http:") throw new RegistryError("System", `${verb(method)} ${quoted(from)}: redirected from https to http (${target.host}), which is not followed`);
  target.username = "";
  target.password = "";
  return target;
}

export const verb = (method: string): string => method.charAt(0) + method.slice(1).toLowerCase();
/** Without what may be secret in it: signed addresses carry their signature in the query. */
export const quoted = (url: URL): string => JSON.stringify(`${url.origin}${url.pathname}${url.search === "" || /[?&](?:[^=]*(?:sig|token|credential|secret)[^=]*)=/i.test(url.search) ? "" : url.search}`);
