import { EngineError } from "../../base/mod.ts";
import { MAX_LISTING_BYTES, MAX_PATH_BYTES, type ListedEntry } from "./listed-entry.ts";
import { ListingCursor } from "./listing-cursor.ts";
import { writeVarint } from "./varint.ts";

const MAX_RECORD_BYTES = 2 * MAX_PATH_BYTES + 64;

/** Gathers entries, which come in order. */
export class ListingWriter {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #length = 0;
  #path = Buffer.allocUnsafe(MAX_PATH_BYTES);
  #previous = Buffer.allocUnsafe(MAX_PATH_BYTES);
  #previousLength = 0;

  /** @throws EngineError TooLarge */
  add(entry: ListedEntry): void {
    if (this.#bytes.length - this.#length < MAX_RECORD_BYTES) this.#grow();
    if (Buffer.byteLength(entry.path) >= MAX_PATH_BYTES) throw new EngineError("TooLarge", `a path in the build context is too long: ${entry.path.slice(0, 200)}…`);
    const bytes = this.#bytes;
    const pathLength = this.#path.write(entry.path);
    const shared = this.#shared(pathLength);
    let at = writeVarint(bytes, this.#length, shared);
    at = writeVarint(bytes, at, pathLength - shared);
    at += this.#path.copy(bytes, at, shared, pathLength);
    at = writeVarint(bytes, at, entry.mode);
    at = writeVarint(bytes, at, entry.size);
    at = writeVarint(bytes, at, Math.max(0, entry.mtimeSeconds));
    at = writeVarint(bytes, at, entry.mtimeNanoseconds);
    if (entry.linkTarget !== undefined) {
      at = writeVarint(bytes, at, Buffer.byteLength(entry.linkTarget));
      at += bytes.write(entry.linkTarget, at);
    }
    this.#length = at;
    [this.#path, this.#previous] = [this.#previous, this.#path];
    this.#previousLength = pathLength;
  }

  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  #shared(length: number): number {
    const most = Math.min(length, this.#previousLength);
    let shared = 0;
    while (shared < most && this.#path[shared] === this.#previous[shared]) shared++;
    return shared;
  }

  #grow(): void {
    if (this.#length > MAX_LISTING_BYTES) throw new EngineError("TooLarge", "the build context has too many files: list what the build does not need in .dockerignore");
    const larger = Buffer.allocUnsafe(this.#bytes.length * 2);
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}

/**
 * The entries of a listing, each checked: a name that leads elsewhere, or an entry in what is no folder, is refused. `places`: whether that is still
 * to be done; one that the engine has kept was checked when it came. @throws EngineError InvalidParameter
 */
export function* readListing(listing: Uint8Array, places: "unchecked" | "checked" = "unchecked"): Generator<ListedEntry, void, void> {
  const cursor = new ListingCursor(listing, places === "checked");
  while (cursor.next()) yield cursor.entry();
}
