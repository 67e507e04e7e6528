import { EngineError } from "../base/mod.ts";
import { canonicalName, familiarName, parseReference, withDefaultTag, type Digest, type Reference } from "../spec/mod.ts";
import type { ImageRow, ImageStore } from "./store.ts";

/**
 * Finds what a user calls an image: a full id, a name (tag `latest` where none is given), a name with digest, or the beginning of an id.
 * A name wins over an id's beginning, as in Docker. @throws EngineError NotFound, InvalidParameter
 */
export function findImage(store: ImageStore, ref: string): ImageRow {
  const id = findID(store, ref);
  const row = id === undefined ? undefined : store.row(id);
  if (!row) throw noSuchImage(ref);
  return row;
}

function findID(store: ImageStore, ref: string): Digest | undefined {
  const full = /^(?:sha256:)?([0-9a-f]{64})$/.exec(ref)?.[1];
  if (full !== undefined) return `sha256:${full}` as Digest;
  const prefixed = /^sha256:([0-9a-f]{1,63})$/.exec(ref)?.[1];
  if (prefixed !== undefined) return byPrefix(store, prefixed);
  const reference = parseReference(ref);
  const named = byReference(store, reference);
  if (named !== undefined) return named;
  return /^[0-9a-f]{1,63}$/.test(ref) ? byPrefix(store, ref) : undefined;
}

function byReference(store: ImageStore, reference: Reference): Digest | undefined {
  if (reference.digest === undefined) return store.idByName(canonicalName(withDefaultTag(reference)));
  const { tag: _, ...untagged } = reference;
  const byName = store.idByName(canonicalName(untagged));
  if (byName !== undefined) return byName;
  // `name@<image id>` is accepted where the name belongs to that image.
  const names = store.names(reference.digest).map(parseReference);
  return names.some(({ domain, path }) => domain === reference.domain && path === reference.path) ? reference.digest : undefined;
}

/** An ambiguous beginning finds nothing, as in Docker. */
function byPrefix(store: ImageStore, hex: string): Digest | undefined {
  const ids = store.idsByPrefix(hex);
  return ids.length === 1 ? ids[0] : undefined;
}

/** Docker's sentence; names are told with the tag that was looked for. */
export function noSuchImage(ref: string): EngineError {
  const full = /^(?:sha256:)?([0-9a-f]{64})$/.exec(ref)?.[1];
  if (full !== undefined) return new EngineError("NotFound", `No such image: sha256:${full}`);
  if (/^sha256:[0-9a-f]+$/.test(ref)) return new EngineError("NotFound", `No such image: ${ref}`);
  return new EngineError("NotFound", `No such image: ${familiarName(withDefaultTag(parseReference(ref)))}`);
}
