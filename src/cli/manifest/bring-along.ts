import type { Repository } from "../../registry/mod.ts";
import type { Descriptor, ImageIndex, ImageManifest } from "../../spec/mod.ts";
import { isList } from "./remote.ts";

/** What a name stands for at its registry. */
export interface Source {
  readonly repository: Repository;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Manifests and blobs that lie in another repository: mounted there where the registry does that, else copied. */
export async function bringAlong(source: Source, target: Repository): Promise<void> {
  const { domain, path } = source.repository.reference;
  if (domain === target.reference.domain && path === target.reference.path) return;
  if (isList(source.descriptor)) {
    for (const { digest } of (JSON.parse(Buffer.from(source.bytes).toString("utf8")) as ImageIndex).manifests) {
      const inner = await source.repository.manifest(digest);
      await bringAlong({ repository: source.repository, ...inner }, target);
    }
  } else {
    const { config, layers = [] } = JSON.parse(Buffer.from(source.bytes).toString("utf8")) as ImageManifest;
    for (const blob of [config, ...layers].filter(({ urls }) => urls === undefined || urls.length === 0))
      await target.uploadBlob({ digest: blob.digest, size: blob.size, mountFrom: domain === target.reference.domain ? [path] : [], open: () => read(source.repository, blob) });
  }
  await target.putManifest(source.descriptor.digest, source.descriptor.mediaType, source.bytes);
}

async function* read(source: Repository, { digest, size }: Descriptor): AsyncGenerator<Uint8Array, void, void> {
  yield* await source.blob(digest, { expectedSize: size });
}
