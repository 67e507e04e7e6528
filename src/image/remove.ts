import { EngineError } from "../base/mod.ts";
import { canonicalName, familiarName, parseReference, withDefaultTag, type Digest, type Reference } from "../spec/mod.ts";
import { shortID, type DeleteResult, type ImageUse, type InUse } from "./image.ts";
import { findImage } from "./resolve.ts";
import type { ImageRow, ImageStore } from "./store.ts";

export interface RemoveOptions {
  readonly force: boolean;
  readonly inUse: InUse;
  /** Frees blobs that nothing refers to any more. */
  readonly dropBlobs: (digests: readonly Digest[]) => Promise<void>;
}

/**
 * Docker's two meanings of `rmi`: a name is taken off, and the image goes with its last name; an id removes the image with
 * its names, when these are one repository's. @throws EngineError NotFound, Conflict
 */
export async function removeImage(store: ImageStore, ref: string, options: RemoveOptions): Promise<DeleteResult[]> {
  const row = findImage(store, ref);
  const results: DeleteResult[] = [];
  if (!isIDOf(row.id, ref)) {
    if (!untag(store, row, ref, options, results)) return results;
    // The name is gone in any case; a container that still uses the image merely keeps it.
    if (conflictOf(store, row, options, { activeReference: !options.force, stopped: !options.force })) return results;
  } else {
    const names = store.names(row.id);
    if (isSingleReference(names)) throwConflict(row.id, conflictOf(store, row, options, { activeReference: false, stopped: !options.force }));
    else throwConflict(row.id, conflictOf(store, row, options, { activeReference: !options.force, stopped: !options.force }));
  }
  await deleteImage(store, row, options.dropBlobs, results);
  return results;
}

/** With the last name of an index go those of its images that nothing uses. */
export async function removeWithVariants(store: ImageStore, ref: string, options: RemoveOptions): Promise<DeleteResult[]> {
  const { id } = findImage(store, ref);
  const variants = new Map(store.indexes.ofImage(id).map((index) => [index, store.indexes.variants(index)]));
  const results = await removeImage(store, ref, options);
  for (const [index, images] of variants) {
    if (store.indexes.isNamed(index)) continue;
    for (const variant of images) {
      const row = store.row(variant);
      if (row && store.names(variant).length === 0 && options.inUse(variant).length === 0 && !store.hasChildren(variant)) await deleteImage(store, row, options.dropBlobs, results);
    }
  }
  return results;
}

/** Removes the names, the image and what only it kept. */
export async function deleteImage(store: ImageStore, row: ImageRow, dropBlobs: RemoveOptions["dropBlobs"], results: DeleteResult[]): Promise<void> {
  for (const name of store.names(row.id)) results.push({ Untagged: familiarName(parseReference(name)) });
  const { layers, blobs } = store.delete(row.id);
  results.push({ Deleted: row.id }, ...layers.map(({ chainID }) => ({ Deleted: chainID })));
  await dropBlobs(blobs);
}

/** True when it was the last name. */
function untag(store: ImageStore, row: ImageRow, ref: string, { force, inUse }: RemoveOptions, results: DeleteResult[]): boolean {
  if (!force && isSingleReference(store.names(row.id))) {
    const [user] = inUse(row.id);
    if (user !== undefined)
      throw new EngineError("Conflict", `conflict: unable to remove repository reference "${ref}" (must force) - container ${shortID(idOf(user))} is using its referenced image ${shortID(row.id)}`);
  }
  const reference = storedName(store, row.id, parseReference(ref));
  store.deleteName(canonicalName(reference));
  results.push({ Untagged: familiarName(reference) });
  dropLoneDigests(store, row.id, reference, results);
  return store.names(row.id).length === 0;
}

function storedName(store: ImageStore, id: Digest, reference: Reference): Reference {
  if (reference.digest === undefined) return withDefaultTag(reference);
  const { tag: _, ...untagged } = reference;
  if (!store.names(id).includes(canonicalName(untagged))) throw new EngineError("NotFound", `No such image: ${familiarName(reference)}`);
  return untagged;
}

/** With a repository's last tag go its digest names. */
function dropLoneDigests(store: ImageStore, id: Digest, removed: Reference, results: DeleteResult[]): void {
  if (removed.digest !== undefined) return;
  const same = store.names(id).map(parseReference).filter(({ domain, path }) => domain === removed.domain && path === removed.path);
  if (same.some(({ digest }) => digest === undefined)) return;
  for (const reference of same) {
    store.deleteName(canonicalName(reference));
    results.push({ Untagged: familiarName(reference) });
  }
}

function isIDOf(id: Digest, ref: string): boolean {
  return id.startsWith(ref) || id.slice("sha256:".length).startsWith(ref);
}

/** At most one tag, and all names of one repository. */
function isSingleReference(names: readonly string[]): boolean {
  const references = names.map(parseReference);
  const tags = references.filter(({ digest }) => digest === undefined);
  return tags.length <= 1 && new Set(references.map(({ domain, path }) => `${domain}/${path}`)).size <= 1;
}

interface Conflict {
  readonly hard: boolean;
  readonly message: string;
}

function conflictOf(store: ImageStore, row: ImageRow, { inUse }: RemoveOptions, soft: { readonly activeReference: boolean; readonly stopped: boolean }): Conflict | undefined {
  const users = inUse(row.id);
  if (store.hasChildren(row.id)) return { hard: true, message: "image has dependent child images" };
  const running = users.find(isRunning);
  if (running !== undefined) return { hard: true, message: `image is being used by running container ${shortID(idOf(running))}` };
  if (soft.activeReference && store.names(row.id).length > 0) return { hard: false, message: "image is referenced in multiple repositories" };
  const [stopped] = users;
  if (soft.stopped && stopped !== undefined) return { hard: false, message: `image is being used by stopped container ${shortID(idOf(stopped))}` };
  return undefined;
}

function throwConflict(id: Digest, conflict: Conflict | undefined): void {
  if (conflict) throw new EngineError("Conflict", `conflict: unable to delete ${shortID(id)} (${conflict.hard ? "cannot be forced" : "must be forced"}) - ${conflict.message}`);
}

function isRunning(use: ImageUse): boolean {
  return typeof use !== "string" && use.running;
}

function idOf(use: ImageUse): string {
  return typeof use === "string" ? use : use.id;
}
