import { createHash } from "node:crypto";
import { familiarName, familiarRepository, MEDIA, parseDigest, type Descriptor, type Digest, type Reference } from "../../spec/mod.ts";
import type { HttpResponse } from "../http/mod.ts";
import { readAll } from "./answers.ts";
import { RegistryError } from "./errors.ts";
import type { Place } from "./repository.ts";
import type { Query } from "./transfer.ts";
import type { Manifest } from "./types.ts";

export const MANIFEST_TYPES: readonly string[] = [MEDIA.ociIndex, MEDIA.dockerManifestList, MEDIA.ociManifest, MEDIA.dockerManifest];

/** Answers that say nothing of what they carry. */
const PLAIN_TYPES = new Set(["", "application/json", "application/octet-stream", "text/plain"]);

export const digestOf = (bytes: Uint8Array): Digest => parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);

/** Distribution spec, "Checking if content exists in the registry". */
export async function headManifest(place: Place, tagOrDigest: string, accept: readonly string[]): Promise<Descriptor> {
  const response = await manifestRequest(place, "HEAD", tagOrDigest, accept, [200, ...FAILURES]);
  await response.discard();
  const { headers, status } = response;
  const mediaType = mediaTypeOf(response);
  const size = headers.get("content-length");
  const digest = headers.get("docker-content-digest");
  // A refusal's words are in the body, which a HEAD has not; neither has every registry all the headers.
  if (status !== 200 || !digest?.startsWith("sha256:") || size === undefined || !accept.includes(mediaType)) return (await getManifest(place, tagOrDigest, accept, place.transfer.limits.manifestBytes)).descriptor;
  const parsed = parseDigest(digest);
  if (tagOrDigest.includes(":") && parsed !== tagOrDigest) throw new RegistryError("System", `manifest verification failed for digest ${tagOrDigest}`);
  return { mediaType, digest: parsed, size: Number(size) };
}

const FAILURES: readonly number[] = [400, 401, 403, 404, 405, 406, 410, 500, 501];

/** Distribution spec, "Pulling manifests". */
export async function getManifest(place: Place, tagOrDigest: string, accept: readonly string[], maxBytes: number): Promise<Manifest> {
  const response = await manifestRequest(place, "GET", tagOrDigest, accept, [200]);
  const what = `the manifest ${tagOrDigest}`;
  if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
    await response.discard();
    throw new RegistryError("System", `${what} is larger than ${maxBytes} bytes, which is the limit`);
  }
  const bytes = await readAll(response, maxBytes, what);
  const digest = digestOf(bytes);
  const wanted = tagOrDigest.includes(":") ? tagOrDigest : response.headers.get("docker-content-digest");
  if (wanted !== undefined && wanted.startsWith("sha256:") && wanted !== digest) throw new RegistryError("System", `manifest verification failed for digest ${wanted}`);
  return { bytes, descriptor: { mediaType: typeOf(bytes, mediaTypeOf(response), accept), digest, size: bytes.length } };
}

function manifestRequest(place: Place, method: Query["method"], tagOrDigest: string, accept: readonly string[], expected: readonly number[]): Promise<HttpResponse> {
  const { transfer, session, access, base, signal } = place;
  const deadline = AbortSignal.timeout(transfer.limits.documentMs);
  return transfer.request(session, { method, url: manifestUrl(base, tagOrDigest), access, headers: { Accept: accept.join(", ") }, signal: signal ? AbortSignal.any([signal, deadline]) : deadline }, expected);
}

const manifestUrl = (base: URL, tagOrDigest: string): URL => new URL(`manifests/${encodeURIComponent(tagOrDigest).replace("%3A", ":")}`, base);

const mediaTypeOf = ({ headers }: HttpResponse): string => (headers.get("content-type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";

/** Header and content must agree, or two readers could take one manifest for two things. */
function typeOf(bytes: Uint8Array, header: string, accept: readonly string[]): string {
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new RegistryError("System", "the manifest is not JSON");
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) throw new RegistryError("System", "the manifest is not a JSON object");
  const written = "mediaType" in document && typeof document.mediaType === "string" ? document.mediaType : undefined;
  const mediaType = PLAIN_TYPES.has(header) ? (written ?? header) : header;
  if (written !== undefined && written !== mediaType) throw new RegistryError("System", `the manifest says that it is ${JSON.stringify(written)}, the registry that it is ${JSON.stringify(mediaType)}`);
  if (!accept.includes(mediaType)) throw new RegistryError("System", `unsupported media type of the manifest: ${JSON.stringify(mediaType)}`);
  return mediaType;
}

/** Distribution spec, "Pushing manifests". */
export async function putManifest({ transfer, session, access, base, signal }: Place, tagOrDigest: string, mediaType: string, bytes: Uint8Array): Promise<Digest> {
  const digest = digestOf(bytes);
  const response = await transfer.request(
    session,
    { method: "PUT", url: manifestUrl(base, tagOrDigest), access, headers: { "Content-Type": mediaType }, body: { sizeBytes: bytes.length, open: () => [bytes] }, ...(signal && { signal }) },
    [200, 201, 202],
  );
  await response.discard();
  const kept = response.headers.get("docker-content-digest");
  if (kept?.startsWith("sha256:") && kept !== digest) throw new RegistryError("System", `the registry keeps the manifest ${digest} as ${kept}`);
  return digest;
}

/** Docker's sentences for what people run into, around the registry's own. */
export function namedRefusal(error: RegistryError, reference: Reference, tagOrDigest: string | undefined): RegistryError {
  const named = (kind: RegistryError["kind"], before: string) => new RegistryError(kind, `${before}: ${error.message}`, error.details, { cause: error });
  const repository = familiarRepository(reference);
  switch (error.details.code) {
    case "DENIED":
      return named("NotFound", `pull access denied for ${repository}, repository does not exist or may require 'docker login'`);
    case "NAME_UNKNOWN":
      return named("NotFound", `repository ${repository} not found`);
    case "MANIFEST_UNKNOWN":
      return named("NotFound", `manifest for ${imageName(reference, tagOrDigest)} not found`);
    default:
      return error;
  }
}

function imageName({ domain, path }: Reference, tagOrDigest = ""): string {
  if (tagOrDigest === "") return familiarRepository({ domain, path });
  return tagOrDigest.includes(":") ? `${familiarRepository({ domain, path })}@${tagOrDigest}` : familiarName({ domain, path, tag: tagOrDigest });
}
