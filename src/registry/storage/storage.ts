/** The one interface behind which a registry's content lies; each server process asks it anew, so that many may share one storage. */
import type { Digest } from "../../spec/mod.ts";

export interface ObjectInfo {
  readonly size: number;
  /** When it was written or touched last, by the storage's clock. */
  readonly modifiedMs: number;
}

export interface ByteRange {
  readonly start: number;
  /** The first byte that is not wanted. */
  readonly end: number;
}

/** Keys are paths of `layout.ts`: parsed names and digests, never a client's text. */
export interface Storage {
  /** A small object at once; undefined when it is not there. @throws EngineError TooLarge */
  read(key: string, maxBytes: number): Promise<Uint8Array | undefined>;
  /** Whole or not at all, also when the process is killed; a reader sees the old bytes or the new. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  info(key: string): Promise<ObjectInfo | undefined>;
  /** Makes it as young as if it had just been written. @returns false when it is not there */
  touch(key: string): Promise<boolean>;
  /** Missing is done. */
  remove(key: string): Promise<void>;
  /** Names directly below a key, in no order; none when it is not there. Folders of the file system are listed too. */
  list(key: string): AsyncIterable<string>;
  /** What an answer is made of. The object must be there. */
  body(key: string, range: ByteRange): Promise<Blob | ReadableStream<Uint8Array>>;
  /** An address from which a client may read the object itself for a while. */
  readonly link?: (key: string) => string;
  /** Resolves when these objects survive a power cut. */
  settle(keys: readonly string[]): Promise<void>;
  readonly uploads: Uploads;
  /** Takes away what killed processes have left on the way in. */
  sweep(olderThanMs: number): Promise<void>;
  /** Takes away folders or markers that hold nothing any more. */
  tidy(key: string): Promise<void>;
}

export interface Uploads {
  create(key: string): Promise<void>;
  /** Undefined when there is no such upload. */
  info(key: string): Promise<ObjectInfo | undefined>;
  /** Takes the upload for this process alone. @returns undefined when there is none @throws UploadBusy */
  open(key: string): Promise<UploadWriter | undefined>;
  /** Missing is done. */
  remove(key: string): Promise<void>;
  /** Reads what others are writing, also after its commit or removal. Undefined where the storage cannot. */
  readonly follow?: (key: string) => Promise<UploadFollower>;
}

export interface UploadFollower extends AsyncDisposable {
  /** At most so many of the bytes from an offset that have been stored. */
  read(offset: number, maxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Disposing it lets go of the upload and keeps what was written: another request, or another server, goes on from there. */
export interface UploadWriter extends AsyncDisposable {
  /** Bytes received so far. */
  readonly offset: number;
  /** Those that a follower can read by now. */
  readonly stored: number;
  /** Takes the bytes for good: the caller does not touch them again. Resolves when more may come. */
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the upload the object `key` if its bytes have this digest; removes it if they do not. @throws DigestMismatch, or UploadGone */
  commit(key: string, digest: Digest): Promise<void>;
}

/** Another request is writing to this upload. */
export class UploadBusy extends Error {
  override readonly name = "UploadBusy";
}

/** It was removed while somebody wrote to it. */
export class UploadGone extends Error {
  override readonly name = "UploadGone";
}

export class DigestMismatch extends Error {
  override readonly name = "DigestMismatch";

  constructor(
    readonly expected: Digest,
    readonly actual: string,
  ) {
    super(`the content's digest is ${actual}, not ${expected}`);
  }
}
