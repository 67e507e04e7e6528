import { createHash, type Hash } from "node:crypto";
import { parseDigest, type Digest } from "../../spec/mod.ts";
import type { HttpResponse, RequestBody } from "../http/mod.ts";
import { parseHttpUrl } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import type { Place } from "./repository.ts";
import { withRetries, type Patience } from "./retry.ts";
import { withoutFirst } from "./skip.ts";
import type { BlobUpload, StreamOptions, UploadOptions } from "./types.ts";

type Home = (from?: readonly string[]) => Promise<Place>;

/** Distribution spec, "Pushing blobs": there already, mounted from another repository, or sent; what was cut goes on from where it stopped. */
export async function upload(home: Home, patience: Patience, blob: BlobUpload, options: UploadOptions): Promise<"exists" | "mounted" | "uploaded"> {
  const sending = new Sending(home, blob, options);
  try {
    return await withRetries(patience, () => sending.attempt());
  } catch (error) {
    await sending.giveUp();
    throw error;
  }
}

/** One blob on its way up, over all its attempts. */
class Sending {
  /** Where it is sent to: the registry may have some of it already. */
  #at: URL | undefined;

  constructor(
    readonly home: Home,
    readonly blob: BlobUpload,
    readonly options: UploadOptions,
  ) {}

