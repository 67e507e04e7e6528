import { EngineError } from "../base/mod.ts";
import type { DeleteResult, InUse } from "./image.ts";
import { booleanFilter, checkFilters, hasLabels, parseInstant, type Filters } from "./filters.ts";
import type { Digest } from "../spec/mod.ts";
import { deleteImage, type RemoveOptions } from "./remove.ts";
import type { ImageStore } from "./store.ts";

export interface PruneOptions {
  readonly filters: Filters;
  readonly inUse: InUse;
  readonly nowMs: number;
  readonly dropBlobs: RemoveOptions["dropBlobs"];
}

/** Removes images that no container uses: dangling ones, or with `dangling=false` all of them; with `unused-for` those that had no container for so long; and downloads that were cut. */
export async function pruneImages(store: ImageStore, { filters, inUse, nowMs, dropBlobs }: PruneOptions): Promise<{ deleted: DeleteResult[]; spaceReclaimed: number }> {
  checkFilters(filters, ["dangling", "label", "label!", "until", "unused-for"]);
  const danglingOnly = booleanFilter(filters, "dangling") ?? true;
  const until = onlyInstant(filters, "until", nowMs);
  const unusedSince = onlyInstant(filters, "unused-for", nowMs);
  const deleted: DeleteResult[] = [];
  let spaceReclaimed = 0;
  for (const row of store.rows()) {
    // Another removal may have been quicker.
    if (!store.row(row.id)) continue;
    const labels = store.parsed(row).config.config?.Labels;
    if (danglingOnly && store.names(row.id).length > 0) continue;
    if (inUse(row.id).length > 0 || store.hasChildren(row.id)) continue;
    if (until !== undefined && row.created_ms >= until) continue;
    if (unusedSince !== undefined && (row.last_used_ms ?? nowMs) >= unusedSince) continue;
    if (filters["label"]?.length && !hasLabels(labels, filters["label"])) continue;
    if (filters["label!"]?.some((label) => hasLabels(labels, [label]))) continue;
    const before = new Map(store.layers(row.id).map(({ chainID, size }) => [chainID as string, size]));
    const results: DeleteResult[] = [];
    await deleteImage(store, row, async (blobs) => void (spaceReclaimed += await bytesDropped(store, blobs, dropBlobs)), results);
    for (const { Deleted } of results) spaceReclaimed += before.get(Deleted ?? "") ?? 0;
    deleted.push(...results);
  }
  // Downloads that were cut have no labels to go by.
  if (!filters["label"]?.length && !filters["label!"]?.length) spaceReclaimed += store.content.dropPartials(Math.min(until ?? Infinity, unusedSince ?? Infinity));
  return { deleted, spaceReclaimed };
}

/** Those that nothing else refers to are gone then. */
async function bytesDropped({ content }: ImageStore, blobs: readonly Digest[], dropBlobs: PruneOptions["dropBlobs"]): Promise<number> {
  const sizes = blobs.map((digest) => ({ digest, size: content.size(digest) ?? 0 }));
  await dropBlobs(blobs);
  return sizes.reduce((sum, { digest, size }) => sum + (content.has(digest) ? 0 : size), 0);
}

/** @throws EngineError InvalidParameter */
function onlyInstant(filters: Filters, name: string, nowMs: number): number | undefined {
  const values = filters[name] ?? [];
  if (values.length > 1) throw new EngineError("InvalidParameter", `more than one ${name} filter specified`);
  return values[0] === undefined ? undefined : parseInstant(values[0], nowMs);
}
