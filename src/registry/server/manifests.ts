import { parseDigest, type Digest } from "../../spec/mod.ts";
import { matchesETag } from "./blobs.ts";
import { readWhole } from "./body.ts";
import type { Call } from "./call.ts";
import { parseManifest, type Described, type ManifestDocument } from "./manifest-document.ts";
import { parseManifestReference, parseName, type ManifestReference } from "./names.ts";
import { Refusal } from "./refusal.ts";
import type { StoredManifest } from "./repositories.ts";

/** Checks between which others get their turn. */
const CHECKS_AT_ONCE = 100;

/** GET and HEAD /v2/<name>/manifests/<reference> (OCI distribution spec 1.1: end-3). */
export async function getManifest(call: Call): Promise<Response> {
  const { name, reference } = target(call);
  const found = await (call.cache ? call.cache.manifest(name, reference) : findManifest(call, name, reference));
  const headers: Record<string, string> = { "Docker-Content-Digest": found.digest, ETag: `"${found.digest}"`, "Content-Type": found.mediaType };
  if (matchesETag(call.request.headers.get("if-none-match"), found.digest)) return new Response(null, { status: 304, headers });
  headers["Content-Length"] = String(found.bytes.length);
  return new Response(call.request.method === "HEAD" ? null : found.bytes, { headers });
}

async function findManifest({ repositories }: Call, name: string, reference: ManifestReference): Promise<StoredManifest> {
  const digest = reference.kind === "digest" ? reference.digest : await repositories.tagged(name, reference.tag);
  const found = digest && (await repositories.manifest(name, digest));
  if (found) return found;
  if (!(await repositories.exists(name))) throw nameUnknown(name);
  throw manifestUnknown(reference);
}

/** PUT /v2/<name>/manifests/<reference> (end-7). */
export async function putManifest(call: Call): Promise<Response> {
  const { name, reference } = target(call);
  const { manifestBytes } = call.limits;
  const bytes = await readWhole(call, manifestBytes, () => new Refusal("MANIFEST_INVALID", `manifest invalid: it is larger than the ${manifestBytes} bytes allowed`, { status: 413 }));
  const digest = parseDigest(`sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`);
  if (reference.kind === "digest" && reference.digest !== digest) throw new Refusal("DIGEST_INVALID", "provided digest did not match uploaded content", { detail: { digest: reference.digest, actual: digest } });
  const document = parseManifest(bytes, call.request.headers.get("content-type") ?? undefined);
  await requireContent(call, name, document);
  const manifest = { digest, mediaType: document.mediaType, bytes };
  await call.repositories.putManifest(name, manifest, document, reference.kind === "tag" ? reference.tag : undefined);
  const headers: Record<string, string> = { Location: `/v2/${name}/manifests/${digest}`, "Docker-Content-Digest": digest };
  if (document.subject) headers["OCI-Subject"] = document.subject;
  return new Response(null, { status: 201, headers });
}

/** Everything a manifest names is there, has the size it says, and is kept from the garbage collector. @throws Refusal */
async function requireContent({ repositories }: Call, name: string, { blobs, manifests }: ManifestDocument): Promise<void> {
  const missing: Digest[] = [];
  for (const [i, blob] of blobs.entries()) {
    const found = await repositories.leaseBlob(name, blob.digest);
    if (!found) missing.push(blob.digest);
    else if (found.size !== blob.size) throw wrongSize(blob, found.size);
    if (i % CHECKS_AT_ONCE === 0) await new Promise(setImmediate);
  }
  for (const { digest } of manifests) if (!(await repositories.leaseManifest(name, digest))) missing.push(digest);
  if (missing.length > 0) throw new Refusal("MANIFEST_BLOB_UNKNOWN", `blob unknown to registry: ${missing[0]}`, { detail: missing.slice(0, 100).map((digest) => ({ digest })) });
}

/** DELETE /v2/<name>/manifests/<reference> (end-9): a tag alone, or a manifest with all its tags. */
export async function deleteManifest(call: Call): Promise<Response> {
  const { name, reference } = target(call);
  const found = await findManifest(call, name, reference);
  if (reference.kind === "tag") await call.repositories.removeTag(name, reference.tag);
  else await call.repositories.removeManifest(name, found);
  return new Response(null, { status: 202 });
}

function target(call: Call): { name: string; reference: ManifestReference } {
  return { name: parseName(call.part("name")), reference: parseManifestReference(call.part("reference")) };
}

export const nameUnknown = (name: string): Refusal => new Refusal("NAME_UNKNOWN", "repository name not known to registry", { detail: { name } });

const manifestUnknown = (reference: ManifestReference): Refusal =>
  new Refusal("MANIFEST_UNKNOWN", "manifest unknown", { detail: reference.kind === "tag" ? { tag: reference.tag } : { digest: reference.digest } });

const wrongSize = ({ digest, size }: Described, actual: number): Refusal => new Refusal("MANIFEST_INVALID", `manifest invalid: it says that ${digest} has ${size} bytes, and it has ${actual}`);

