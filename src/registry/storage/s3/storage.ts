import { EngineError } from "../../../base/mod.ts";
import type { ByteRange, ObjectInfo, Storage } from "../storage.ts";
import { Bucket, type BucketOptions } from "./client.ts";
import { BucketUploads } from "./uploads.ts";

/** Each key is an object. What the object storage has answered is durable and seen by all servers at once. */
export class ObjectStorage implements Storage {
  readonly uploads: BucketUploads;
  readonly link?: (key: string) => string;
  readonly #bucket: Bucket;

  /** @param redirect clients fetch blobs from the object storage itself */
  constructor(options: BucketOptions, redirect = false) {
    const bucket = new Bucket(options);
    this.#bucket = bucket;
    if (redirect) this.link = (key) => bucket.link(key);
    this.uploads = new BucketUploads(this.#bucket);
  }

  async read(key: string, maxBytes: number): Promise<Uint8Array | undefined> {
    const response = await this.#bucket.get(key);
    if (!response) return undefined;
    if (Number(response.headers.get("content-length") ?? 0) > maxBytes) {
      await response.body?.cancel();
      throw new EngineError("TooLarge", `${key} is larger than the ${maxBytes} bytes allowed`);
    }
    return new Uint8Array(await response.arrayBuffer());
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    await this.#bucket.put(key, new Uint8Array(bytes));
  }

  async info(key: string): Promise<ObjectInfo | undefined> {
    return await this.#bucket.head(key);
  }

  touch(key: string): Promise<boolean> {
    return this.#bucket.copy(key, key);
  }

  remove(key: string): Promise<void> {
    return this.#bucket.remove(key);
  }

  list(key: string): AsyncIterable<string> {
    return this.#bucket.list(key);
  }

  async body(key: string, range: ByteRange): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#bucket.get(key, range);
    if (!response?.body) throw new EngineError("System", `${key} is not in the object storage`);
    return response.body;
  }

  settle(): Promise<void> {
    return Promise.resolve();
  }

  sweep(): Promise<void> {
    return Promise.resolve();
  }

  tidy(): Promise<void> {
    return Promise.resolve();
  }
}
