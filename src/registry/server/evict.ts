import { messageOf } from "../../base/mod.ts";
import type { Digest } from "../../spec/mod.ts";
import { blobKey, manifestKey } from "../storage/mod.ts";
import { parseManifest } from "./manifest-document.ts";
import type { Repositories } from "./repositories.ts";

/** How much a cache keeps. */
export interface EvictionPolicy {
  /** Of blobs; undefined: as much as the storage takes. */
  readonly maxBytes?: number | undefined;
  /** Since an image was last asked for; undefined: for ever. */
  readonly maxUnusedMs?: number | undefined;
}

interface KeptManifest {
  readonly name: string;
  readonly digest: Digest;
  readonly usedMs: number;
  readonly blobs: readonly Digest[];
}

/** When the limit is met, so much of it is made free. */
const ROOM = 0.1;
const ROUND = 200;

/**
 * Removes from a cache the manifests that nobody has asked for, for too long or for the longest time; their blobs are garbage then. Whoever asks for one
 * again makes the cache fetch it again: nothing has to wait for anybody. @returns how many
 */
export async function evictUnused(repositories: Repositories, { maxBytes, maxUnusedMs }: EvictionPolicy, report: (sentence: string) => void): Promise<number> {
  const kept = (await keptManifests(repositories, report)).sort((a, b) => a.usedMs - b.usedMs);
  const evicted = new Set(maxUnusedMs === undefined ? [] : kept.filter(({ usedMs }) => Date.now() - usedMs > maxUnusedMs));
  if (maxBytes !== undefined) for (const each of beyond(await blobSizes(repositories, kept), kept.filter((manifest) => !evicted.has(manifest)), maxBytes)) evicted.add(each);
  for (const { name, digest } of evicted) {
    const stored = await repositories.manifest(name, digest);
    if (stored) await repositories.removeManifest(name, stored);
  }
  return evicted.size;
}

/** The longest unused, until the rest fits. @param kept the longest unused first */
function beyond(sizes: ReadonlyMap<Digest, number>, kept: readonly KeptManifest[], maxBytes: number): KeptManifest[] {
  const users = new Map<Digest, number>();
  for (const { blobs } of kept) for (const digest of blobs) users.set(digest, (users.get(digest) ?? 0) + 1);
  let bytes = [...users.keys()].reduce((sum, digest) => sum + (sizes.get(digest) ?? 0), 0);
  if (bytes <= maxBytes) return [];
  const gone: KeptManifest[] = [];
  for (const manifest of kept) {
    if (bytes <= maxBytes * (1 - ROOM)) break;
    // An index holds nothing itself; it is small, and goes when it is too old.
    if (manifest.blobs.length === 0) continue;
    gone.push(manifest);
    for (const digest of manifest.blobs) {
      const left = (users.get(digest) ?? 1) - 1;
      users.set(digest, left);
      if (left === 0) bytes -= sizes.get(digest) ?? 0;
    }
  }
  return gone;
}

async function keptManifests(repositories: Repositories, report: (sentence: string) => void): Promise<KeptManifest[]> {
  const kept: KeptManifest[] = [];
  for (const name of await repositories.names()) {
    for (const digest of await repositories.digests(name)) {
      const found = await repositories.storage.info(manifestKey(name, digest));
      const stored = found && (await repositories.manifest(name, digest));
      if (!stored) continue;
      try {
        kept.push({ name, digest, usedMs: found.modifiedMs, blobs: [...new Set(parseManifest(stored.bytes, stored.mediaType).referred)] });
      } catch (error) {
        report(`manifest ${digest} of ${name} cannot be read, and is kept: ${messageOf(error)}`);
      }
      if (kept.length % ROUND === 0) await new Promise(setImmediate);
    }
  }
  return kept;
}

/** Those that are here. */
async function blobSizes({ storage }: Repositories, kept: readonly KeptManifest[]): Promise<Map<Digest, number>> {
  const sizes = new Map<Digest, number>();
  for (const { blobs } of kept) {
    for (const digest of blobs) {
      if (sizes.has(digest)) continue;
      sizes.set(digest, (await storage.info(blobKey(digest)))?.size ?? 0);
      if (sizes.size % ROUND === 0) await new Promise(setImmediate);
    }
  }
  return sizes;
}
