import { EngineError, messageOf } from "../../../base/mod.ts";
import type { ByteRange, ObjectInfo } from "../storage.ts";
import { patientlyRead } from "./patience.ts";
import { presigned, sha256Hex, signed, UNSIGNED, type Credentials } from "./sign.ts";

export interface BucketOptions {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** In front of all keys; "" for none. */
  readonly prefix: string;
  readonly credentials: Credentials;
  readonly limits?: Partial<BucketLimits>;
}

export interface BucketLimits {
  /** Until an answer begins; for requests that store something, until it is complete. */
  readonly answerMs: number;
  /** Between two pieces of a body that somebody waits for. */
  readonly stallMs: number;
}

export interface BucketObject extends ObjectInfo {
  readonly etag: string;
}

export interface UploadedPart {
  readonly etag: string;
  readonly size: number;
}

interface Call {
  readonly method: string;
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
  readonly expected: readonly number[];
}

/** Somebody else has written the object meanwhile. */
export class Overtaken extends Error {
  override readonly name = "Overtaken";
}

const ATTEMPTS = 4;
const BACK_OFF_MS = 200;
const LIMITS: BucketLimits = { answerMs: 120_000, stallMs: 60_000 };
const LINK_SECONDS = 900;
const LARGEST_COPY = 5 * 1024 ** 3;
const COPY_PART = 1024 ** 3;
const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array();

/** As much of the S3 API as a registry needs, on any make of it. Keys are addressed by path, which all of them understand. */
export class Bucket {
  readonly #options: BucketOptions;

  constructor(options: BucketOptions) {
    this.#options = options;
  }

  async head(key: string): Promise<BucketObject | undefined> {
    const response = await this.#send({ method: "HEAD", key, expected: [200, 404] });
    if (response.status === 404) return undefined;
    return { size: Number(response.headers.get("content-length") ?? 0), modifiedMs: Date.parse(response.headers.get("last-modified") ?? ""), etag: etagOf(response) };
  }

  /** Undefined when it is not there. */
  async get(key: string, range?: ByteRange): Promise<Response | undefined> {
    const headers: Record<string, string> = range ? { Range: `bytes=${range.start}-${range.end - 1}` } : {};
    const response = await this.#send({ method: "GET", key, headers, expected: [200, 206, 404] });
    if (response.status !== 404) return response;
    await response.body?.cancel();
    return undefined;
  }

  /** @param condition "absent", or the etag that the object must still have @returns its etag @throws Overtaken */
  async put(key: string, body: Uint8Array<ArrayBuffer>, condition?: string): Promise<string> {
    const headers: Record<string, string> = condition === undefined ? {} : condition === "absent" ? { "If-None-Match": "*" } : { "If-Match": condition };
    const response = await this.#send({ method: "PUT", key, headers, body, expected: [200, 404, 409, 412] });
    if (response.status !== 200) throw new Overtaken(`${key} was written by somebody else`);
    return etagOf(response);
  }

  async remove(key: string): Promise<void> {
    await this.#send({ method: "DELETE", key, expected: [200, 204, 404] });
  }

