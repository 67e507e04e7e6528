import type { Digest } from "../../spec/mod.ts";
import { blobKey, type ByteRange } from "../storage/mod.ts";
import type { Call } from "./call.ts";
import { parseBlobDigest, parseName } from "./names.ts";
import { Refusal } from "./refusal.ts";

/** GET and HEAD /v2/<name>/blobs/<digest> (OCI distribution spec 1.1: end-2). */
export async function getBlob(call: Call): Promise<Response> {
  const name = parseName(call.part("name"));
  const digest = parseBlobDigest(call.part("digest"));
  const isHead = call.request.method === "HEAD";
  // Who asks whether a blob is there is about to rely on the answer.
  const found = await (isHead ? call.repositories.leaseBlob(name, digest) : call.repositories.blob(name, digest));
  if (found) return await blobAnswer(call, digest, found.size);
  if (!call.cache) throw blobUnknown(digest);
  const size = await call.cache.blobSize(name, digest);
  if (isHead) return new Response(null, { headers: { ...blobHeaders(digest), "Content-Length": String(size) } });
  const arriving = await call.cache.blob(name, digest, size);
  // A range of what is still arriving is answered with the whole, as RFC 9110 allows.
  return arriving ? new Response(arriving, { headers: { ...blobHeaders(digest), "Content-Length": String(size) } }) : await blobAnswer(call, digest, size);
}

const blobHeaders = (digest: Digest): Record<string, string> => ({
  "Docker-Content-Digest": digest,
  ETag: `"${digest}"`,
  "Accept-Ranges": "bytes",
  "Cache-Control": "max-age=31536000, immutable",
  "Content-Type": "application/octet-stream",
});

async function blobAnswer({ request, repositories }: Call, digest: Digest, size: number): Promise<Response> {
  const headers = blobHeaders(digest);
  if (matchesETag(request.headers.get("if-none-match"), digest)) return new Response(null, { status: 304, headers });
  const { link } = repositories.storage;
  if (link && request.method === "GET" && size > 0) return new Response(null, { status: 307, headers: { Location: link(blobKey(digest)), "Docker-Content-Digest": digest } });
  const range = requestedRange(request, digest, size);
  if (range) headers["Content-Range"] = `bytes ${range.start}-${range.end - 1}/${size}`;
  const { start, end } = range ?? { start: 0, end: size };
  headers["Content-Length"] = String(end - start);
  const body = request.method === "HEAD" || end === start ? null : await repositories.storage.body(blobKey(digest), { start, end });
  return new Response(body, { status: range ? 206 : 200, headers });
}

/** DELETE /v2/<name>/blobs/<digest> (end-10). The content itself goes with the garbage, when no repository has it. */
export async function deleteBlob(call: Call): Promise<Response> {
  const name = parseName(call.part("name"));
  const digest = parseBlobDigest(call.part("digest"));
  if (!(await call.repositories.blob(name, digest))) throw blobUnknown(digest);
  await call.repositories.unlinkBlob(name, digest);
  return new Response(null, { status: 202, headers: { "Docker-Content-Digest": digest } });
}

export const blobUnknown = (digest: Digest): Refusal => new Refusal("BLOB_UNKNOWN", "blob unknown to registry", { detail: { digest } });

/** RFC 9110, "If-None-Match". */
export function matchesETag(header: string | null, digest: Digest): boolean {
  return header !== null && header.split(",").some((tag) => ["*", `"${digest}"`, `W/"${digest}"`, digest].includes(tag.trim()));
}

/** RFC 9110, "Range": one range, all others are answered with the whole. @throws Refusal RANGE_INVALID */
function requestedRange(request: Request, digest: Digest, size: number): ByteRange | undefined {
  const ifRange = request.headers.get("if-range");
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(request.headers.get("range") ?? "");
  if (request.method !== "GET" || !match || (ifRange !== null && ifRange !== `"${digest}"`)) return undefined;
  const [, first = "", last = ""] = match;
  if (first === "" && last === "") return undefined;
  const start = first === "" ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === "" || last === "" ? size : Math.min(size, Number(last) + 1);
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (start >= size) throw new Refusal("RANGE_INVALID", "the range begins after the blob's end", { headers: { "Content-Range": `bytes */${size}` } });
  return { start, end };
}
