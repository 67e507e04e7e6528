import type { DeleteResult, InUse } from "./image.ts";
import { booleanFilter, checkFilters, hasLabels, parseInstant, type Filters } from "./filters.ts";
import { deleteImage, type RemoveOptions } from "./remove.ts";
import type { ImageStore } from "./store.ts";

export interface PruneOptions {
  readonly filters: Filters;
  readonly inUse: InUse;
  readonly nowMs: number;
  readonly dropBlobs: RemoveOptions["dropBlobs"];
}

/** Removes images that no container uses: dangling ones, or with `dangling=false` all of them. */
export async function pruneImages(store: ImageStore, { filters, inUse, nowMs, dropBlobs }: PruneOptions): Promise<{ deleted: DeleteResult[]; spaceReclaimed: number }> {
  checkFilters(filters, ["dangling", "label", "label!", "until"]);
  const danglingOnly = booleanFilter(filters, "dangling") ?? true;
  const until = filters["until"]?.map((text) => parseInstant(text, nowMs)) ?? [];
  const deleted: DeleteResult[] = [];
  let spaceReclaimed = 0;
  for (const row of store.rows()) {
    const labels = store.parsed(row).config.config?.Labels;
    if (danglingOnly && store.names(row.id).length > 0) continue;
    if (inUse(row.id).length > 0 || store.hasChildren(row.id)) continue;
    if (!until.every((ms) => row.created_ms < ms)) continue;
    if (filters["label"]?.length && !hasLabels(labels, filters["label"])) continue;
    if (filters["label!"]?.some((label) => hasLabels(labels, [label]))) continue;
    const before = new Map(store.layers(row.id).map(({ chainID, size }) => [chainID as string, size]));
    const results: DeleteResult[] = [];
    await deleteImage(store, row, dropBlobs, results);
    for (const { Deleted } of results) spaceReclaimed += before.get(Deleted ?? "") ?? 0;
    deleted.push(...results);
  }
  return { deleted, spaceReclaimed };
}
