import { durably } from "../base/mod.ts";
import type { Layer } from "../snapshot/mod.ts";
import type { Digest } from "../spec/mod.ts";
import { chainIDs } from "./config.ts";
import type { BuiltDeps } from "./built.ts";
import { syncLater } from "./repair.ts";
import { Unpacked } from "./unpacked.ts";

export interface LayerToClamp {
  readonly n: number;
  readonly chainID: Digest;
  readonly diffID: Digest;
  readonly size: number;
  /** Of its archive; undefined of a layer that no build made, which stays as it is. */
  readonly archiveBytes?: number | undefined;
}

/** Nobody removes the layers before this is disposed. */
export interface ClampedLayers extends Disposable {
  readonly layers: readonly LayerToClamp[];
}

/** A stack whose own layers are packed with other times and unpacked again; what comes out the same is the same layer. */
export async function clampLayers(deps: BuiltDeps, layers: readonly LayerToClamp[], latestSeconds: number, signal: AbortSignal): Promise<ClampedLayers> {
  using leases = new DisposableStack();
  await using hold = deps.holds.open();
  const clamped: LayerToClamp[] = [];
  for (const layer of layers) {
    const isMade = layer.archiveBytes !== undefined;
    const isMoved = clamped.some(({ n }, index) => n !== layers[index]?.n);
    if (!isMade && !isMoved) {
      clamped.push(layer);
      continue;
    }
    const bytes = deps.packLayer(deps.snapshots.layers.folder(layer.n), signal, isMade ? { latestSeconds } : {});
    const { digest, size } = await deps.content.ingest(bytes, { durable: false });
    hold.add(digest);
    const chainID = chainIDs([...clamped.map(({ diffID }) => diffID), digest]).at(-1) as Digest;
    const placed = deps.snapshots.layers.byChainID(chainID) ?? (await unpacked(deps, digest, chainID, clamped.at(-1)?.n));
    leases.use(deps.snapshots.layers.lease(placed.n));
    clamped.push({ n: placed.n, chainID, diffID: digest, size: placed.size, archiveBytes: size });
  }
  const held = leases.move();
  return { layers: clamped, [Symbol.dispose]: () => held[Symbol.dispose]() };
}

async function unpacked(deps: BuiltDeps, diffID: Digest, chainID: Digest, parent: number | undefined): Promise<Layer> {
  await using unpack = Unpacked.start(deps, diffID, "layer");
  const applied = await unpack.result;
  const { layers } = deps.snapshots;
  const n = unpack.layer?.n;
  if (n === undefined) throw new Error("a layer was unpacked nowhere");
  const layer: Layer = { n, chainID, diffID, parent, size: applied.size };
  durably(deps.store.db, () => layers.insert(layer));
  layers.settle(n);
  syncLater(deps, [n]);
  return layer;
}
