/** The part of the S3 API that a registry uses, in memory: conditions, ranges, pages, copies, uploads in parts. */
import { createHash } from "node:crypto";

interface Stored {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly etag: string;
  readonly modified: Date;
}

const KEYS_PER_PAGE = 3;
const MIN_PART = 5 * 1024 * 1024;

export class ObjectStorageStub implements Disposable {
  readonly objects = new Map<string, Stored>();
  readonly #uploads = new Map<string, Map<number, Stored>>();
  readonly #server: Bun.Server<undefined>;
  #failures = 0;
  #stall: "head" | "body" | undefined;

  constructor(readonly bucket = "content") {
    this.#server = Bun.serve({ hostname: "127.0.0.1", port: 0, maxRequestBodySize: 1 << 30, fetch: (request) => this.#answer(request) });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** The next requests are answered with 503. */
  failNext(count: number): void {
    this.#failures = count;
  }

  /** The next answer to a GET does not begin, or stops after its first bytes. */
  stallNext(where: "head" | "body"): void {
    this.#stall = where;
  }

  get openUploads(): number {
    return this.#uploads.size;
  }

  /** All objects become older than any grace. */
  age(): void {
    for (const [key, stored] of this.objects) this.objects.set(key, { ...stored, modified: new Date(1000) });
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const body = new Uint8Array(await request.arrayBuffer());
    const isLink = url.searchParams.has("X-Amz-Signature");
    if (!isLink && !request.headers.get("authorization")?.startsWith("AWS4-HMAC-SHA256 Credential=key/")) return failure(403, "AccessDenied");
    if (!isLink && request.headers.get("x-amz-content-sha256") !== createHash("sha256").update(body).digest("hex")) return failure(400, "XAmzContentSHA256Mismatch");
    if (this.#failures > 0) {
      this.#failures--;
      return failure(503, "SlowDown");
    }
    const stall = request.method === "GET" ? this.#stall : undefined;
    if (stall) {
      this.#stall = undefined;
      return await stalled(stall);
    }
    const [, bucket, ...path] = decodeURIComponent(url.pathname).split("/");
    if (bucket !== this.bucket) return failure(404, "NoSuchBucket");
    const key = path.join("/");
    if (request.method === "GET" && key === "") return this.#list(url.searchParams);
    const upload = url.searchParams.get("uploadId");
    if (upload !== null || url.searchParams.has("uploads")) return this.#parts(request.method, key, upload, Number(url.searchParams.get("partNumber")), body);
    return this.#object(request, key, body);
  }

  #object(request: Request, key: string, body: Uint8Array<ArrayBuffer>): Response {
    const there = this.objects.get(key);
    const { headers, method } = request;
    if (method === "PUT") {
      const match = headers.get("if-match");
      if ((headers.get("if-none-match") === "*" && there) || (match !== null && match !== there?.etag)) return failure(412, "PreconditionFailed");
      const from = headers.get("x-amz-copy-source");
      const source = from === null ? undefined : this.objects.get(decodeURIComponent(from).slice(this.bucket.length + 2));
      if (from !== null && !source) return failure(404, "NoSuchKey");
      const stored = store(source?.bytes ?? body);
      this.objects.set(key, stored);
      return new Response(from === null ? "" : "<CopyObjectResult></CopyObjectResult>", { headers: { ETag: stored.etag } });
    }
    if (method === "DELETE") {
      this.objects.delete(key);
      return new Response(null, { status: 204 });
    }
    if (!there) return failure(404, "NoSuchKey");
    const answer = { ETag: there.etag, "Last-Modified": there.modified.toUTCString() };
    if (method === "HEAD") return new Response(null, { headers: { ...answer, "Content-Length": String(there.bytes.length) } });
    const range = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "");
    return range ? new Response(there.bytes.slice(Number(range[1]), Number(range[2]) + 1), { status: 206, headers: answer }) : new Response(there.bytes, { headers: answer });
  }

  #parts(method: string, key: string, upload: string | null, number: number, body: Uint8Array<ArrayBuffer>): Response {
    if (upload === null) {
      const id = crypto.randomUUID();
      this.#uploads.set(id, new Map());
      return new Response(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const parts = this.#uploads.get(upload);
    if (!parts) return failure(404, "NoSuchUpload");
    if (method === "PUT") {
      const stored = store(body);
      parts.set(number, stored);
      return new Response("", { headers: { ETag: stored.etag } });
    }
    this.#uploads.delete(upload);
    if (method === "DELETE") return new Response(null, { status: 204 });
    const named = [...new TextDecoder().decode(body).matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)].map(([, n, etag]) => ({ stored: parts.get(Number(n)), etag }));
    if (named.some(({ stored, etag }) => stored?.etag !== etag)) return failure(400, "InvalidPart");
    if (named.slice(0, -1).some(({ stored }) => (stored?.bytes.length ?? 0) < MIN_PART)) return failure(400, "EntityTooSmall");
    this.objects.set(key, store(new Uint8Array(Buffer.concat(named.map(({ stored }) => stored?.bytes ?? new Uint8Array())))));
    return new Response("<CompleteMultipartUploadResult></CompleteMultipartUploadResult>");
  }

  #list(query: URLSearchParams): Response {
    const prefix = query.get("prefix") ?? "";
    const entries = new Set<string>();
    for (const key of this.objects.keys()) {
      if (!key.startsWith(prefix)) continue;
      const slash = key.indexOf("/", prefix.length);
      entries.add(slash < 0 ? key : key.slice(0, slash + 1));
    }
    const after = query.get("continuation-token") ?? "";
    const rest = [...entries].sort().filter((entry) => entry > after);
    const page = rest.slice(0, KEYS_PER_PAGE);
    const xml = page.map((entry) => (entry.endsWith("/") ? `<CommonPrefixes><Prefix>${entry}</Prefix></CommonPrefixes>` : `<Contents><Key>${entry}</Key></Contents>`)).join("");
    const next = rest.length > page.length ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : "";
    return new Response(`<?xml version="1.0"?><ListBucketResult><Prefix>${prefix}</Prefix>${xml}${next}</ListBucketResult>`);
  }
}

const store = (bytes: Uint8Array<ArrayBuffer>): Stored => ({ bytes, etag: `"${createHash("md5").update(bytes).digest("hex")}"`, modified: new Date() });
const failure = (status: number, code: string): Response => new Response(`<Error><Code>${code}</Code><Message>${code}</Message></Error>`, { status });

function stalled(where: "head" | "body"): Response | Promise<Response> {
  return where === "head" ? new Promise(() => undefined) : new Response(new ReadableStream({ start: (controller) => controller.enqueue(new Uint8Array(10)) }));
}
