/**
 * An upload is a few objects below its key:
 *
 *   state   which parts have arrived, and how long the tail is; replaced only by who has read the one before
 *   tail    what is too little for a part of its own
 *   data    the upload in parts, as the object storage has it
 */
import type { Digest } from "../../../spec/mod.ts";
import { giveBack } from "../give-back.ts";
import { DigestMismatch, UploadBusy, type ObjectInfo, type Uploads, type UploadWriter } from "../storage.ts";
import { Overtaken, type Bucket, type UploadedPart } from "./client.ts";

interface State {
  /** Of the upload in parts, once there are some. */
  readonly id: string | undefined;
  readonly parts: readonly UploadedPart[];
  readonly tailBytes: number;
}

const MIB = 1024 * 1024;
const PART_BYTES = 8 * MIB;
/** There may be 10,000 parts: the later ones of a large blob are larger. */
const SMALL_PARTS = 1000;
const LARGE_PART_BYTES = 64 * MIB;
const REMEMBERED = 256;
const NEW: State = { id: undefined, parts: [], tailBytes: 0 };

const stateKey = (key: string): string => `${key}/state`;
const tailKey = (key: string): string => `${key}/tail`;
const dataKey = (key: string): string => `${key}/data`;
const sizeOf = ({ parts, tailBytes }: State): number => parts.reduce((sum, { size }) => sum + size, tailBytes);
const encodeState = (state: State): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(state));

