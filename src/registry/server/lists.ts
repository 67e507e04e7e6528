import { MEDIA, type Descriptor } from "../../spec/mod.ts";
import type { Call } from "./call.ts";
import { nameUnknown } from "./manifests.ts";
import { parseBlobDigest, parseName } from "./names.ts";
import type { PullThrough } from "./pull-through.ts";
import { Refusal } from "./refusal.ts";

const REFERRERS_PER_PAGE = 1000;
/** What clients read of an index. */
const REFERRERS_BYTES = 4 * 1024 * 1024;
const SEARCH_RESULTS = 25;
const SEARCH_MAX = 100;

/** GET /v2/<name>/tags/list (OCI distribution spec 1.1: end-8a, 8b). */
export async function listTags(call: Call): Promise<Response> {
  const name = parseName(call.part("name"));
  if (call.cache) return await tagsBehind(call, call.cache, name);
  const tags = await call.repositories.tags(name);
  if (tags.length === 0 && !(await call.repositories.exists(name))) throw nameUnknown(name);
  const { page, headers } = paginate(call, tags.sort(byTag), byTag, `/v2/${name}/tags/list`);
  return Response.json({ name, tags: page }, { headers });
}

/** A cache knows the tags that were asked for; the registry behind it knows them all. */
async function tagsBehind(call: Call, cache: PullThrough, name: string): Promise<Response> {
  const n = entriesAsked(call) || call.limits.pageEntries;
  const last = call.query.get("last");
  const page = await cache.tags(name, { n, ...(last !== null && { last }) });
  const headers = page.next === undefined ? {} : { Link: next(`/v2/${name}/tags/list`, { n: String(n), last: page.next }) };
  return Response.json({ name, tags: page.tags }, { headers });
}

/** GET /v2/_catalog: the names the caller may pull from. Docker's, not part of the OCI specification. */
export async function listRepositories(call: Call): Promise<Response> {
  const names = (await call.repositories.names()).filter(call.mayPull);
  const { page, headers } = paginate(call, names, byCode, "/v2/_catalog");
  return Response.json({ repositories: page }, { headers });
}

/** GET /v1/search: what `docker search <registry>/<term>` asks. */
export async function search(call: Call): Promise<Response> {
  const query = call.query.get("q") ?? "";
  const asked = Number(call.query.get("n"));
  const count = asked >= 1 ? Math.min(asked, SEARCH_MAX) : SEARCH_RESULTS;
  const names = (await call.repositories.names()).filter((name) => name.includes(query.toLowerCase()) && call.mayPull(name));
  const results = names.slice(0, count).map((name) => ({ name, description: "", star_count: 0, is_official: false, is_automated: false }));
  return Response.json({ query, num_results: results.length, results });
}

/** GET /v2/<name>/referrers/<digest> (end-12a, 12b): an index, empty where nothing refers. */
export async function listReferrers(call: Call): Promise<Response> {
  const name = parseName(call.part("name"));
  const subject = parseBlobDigest(call.part("digest"));
  const artifactType = call.query.get("artifactType");
  const last = call.query.get("last") ?? "";
  const all = call.cache ? (await call.cache.referrers(name, subject)).filter(({ digest }) => digest > last) : call.repositories.referrers(name, subject, last);
  const { manifests, more } = await referrersPage(all, (descriptor) => artifactType === null || descriptor.artifactType === artifactType);
  const headers: Record<string, string> = { "Content-Type": MEDIA.ociIndex };
  if (artifactType !== null) headers["OCI-Filters-Applied"] = "artifactType";
  if (more) headers["Link"] = next(`/v2/${name}/referrers/${subject}`, { ...(artifactType !== null && { artifactType }), last: lastDigest(manifests) });
  return new Response(JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests }), { headers });
}

/** As many of those wanted as an index holds; one at least. */
async function referrersPage(all: AsyncIterable<Descriptor> | Iterable<Descriptor>, isWanted: (descriptor: Descriptor) => boolean): Promise<{ manifests: Descriptor[]; more: boolean }> {
  const manifests: Descriptor[] = [];
  let left = REFERRERS_BYTES;
  for await (const descriptor of all) {
    if (!isWanted(descriptor)) continue;
    left -= JSON.stringify(descriptor).length;
    if (manifests.length === REFERRERS_PER_PAGE || (left < 0 && manifests.length > 0)) return { manifests, more: true };
    manifests.push(descriptor);
  }
  return { manifests, more: false };
}

const lastDigest = (manifests: readonly Descriptor[]): string => manifests.at(-1)?.digest ?? "";

/** What follows `last`, at most `n`; a Link when there is more (RFC 5988). @throws Refusal PAGINATION_NUMBER_INVALID */
function paginate(call: Call, sorted: readonly string[], compare: (a: string, b: string) => number, path: string): { page: readonly string[]; headers: Record<string, string> } {
  const count = entriesAsked(call);
  const last = call.query.get("last");
  const rest = last === null ? sorted : sorted.filter((entry) => compare(entry, last) > 0);
  const page = rest.slice(0, count);
  const end = page.at(-1);
  return { page, headers: end !== undefined && rest.length > page.length ? { Link: next(path, { n: String(count), last: end }) } : {} };
}

/** `n`, at most a page. @throws Refusal PAGINATION_NUMBER_INVALID */
function entriesAsked({ query, limits }: Call): number {
  const n = query.get("n");
  if (n !== null && !/^\d{1,9}$/.test(n)) throw new Refusal("PAGINATION_NUMBER_INVALID", "invalid number of results requested", { detail: { n: n.slice(0, 100) } });
  return Math.min(n === null ? limits.pageEntries : Number(n), limits.pageEntries);
}

const next = (path: string, parameters: Record<string, string>): string => `<${path}?${new URLSearchParams(parameters)}>; rel="next"`;

/** "Lexical order, i.e. case-insensitive alphanumeric order"; tags that differ in case only keep an order too. */
export const byTag = (a: string, b: string): number => byCode(a.toLowerCase(), b.toLowerCase()) || byCode(a, b);
const byCode = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
