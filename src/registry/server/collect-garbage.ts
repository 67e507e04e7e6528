import { EngineError, messageOf } from "../../base/mod.ts";
import { digestHex, type Digest } from "../../spec/mod.ts";
import * as layout from "../storage/mod.ts";
import { UploadBusy } from "../storage/mod.ts";
import { parseManifest, type ManifestDocument } from "./manifest-document.ts";
import type { Repositories, StoredManifest } from "./repositories.ts";

export interface GarbagePolicy {
  /** Uploads that nobody has written to for so long are given up. */
  readonly uploadMs: number;
  /** Manifests that neither a tag, an index nor a subject that is there leads to are garbage too. */
  readonly untagged: boolean;
}

export interface GarbageReport {
  manifests: number;
  links: number;
  blobs: number;
  uploads: number;
  freedBytes: number;
}

/** 64 bits of a digest: two that meet keep a little garbage, no more. */
const SHORT_HEX = 16;
const ROUND = 200;

/**
 * Removes what nothing refers to and nobody has relied on for the grace time. Pushes, pulls, and other collections of the same
 * storage go on meanwhile: see Leases for why that is safe.
 */
export async function collectGarbage(repositories: Repositories, policy: GarbagePolicy, report: (sentence: string) => void): Promise<GarbageReport> {
  const collection = new Collection(repositories, policy, report);
  for (const name of await repositories.names()) await collection.repository(name);
  await collection.blobs();
  await repositories.storage.sweep(Date.now() - policy.uploadMs);
  return collection.counts;
}

class Collection {
  readonly counts: GarbageReport = { manifests: 0, links: 0, blobs: 0, uploads: 0, freedBytes: 0 };
  readonly #linked = new Set<string>();
  #steps = 0;

  constructor(
    readonly repositories: Repositories,
    readonly policy: GarbagePolicy,
    readonly report: (sentence: string) => void,
  ) {}

  async repository(name: string): Promise<void> {
    await this.#uploads(name);
    try {
      const manifests = await this.#manifests(name);
      if (this.policy.untagged) await this.#untagged(name, manifests);
      await this.#links(name, manifests);
    } catch (error) {
      // What cannot be read may refer to anything.
      this.report(`nothing of repository ${name} is collected: ${messageOf(error)}`);
    }
    for (const digest of await this.repositories.links(name)) this.#linked.add(shortHex(digest));
    await this.#empty(name);
  }

  async #manifests(name: string): Promise<Map<Digest, ManifestDocument>> {
    const found = new Map<Digest, ManifestDocument>();
    for (const digest of await this.repositories.digests(name)) {
      const stored = await this.repositories.manifest(name, digest);
      if (stored) found.set(digest, parse(stored));
      await this.#breathe();
    }
    return found;
  }

  async #untagged(name: string, manifests: Map<Digest, ManifestDocument>): Promise<void> {
    const tagged: Digest[] = [];
    for (const tag of await this.repositories.tags(name)) {
      const digest = await this.repositories.tagged(name, tag);
      if (digest) tagged.push(digest);
    }
    const kept = reachedFrom(tagged, manifests);
    for (const digest of [...manifests.keys()].filter((each) => !kept.has(each))) {
      const stored = await this.repositories.manifest(name, digest);
      if (!stored) continue;
      const freed = await this.repositories.leases.collect(layout.manifestKey(name, digest), () => this.repositories.removeManifest(name, stored));
      if (freed === undefined) continue;
      manifests.delete(digest);
      this.counts.manifests++;
      this.counts.freedBytes += freed;
    }
  }

  async #links(name: string, manifests: ReadonlyMap<Digest, ManifestDocument>): Promise<void> {
    const referred = new Set([...manifests.values()].flatMap(({ referred }) => referred));
    for (const digest of await this.repositories.links(name)) {
      if (!referred.has(digest) && (await this.repositories.leases.collect(layout.linkKey(name, digest))) !== undefined) this.counts.links++;
      await this.#breathe();
    }
  }

  async #uploads(name: string): Promise<void> {
    const { uploads } = this.repositories.storage;
    for await (const id of this.repositories.storage.list(layout.uploadsKey(name))) {
      const key = layout.uploadKey(name, id);
      const found = await uploads.info(key);
      if (!found || Date.now() - found.modifiedMs < this.policy.uploadMs) continue;
      if (!(await isFree(() => uploads.open(key)))) continue;
      await uploads.remove(key);
      this.counts.uploads++;
      this.counts.freedBytes += found.size;
    }
  }

  /** A name that leads to nothing is forgotten. */
  async #empty(name: string): Promise<void> {
    const { storage, leases } = this.repositories;
    const folders = [layout.manifestsKey(name), layout.tagsKey(name), layout.linksKey(name), layout.uploadsKey(name), layout.referrersOfKey(name)];
    for (const folder of folders) for await (const _left of storage.list(folder)) return;
    if ((await leases.collect(layout.nameKey(name))) === undefined) return;
    for (const folder of folders) await storage.tidy(folder);
  }

  async blobs(): Promise<void> {
    const { storage, leases } = this.repositories;
    for await (const shard of storage.list(layout.BLOBS)) {
      for await (const hex of storage.list(`${layout.BLOBS}/${shard}`)) {
        const digest = layout.digestOfName(hex);
        if (!digest || this.#linked.has(shortHex(digest))) continue;
        const freed = await leases.collect(layout.blobKey(digest));
        if (freed === undefined) continue;
        this.counts.blobs++;
        this.counts.freedBytes += freed;
      }
      await this.#breathe();
    }
  }

  /** Requests get their turn. */
  async #breathe(): Promise<void> {
    if (this.#steps++ % ROUND === 0) await new Promise(setImmediate);
  }
}

function parse({ digest, bytes, mediaType }: StoredManifest): ManifestDocument {
  try {
    return parseManifest(bytes, mediaType);
  } catch (error) {
    throw new EngineError("System", `manifest ${digest} cannot be read: ${messageOf(error)}`);
  }
}

/** With what they list, and what has one of all these as its subject, such as the signature of a list of contents of an image. */
function reachedFrom(tagged: readonly Digest[], manifests: ReadonlyMap<Digest, ManifestDocument>): Set<Digest> {
  const about = new Map<Digest, Digest[]>();
  for (const [digest, { subject }] of manifests) if (subject) about.set(subject, about.get(subject) ?? []).get(subject)?.push(digest);
  const reached = new Set<Digest>();
  const pending = [...tagged];
  for (let digest = pending.pop(); digest; digest = pending.pop()) {
    if (reached.has(digest)) continue;
    reached.add(digest);
    for (const entry of manifests.get(digest)?.manifests ?? []) pending.push(entry.digest);
    for (const referrer of about.get(digest) ?? []) pending.push(referrer);
  }
  return reached;
}

async function isFree(open: () => Promise<AsyncDisposable | undefined>): Promise<boolean> {
  try {
    await (await open())?.[Symbol.asyncDispose]();
    return true;
  } catch (error) {
    if (error instanceof UploadBusy) return false;
    throw error;
  }
}

const shortHex = (digest: Digest): string => digestHex(digest).slice(0, SHORT_HEX);
