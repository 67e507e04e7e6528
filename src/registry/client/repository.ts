import { parseDigest, type Descriptor, type Digest, type Reference } from "../../spec/mod.ts";
import { openBlob, type Sources } from "./blob.ts";
import { firstReachable, mirrorsOf, ownEndpoints, type Endpoint } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import { getManifest, headManifest, MANIFEST_TYPES, namedRefusal, putManifest } from "./manifests.ts";
import { listReferrers, listTags } from "./lists.ts";
import { withRetries, type Patience } from "./retry.ts";
import type { Access, Session, Transfer } from "./transfer.ts";
import type { BlobOptions, BlobStream, BlobUpload, Manifest, ManifestOptions, OnRetry, Page, RegistryAuth, Repository, RequestOptions, ResolveOptions, StreamOptions, UploadOptions } from "./types.ts";
import { upload, uploadStream } from "./upload.ts";

/** One place to read from or write to, as one operation uses it. */
export interface Place {
  readonly transfer: Transfer;
  readonly session: Session;
  readonly access: Access;
  /** Ends in a slash: `…/v2/library/debian/`. */
  readonly base: URL;
  readonly signal: AbortSignal | undefined;
}

type Action<T> = (place: Place) => Promise<T>;

/** A repository by way of its registry's mirrors, where it has some, and of the registry itself. */
export class RemoteRepository implements Repository {
  readonly #transfer: Transfer;
  readonly #auth: RegistryAuth;
  /** Mirrors that could not serve once are not asked again for this repository. */
  readonly #useless = new Set<string>();
  #mirrors: Promise<readonly Endpoint[]> | undefined;
  #own: Promise<readonly Endpoint[]> | undefined;

  constructor(
    transfer: Transfer,
    readonly reference: Reference,
    auth: RegistryAuth,
  ) {
    this.#transfer = transfer;
    this.#auth = auth;
  }

  resolve(tagOrDigest: string, { accept = MANIFEST_TYPES, signal, onRetry }: ResolveOptions = {}): Promise<Descriptor> {
    return this.#read((place) => headManifest(place, tagOrDigest, accept), tagOrDigest, signal, onRetry);
  }

  manifest(tagOrDigest: string, { accept = MANIFEST_TYPES, maxBytes = this.#transfer.limits.manifestBytes, signal, onRetry }: ManifestOptions = {}): Promise<Manifest> {
    return this.#read((place) => getManifest(place, tagOrDigest, accept, maxBytes), tagOrDigest, signal, onRetry);
  }

  blob(digest: Digest, options: BlobOptions): Promise<BlobStream> {
    const sources: Sources = {
      anywhere: (action, signal) => this.#anywhere(action, signal),
      distrust: ({ base, mirror }) => mirror && !this.#useless.has(base.href) && this.#useless.add(base.href) !== undefined,
      isTrusted: ({ base }) => !this.#useless.has(base.href),
    };
    return openBlob(sources, this.#patience(options.signal, options.onRetry), digest, options);
  }

  hasBlob(digest: Digest, { signal }: RequestOptions = {}): Promise<number | undefined> {
    return withRetries(this.#patience(signal), async () => {
      const { transfer, ...place } = await this.#home("pull", signal);
      const response = await transfer.request(place.session, { method: "HEAD", url: new URL(`blobs/${digest}`, place.base), access: place.access, ...(signal && { signal }) }, [200, 404]);
      await response.discard();
      return response.status === 404 ? undefined : Number(response.headers.get("content-length") ?? 0);
    });
  }

  keptAs(tagOrDigest: string, { signal }: RequestOptions = {}): Promise<Digest | undefined> {
    return withRetries(this.#patience(signal), async () => {
      const { transfer, session, access, base } = await this.#home("push", signal);
      const response = await transfer.request(session, { method: "HEAD", url: new URL(`manifests/${tagOrDigest}`, base), access, headers: { Accept: MANIFEST_TYPES.join(", ") }, ...(signal && { signal }) }, [200, 404]);
      await response.discard();
      const digest = response.status === 404 ? undefined : response.headers.get("docker-content-digest");
      return digest === undefined ? undefined : parseDigest(digest);
    });
  }

  uploadBlob(blob: BlobUpload, options: UploadOptions = {}): Promise<"exists" | "mounted" | "uploaded"> {
    return upload((from) => this.#home("push", options.signal, from), this.#patience(options.signal, options.onRetry), blob, options);
  }

  async uploadStream(chunks: AsyncIterable<Uint8Array>, options: StreamOptions = {}): Promise<{ digest: Digest; size: number }> {
    return uploadStream(await this.#home("push", options.signal), chunks, options);
  }

  putManifest(tagOrDigest: string, mediaType: string, bytes: Uint8Array, { signal }: RequestOptions = {}): Promise<Digest> {
    return withRetries(this.#patience(signal), async () => putManifest(await this.#home("push", signal), tagOrDigest, mediaType, bytes));
  }

  tags({ last, n, signal }: RequestOptions & { last?: string; n?: number } = {}): Promise<Page> {
    return this.#read((place) => listTags(place, { last, n }), undefined, signal);
  }

  referrers(digest: Digest, { artifactType, signal }: RequestOptions & { artifactType?: string } = {}): Promise<readonly Descriptor[]> {
    return this.#read((place) => listReferrers(place, digest, artifactType), undefined, signal);
  }

  /** Refusals name the image that was asked for. */
  async #read<T>(action: Action<T>, tagOrDigest: string | undefined, signal: AbortSignal | undefined, onRetry?: OnRetry): Promise<T> {
    try {
      return await withRetries(this.#patience(signal, onRetry), () => this.#anywhere(action, signal));
    } catch (error) {
      throw error instanceof RegistryError ? namedRefusal(error, this.reference, tagOrDigest) : error;
    }
  }

  /** At the first mirror that can, or at home. */
  async #anywhere<T>(action: Action<T>, signal: AbortSignal | undefined): Promise<T> {
    this.#mirrors ??= mirrorsOf(this.reference.domain, this.#transfer.options);
    for (const endpoint of (await this.#mirrors).filter(({ base }) => !this.#useless.has(base.href))) {
      try {
        return await action(await this.#place(endpoint, "pull", signal));
      } catch {
        signal?.throwIfAborted();
        this.#useless.add(endpoint.base.href);
      }
    }
    return action(await this.#home("pull", signal));
  }

  /** The registry itself: over TLS, or without where the operator says so. */
  async #home(right: "pull" | "push", signal: AbortSignal | undefined, from: readonly string[] = []): Promise<Place> {
    this.#own ??= ownEndpoints(this.reference.domain, this.#transfer.options);
    return firstReachable(await this.#own, (endpoint) => this.#place(endpoint, right, signal, from), signal);
  }

  async #place(endpoint: Endpoint, right: "pull" | "push", signal: AbortSignal | undefined, from: readonly string[] = []): Promise<Place> {
    const { path } = this.reference;
    const session = await this.#transfer.session(endpoint, signal);
    const scopes = [`repository:${path}:${right === "push" ? "pull,push" : "pull"}`, ...from.map((other) => `repository:${other}:pull`)];
    return {
      transfer: this.#transfer,
      session,
      access: { auth: endpoint.mirror ? {} : this.#auth, scopes },
      base: new URL(`${endpoint.base.href.replace(/\/$/, "")}/v2/${path}/`),
      signal,
    };
  }

  #patience(signal: AbortSignal | undefined, onRetry?: OnRetry): Patience {
    return { limits: this.#transfer.limits, signal, onRetry };
  }
}
