import { encodeHeader, encodeTar, endOfArchive, padding } from "../../archive/mod.ts";
import { EngineError } from "../../base/mod.ts";
import { isAttestation, MAX_MANIFEST_BYTES, parseIndex, parseJson, parseManifest, refuseForeignCache } from "../../image/mod.ts";
import { digestHex, MEDIA, type Descriptor, type Digest } from "../../spec/mod.ts";
import type { Platform } from "../graph/op.ts";
import { digestOfBytes } from "../graph/make-vertex.ts";
import type { ClientStore } from "./client-store.ts";

const MAX_DEPTH = 4;
const MAX_BLOBS = 10_000;
/** Of manifests and indexes together. */
const MAX_DOCUMENTS_BYTES = 64 * 1024 * 1024;

export interface WantedLayout {
  /** Of an index or a manifest. */
  readonly digest: Digest;
  /** Leaves others of an index out. */
  readonly platform: Platform | undefined;
}

/** What belongs to an index or a manifest of a client's store, as the archive of an OCI layout. @throws EngineError, also for what BuildKit has written as a cache */
export async function* layoutArchive(store: ClientStore, wanted: WantedLayout): AsyncGenerator<Uint8Array, void, void> {
  const layout = new LayoutReader(store, wanted.platform);
  const root = { digest: wanted.digest, size: await store.size(wanted.digest), mediaType: "" };
  const mediaType = await layout.take(root, 0);
  const index = { schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [{ ...root, mediaType }] };
  const head = encodeTar([{ kind: "file", name: "oci-layout", mode: 0o644, content: '{"imageLayoutVersion":"1.0.0"}' }, { kind: "file", name: "index.json", mode: 0o644, content: JSON.stringify(index) }]);
  yield head.subarray(0, head.length - endOfArchive().length);
  for (const { digest, size, bytes } of layout.blobs.values()) {
    yield encodeHeader({ kind: "file", name: `blobs/sha256/${digestHex(digest)}`, mode: 0o644, size });
    if (bytes) yield bytes;
    else yield* store.read(digest, size);
    yield padding(size);
  }
  yield endOfArchive();
}

interface Blob {
  readonly digest: Digest;
  readonly size: number;
  /** Of small ones that have been read. */
  readonly bytes: Uint8Array | undefined;
}

class LayoutReader {
  readonly blobs = new Map<Digest, Blob>();
  readonly #store: ClientStore;
  readonly #platform: Platform | undefined;
  #documentBytes = 0;

  constructor(store: ClientStore, platform: Platform | undefined) {
    this.#store = store;
    this.#platform = platform;
  }

  /** Notes the blobs that a manifest or an index stands for. @returns its media type */
  async take(descriptor: Descriptor, depth: number): Promise<string> {
    if (depth > MAX_DEPTH) throw malformed("its indexes are nested too deep");
    const bytes = await this.#document(descriptor);
    const value = parseJson(bytes, "a manifest");
    const isIndex = "manifests" in Object(value);
    if (isIndex) {
      const { manifests } = parseIndex(value);
      // Before anything is read: among a foreign cache's entries are its layers.
      manifests.forEach(refuseForeignCache);
      for (const entry of manifests) {
        if (!isAttestation(entry) && this.#fits(entry)) await this.take(entry, depth + 1);
      }
    } else {
      const { config, layers } = parseManifest(value);
      refuseForeignCache(config);
      for (const { digest, size } of [config, ...layers]) this.#note({ digest, size, bytes: undefined });
    }
    const { mediaType } = Object(value) as { readonly mediaType?: unknown };
    return typeof mediaType === "string" ? mediaType : isIndex ? MEDIA.ociIndex : MEDIA.ociManifest;
  }

  #fits({ platform }: Descriptor): boolean {
    return !platform || !this.#platform || (platform.os === this.#platform.os && platform.architecture === this.#platform.architecture);
  }

  async #document({ digest, size }: Descriptor): Promise<Uint8Array> {
    this.#documentBytes += size;
    if (size > MAX_MANIFEST_BYTES || this.#documentBytes > MAX_DOCUMENTS_BYTES) throw malformed("a manifest is too large");
    const parts: Uint8Array[] = [];
    for await (const part of this.#store.read(digest, size)) parts.push(part);
    const bytes = Buffer.concat(parts);
    if (digestOfBytes(bytes) !== digest) throw malformed(`${digest} is something else`);
    this.#note({ digest, size, bytes });
    return bytes;
  }

  #note(blob: Blob): void {
    if (this.blobs.size >= MAX_BLOBS) throw malformed("it has too many blobs");
    if (!this.blobs.has(blob.digest)) this.blobs.set(blob.digest, blob);
  }
}

const malformed = (why: string): EngineError => new EngineError("InvalidParameter", `the client's OCI layout cannot be read: ${why}`);
