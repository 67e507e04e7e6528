import { readAll } from "./answers.ts";
import { DOCKER_HUB, firstReachable, ownEndpoints, type Endpoint } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import type { Transfer } from "./transfer.ts";
import type { SearchOptions, SearchResult } from "./types.ts";

/** Docker Hub's search is elsewhere than its images. */
const HUB_INDEX = "index.docker.io";
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 100;

/** The registry API's first version, whose search outlived it. @throws RegistryError */
export async function search(transfer: Transfer, term: string, { auth = {}, limit = DEFAULT_LIMIT, signal }: SearchOptions): Promise<readonly SearchResult[]> {
  if (limit < 1 || limit > MAX_LIMIT) throw new RegistryError("InvalidParameter", `limit ${limit} is outside the range of [1, ${MAX_LIMIT}]`);
  const { domain, words } = splitTerm(term);
  return firstReachable(await ownEndpoints(domain === DOCKER_HUB ? HUB_INDEX : domain, transfer.options), async (endpoint) => {
    const session = { endpoint, challenges: auth.username ? [{ scheme: "basic", parameters: new Map<string, string>() }] : [] };
    const deadline = AbortSignal.timeout(transfer.limits.documentMs);
    const query = { method: "GET", url: searchUrl(endpoint, words, limit), access: { auth: auth.username ? auth : {}, scopes: [] }, signal: signal ? AbortSignal.any([signal, deadline]) : deadline } as const;
    const response = await transfer.request(session, query, "any");
    if (response.status === 200) return parseResults(await readAll(response, transfer.limits.manifestBytes, "the registry's list of what it found"), limit);
    await response.discard();
    const hint = response.status === 404 ? ` (${endpoint.base.host} offers no search: few registries beside Docker Hub do)` : "";
    throw new RegistryError("System", `Unexpected status code ${response.status}${hint}`, { status: response.status });
  }, signal);
}

/** `localhost:5000/web` asks localhost:5000 for `web`. */
function splitTerm(term: string): { domain: string; words: string } {
  if (term.includes("://")) throw new RegistryError("InvalidParameter", `invalid repository name: repository name (${term}) should not have a scheme`);
  const slash = term.indexOf("/");
  const first = slash < 0 ? "" : term.slice(0, slash);
  if (!/[.:]/.test(first) && first !== "localhost") return { domain: DOCKER_HUB, words: term.replace(/^library\//, "") };
  if (!URL.canParse(`http://${first}`)) throw new RegistryError("InvalidParameter", `invalid registry: ${JSON.stringify(first)} is not a host`);
  return ["docker.io", HUB_INDEX].includes(first) ? { domain: DOCKER_HUB, words: term.slice(slash + 1).replace(/^library\//, "") } : { domain: first, words: term.slice(slash + 1) };
}

function searchUrl(endpoint: Endpoint, words: string, limit: number): URL {
  const url = new URL("/v1/search", endpoint.base);
  url.searchParams.set("q", words);
  url.searchParams.set("n", String(limit));
  return url;
}

function parseResults(bytes: Uint8Array, limit: number): SearchResult[] {
  let results: unknown;
  try {
    ({ results } = Object(JSON.parse(Buffer.from(bytes).toString("utf8"))));
  } catch {
    throw new RegistryError("System", "the registry's list of what it found is not JSON");
  }
  return (Array.isArray(results) ? results : []).slice(0, limit).flatMap((result: unknown) => {
    const { name, description, star_count, is_official } = Object(result) as Record<string, unknown>;
    if (typeof name !== "string" || name === "") return [];
    return [{ name, description: typeof description === "string" ? description : "", starCount: Number.isSafeInteger(star_count) ? (star_count as number) : 0, isOfficial: is_official === true }];
  });
}
