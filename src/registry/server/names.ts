import { parseDigest, type Digest } from "../../spec/mod.ts";
import { Refusal } from "./refusal.ts";

/** OCI distribution spec 1.1, "Pulling manifests": <name> and <reference>. */
const NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
const UPLOAD = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** With a registry's host in front, many clients allow no more than 255 in all. */
const MAX_NAME = 255;

/** @throws Refusal NAME_INVALID */
export function parseName(text: string): string {
  if (text.length > MAX_NAME || !NAME.test(text)) throw new Refusal("NAME_INVALID", "invalid repository name", { detail: { name: shown(text) } });
  return text;
}

/** @throws Refusal DIGEST_INVALID */
export function parseBlobDigest(text: string): Digest {
  if (/^sha512:[0-9a-f]{128}$/.test(text)) throw new Refusal("DIGEST_INVALID", "this registry keeps content by sha256 digests only", { detail: { digest: shown(text) } });
  try {
    return parseDigest(text);
  } catch {
    throw new Refusal("DIGEST_INVALID", "provided digest did not match uploaded content: it is no digest", { detail: { digest: shown(text) } });
  }
}

export type ManifestReference = { readonly kind: "tag"; readonly tag: string } | { readonly kind: "digest"; readonly digest: Digest };

/** @throws Refusal DIGEST_INVALID, TAG_INVALID */
export function parseManifestReference(text: string): ManifestReference {
  if (text.includes(":")) return { kind: "digest", digest: parseBlobDigest(text) };
  if (!TAG.test(text)) throw new Refusal("TAG_INVALID", "manifest tag did not match URI: it is no tag", { detail: { tag: shown(text) } });
  return { kind: "tag", tag: text };
}

/** @throws Refusal BLOB_UPLOAD_UNKNOWN */
export function parseUploadId(text: string): string {
  if (!UPLOAD.test(text)) throw new Refusal("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
  return text;
}

const shown = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);