  async attempt(): Promise<"exists" | "mounted" | "uploaded"> {
    const place = await this.home();
    if (await exists(place, this.blob.digest)) return "exists";
    if (await this.#goneOn(place)) return "uploaded";
    const begun = await begin(place, this.home, this.blob);
    if (begun === "mounted") return begun;
    this.#at = begun;
    await (this.options.chunkBytes === undefined ? sendWhole(place, begun, this.blob, this.options) : sendChunks(place, begun, this.blob, this.options, this.options.chunkBytes));
    return "uploaded";
  }

  async giveUp(): Promise<void> {
    if (!this.#at || this.options.signal?.aborted) return;
    // The failure that led here is the one to tell.
    const place = await this.home().catch(() => undefined);
    if (place) await cancel(place, this.#at);
  }

  /** Sends what the registry has not yet, where it knows how much it has. */
  async #goneOn(place: Place): Promise<boolean> {
    if (!this.#at) return false;
    try {
      const { at, received } = await statusOf(place, this.#at, this.blob.digest);
      if (received > 0 && received < this.blob.size) {
        await sendRest(place, at, received, this.blob, this.options);
        return true;
      }
    } catch (error) {
      if (!(error instanceof RegistryError) || error.details.transient || error.details.status === undefined) throw error;
    }
    await this.giveUp();
    this.#at = undefined;
    return false;
  }
}

/** How much has come; not every registry tells. */
async function statusOf({ transfer, session, access, signal }: Place, url: URL, digest: Digest): Promise<{ at: URL; received: number }> {
  const response = await transfer.request(session, { method: "GET", url, access, ...(signal && { signal }) }, [200, 202, 204]);
  await response.discard();
  const last = Number(/^(?:bytes[ =])?0-(\d{1,15})$/.exec(response.headers.get("range") ?? "")?.[1] ?? 0);
  // An end of 0 is also how nothing is told.
  return { at: response.headers.get("location") === undefined ? url : uploadAt(response, url, digest), received: last === 0 ? 0 : last + 1 };
}

async function exists({ transfer, session, access, base, signal }: Place, digest: Digest): Promise<boolean> {
  const response = await transfer.request(session, { method: "HEAD", url: new URL(`blobs/${digest}`, base), access, ...(signal && { signal }) }, [200, 404]);
  await response.discard();
  return response.status === 200;
}

/** Where to send it, unless the registry had it elsewhere. */
async function begin(place: Place, home: Home, { digest, mountFrom = [] }: BlobUpload): Promise<"mounted" | URL> {
  for (const from of mountFrom) {
    const url = new URL("blobs/uploads/", place.base);
    url.searchParams.set("mount", digest);
    url.searchParams.set("from", from);
    try {
      const response = await post(await home([from]), url);
      if (response.status === 201) return "mounted";
      return uploadAt(response, url, digest);
    } catch (error) {
      // Who may not read there can still send it.
      if (!(error instanceof RegistryError) || error.details.transient || error.details.status === undefined) throw error;
    }
  }
  const url = new URL("blobs/uploads/", place.base);
  const response = await post(place, url);
  return response.status === 201 ? "mounted" : uploadAt(response, url, digest);
}

async function post({ transfer, session, access, signal }: Place, url: URL): Promise<HttpResponse> {
  const response = await transfer.request(session, { method: "POST", url, access, body: NOTHING, ...(signal && { signal }) }, [201, 202]);
  await response.discard();
  return response;
}

const NOTHING: RequestBody = { sizeBytes: 0, open: () => [] };
const OCTETS = { "Content-Type": "application/octet-stream" };

/** Behind a proxy that ends TLS a registry may think it is spoken to without; its own host stays as secure as it was. */
function uploadAt({ headers }: HttpResponse, from: URL, digest?: Digest): URL {
  const location = headers.get("location");
  const url = location === undefined ? undefined : parseHttpUrl(location, from);
  if (!url) throw new RegistryError("System", `the registry does not say where to send ${digest ? `blob ${digest}` : "a blob"}`);
  if (from.protocol === "https:" && url.protocol === "http:" && url.hostname === from.hostname) {
    url.protocol = "https:";
    url.port = from.port;
  }
  if (from.protocol === "https:" && url.protocol === "http:") throw new RegistryError("System", `the registry wants ${digest ? `blob ${digest}` : "a blob"} sent without TLS to ${url.host}, which is not done`);
  return url;
}

async function sendWhole({ transfer, session, access, signal }: Place, at: URL, blob: BlobUpload, { onProgress }: UploadOptions): Promise<void> {
  const url = withDigest(at, blob.digest);
  const body = { sizeBytes: blob.size, open: () => counted(blob.open(), 0, onProgress) };
  const response = await transfer.request(session, { method: "PUT", url, access, headers: OCTETS, body, ...(signal && { signal }) }, [201, 204]);
  await response.discard();
}

async function sendChunks(place: Place, begun: URL, blob: BlobUpload, { onProgress }: UploadOptions, chunkBytes: number): Promise<void> {
  let url = begun;
  let at = 0;
  for await (const chunk of regrouped(blob.open(), chunkBytes)) {
    url = await sendChunk(place, url, chunk, at, onProgress);
    at += chunk.length;
  }
  if (at !== blob.size) throw new RegistryError("System", `blob ${blob.digest} has ${at} bytes, not ${blob.size}`);
  await close(place, url, blob);
}

/** @returns where the next one goes */
async function sendChunk({ transfer, session, access, signal }: Place, url: URL, chunk: Uint8Array, start: number, onProgress: UploadOptions["onProgress"]): Promise<URL> {
  const body = { sizeBytes: chunk.length, open: () => counted([chunk], start, onProgress) };
  const headers = { ...OCTETS, "Content-Range": `${start}-${start + chunk.length - 1}` };
  const response = await transfer.request(session, { method: "PATCH", url, access, headers, body, ...(signal && { signal }) }, [201, 202]);
  await response.discard();
  return uploadAt(response, url);
}

/**
 * Sends what is known at its end only, while it is made; what is small, when it is. There is one attempt, and nothing of it stays when it fails.
 * @param source each piece is valid until the next is asked for
 * @returns what was sent
 */
export async function uploadStream(place: Place, source: AsyncIterable<Uint8Array>, { onProgress, turn = (send) => send() }: StreamOptions): Promise<{ digest: Digest; size: number }> {
  const hash = createHash("sha256");
  const read = hashed(source, hash);
  const head: Uint8Array[] = [];
  let size = 0;
  const begun = post(place, new URL("blobs/uploads/", place.base)).then((response) => uploadAt(response, place.base));
  // Awaited when there is something to send, or when it is given up.
  begun.catch(() => undefined);
  let sent: URL | undefined;
  const described = (): { digest: Digest; size: number } => ({ digest: parseDigest(`sha256:${hash.digest("hex")}`), size });
  try {
    let step = await read.next();
    for (; !step.done && size < SMALL_BYTES; step = await read.next()) {
      head.push(new Uint8Array(step.value));
      size += step.value.length;
    }
    const at = await begun;
    if (step.done) {
      const blob = described();
      await turn(() => sendWhole(place, at, { ...blob, open: () => after(head, read) }, { ...(onProgress && { onProgress }) }));
      return blob;
    }
    head.push(step.value);
    size = 0;
    const pieces = counted(after(head, read), 0, (bytes) => {
      size = bytes;
      onProgress?.(bytes);
    });
    return await turn(async () => {
      sent = await sendStream(place, at, pieces);
      const blob = described();
      await close(place, sent, blob);
      return blob;
    });
  } catch (error) {
    const url = sent ?? (await begun.catch(() => undefined));
    if (url) await cancel(place, url);
    throw error;
  } finally {
    await read.return();
  }
}

const SMALL_BYTES = 1024 * 1024;

async function sendStream({ transfer, session, access, signal }: Place, url: URL, chunks: AsyncIterable<Uint8Array>): Promise<URL> {
  const body = { sizeBytes: undefined, open: () => chunks };
  const response = await transfer.request(session, { method: "PATCH", url, access, headers: OCTETS, body, ...(signal && { signal }) }, [201, 202]);
  await response.discard();
  return uploadAt(response, url);
}

async function* hashed(chunks: AsyncIterable<Uint8Array>, hash: Hash): AsyncGenerator<Uint8Array, void, void> {
  for await (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

async function* after(head: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  yield* head;
  yield* rest;
}

/** As one chunk, and with its own end: a registry may take a body with the last request only for the whole. */
async function sendRest(place: Place, at: URL, received: number, blob: BlobUpload, { onProgress }: UploadOptions): Promise<void> {
  const { transfer, session, access, signal } = place;
  const body = { sizeBytes: blob.size - received, open: () => counted(withoutFirst(received, blob.open()), received, onProgress) };
  const headers = { ...OCTETS, "Content-Range": `${received}-${blob.size - 1}` };
  const response = await transfer.request(session, { method: "PATCH", url: at, access, headers, body, ...(signal && { signal }) }, [201, 202]);
  await response.discard();
  await close(place, uploadAt(response, at, blob.digest), blob);
}

async function close({ transfer, session, access, signal }: Place, at: URL, { digest }: Pick<BlobUpload, "digest">): Promise<void> {
  const response = await transfer.request(session, { method: "PUT", url: withDigest(at, digest), access, headers: OCTETS, body: NOTHING, ...(signal && { signal }) }, [201, 204]);
  await response.discard();
}

/** A registry forgets what is not finished in time by itself. */
async function cancel({ transfer, session, access, signal }: Place, url: URL): Promise<void> {
  if (signal?.aborted || url.origin !== session.endpoint.base.origin) return;
  try {
    await (await transfer.request(session, { method: "DELETE", url, access, signal: AbortSignal.timeout(5_000) }, [202, 204, 400, 404, 405])).discard();
  } catch {
    // The failure that led here is the one to tell.
  }
}

function withDigest(at: URL, digest: Digest): URL {
  const url = new URL(at);
  url.searchParams.set("digest", digest);
  return url;
}

async function* counted(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, from: number, onProgress: UploadOptions["onProgress"]): AsyncGenerator<Uint8Array, void, void> {
  let sent = from;
  onProgress?.(sent);
  for await (const chunk of chunks) {
    yield chunk;
    sent += chunk.length;
    onProgress?.(sent);
  }
}

/** Pieces of just this size, but for the last. */
async function* regrouped(chunks: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<Uint8Array, void, void> {
  let held: Uint8Array[] = [];
  let bytes = 0;
  for await (let chunk of chunks) {
    while (bytes + chunk.length >= size) {
      const taken = size - bytes;
      yield Buffer.concat([...held, chunk.subarray(0, taken)], size);
      chunk = chunk.subarray(taken);
      held = [];
      bytes = 0;
    }
    if (chunk.length > 0) held.push(chunk);
    bytes += chunk.length;
  }
  if (bytes > 0) yield Buffer.concat(held, bytes);
}
