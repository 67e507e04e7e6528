import type { LayerShape } from "../archive/mod.ts";
import { EngineError } from "../base/mod.ts";
import type { ContentStore } from "../content/mod.ts";
import type { Layer, Snapshots } from "../snapshot/mod.ts";
import { digestHex, type Descriptor } from "../spec/mod.ts";

export interface LayerBytesDeps {
  readonly content: ContentStore;
  readonly snapshots: Snapshots;
  /** Packs the folder of a layer; without times of folders, to compare it. */
  readonly packLayer: (folder: string, signal: AbortSignal, shape?: LayerShape) => AsyncIterable<Uint8Array>;
}

/**
 * A layer's bytes as its manifest says them, verified before the last piece is handed out: those of its blob, or, for a layer that was
 * made here and has none, packed from its folder. The caller holds the image. @throws EngineError System when they are not what they were
 */
export async function* layerBytes(deps: LayerBytesDeps, descriptor: Descriptor, layer: Layer | undefined, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  if (deps.content.has(descriptor.digest) || !layer || layer.diffID !== descriptor.digest) return yield* deps.content.open(descriptor.digest);
  const hasher = new Bun.CryptoHasher("sha256");
  let size = 0;
  let held: Uint8Array | undefined;
  for await (const bytes of deps.packLayer(deps.snapshots.layers.folder(layer.n), signal)) {
    if (held) yield held;
    held = bytes;
    size += bytes.length;
    hasher.update(bytes);
  }
  if (size !== descriptor.size || hasher.digest("hex") !== digestHex(descriptor.digest))
    throw new EngineError("System", `the files of layer ${descriptor.digest} have changed on disk: it cannot be packed again`);
  if (held) yield held;
}

/** How many bytes a layer's folder packs to. */
export async function packedBytes(deps: Pick<LayerBytesDeps, "packLayer" | "snapshots">, layer: Layer, signal: AbortSignal): Promise<number> {
  let size = 0;
  for await (const bytes of deps.packLayer(deps.snapshots.layers.folder(layer.n), signal)) size += bytes.length;
  return size;
}
