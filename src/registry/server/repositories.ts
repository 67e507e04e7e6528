import { parseDigest, type Descriptor, type Digest } from "../../spec/mod.ts";
import * as layout from "../storage/mod.ts";
import type { Leases, ObjectInfo, Storage } from "../storage/mod.ts";
import { parseManifest, type ManifestDocument } from "./manifest-document.ts";

const LINE_FEED = 10;
const MAX_MEDIA_TYPE = 256;
const MAX_TAG_FILE = 128;
/** Of a descriptor beside what it has of its manifest. */
const MAX_DESCRIPTOR = 1024;
const NOTHING = new Uint8Array();

export interface StoredManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** Repositories, manifests, tags and links as they lie in a storage. Remembers nothing: another process may change all of it. */
export class Repositories {
  constructor(
    readonly storage: Storage,
    readonly leases: Leases,
    readonly maxManifestBytes: number,
  ) {}

  async exists(name: string): Promise<boolean> {
    return (await this.storage.info(layout.nameKey(name))) !== undefined;
  }

  /** All names, sorted. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(this.storage.list(layout.NAMES))).map(layout.nameOfKey).sort();
  }

  /** The blob's size, if this repository has it. */
  async blob(name: string, digest: Digest): Promise<ObjectInfo | undefined> {
    if (!(await this.storage.info(layout.linkKey(name, digest)))) return undefined;
    return await this.storage.info(layout.blobKey(digest));
  }

  /** The same, and keeps it for a push that goes on relying on it. */
  async leaseBlob(name: string, digest: Digest): Promise<ObjectInfo | undefined> {
    if (!(await this.leases.renew(layout.linkKey(name, digest)))) return undefined;
    return await this.leases.renew(layout.blobKey(digest));
  }

  /** Makes a blob that is in the storage part of a repository. @returns false when it has gone meanwhile */
  async linkBlob(name: string, digest: Digest): Promise<boolean> {
    await this.#name(name);
    await this.leases.write(layout.linkKey(name, digest), NOTHING);
    return (await this.leases.renew(layout.blobKey(digest))) !== undefined;
  }

  /** The name is written first: what is given up later is found by it. */
  async startUpload(name: string, id: string): Promise<void> {
    await this.#name(name);
    await this.storage.uploads.create(layout.uploadKey(name, id));
  }

  async unlinkBlob(name: string, digest: Digest): Promise<void> {
    await this.storage.remove(layout.linkKey(name, digest));
    await this.storage.settle([layout.linkKey(name, digest)]);
  }

  async manifest(name: string, digest: Digest): Promise<StoredManifest | undefined> {
    const record = await this.storage.read(layout.manifestKey(name, digest), this.maxManifestBytes + MAX_MEDIA_TYPE);
    if (!record) return undefined;
    const end = record.indexOf(LINE_FEED);
    return { digest, mediaType: new TextDecoder().decode(record.subarray(0, end)), bytes: record.subarray(end + 1) };
  }

  async leaseManifest(name: string, digest: Digest): Promise<boolean> {
    return (await this.leases.renew(layout.manifestKey(name, digest))) !== undefined;
  }

  /** What a tag names; undefined when there is no such tag. */
  async tagged(name: string, tag: string): Promise<Digest | undefined> {
    const bytes = await this.storage.read(layout.tagKey(name, tag), MAX_TAG_FILE);
    return bytes && parseDigest(new TextDecoder().decode(bytes));
  }

  async tags(name: string): Promise<string[]> {
    return await Array.fromAsync(this.storage.list(layout.tagsKey(name)));
  }

  /** Of all manifests. */
  async digests(name: string): Promise<Digest[]> {
    return await this.#digestsBelow(layout.manifestsKey(name));
  }

  /** Of all blobs that the repository has. */
  async links(name: string): Promise<Digest[]> {
    return await this.#digestsBelow(layout.linksKey(name));
  }

  async #digestsBelow(key: string): Promise<Digest[]> {
    return (await Array.fromAsync(this.storage.list(key))).flatMap((hex) => layout.digestOfName(hex) ?? []);
  }

  /**
   * Keeps a manifest, its entry among its subject's referrers, and the tag, in this order: a kill in between leaves a
   * manifest that nobody was told of. Resolves when all of it survives a power cut.
   */
  async putManifest(name: string, { digest, mediaType, bytes }: StoredManifest, document: ManifestDocument, tag: string | undefined): Promise<void> {
    const head = new TextEncoder().encode(`${mediaType}\n`);
    const record = new Uint8Array(head.length + bytes.length);
    record.set(head);
    record.set(bytes, head.length);
    const writes: [key: string, bytes: Uint8Array][] = [[layout.manifestKey(name, digest), record]];
    if (document.subject) writes.push([layout.referrerKey(name, document.subject, digest), referrerRecord(digest, bytes.length, document)]);
    if (tag !== undefined) writes.push([layout.tagKey(name, tag), new TextEncoder().encode(digest)]);
    await this.#name(name);
    for (const [key, content] of writes) await this.leases.write(key, content);
    const relied = document.blobs.flatMap((blob) => [layout.linkKey(name, blob.digest), layout.blobKey(blob.digest)]);
    await this.storage.settle([...writes.map(([key]) => key), ...relied, layout.nameKey(name)]);
  }

  async removeTag(name: string, tag: string): Promise<void> {
    await this.storage.remove(layout.tagKey(name, tag));
    await this.storage.settle([layout.tagKey(name, tag)]);
  }

  /** Takes tags away before the manifest they name, and the entry among referrers last: a list is checked against what is there. */
  async removeManifest(name: string, { digest, bytes, mediaType }: StoredManifest): Promise<void> {
    for (const tag of await this.tags(name)) if ((await this.tagged(name, tag)) === digest) await this.storage.remove(layout.tagKey(name, tag));
    await this.storage.remove(layout.manifestKey(name, digest));
    const { subject } = parseManifest(bytes, mediaType);
    if (subject) await this.storage.remove(layout.referrerKey(name, subject, digest));
    await this.storage.settle([layout.manifestKey(name, digest), `${layout.tagsKey(name)}/`]);
  }

  /** Descriptors of manifests whose subject this is, by digest, behind one. Each may be as large as a manifest: they are read one by one. */
  async *referrers(name: string, subject: Digest, after = ""): AsyncGenerator<Descriptor, void, void> {
    for (const hex of (await Array.fromAsync(this.storage.list(layout.referrersKey(name, subject)))).sort()) {
      const digest = layout.digestOfName(hex);
      if (!digest || digest <= after || !(await this.storage.info(layout.manifestKey(name, digest)))) continue;
      const record = await this.storage.read(layout.referrerKey(name, subject, digest), this.maxManifestBytes + MAX_DESCRIPTOR);
      if (record) yield JSON.parse(new TextDecoder().decode(record)) as Descriptor;
    }
  }

  async #name(name: string): Promise<void> {
    if (!(await this.leases.renew(layout.nameKey(name)))) await this.leases.write(layout.nameKey(name), NOTHING);
  }
}

function referrerRecord(digest: Digest, size: number, { mediaType, artifactType, annotations }: ManifestDocument): Uint8Array {
  const descriptor: Descriptor = { mediaType, digest, size, ...(artifactType !== undefined && { artifactType }), ...(annotations && { annotations }) };
  return new TextEncoder().encode(JSON.stringify(descriptor));
}
