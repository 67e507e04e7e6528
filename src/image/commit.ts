import type { AppliedLayer } from "../archive/mod.ts";
import { EngineError, formatInstant, nowNs } from "../base/mod.ts";
import { canonicalName, MEDIA, parseReference, withDefaultTag, type Digest, type ImageProcessConfig } from "../spec/mod.ts";
import { chainIDs, type StoredConfig } from "./config.ts";
import { leaseExisting, manifestOf, storeImage, type FreshLayer, type LayerSource, type PlacedLayer } from "./install.ts";
import type { InstallDeps } from "./install-deps.ts";

export interface CommitOptions {
  readonly parent: Digest;
  readonly config: ImageProcessConfig;
  readonly author: string;
  readonly comment: string;
  /** What the history says of it. */
  readonly createdBy: string;
  readonly container: string;
  readonly engineVersion: string;
  readonly name?: string | undefined;
  /** Fills an empty folder with the new layer. */
  readonly copyLayer: (folder: string) => Promise<AppliedLayer>;
}

/**
 * An image of its parent's layers and one more, which has no blob: its archive can be made of its folder again, byte for byte, whenever the
 * image leaves the machine. A layer of nothing is not added (as in Docker). @throws EngineError NotFound, InvalidParameter
 */
export async function commitImage(deps: InstallDeps, options: CommitOptions): Promise<{ id: Digest }> {
  const parent = deps.store.row(options.parent);
  if (!parent) throw new EngineError("NotFound", `No such image: ${options.parent}`);
  const { config: old, manifest: oldManifest } = deps.store.parsed(parent);
  using _lease = leaseExisting(deps.snapshots, deps.store.chain(parent.id));
  using layer = deps.snapshots.layers.create();
  const applied = await options.copyLayer(layer.folder);
  const added = applied.entries > 0 ? applied : undefined;
  const diffIDs = [...old.rootfs.diff_ids, ...(added ? [added.diffID] : [])];
  const configBytes = Buffer.from(JSON.stringify(configOf(old, options, diffIDs, added === undefined)));
  const layers: LayerSource[] = [...oldManifest.layers, ...(added ? [{ digest: added.diffID, size: added.compressedSize, mediaType: MEDIA.ociLayer }] : [])];
  const id = (await deps.content.put(configBytes, { durable: false })).digest;
  const manifest = (await deps.content.put(JSON.stringify(manifestOf(id, { configBytes, layers })), { durable: false })).digest;
  await deps.content.sync([id, manifest]);
  const fresh: FreshLayer = { layer, applied, used: false };
  const chain = chainIDs(diffIDs);
  const placed = chain.map((chainID, index): PlacedLayer => ({ chainID, diffID: diffIDs[index] as Digest, fresh: added && index === chain.length - 1 ? fresh : undefined }));
  const inherited = oldManifest.layers.map(({ digest }) => digest).filter((digest) => deps.store.hasBlob(digest));
  const config = JSON.parse(configBytes.toString()) as StoredConfig;
  storeImage(deps, { id, manifest, config, placed, blobs: [...new Set([id, manifest, ...inherited])], names: options.name === undefined ? [] : [canonicalName(withDefaultTag(parseReference(options.name)))], parent: parent.id });
  return { id };
}

function configOf(old: StoredConfig, { config, author, comment, createdBy, container, engineVersion }: CommitOptions, diffIDs: readonly Digest[], empty: boolean): StoredConfig & { container: string } {
  const created = formatInstant(nowNs());
  const step = { created, created_by: createdBy, ...(author && { author }), ...(comment && { comment }), ...(empty && { empty_layer: true }) };
  return {
    architecture: old.architecture,
    ...(old.variant !== undefined && { variant: old.variant }),
    os: old.os,
    ...(old["os.version"] !== undefined && { "os.version": old["os.version"] }),
    created,
    ...(author && { author }),
    ...(comment && { comment }),
    container,
    docker_version: engineVersion,
    config,
    rootfs: { type: "layers", diff_ids: [...diffIDs] },
    history: [...(old.history ?? []), step],
  };
}
