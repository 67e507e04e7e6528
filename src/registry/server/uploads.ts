import type { Digest } from "../../spec/mod.ts";
import { blobKey, DigestMismatch, UploadBusy, UploadGone, uploadKey, type UploadWriter } from "../storage/mod.ts";
import { blobUnknown } from "./blobs.ts";
import { bodyOf } from "./body.ts";
import type { Call } from "./call.ts";
import { parseBlobDigest, parseName, parseUploadId } from "./names.ts";
import { Refusal } from "./refusal.ts";

/** POST /v2/<name>/blobs/uploads/ (OCI distribution spec 1.1: end-4a, 4b with `digest`, 11 with `mount`). */
export async function startUpload(call: Call): Promise<Response> {
  const name = parseName(call.part("name"));
  const mount = call.query.get("mount");
  if (mount !== null && (await mountBlob(call, name, parseBlobDigest(mount)))) {
    call.metrics.add("uploads_total", 1, { outcome: "mounted" });
    return created(name, parseBlobDigest(mount));
  }
  const digestText = call.query.get("digest");
  const digest = digestText === null ? undefined : parseBlobDigest(digestText);
  const id = crypto.randomUUID();
  await call.repositories.startUpload(name, id);
  call.metrics.add("uploads_total", 1, { outcome: "started" });
  if (digest === undefined) return accepted(202, name, id, 0);
  try {
    return await finish(call, name, id, digest);
  } catch (error) {
    // Nobody was told its name: nobody can go on with it.
    await call.repositories.storage.uploads.remove(uploadKey(name, id));
    throw error;
  }
}

/** Only from a repository that the caller may pull from: a digest alone is no proof that one may have the content. */
async function mountBlob(call: Call, name: string, digest: Digest): Promise<boolean> {
  const from = call.query.get("from");
  if (from === null) return false;
  const source = parseName(from);
  if (!call.mayPull(source) || !(await call.repositories.leaseBlob(source, digest))) return false;
  return await call.repositories.linkBlob(name, digest);
}

/** GET /v2/<name>/blobs/uploads/<id> (end-13): how much has arrived. */
export async function uploadStatus(call: Call): Promise<Response> {
  const { name, id, key } = target(call);
  const found = await call.repositories.storage.uploads.info(key);
  if (!found) throw uploadUnknown();
  return accepted(204, name, id, found.size);
}

/** PATCH /v2/<name>/blobs/uploads/<id> (end-5): the next chunk, or with no Content-Range everything. */
export async function continueUpload(call: Call): Promise<Response> {
  const { name, id } = target(call);
  await using upload = await openUpload(call, name, id);
  await receive(call, upload, name, id);
  const { offset } = upload;
  await upload[Symbol.asyncDispose]();
  return accepted(202, name, id, offset);
}

/** PUT /v2/<name>/blobs/uploads/<id>?digest= (end-6): the rest, and what all of it must be. */
export async function finishUpload(call: Call): Promise<Response> {
  const { name, id } = target(call);
  const digest = call.query.get("digest");
  if (digest === null) throw new Refusal("DIGEST_INVALID", "the parameter digest is missing");
  return await finish(call, name, id, parseBlobDigest(digest));
}

async function finish(call: Call, name: string, id: string, digest: Digest): Promise<Response> {
  await using upload = await openUpload(call, name, id);
  await receive(call, upload, name, id);
  await commit(upload, digest);
  if (!(await call.repositories.linkBlob(name, digest))) throw blobUnknown(digest);
  call.metrics.add("uploads_total", 1, { outcome: "finished" });
  return created(name, digest);
}

async function commit(upload: UploadWriter, digest: Digest): Promise<void> {
  try {
    await upload.commit(blobKey(digest), digest);
  } catch (error) {
    if (error instanceof UploadGone) throw uploadUnknown();
    if (!(error instanceof DigestMismatch)) throw error;
    throw new Refusal("DIGEST_INVALID", "provided digest did not match uploaded content", { detail: { digest, actual: error.actual } });
  }
}

