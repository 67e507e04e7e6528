/**
 * A registry in memory that a test can make lie: `fault` answers in its place. It remembers what was asked for.
 *
 *   await using registry = new MemoryRegistry();
 *   registry.add("app", "1", image);
 *   openRegistryClient({ userAgent: "test", limits: PATIENCE }).repository(parseReference(`${registry.host}/app`))
 */
import { digestOf, type TestImage } from "./archives.ts";

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";
export const GZIP = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG = "application/vnd.oci.image.config.v1+json";
/** So that failures come at once. */
export const PATIENCE = { attempts: 2, backOffMs: 1 };

export interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

interface Kept {
  readonly type: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export class MemoryRegistry implements AsyncDisposable {
  readonly blobs = new Map<string, Uint8Array<ArrayBuffer>>();
  /** By `name:reference`. */
  readonly manifests = new Map<string, Kept>();
  /** `GET blobs/sha256:… bytes=5-`, without greetings. */
  readonly asked: string[] = [];
  fault: ((request: Request, path: string) => Response | undefined | Promise<Response | undefined>) | undefined;
  readonly #server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: (request) => this.#answer(request) });
  readonly #has = new Map<string, Set<string>>();

  get host(): string {
    return `127.0.0.1:${this.#server.port}`;
  }

  blob(bytes: Uint8Array | string, mediaType: string): Described {
    const own = new Uint8Array(Buffer.from(bytes));
    const digest = digestOf(own);
    this.blobs.set(digest, own);
    return { mediaType, digest, size: own.length };
  }

  manifest(name: string, reference: string | undefined, value: unknown, type: string): Described {
    const bytes = new Uint8Array(Buffer.from(JSON.stringify(value)));
    const digest = digestOf(bytes);
    for (const key of [digest, ...(reference === undefined ? [] : [reference])]) this.manifests.set(`${name}:${key}`, { type, bytes });
    return { mediaType: type, digest, size: bytes.length };
  }

  /** An image whose layers are as `pack` makes them. */
  add(name: string, tag: string | undefined, image: TestImage, pack: (layer: Uint8Array) => Uint8Array = (layer) => Bun.gzipSync(new Uint8Array(layer)), mediaType = GZIP): Described {
    const layers = image.layers.map((layer) => this.blob(pack(layer), mediaType));
    for (const { digest } of layers) this.#of(name).add(digest);
    return this.manifest(name, tag, { schemaVersion: 2, mediaType: MANIFEST, config: this.blob(image.config, CONFIG), layers }, MANIFEST);
  }

  /** How often a blob's bytes were asked for. */
  fetched(digest: string): number {
    return this.asked.filter((line) => line.startsWith(`GET blobs/${digest}`)).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #of(name: string): Set<string> {
    const known = this.#has.get(name) ?? new Set();
    this.#has.set(name, known);
    return known;
  }

  async #answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const [, name = "", kind = "", rest = ""] = /^\/v2\/(.+?)\/(manifests|blobs|tags)\/(.*)$/.exec(url.pathname) ?? [];
    if (kind === "") return new Response("{}");
    const range = request.headers.get("range");
    this.asked.push(`${request.method} ${kind}/${rest}${range === null ? "" : ` ${range}`}`);
    const lie = await this.fault?.(request, `${kind}/${rest}`);
    if (lie) return lie;
    if (kind === "tags") return Response.json({ name, tags: [...this.manifests.keys()].filter((key) => key.startsWith(`${name}:`) && !key.includes("sha256:")).map((key) => key.slice(name.length + 1)) });
    if (kind === "manifests") return await this.#manifest(request, name, rest);
    return rest.startsWith("uploads/") ? await this.#upload(request, name, url) : this.#blob(request, rest, range);
  }

  async #manifest(request: Request, name: string, reference: string): Promise<Response> {
    if (request.method === "PUT") {
      const bytes = new Uint8Array(await request.arrayBuffer());
      for (const key of [reference, digestOf(bytes)]) this.manifests.set(`${name}:${key}`, { type: request.headers.get("content-type") ?? "", bytes });
      return new Response(null, { status: 201, headers: { "Docker-Content-Digest": digestOf(bytes) } });
    }
    const found = this.manifests.get(`${name}:${reference}`);
    if (!found) return refusal(404, "MANIFEST_UNKNOWN", "manifest unknown");
    const headers = { "Content-Type": found.type, "Docker-Content-Digest": digestOf(found.bytes), "Content-Length": String(found.bytes.length) };
    return new Response(request.method === "HEAD" ? null : found.bytes, { headers });
  }

  #blob(request: Request, digest: string, range: string | null): Response {
    const bytes = this.blobs.get(digest);
    if (!bytes) return refusal(404, "BLOB_UNKNOWN", "blob unknown to registry");
    if (request.method === "HEAD") return new Response(null, { headers: { "Content-Length": String(bytes.length) } });
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (from === 0) return new Response(bytes);
    return new Response(bytes.subarray(from), { status: 206, headers: { "Content-Range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` } });
  }

  async #upload(request: Request, name: string, url: URL): Promise<Response> {
    if (request.method === "POST") {
      const mount = url.searchParams.get("mount");
      const mounts = mount !== null && this.blobs.has(mount) && this.#of(url.searchParams.get("from") ?? "").has(mount);
      if (mounts) this.#of(name).add(mount);
      return new Response(null, { status: mounts ? 201 : 202, headers: { Location: mounts ? `/v2/${name}/blobs/${mount}` : `/v2/${name}/blobs/uploads/1` } });
    }
    const bytes = new Uint8Array(await request.arrayBuffer());
    const digest = url.searchParams.get("digest") ?? "";
    if (digestOf(bytes) !== digest) return refusal(400, "DIGEST_INVALID", "provided digest did not match uploaded content");
    this.blobs.set(digest, bytes);
    this.#of(name).add(digest);
    return new Response(null, { status: 201 });
  }
}

const refusal = (status: number, code: string, message: string): Response => Response.json({ errors: [{ code, message }] }, { status });