  /** Names directly below a key. */
  async *list(key: string): AsyncGenerator<string, void, void> {
    const prefix = `${this.#options.prefix}${key}/`;
    for (let token: string | undefined = ""; token !== undefined; ) {
      const query: Record<string, string> = { "list-type": "2", delimiter: "/", prefix, ...(token !== "" && { "continuation-token": token }) };
      const text: string = await (await this.#send({ method: "GET", key: "", query, expected: [200] })).text();
      for (const found of [...elements(text, "Key"), ...elements(text, "Prefix")]) if (found.length > prefix.length) yield found.slice(prefix.length).replace(/\/$/, "");
      token = elements(text, "NextContinuationToken")[0];
    }
  }

  /** Within the storage; also onto itself, which makes it young. @returns false when the source is not there */
  async copy(from: string, to: string): Promise<boolean> {
    const source = await this.head(from);
    if (!source) return false;
    if (source.size > LARGEST_COPY) return await this.#copyInParts(from, to, source);
    const headers = { "x-amz-copy-source": this.#sourceName(from), "x-amz-metadata-directive": "REPLACE", "x-amz-meta-touched": String(Date.now()) };
    const response = await this.#send({ method: "PUT", key: to, headers, body: EMPTY, expected: [200, 404] });
    return response.status === 200 && !(await response.text()).includes("<Error>");
  }

  async #copyInParts(from: string, to: string, { size, etag }: BucketObject): Promise<boolean> {
    const upload = await this.beginParts(to);
    const parts: UploadedPart[] = [];
    for (let start = 0; start < size; start += COPY_PART) {
      const end = Math.min(size, start + COPY_PART);
      const headers = { "x-amz-copy-source": this.#sourceName(from), "x-amz-copy-source-range": `bytes=${start}-${end - 1}`, "x-amz-copy-source-if-match": etag };
      const response = await this.#send({ method: "PUT", key: to, query: { partNumber: String(parts.length + 1), uploadId: upload }, headers, body: EMPTY, expected: [200] });
      parts.push({ etag: elements(await response.text(), "ETag")[0] ?? "", size: end - start });
    }
    await this.completeParts(to, upload, parts);
    return true;
  }

  /** @returns the id of an upload in parts */
  async beginParts(key: string): Promise<string> {
    const text = await (await this.#send({ method: "POST", key, query: { uploads: "" }, body: EMPTY, expected: [200] })).text();
    const id = elements(text, "UploadId")[0];
    if (id === undefined) throw new EngineError("System", "the object storage began no upload");
    return id;
  }

  /** All parts but the last must have 5 MiB at least. */
  async putPart(key: string, upload: string, number: number, body: Uint8Array<ArrayBuffer>): Promise<UploadedPart> {
    const response = await this.#send({ method: "PUT", key, query: { partNumber: String(number), uploadId: upload }, body, expected: [200] });
    return { etag: etagOf(response), size: body.length };
  }

  async completeParts(key: string, upload: string, parts: readonly UploadedPart[]): Promise<void> {
    const body = `<CompleteMultipartUpload>${parts.map(({ etag }, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${etag}</ETag></Part>`).join("")}</CompleteMultipartUpload>`;
    const text = await (await this.#send({ method: "POST", key, query: { uploadId: upload }, body, expected: [200] })).text();
    // The answer may begin with 200 and turn out to be an error.
    if (text.includes("<Error>")) throw new EngineError("System", `the object storage did not put ${key} together: ${elements(text, "Message")[0] ?? text.slice(0, 200)}`);
  }

  async abortParts(key: string, upload: string): Promise<void> {
    await this.#send({ method: "DELETE", key, query: { uploadId: upload }, expected: [200, 204, 404] });
  }

  /** An address from which anybody may read the object for a while. */
  link(key: string): string {
    const { credentials, region } = this.#options;
    return presigned(this.#url(key), LINK_SECONDS, { credentials, region, now: new Date() });
  }

  #url(key: string, query: Readonly<Record<string, string>> = {}): URL {
    const { endpoint, bucket, prefix } = this.#options;
    const path = key === "" ? "" : `/${prefix}${key}`;
    const url = new URL(`${endpoint.replace(/\/$/, "")}/${bucket}${path}`);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }

  #sourceName(key: string): string {
    return `/${this.#options.bucket}/${this.#options.prefix}${key}`;
  }

  /** Tries again what the storage could not do just now. @throws EngineError */
  async #send(call: Call): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const outcome = await this.#try(call).catch((error: unknown) => new EngineError("System", `the object storage cannot be reached: ${messageOf(error)}`));
      if (outcome instanceof Response && call.expected.includes(outcome.status)) return outcome;
      const failure = outcome instanceof Response ? await refusal(call, outcome) : outcome;
      const isPassing = !(outcome instanceof Response) || outcome.status >= 500 || outcome.status === 429;
      if (!isPassing || attempt === ATTEMPTS) throw failure;
      await Bun.sleep(BACK_OFF_MS * 2 ** (attempt - 1));
    }
  }

  async #try({ method, key, query, headers = {}, body }: Call): Promise<Response> {
    const { credentials, region } = this.#options;
    const url = this.#url(key, query);
    // TLS protects a body as well as its hash would.
    const payload = body !== undefined && url.protocol === "https:" && body.length > 0 ? UNSIGNED : sha256Hex(body ?? "");
    const sent = signed({ method, url, headers, payload }, { credentials, region, now: new Date() });
    const { answerMs, stallMs } = { ...LIMITS, ...this.#options.limits };
    const ask = (signal: AbortSignal): Promise<Response> => fetch(url, { method, headers: sent, ...(body !== undefined && { body }), redirect: "error", decompress: false, signal });
    return method === "GET" ? await patientlyRead(ask, answerMs, stallMs) : await ask(AbortSignal.timeout(answerMs));
  }
}

async function refusal({ method, key }: Call, response: Response): Promise<EngineError> {
  const text = await response.text().catch(() => "");
  return new EngineError("System", `the object storage answered ${method} of ${key} with ${response.status}: ${elements(text, "Message")[0] ?? elements(text, "Code")[0] ?? "no reason given"}`);
}

const etagOf = (response: Response): string => response.headers.get("etag") ?? "";

const ENTITIES: Readonly<Record<string, string>> = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'" };

/** The texts of all elements of a name: the answers are flat enough for it. */
function elements(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, "g"))].map(([, text = ""]) => text.replace(/&(?:amp|lt|gt|quot|apos);/g, (entity) => ENTITIES[entity] ?? "").replace(/&#(\d+);/g, (_whole, code: string) => String.fromCodePoint(Number(code))));
}
