import type { Digest } from "../../../spec/mod.ts";
import type { Call } from "../call.ts";
import { byTag } from "../lists.ts";
import { parseManifestReference, parseName } from "../names.ts";
import { Refusal } from "../refusal.ts";
import { describe, pushedAt, sizeText, type Description } from "./describe.ts";
import { html, pageAnswer, type Html } from "./html.ts";
import { wordsFor, type Words } from "./words.ts";

const NAMES_PER_PAGE = 200;
const TAGS_PER_PAGE = 50;
const MAX_SEARCH = 255;

/** GET /: all repositories, or those that `q` is part of; with `repository` its tags; with `reference` too one manifest. */
export async function browse(call: Call): Promise<Response> {
  const words = wordsFor(call.request.headers.get("accept-language"));
  const repository = call.query.get("repository");
  if (repository === null) return await repositoriesPage(call, words);
  try {
    const name = parseName(repository);
    call.requirePull(name);
    const reference = call.query.get("reference");
    return (await (reference === null ? tagsPage(call, words, name) : manifestPage(call, words, name, reference))) ?? notFound(words);
  } catch (error) {
    if (error instanceof Refusal && (error.status === 400 || error.status === 404)) return notFound(words);
    throw error;
  }
}

async function repositoriesPage(call: Call, words: Words): Promise<Response> {
  const query = (call.query.get("q") ?? "").trim().slice(0, MAX_SEARCH);
  const names = (await call.repositories.names()).filter((name) => name.includes(query.toLowerCase()) && call.mayPull(name));
  const { page, next } = pageOf(names, call.query.get("last"), NAMES_PER_PAGE);
  const body =
    names.length === 0
      ? html`<p>${query === "" ? words.noRepositories : words.nothingFound(query)}</p>`
      : html`<h1>${words.repositories(names.length)}</h1>
<ul class="names">${page.map((name) => html`<li>${repositoryLink(name)}</li>`)}</ul>
${moreLink(words, next, { ...(query !== "" && { q: query }) })}`;
  return pageAnswer({ words, title: words.title, body, query });
}

async function tagsPage(call: Call, words: Words, name: string): Promise<Response | undefined> {
  if (!(await call.repositories.exists(name))) return undefined;
  const tags = (await call.repositories.tags(name)).sort(byTag);
  const { page, next } = pageOf(tags, call.query.get("last"), TAGS_PER_PAGE);
  const rows: Html[] = [];
  for (const tag of page) rows.push(await tagRow(call, name, tag));
  const body = html`<p><a href="/">${words.all}</a></p>
<h1>${name}</h1>
<p>${tags.length === 0 ? words.noTags : words.tags(tags.length)}</p>
<div class="wide"><table>
<tr><th>${words.tag}</th><th>${words.platforms}</th><th>${words.size}</th><th>${words.pushed}</th><th>${words.digest}</th></tr>
${rows}
</table></div>
${moreLink(words, next, { repository: name })}`;
  return pageAnswer({ words, title: `${name} – ${words.title}`, body });
}

async function tagRow({ repositories }: Call, name: string, tag: string): Promise<Html> {
  const digest = await repositories.tagged(name, tag);
  const found = digest && (await describe(repositories, name, digest));
  if (!found) return html``;
  return html`<tr><td>${referenceLink(name, tag, tag)}</td><td>${found.platforms.join(", ")}</td><td class="number">${sizeText(found.sizeBytes)}</td><td>${await pushedAt(repositories, name, tag)}</td><td><code>${found.digest.slice(7, 19)}</code></td></tr>`;
}

