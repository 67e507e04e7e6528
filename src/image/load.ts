import { sniffCompression, type AppliedLayer } from "../archive/mod.ts";
import { familiarName, parseReference, type Digest } from "../spec/mod.ts";
import { ingestArchive, type StoredMember } from "./archive-blobs.ts";
import { imagesOf } from "./archive-images.ts";
import type { BlobHolds } from "./blob-holds.ts";
import { ArrivingLayer } from "./arriving-layer.ts";
import { installImage, type ReadyLayer } from "./install.ts";
import type { InstallDeps } from "./install-deps.ts";
import type { PlatformWish } from "./platform.ts";
import { layerProgress, type Progress } from "./progress.ts";
import { Unpacked } from "./unpacked.ts";

export interface LoadDeps extends InstallDeps {
  readonly holds: BlobHolds;
  /** As images say it: amd64, arm64. */
  readonly architecture: string;
}

/**
 * `docker load`: each file of the archive becomes a blob as it arrives, and what looks like a layer is unpacked at once, while the rest
 * still arrives. With a platform only this one of each image. All or nothing per image; what a failure leaves is removed. @throws EngineError InvalidParameter
 */
export async function loadImages(deps: LoadDeps, stream: AsyncIterable<Uint8Array>, progress: Progress, platform?: PlatformWish): Promise<void> {
  await using hold = deps.holds.open();
  await using ready = new ReadyLayers(deps);
  const archive = await ingestArchive(stream, deps.content, {
    // Known blobs belong to layers that are unpacked already, most likely.
    onArriving: (member) => (looksLikeLayer(member) && !(member.expected !== undefined && deps.store.hasBlob(member.expected)) ? new ArrivingLayer(deps, member.path) : undefined),
    onBlob: (member, arrival) => {
      hold.add(member.digest);
      if (arrival) ready.add(member.digest, arrival);
      else if (!deps.store.hasBlob(member.digest) && looksLikeLayer(member)) ready.start(member.digest);
      if (member.size >= EARLY_BYTES) deps.background.add(writeBack(deps, member.digest));
    },
  });
  for (const source of imagesOf(archive, deps.architecture, platform)) {
    const onLayer = (layer: AppliedLayer) => progress(layerProgress(layer));
    const { id, replaced } = await installImage(deps, source, { take: ({ digest }) => ready.take(digest), onLayer });
    for (const [name, old] of replaced) progress({ stream: `The image ${familiar(name)} already exists, renaming the old one with ID ${old} to empty string\n` });
    for (const name of source.names) progress({ stream: `Loaded image: ${familiar(name)}\n` });
    if (source.names.length === 0) progress({ stream: `Loaded image ID: ${id}\n` });
  }
}

function familiar(name: string): string {
  return familiarName(parseReference(name));
}

/** Compressed, or at least no JSON. A wrong guess costs a failed unpacking that nobody hears of. */
function looksLikeLayer({ head, size }: Pick<StoredMember, "head" | "size">): boolean {
  if (sniffCompression(head) !== "none") return true;
  const first = head[0];
  return size >= 1024 && first !== 0x7b && first !== 0x5b;
}

/** What is written back while the rest arrives is not waited for at the end. A failure shows there again, ignoring. */
const writeBack = ({ content }: LoadDeps, digest: Digest): Promise<void> => content.sync([digest]).catch(() => {});
const EARLY_BYTES = 8 * 1024 * 1024;

/** Layers unpacked ahead of the manifest that will ask for them; those that nobody took are removed. */
class ReadyLayers implements AsyncDisposable {
  readonly layers = new Map<Digest, ReadyLayer>();
  readonly #superfluous: ReadyLayer[] = [];

  constructor(readonly deps: LoadDeps) {}

  start(digest: Digest): void {
    if (!this.layers.has(digest)) this.layers.set(digest, Unpacked.start(this.deps, digest, "layer"));
  }

  add(digest: Digest, layer: ReadyLayer): void {
    if (this.layers.has(digest)) this.#superfluous.push(layer);
    else this.layers.set(digest, layer);
  }

  /** Whoever takes it disposes of it; a second layer of the same bytes is a folder of its own. */
  take(digest: Digest): ReadyLayer | undefined {
    const layer = this.layers.get(digest);
    this.layers.delete(digest);
    return layer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.layers.values(), ...this.#superfluous].map((layer) => layer[Symbol.asyncDispose]()));
  }
}
