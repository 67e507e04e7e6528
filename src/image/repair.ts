import { checkApplied } from "../archive/mod.ts";
import { bootID } from "../linux/mod.ts";
import type { Layer } from "../snapshot/mod.ts";
import type { Digest } from "../spec/mod.ts";
import type { InstallDeps } from "./install-deps.ts";

/**
 * After a power cut: layers whose files were not yet on disk are unpacked again from their blobs, which were. What cannot be
 * mended costs that image only, ignoring.
 */
export async function repairLayers(deps: InstallDeps): Promise<void> {
  const doubtful = deps.snapshots.layers.unsyncedBefore(bootID());
  await Promise.allSettled(doubtful.map((layer) => deps.slots.run(() => unpackAgain(deps, layer))));
  if (doubtful.length > 0) syncLater(deps, doubtful.map(({ n }) => n));
}

/** Writes layers back in the background; their rows then say so. */
export function syncLater({ snapshots, syncDisk, background }: InstallDeps, layers: readonly number[]): void {
  // A failed sync leaves the rows doubtful, which is what they are, ignoring.
  background.add(syncDisk().then(() => snapshots.layers.markSynced(layers)).catch(() => {}));
}

async function unpackAgain({ store, content, snapshots, extractor }: InstallDeps, layer: Layer): Promise<void> {
  const blob = blobOf(store, layer.chainID);
  if (blob === undefined) return;
  using fresh = snapshots.layers.create();
  const applied = await extractor.unpack({ blob: content.path(blob), targetDir: fresh.folder, expected: { digest: blob } });
  checkApplied(applied, { diffID: layer.diffID });
  snapshots.layers.replaceFolder(layer.n, fresh);
}

/** The blob that a layer was unpacked of. */
export function blobOf(store: InstallDeps["store"], chainID: Digest): Digest | undefined {
  const found = store.placeOf(chainID);
  const row = found && store.row(found.image);
  return row && store.parsed(row).manifest.layers[found.position]?.digest;
}
