import type { Digest } from "../../../spec/mod.ts";
import { blobKey, tagKey } from "../../storage/mod.ts";
import { parseManifest, type Described, type ManifestDocument } from "../manifest-document.ts";
import type { Repositories, StoredManifest } from "../repositories.ts";

const MAX_CONFIG_BYTES = 1024 * 1024;

/** What a page tells of one manifest. */
export interface Description {
  readonly digest: Digest;
  readonly document: ManifestDocument;
  readonly platforms: readonly string[];
  /** Of everything that a pull of it may fetch, each content once. */
  readonly sizeBytes: number;
}

/** Undefined when it is not there. */
export async function describe(repositories: Repositories, name: string, digest: Digest): Promise<Description | undefined> {
  const stored = await repositories.manifest(name, digest);
  if (!stored) return undefined;
  const document = parseManifest(stored.bytes, stored.mediaType);
  return document.kind === "image" ? await describeImage(repositories, stored, document) : await describeIndex(repositories, name, stored, document);
}

async function describeImage(repositories: Repositories, { digest, bytes }: StoredManifest, document: ManifestDocument): Promise<Description> {
  const platform = document.config && (await platformOf(repositories, document.config));
  return { digest, document, platforms: platform === undefined ? [] : [platform], sizeBytes: bytes.length + sizeOf(document.blobs) };
}

async function describeIndex(repositories: Repositories, name: string, { digest, bytes }: StoredManifest, document: ManifestDocument): Promise<Description> {
  const content: Described[] = [];
  for (const entry of document.manifests) {
    const child = await repositories.manifest(name, entry.digest);
    if (child) content.push(entry, ...parseManifest(child.bytes, child.mediaType).blobs);
  }
  // Attestations say that they are for no platform.
  const platforms = document.manifests.flatMap(({ platform }) => (platform === undefined || platform.startsWith("unknown") ? [] : platform));
  return { digest, document, platforms: [...new Set(platforms)], sizeBytes: bytes.length + sizeOf(content) };
}

function sizeOf(content: readonly Described[]): number {
  return [...new Map(content.map(({ digest, size }) => [digest, size])).values()].reduce((sum, size) => sum + size, 0);
}

async function platformOf(repositories: Repositories, { digest, size }: Described): Promise<string | undefined> {
  if (size > MAX_CONFIG_BYTES) return undefined;
  try {
    const bytes = await repositories.storage.read(blobKey(digest), MAX_CONFIG_BYTES);
    const config = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown> | null;
    const parts = [config?.["os"], config?.["architecture"], config?.["variant"]].filter((part) => typeof part === "string" && part !== "");
    return parts.length > 1 ? parts.join("/") : undefined;
  } catch {
    // A config may be anything: what is no image's tells of no platform.
    return undefined;
  }
}

/** When a tag was last pushed. */
export async function pushedAt(repositories: Repositories, name: string, tag: string): Promise<string> {
  const found = await repositories.storage.info(tagKey(name, tag));
  return found ? `${new Date(found.modifiedMs).toISOString().slice(0, 16).replace("T", " ")} UTC` : "";
}

/** As docker shows sizes: powers of 1000, three digits. */
export function sizeText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toPrecision(3))} ${units[unit]}`;
}
