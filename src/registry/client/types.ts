import type { Descriptor, Digest, Reference } from "../../spec/mod.ts";
import type { HttpLimits, Proxies } from "../http/mod.ts";

/** What a user's request carries to prove who asks (Docker's X-Registry-Auth). */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  /** A refresh token of an earlier login, in place of the password. */
  readonly identityToken?: string;
  /** A bearer token to send as it is. */
  readonly registryToken?: string;
}

export interface RegistryLimits extends HttpLimits {
  readonly manifestBytes: number;
  readonly redirects: number;
  /** Of one request or one blob: each try after the first waits twice as long as the one before. */
  readonly attempts: number;
  readonly backOffMs: number;
  /** A manifest, a token, a list: everything but a blob is received within this time. */
  readonly documentMs: number;
}

export interface RegistryClientOptions {
  /** Docker's form: `docker/28.5.2 go/… os/linux …`. */
  readonly userAgent: string;
  /** URLs to ask first, by the registry's name (`docker.io`); `*` for all others. */
  readonly mirrors?: Readonly<Record<string, readonly string[]>>;
  /** `host[:port]` or CIDRs, beside loopback: TLS is not verified there, and plain HTTP will do. */
  readonly insecure?: readonly string[];
  /** Folders with `<host[:port]>/{*.crt,*.cert,*.key}`. */
  readonly certsDirs?: readonly string[];
  readonly proxies?: Proxies;
  readonly limits?: Partial<RegistryLimits>;
}

/**
 * Speaks the OCI distribution specification 1.1 with any registry. Keeps connections, tokens and what it has learnt of
 * registries between requests; safe to use from many at once.
 */
export interface RegistryClient {
  /** Does nothing yet: the first request does. The reference's tag and digest are not looked at. */
  repository(reference: Reference, auth?: RegistryAuth): Repository;
  /** Asks a registry whether it accepts these credentials. @param serverAddress host, or URL; "" for Docker Hub @throws RegistryError Unauthorized */
  login(serverAddress: string, auth: RegistryAuth, options?: RequestOptions): Promise<LoginResult>;
  /** By Docker Hub's search, or that of the registry which the term begins with. @throws RegistryError */
  search(term: string, options?: SearchOptions): Promise<readonly SearchResult[]>;
  /** Ends idle connections. */
  close(): void;
}

export interface RequestOptions {
  readonly signal?: AbortSignal;
}

export interface LoginResult {
  /** To be kept in place of the password; "" when the registry gives none. */
  readonly identityToken: string;
  readonly status: string;
}

export interface SearchOptions extends RequestOptions {
  readonly auth?: RegistryAuth;
  /** 1 to 100; 25 by default. */
  readonly limit?: number;
}

export interface SearchResult {
  readonly name: string;
  readonly description: string;
  readonly starCount: number;
  readonly isOfficial: boolean;
}

/** Told before a wait: what failed, and in how many milliseconds it is tried again. */
export type OnRetry = (error: Error, delayMs: number) => void;

export interface ResolveOptions extends RequestOptions {
  /** Media types; by default those of images and indexes, OCI's and Docker's. */
  readonly accept?: readonly string[];
  readonly onRetry?: OnRetry;
}

export interface ManifestOptions extends ResolveOptions {
  readonly maxBytes?: number;
}

export interface Manifest {
  readonly descriptor: Descriptor;
  /** Exactly what the digest was made of. */
  readonly bytes: Uint8Array;
}

export interface BlobOptions extends RequestOptions {
  /** Where to begin; a range is asked for. */
  readonly offset?: number;
  /** The whole blob's: one byte more is an error. */
  readonly expectedSize: number;
  /** Where else it may be had (a foreign layer's `urls`), when the registry has it not. Nobody's credentials go there. */
  readonly urls?: readonly string[];
  readonly onRetry?: OnRetry;
}

/**
 * A blob on its way, not verified: the reader hashes. Cut connections are mended by ranges while it is read. It must be
 * read to the end or returned from (`break` does).
 */
export interface BlobStream extends AsyncIterable<Uint8Array> {
  /** Where it really begins: the offset asked for, or 0 when the registry does not know ranges. */
  readonly offset: number;
  /**
   * What came is not what the digest promises: the mirrors that it came from are asked for nothing more.
   * @returns whether there were any, so that the blob may be had elsewhere from its beginning
   */
  distrust(): boolean;
}

export interface BlobUpload {
  readonly digest: Digest;
  readonly size: number;
  /** Called once per attempt. */
  open(): AsyncIterable<Uint8Array>;
  /** Paths of repositories of the same registry that may have the blob. */
  readonly mountFrom?: readonly string[];
}

export interface UploadOptions extends RequestOptions {
  /** Bytes sent so far; falls back to 0 with another attempt. */
  readonly onProgress?: (sentBytes: number) => void;
  readonly onRetry?: OnRetry;
  /** Bytes per PATCH; undefined sends all with one PUT. */
  readonly chunkBytes?: number;
}

export interface StreamOptions extends UploadOptions {
  /** Bytes are sent in here; before it an upload is begun and what is small is read to its end. */
  readonly turn?: <T>(send: () => Promise<T>) => Promise<T>;
}

export interface Page {
  readonly tags: readonly string[];
  /** To be passed as `last` for the next page, as it is: a tag, or the registry's own words; undefined at the end. */
  readonly next: string | undefined;
}

export interface Repository {
  readonly reference: Reference;
  /** What a tag names now (HEAD, or GET where the registry has no HEAD). @throws RegistryError NotFound */
  resolve(tagOrDigest: string, options?: ResolveOptions): Promise<Descriptor>;
  /** Its digest is verified, also against the one asked for. @throws RegistryError */
  manifest(tagOrDigest: string, options?: ManifestOptions): Promise<Manifest>;
  /** Resolves when the registry has begun to send. @throws RegistryError NotFound */
  blob(digest: Digest, options: BlobOptions): Promise<BlobStream>;
  /** Its size, undefined when it is not there. */
  hasBlob(digest: Digest, options?: RequestOptions): Promise<number | undefined>;
  /** What the registry itself, not a mirror, has under this name; undefined when nothing, or when it does not say. */
  keptAs(tagOrDigest: string, options?: RequestOptions): Promise<Digest | undefined>;
  uploadBlob(blob: BlobUpload, options?: UploadOptions): Promise<"exists" | "mounted" | "uploaded">;
  /** A blob that is sent while it is made: without asking for it before, and once only. @returns what it was @throws RegistryError, and what the source throws */
  uploadStream(chunks: AsyncIterable<Uint8Array>, options?: StreamOptions): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** @returns the digest under which the registry keeps it, which is that of the bytes */
  putManifest(tagOrDigest: string, mediaType: string, bytes: Uint8Array, options?: RequestOptions): Promise<Digest>;
  tags(options?: RequestOptions & { readonly last?: string; readonly n?: number }): Promise<Page>;
  /** Descriptors of manifests whose subject this is; empty where there are none. */
  referrers(digest: Digest, options?: RequestOptions & { readonly artifactType?: string }): Promise<readonly Descriptor[]>;
}
