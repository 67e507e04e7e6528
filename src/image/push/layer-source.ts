import { EngineError } from "../../base/mod.ts";
import { readable, type Compressor } from "../../archive/mod.ts";
import type { Layer } from "../../snapshot/mod.ts";
import { MEDIA, type Descriptor } from "../../spec/mod.ts";
import type { BlobHolds } from "../blob-holds.ts";
import type { BlobPlaces, PackedLayer } from "../blob-places.ts";
import { layerBytes, type LayerBytesDeps } from "../layer-bytes.ts";

export interface LayerSourceDeps extends LayerBytesDeps {
  readonly compressor: Compressor;
  readonly places: BlobPlaces;
}

/** What goes up for a layer. */
export interface OutgoingLayer {
  readonly descriptor: Descriptor;
  open(): AsyncIterable<Uint8Array>;
}

export interface PackRequest {
  readonly descriptor: Descriptor;
  readonly layer: Layer;
  readonly hold: ReturnType<BlobHolds["open"]>;
  readonly signal: AbortSignal;
}

const PLAIN_TYPES: readonly string[] = [MEDIA.ociLayer, "application/vnd.docker.image.rootfs.diff.tar"];

/** Whether it leaves in the form in which it came from a registry; a layer that was loaded or made here is packed first. */
export function leavesAsItIs({ places }: LayerSourceDeps, { mediaType, digest }: Descriptor): boolean {
  return !PLAIN_TYPES.includes(mediaType) || places.isKnown(digest);
}

/** What will go for a layer, where that is known without packing it. */
export function expectedDescriptor(deps: LayerSourceDeps, descriptor: Descriptor, layer: Layer | undefined): Descriptor | undefined {
  if (!layer || leavesAsItIs(deps, descriptor)) return descriptor;
  const packed = deps.places.packed(layer.diffID);
  return packed && packedDescriptor(packed);
}

/** The very blob. @throws EngineError when it is asked for and is not here */
export function blobAsItIs({ content }: LayerSourceDeps, descriptor: Descriptor): OutgoingLayer {
  return {
    descriptor,
    open: () => {
      if (!content.has(descriptor.digest)) throw new EngineError("System", `layer ${descriptor.digest} is not here in the form that the image's manifest names, and the registry does not have it either: pull the image again`);
      return content.open(descriptor.digest);
    },
  };
}

/** A layer that was packed before: what comes out is known, so it can be packed while it goes up, or need not be packed at all. */
export function packedBefore(deps: LayerSourceDeps, request: PackRequest): OutgoingLayer | undefined {
  const packed = deps.places.packed(request.layer.diffID);
  if (!packed) return undefined;
  return { descriptor: packedDescriptor(packed), open: () => (deps.content.has(packed.digest) ? deps.content.open(packed.digest) : packedBytes(deps, request)) };
}

/** Packs a layer into the store, where the hold keeps it for as long as the push takes. */
export async function packNow(deps: LayerSourceDeps, request: PackRequest): Promise<OutgoingLayer> {
  await using writer = await deps.content.writer();
  for await (const piece of packedBytes(deps, request)) await writer.write(piece);
  const packed = await writer.commit({ durable: false });
  request.hold.add(packed.digest);
  deps.places.notePacked(request.layer.diffID, packed);
  return { descriptor: packedDescriptor(packed), open: () => deps.content.open(packed.digest) };
}

export const packedDescriptor = ({ digest, size }: PackedLayer): Descriptor => ({ mediaType: MEDIA.ociLayerGzip, digest, size });

/** As it is packed; each piece is valid until the next is asked for. */
export function packedBytes(deps: LayerSourceDeps, { descriptor, layer, signal }: PackRequest): AsyncIterable<Uint8Array> {
  const { compressor, content } = deps;
  return compressor.gzip(async () => (content.has(descriptor.digest) ? await content.reader(descriptor.digest) : readable(layerBytes(deps, descriptor, layer, signal))), signal);
}