async function manifestPage(call: Call, words: Words, name: string, text: string): Promise<Response | undefined> {
  const reference = parseManifestReference(text);
  const digest = reference.kind === "digest" ? reference.digest : await call.repositories.tagged(name, reference.tag);
  const found = digest && (await describe(call.repositories, name, digest));
  if (!found) return undefined;
  const full = `${hostOf(call)}/${name}${reference.kind === "tag" ? `:${reference.tag}` : `@${reference.digest}`}`;
  const body = html`<p>${repositoryLink(name)}</p>
<h1>${name}${reference.kind === "tag" ? `:${reference.tag}` : ""}</h1>
<p>${words.pull}</p>
<code class="command">docker pull ${full}</code>
<h2>${found.document.kind === "image" ? words.image : words.index}</h2>
<div class="wide"><table>
<tr><th>${words.digest}</th><td><code>${found.digest}</code></td></tr>
<tr><th>${words.type}</th><td><code>${found.document.mediaType}</code></td></tr>
<tr><th>${words.size}</th><td>${sizeText(found.sizeBytes)}</td></tr>
<tr><th>${words.platforms}</th><td>${found.platforms.join(", ")}</td></tr>
</table></div>
${content(words, name, found)}
${annotationTable(words, found)}
${await referrerTable(call, words, name, found.digest)}`;
  return pageAnswer({ words, title: `${full} – ${words.title}`, body });
}

function content(words: Words, name: string, { document }: Description): Html {
  if (document.kind === "index") {
    return html`<h2>${words.platforms}</h2>
<div class="wide"><table>${document.manifests.map((entry) => html`<tr><td>${referenceLink(name, entry.digest, entry.platform ?? entry.mediaType)}</td><td><code>${entry.digest}</code></td></tr>`)}</table></div>`;
  }
  const layers = document.blobs.filter((blob) => blob !== document.config);
  return html`<h2>${words.layers}</h2>
<div class="wide"><table>${layers.map((layer) => html`<tr><td class="number">${sizeText(layer.size)}</td><td><code>${layer.digest}</code></td><td>${layer.mediaType}</td></tr>`)}</table></div>`;
}

function annotationTable(words: Words, { document }: Description): Html {
  const entries = Object.entries(document.annotations ?? {});
  if (entries.length === 0) return html``;
  return html`<h2>${words.annotations}</h2>
<div class="wide"><table>${entries.map(([key, value]) => html`<tr><th>${key}</th><td>${value}</td></tr>`)}</table></div>`;
}

async function referrerTable({ repositories }: Call, words: Words, name: string, digest: Digest): Promise<Html> {
  const found: Html[] = [];
  for await (const each of repositories.referrers(name, digest)) {
    if (found.length === TAGS_PER_PAGE) break;
    found.push(html`<tr><td>${each.artifactType ?? each.mediaType}</td><td>${referenceLink(name, each.digest, each.digest)}</td></tr>`);
  }
  if (found.length === 0) return html``;
  return html`<h2>${words.referrers}</h2>
<div class="wide"><table>${found}</table></div>`;
}

/** By what the browser calls us, if that can stand in a command. */
function hostOf({ request }: Call): string {
  const host = request.headers.get("host") ?? "";
  return /^[A-Za-z0-9.\-[\]:]{1,255}$/.test(host) ? host : "localhost";
}

function pageOf(all: readonly string[], last: string | null, count: number): { page: readonly string[]; next: string | undefined } {
  const rest = last === null || !all.includes(last) ? all : all.slice(all.indexOf(last) + 1);
  return { page: rest.slice(0, count), next: rest.length > count ? rest[count - 1] : undefined };
}

const link = (parameters: Record<string, string>, text: string): Html => html`<a href="/?${String(new URLSearchParams(parameters))}">${text}</a>`;
const repositoryLink = (name: string): Html => link({ repository: name }, name);
const referenceLink = (name: string, reference: string, text: string): Html => link({ repository: name, reference }, text);
const moreLink = (words: Words, next: string | undefined, parameters: Record<string, string>): Html => (next === undefined ? html`` : html`<p>${link({ ...parameters, last: next }, words.more)}</p>`);
const notFound = (words: Words): Response => pageAnswer({ words, title: words.title, body: html`<p>${words.notFound}</p><p><a href="/">${words.all}</a></p>`, status: 404 });