/** DELETE /v2/<name>/blobs/uploads/<id>: the upload is given up. */
export async function cancelUpload(call: Call): Promise<Response> {
  const { key } = target(call);
  const { uploads } = call.repositories.storage;
  if (!(await uploads.info(key))) throw uploadUnknown();
  await uploads.remove(key);
  call.metrics.add("uploads_total", 1, { outcome: "cancelled" });
  return new Response(null, { status: 204 });
}

async function openUpload({ repositories }: Call, name: string, id: string): Promise<UploadWriter> {
  try {
    const upload = await repositories.storage.uploads.open(uploadKey(name, id));
    if (!upload) throw uploadUnknown();
    return upload;
  } catch (error) {
    if (!(error instanceof UploadBusy)) throw error;
    throw new Refusal("BLOB_UPLOAD_INVALID", error.message, { status: 409, headers: { Location: location(name, id) } });
  }
}

/** Appends the request's body. What arrives of a body that is cut stays: the client asks how much and goes on from there. */
async function receive(call: Call, upload: UploadWriter, name: string, id: string): Promise<void> {
  const claimed = claimedRange(call.request);
  const from = upload.offset;
  const refuse = (message: string): Refusal => new Refusal("RANGE_INVALID", message, { headers: uploadHeaders(name, id, from) });
  if (claimed && claimed.start !== from) throw refuse(`the chunk begins at ${claimed.start}, and ${from} bytes have arrived`);
  if (claimed && from + claimed.length > call.limits.blobBytes) throw tooLarge(call.limits.blobBytes);
  const allowed = claimed ? claimed.length : call.limits.blobBytes - from;
  const contentLength = call.request.headers.get("content-length");
  if (claimed && contentLength !== null && Number(contentLength) !== claimed.length) throw sizeInvalid("Content-Range and Content-Length differ");
  if (from + Number(contentLength ?? 0) > call.limits.blobBytes) throw tooLarge(call.limits.blobBytes);
  for await (const bytes of bodyOf(call.request)) {
    call.received(bytes.length);
    if (upload.offset - from + bytes.length > allowed) throw claimed ? sizeInvalid("the chunk is longer than its Content-Range says") : tooLarge(call.limits.blobBytes);
    await upload.write(bytes);
  }
  if (claimed && upload.offset - from !== claimed.length) throw sizeInvalid("the chunk is shorter than its Content-Range says");
}

/** `<start>-<end>`, both included; some clients write it as RFC 9110 has it. @throws Refusal RANGE_INVALID */
function claimedRange(request: Request): { start: number; length: number } | undefined {
  const header = request.headers.get("content-range");
  if (header === null) return undefined;
  const match = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header);
  if (!match || Number(match[2]) < Number(match[1])) throw new Refusal("RANGE_INVALID", "Content-Range is not <start>-<end>");
  return { start: Number(match[1]), length: Number(match[2]) - Number(match[1]) + 1 };
}

function target(call: Call): { name: string; id: string; key: string } {
  const name = parseName(call.part("name"));
  const id = parseUploadId(call.part("id"));
  return { name, id, key: uploadKey(name, id) };
}

const location = (name: string, id: string): string => `/v2/${name}/blobs/uploads/${id}`;

/** An end of 0 also stands for an empty upload: the spec has no other word for it. */
function uploadHeaders(name: string, id: string, size: number): Record<string, string> {
  return { Location: location(name, id), Range: `0-${Math.max(0, size - 1)}`, "Docker-Upload-UUID": id };
}

const accepted = (status: number, name: string, id: string, size: number): Response => new Response(null, { status, headers: { ...uploadHeaders(name, id, size), "Content-Length": "0" } });
const created = (name: string, digest: Digest): Response => new Response(null, { status: 201, headers: { Location: `/v2/${name}/blobs/${digest}`, "Docker-Content-Digest": digest, "Content-Length": "0" } });
const uploadUnknown = (): Refusal => new Refusal("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
const sizeInvalid = (message: string): Refusal => new Refusal("SIZE_INVALID", message);
const tooLarge = (maxBytes: number): Refusal => new Refusal("SIZE_INVALID", `the blob is larger than the ${maxBytes} bytes allowed`, { status: 413 });