export class BucketUploads implements Uploads {
  readonly #bucket: Bucket;
  readonly #busy = new Set<string>();
  /** What was hashed by this process, by the etag of the state it belongs to. */
  readonly #hashed = new Map<string, Bun.CryptoHasher>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async create(key: string): Promise<void> {
    this.#remember(await this.#bucket.put(stateKey(key), encodeState({ ...NEW }), "absent"), key, new Bun.CryptoHasher("sha256"));
  }

  async info(key: string): Promise<ObjectInfo | undefined> {
    const found = await this.#state(key);
    const object = found && (await this.#bucket.head(stateKey(key)));
    return object && { size: sizeOf(found.state), modifiedMs: object.modifiedMs };
  }

  async open(key: string): Promise<UploadWriter | undefined> {
    if (this.#busy.has(key)) throw new UploadBusy("another request is writing to this upload");
    this.#busy.add(key);
    const release = (): void => void this.#busy.delete(key);
    try {
      const found = await this.#state(key);
      if (!found) {
        release();
        return undefined;
      }
      const tail = found.state.tailBytes > 0 ? await (await this.#bucket.get(tailKey(key)))?.bytes() : new Uint8Array();
      const hasher = this.#taken(hashName(found.etag, key));
      return new BucketUpload({ bucket: this.#bucket, key, ...found, tail: tail ?? new Uint8Array(), hasher, remember: (etag, made) => this.#remember(etag, key, made), release });
    } catch (error) {
      release();
      throw error;
    }
  }

  async remove(key: string): Promise<void> {
    const found = await this.#state(key);
    if (found?.state.id !== undefined) await this.#bucket.abortParts(dataKey(key), found.state.id);
    for (const each of [dataKey(key), tailKey(key), stateKey(key)]) await this.#bucket.remove(each);
  }

  async #state(key: string): Promise<{ state: State; etag: string } | undefined> {
    const response = await this.#bucket.get(stateKey(key));
    return response && { state: (await response.json()) as State, etag: response.headers.get("etag") ?? "" };
  }

  /** From now on it goes on with this writer: should that fail to write down how far it came, it belongs to no state. */
  #taken(name: string): Bun.CryptoHasher | undefined {
    const hasher = this.#hashed.get(name);
    this.#hashed.delete(name);
    return hasher;
  }

  #remember(etag: string, key: string, hasher: Bun.CryptoHasher | undefined): void {
    if (hasher) this.#hashed.set(hashName(etag, key), hasher);
    const oldest = this.#hashed.size > REMEMBERED ? this.#hashed.keys().next().value : undefined;
    if (oldest !== undefined) this.#hashed.delete(oldest);
  }
}

/** Two uploads may be in the same state, and so have the same etag. */
const hashName = (etag: string, key: string): string => `${key} ${etag}`;

interface OpenUpload {
  readonly bucket: Bucket;
  readonly key: string;
  readonly state: State;
  readonly etag: string;
  readonly tail: Uint8Array;
  readonly hasher: Bun.CryptoHasher | undefined;
  readonly remember: (etag: string, hasher: Bun.CryptoHasher | undefined) => void;
  readonly release: () => void;
}

class BucketUpload implements UploadWriter {
  readonly #upload: OpenUpload;
  readonly #parts: UploadedPart[];
  #id: string | undefined;
  #etag: string;
  #buffer: Uint8Array<ArrayBuffer>;
  #buffered: number;
  #open = true;

  constructor(upload: OpenUpload) {
    this.#upload = upload;
    this.#parts = [...upload.state.parts];
    this.#id = upload.state.id;
    this.#etag = upload.etag;
    this.#buffer = new Uint8Array(upload.tail);
    this.#buffered = upload.tail.length;
  }

  get offset(): number {
    return this.stored + this.#buffered;
  }

  get stored(): number {
    return this.#parts.reduce((sum, { size }) => sum + size, 0);
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.#upload.hasher?.update(bytes);
    for (let done = 0; done < bytes.length; ) {
      const partBytes = this.#parts.length < SMALL_PARTS ? PART_BYTES : LARGE_PART_BYTES;
      const piece = bytes.subarray(done, done + partBytes - this.#buffered);
      this.#reserve(this.#buffered + piece.length, partBytes);
      this.#buffer.set(piece, this.#buffered);
      this.#buffered += piece.length;
      done += piece.length;
      if (this.#buffered === partBytes) await this.#putPart();
    }
    giveBack(bytes);
  }

  async commit(key: string, digest: Digest): Promise<void> {
    const { bucket, hasher } = this.#upload;
    if (hasher) await this.#require(digest, hasher);
    if (this.#id === undefined) {
      const whole = this.#buffer.slice(0, this.#buffered);
      if (!hasher) await this.#require(digest, new Bun.CryptoHasher("sha256").update(whole));
      await bucket.put(key, whole);
    } else {
      await this.#assemble(this.#id, digest);
      await bucket.copy(dataKey(this.#upload.key), key);
    }
    await this.#discard();
  }

  /** Puts the parts together; reads them where this process has not seen them all. */
  async #assemble(id: string, digest: Digest): Promise<void> {
    const { bucket, key, hasher } = this.#upload;
    if (this.#buffered > 0) await this.#putPart();
    await bucket.completeParts(dataKey(key), id, this.#parts);
    this.#id = undefined;
    if (hasher) return;
    const read = new Bun.CryptoHasher("sha256");
    const whole = await bucket.get(dataKey(key));
    for await (const bytes of whole?.body ?? []) read.update(bytes);
    await this.#require(digest, read);
  }

  async #require(digest: Digest, hasher: Bun.CryptoHasher): Promise<void> {
    const actual = `sha256:${hasher.copy().digest("hex")}`;
    if (actual === digest) return;
    await this.#discard();
    throw new DigestMismatch(digest, actual);
  }

  /** What has arrived is written down, unless somebody else has gone on with this upload meanwhile. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    const { bucket, key, state, hasher, remember, release } = this.#upload;
    try {
      if (this.offset === sizeOf(state)) return remember(this.#etag, hasher);
      if (this.#buffered > 0) await bucket.put(tailKey(key), this.#buffer.slice(0, this.#buffered));
      const after: State = { id: this.#id, parts: this.#parts, tailBytes: this.#buffered };
      remember(await bucket.put(stateKey(key), encodeState(after), this.#etag), hasher);
    } catch (error) {
      if (error instanceof Overtaken) throw new UploadBusy("another request is writing to this upload");
      throw error;
    } finally {
      release();
    }
  }

  async #discard(): Promise<void> {
    this.#open = false;
    const { bucket, key, release } = this.#upload;
    try {
      if (this.#id !== undefined) await bucket.abortParts(dataKey(key), this.#id);
      for (const each of [dataKey(key), tailKey(key), stateKey(key)]) await bucket.remove(each);
    } finally {
      release();
    }
  }

  async #putPart(): Promise<void> {
    const { bucket, key, state } = this.#upload;
    if (this.#id === undefined) {
      this.#id = await bucket.beginParts(dataKey(key));
      // Written down at once: should we be killed, the parts are found and taken away.
      this.#etag = await bucket.put(stateKey(key), encodeState({ ...state, id: this.#id }), this.#etag);
    }
    this.#parts.push(await bucket.putPart(dataKey(key), this.#id, this.#parts.length + 1, this.#buffer.slice(0, this.#buffered)));
    this.#buffered = 0;
  }

  /** Grows with what arrives: most uploads are small. */
  #reserve(needed: number, most: number): void {
    if (needed <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.min(most, Math.max(needed, this.#buffer.length * 2)));
    larger.set(this.#buffer.subarray(0, this.#buffered));
    this.#buffer = larger;
  }
}
