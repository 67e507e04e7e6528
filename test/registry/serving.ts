/** A registry server of ours in this process, on a scratch folder, and a small client that speaks to it in plain requests. */
import { createHash, randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { loadRegistryServer } from "../../src/registry/mod.ts";
import { scratchFolder } from "../scratch.ts";

const server = await loadRegistryServer();
export type Options = Partial<ConstructorParameters<typeof server.Registry>[0]>;

export const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const INDEX = "application/vnd.oci.image.index.v1+json";
export const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
export const EMPTY = "application/vnd.oci.empty.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const HOUR_MS = 3_600_000;

export const digestOf = (bytes: Uint8Array | string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
export const noise = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(randomBytes(size));

export interface Refused {
  readonly status: number;
  readonly code: string;
  readonly message: string;
}

export class TestRegistry implements AsyncDisposable {
  readonly faults: string[] = [];
  readonly registry: InstanceType<typeof server.Registry>;
  readonly #listening: ReturnType<typeof server.listen>;

  constructor(
    readonly root: string,
    options: Options,
    readonly ownsRoot: boolean,
  ) {
    const report = (sentence: string, error: unknown): void => void this.faults.push(`${sentence}: ${String(error)}`);
    this.registry = new server.Registry({ storage: new server.FileSystemStorage(root), limits: server.REGISTRY_LIMITS, access: new server.AccessControl({}, (sentence) => report(sentence, "")), metrics: new server.Metrics(), readOnly: false, pages: true, graceMs: HOUR_MS, report, ...options });
    this.#listening = server.listen(this.registry, { hostname: "127.0.0.1", port: 0 });
  }

  get url(): string {
    return this.#listening.url;
  }

  /** A request; a path without a leading slash is below /v2/. */
  async send(method: string, path: string, init: { body?: Uint8Array<ArrayBuffer> | string | ReadableStream | undefined; headers?: Record<string, string> } = {}): Promise<Response> {
    const url = path.startsWith("http") ? path : path.startsWith("/") ? this.url + path : `${this.url}/v2/${path}`;
    return await fetch(url, { method, redirect: "manual", ...(init.body !== undefined && { body: init.body }), ...(init.headers && { headers: init.headers }) });
  }

  async refused(method: string, path: string, init?: Parameters<TestRegistry["send"]>[2]): Promise<Refused> {
    const response = await this.send(method, path, init);
    if (response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`);
    const { errors } = (await response.json()) as { errors: { code: string; message: string }[] };
    return { status: response.status, code: errors[0]?.code ?? "", message: errors[0]?.message ?? "" };
  }

  /** The location of a new upload. */
  async startUpload(name: string): Promise<string> {
    const response = await this.send("POST", `${name}/blobs/uploads/`);
    const location = response.headers.get("location");
    if (response.status !== 202 || !location) throw new Error(`no upload: ${response.status} ${await response.text()}`);
    return location;
  }

  async pushBlob(name: string, bytes: Uint8Array<ArrayBuffer> | string): Promise<string> {
    const digest = digestOf(bytes);
    const response = await this.send("PUT", `${await this.startUpload(name)}?digest=${digest}`, { body: bytes });
    if (response.status !== 201) throw new Error(`blob not pushed: ${response.status} ${await response.text()}`);
    return digest;
  }

  async putManifest(name: string, reference: string, manifest: unknown, mediaType = MANIFEST): Promise<Response> {
    return await this.send("PUT", `${name}/manifests/${reference}`, { body: typeof manifest === "string" ? manifest : JSON.stringify(manifest), headers: { "Content-Type": mediaType } });
  }

  /** An image of a config and a layer that are there. */
  async image(name: string, extra: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const config = JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] }, seed: Math.random() });
    const layer = noise(1000);
    return {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: CONFIG, digest: await this.pushBlob(name, config), size: config.length },
      layers: [{ mediaType: LAYER, digest: await this.pushBlob(name, layer), size: layer.length }],
      ...extra,
    };
  }

  /** Pushes a new image. @returns its digest */
  async pushImage(name: string, tag?: string, extra: Record<string, unknown> = {}): Promise<string> {
    const text = JSON.stringify(await this.image(name, extra));
    const response = await this.putManifest(name, tag ?? digestOf(text), text);
    if (response.status !== 201) throw new Error(`image not pushed: ${response.status} ${await response.text()}`);
    return digestOf(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#listening[Symbol.asyncDispose]();
    if (this.ownsRoot) rmSync(this.root, { recursive: true, force: true });
    if (this.faults.length > 0) throw new Error(`the registry reported faults:\n${this.faults.join("\n")}`);
  }
}

export function startRegistry(options: Options & { root?: string } = {}): TestRegistry {
  const { root, ...others } = options;
  return new TestRegistry(root ?? scratchFolder(), others, root === undefined);
}
