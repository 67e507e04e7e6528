import { messageOf } from "../../base/mod.ts";
import type { Descriptor, Digest } from "../../spec/mod.ts";
import { RegistryError, type Manifest, type RegistryAuth, type RegistryClient, type Repository } from "../client/mod.ts";
import { blobKey, manifestKey, tagKey } from "../storage/mod.ts";
import { BlobFlight } from "./blob-flight.ts";
import { parseManifest } from "./manifest-document.ts";
import type { Metrics } from "./metrics.ts";
import type { ManifestReference } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { Repositories, StoredManifest } from "./repositories.ts";

export interface PullThroughOptions {
  readonly client: RegistryClient;
  /** Of the registry behind, as in a reference: `docker.io`. */
  readonly domain: string;
  readonly auth: RegistryAuth;
  /** What nobody asks for is let go of, so it is noted who does. */
  readonly evicts?: boolean;
  /** How long a tag is believed before the registry is asked again. */
  readonly tagMs: number;
  readonly metrics: Metrics;
  readonly report: (sentence: string) => void;
}

/** A blob no larger is waited for: an answer with a length is worth more than an early first byte. The runtime sends streams without one. */
const WAITED_FOR_BYTES = 1024 * 1024;
/** A use is noted no oftener. */
const USE_MS = 600_000;

/** Fetches from another registry what is not there yet, keeps it, and stands in for that registry when it cannot be reached. */
export class PullThrough {
  readonly #flights = new Map<string, BlobFlight>();
  readonly #manifests = new Map<string, Promise<StoredManifest>>();

  constructor(
    readonly repositories: Repositories,
    readonly options: PullThroughOptions,
  ) {}

  /** @throws Refusal */
  async manifest(name: string, reference: ManifestReference): Promise<StoredManifest> {
    const key = `${name}@${reference.kind === "tag" ? reference.tag : reference.digest}`;
    const known = this.#manifests.get(key);
    if (known) return await known;
    const asked = reference.kind === "tag" ? this.#tagged(name, reference.tag) : this.#byDigest(name, reference.digest);
    this.#manifests.set(key, asked);
    try {
      const found = await asked;
      if (this.options.evicts) await this.#noteUse(manifestKey(name, found.digest));
      return found;
    } finally {
      this.#manifests.delete(key);
    }
  }

  async #noteUse(key: string): Promise<void> {
    const found = await this.repositories.storage.info(key);
    if (found && Date.now() - found.modifiedMs > USE_MS) await this.repositories.storage.touch(key);
  }

  async #byDigest(name: string, digest: Digest): Promise<StoredManifest> {
    const kept = await this.repositories.manifest(name, digest);
    this.#count(kept ? "hit" : "miss");
    return kept ?? (await this.#keep(name, await this.#ask(name, (repository) => repository.manifest(digest)), undefined));
  }

  async #tagged(name: string, tag: string): Promise<StoredManifest> {
    const kept = await this.#kept(name, tag);
    const age = kept && (await this.repositories.storage.info(tagKey(name, tag)));
    if (kept && age && Date.now() - age.modifiedMs < this.options.tagMs) {
      this.#count("hit");
      return kept;
    }
    try {
      const { digest } = await this.#ask(name, (repository) => repository.resolve(tag));
      if (kept?.digest === digest) {
        this.#count("hit");
        await this.repositories.storage.touch(tagKey(name, tag));
        return kept;
      }
      this.#count("miss");
      return await this.#keep(name, await this.#ask(name, (repository) => repository.manifest(digest)), tag);
    } catch (error) {
      if (!kept || !(error instanceof Refusal) || error.status < 500) throw error;
      this.options.report(`${this.options.domain} cannot be asked for ${name}:${tag} (${error.message}): what was kept of it is served`);
      this.#count("stale");
      return kept;
    }
  }

  async #kept(name: string, tag: string): Promise<StoredManifest | undefined> {
    const digest = await this.repositories.tagged(name, tag);
    return digest && (await this.repositories.manifest(name, digest));
  }

  async #keep(name: string, { descriptor, bytes }: Manifest, tag: string | undefined): Promise<StoredManifest> {
    const stored: StoredManifest = { digest: descriptor.digest, mediaType: descriptor.mediaType, bytes };
    await this.repositories.putManifest(name, stored, parseManifest(bytes, descriptor.mediaType), tag);
    return stored;
  }

  /** The size of a blob that the registry has. @throws Refusal BLOB_UNKNOWN */
  async blobSize(name: string, digest: Digest): Promise<number> {
    const size = await this.#ask(name, (repository) => repository.hasBlob(digest));
    if (size === undefined) throw new Refusal("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });
    return size;
  }

  /**
   * Brings a blob here. @returns its bytes as they arrive, or undefined when it is here: to be read from the storage
   * @throws Refusal
   */
  async blob(name: string, digest: Digest, size: number): Promise<ReadableStream<Uint8Array> | undefined> {
    this.#count("miss");
    if (await this.#haveElsewhere(name, digest, size)) return undefined;
    const flight = this.#flight(name, digest, size);
    try {
      const stream = size > WAITED_FOR_BYTES ? await flight.follow() : undefined;
      if (!stream) await flight.landed;
      return stream;
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  /** The registry says that this repository has it: content that came with another one need not be fetched again. */
  async #haveElsewhere(name: string, digest: Digest, size: number): Promise<boolean> {
    const found = await this.repositories.leases.renew(blobKey(digest));
    return found?.size === size && (await this.repositories.linkBlob(name, digest));
  }

  #flight(name: string, digest: Digest, size: number): BlobFlight {
    const key = `${name}@${digest}`;
    const known = this.#flights.get(key);
    if (known && !known.isAbandoned) return known;
    const flight = new BlobFlight({
      repositories: this.repositories,
      name,
      digest,
      size,
      fetch: (signal) => this.#repository(name).blob(digest, { expectedSize: size, signal }),
      fetched: (bytes) => this.options.metrics.add("proxy_fetched_bytes_total", bytes),
    });
    this.#flights.set(key, flight);
    const forget = (): void => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    flight.landed.then(forget, (error: unknown) => {
      forget();
      this.options.report(`blob ${digest} of ${name} could not be fetched from ${this.options.domain}: ${messageOf(error)}`);
    });
    return flight;
  }

  async tags(name: string, options: { n?: number; last?: string }): Promise<{ tags: readonly string[]; next: string | undefined }> {
    return await this.#ask(name, (repository) => repository.tags(options));
  }

  async referrers(name: string, digest: Digest): Promise<readonly Descriptor[]> {
    return await this.#ask(name, (repository) => repository.referrers(digest));
  }

  #repository(name: string): Repository {
    const path = this.options.domain === "docker.io" && !name.includes("/") ? `library/${name}` : name;
    return this.options.client.repository({ domain: this.options.domain, path }, this.options.auth);
  }

  async #ask<T>(name: string, question: (repository: Repository) => Promise<T>): Promise<T> {
    try {
      return await question(this.#repository(name));
    } catch (error) {
      throw this.#refusal(error);
    }
  }

  #refusal(error: unknown): Refusal {
    if (error instanceof Refusal) return error;
    if (error instanceof RegistryError && (error.kind === "NotFound" || error.details.status === 404)) return new Refusal("MANIFEST_UNKNOWN", "manifest unknown");
    return new Refusal("UNAVAILABLE", `${this.options.domain} could not serve it: ${messageOf(error)}`, { status: 502 });
  }

  #count(outcome: "hit" | "miss" | "stale"): void {
    this.options.metrics.add("proxy_requests_total", 1, { outcome });
  }
}
