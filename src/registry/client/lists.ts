import { MEDIA, parseDigest, type Descriptor, type Digest } from "../../spec/mod.ts";
import type { HttpResponse } from "../http/mod.ts";
import { readAll } from "./answers.ts";
import { RegistryError } from "./errors.ts";
import { getManifest } from "./manifests.ts";
import type { Place } from "./repository.ts";
import type { Page } from "./types.ts";

const MAX_PAGES = 100;

/** Distribution spec, "Listing Tags". What is no tag is left out. @param last a tag, or where the page before says that the next one is */
export async function listTags(place: Place, { last, n }: { last: string | undefined; n: number | undefined }): Promise<Page> {
  const url = last?.startsWith("/") ? pageOf(place, last) : new URL("tags/list", place.base);
  if (n !== undefined) url.searchParams.set("n", String(n));
  if (last !== undefined && !last.startsWith("/")) url.searchParams.set("last", last);
  const { value, next } = await getList(place, url);
  const tags = asArray(value["tags"]).filter((tag) => typeof tag === "string" && /^\w[\w.-]{0,127}$/.test(tag)) as string[];
  // Some registries number their pages in words of their own.
  const following = next && (next.searchParams.get("last") ?? `${next.pathname}${next.search}`);
  return { tags, next: following === last ? undefined : following };
}

/** @throws RegistryError for what is no page of this list */
function pageOf({ base }: Place, path: string): URL {
  const page = URL.parse(path, base.href);
  if (!page || page.origin !== base.origin || page.pathname !== new URL("tags/list", base).pathname) throw new RegistryError("InvalidParameter", "this is no page of the list of tags");
  return page;
}

/** Distribution spec, "Listing Referrers", with the tag that stands in where a registry has no such list. */
export async function listReferrers(place: Place, digest: Digest, artifactType: string | undefined): Promise<readonly Descriptor[]> {
  const found = (await referrersByList(place, digest, artifactType)) ?? (await referrersByTag(place, digest));
  return artifactType === undefined ? found : found.filter((descriptor) => descriptor.artifactType === artifactType);
}

async function referrersByList(place: Place, digest: Digest, artifactType: string | undefined): Promise<Descriptor[] | undefined> {
  let url: URL | undefined = new URL(`referrers/${digest}`, place.base);
  if (artifactType !== undefined) url.searchParams.set("artifactType", artifactType);
  const found: Descriptor[] = [];
  for (let page = 0; url && page < MAX_PAGES; page++) {
    try {
      const { value, next } = await getList(place, url);
      found.push(...descriptorsOf(value));
      url = next;
    } catch (error) {
      if (page === 0 && error instanceof RegistryError && error.details.status === 404) return undefined;
      throw error;
    }
  }
  return found;
}

async function referrersByTag(place: Place, digest: Digest): Promise<Descriptor[]> {
  try {
    const { bytes } = await getManifest(place, digest.replace(":", "-"), [MEDIA.ociIndex], place.transfer.limits.manifestBytes);
    return descriptorsOf(Object(JSON.parse(Buffer.from(bytes).toString("utf8"))));
  } catch (error) {
    if (error instanceof RegistryError && error.details.status === 404) return [];
    throw error;
  }
}

function descriptorsOf(index: Record<string, unknown>): Descriptor[] {
  return asArray(index["manifests"]).flatMap((entry) => {
    const { mediaType, digest, size, ...rest } = Object(entry) as Partial<Record<keyof Descriptor, unknown>>;
    if (typeof mediaType !== "string" || typeof digest !== "string" || !Number.isSafeInteger(size)) return [];
    // Of other algorithms nothing could be fetched.
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) return [];
    const { artifactType, annotations } = rest;
    return [
      {
        mediaType,
        digest: parseDigest(digest),
        size: size as number,
        ...(typeof artifactType === "string" && { artifactType }),
        ...(isTexts(annotations) && { annotations }),
      },
    ];
  });
}

const isTexts = (value: unknown): value is Record<string, string> => typeof value === "object" && value !== null && Object.values(value).every((text) => typeof text === "string");

async function getList(place: Place, url: URL): Promise<{ value: Record<string, unknown>; next: URL | undefined }> {
  const { transfer, session, access, signal } = place;
  const deadline = AbortSignal.timeout(transfer.limits.documentMs);
  const response = await transfer.request(session, { method: "GET", url, access, headers: { Accept: "application/json" }, signal: signal ? AbortSignal.any([signal, deadline]) : deadline }, [200]);
  const bytes = await readAll(response, transfer.limits.manifestBytes, `the list at ${url.pathname}`);
  try {
    return { value: Object(JSON.parse(Buffer.from(bytes).toString("utf8"))), next: nextPage(response, url) };
  } catch {
    throw new RegistryError("System", `the list at ${url.pathname} is not JSON`);
  }
}

/** RFC 5988, as the distribution spec uses it; a page elsewhere is no page of this list. */
function nextPage({ headers }: HttpResponse, from: URL): URL | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(headers.get("link") ?? "")?.[1];
  const url = target === undefined ? null : URL.parse(target, from.href);
  if (!url) return undefined;
  // Behind a proxy that ends TLS a registry may think that it is spoken to without.
  const next = url.hostname === from.hostname ? new URL(`${url.pathname}${url.search}`, from) : url;
  return next.origin === from.origin && next.href !== from.href ? next : undefined;
}

const asArray = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
