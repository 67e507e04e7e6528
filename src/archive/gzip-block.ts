/** Within a thirtieth of the size of zlib's level 6, in a third of its time. */
const OPTIONS = { level: 1, library: "libdeflate" } as const;
/** Twice what deflate looks back. */
const SEGMENT_BYTES = 64 * 1024;
/** RFC 1952, 2.3: no flags, no time, an unknown system. */
const MEMBER_HEAD = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
/** RFC 1951, 3.2.4: as much as the length of a stored block can say. */
const STORED_BYTES = 0xffff;
const MEMBER_END_BYTES = 8;

/** More than packing so many bytes can yield: libdeflate adds five to each five thousand, and each segment may be a member of its own. */
export const maxPackedBytes = (sizeBytes: number): number => sizeBytes + (sizeBytes >> 8) + 1024;

/**
 * Packs a block as gzip into the target from `at` on: members one behind the other (RFC 1952, 2.2). What deflate cannot make smaller is stored, for finding
 * that out by packing it takes longest of all. The same bytes always give the same. @returns where it ends
 */
export function packBlock(block: Uint8Array<ArrayBuffer>, target: Uint8Array, at: number): number {
  if (block.length === 0) return put(Bun.gzipSync(block, OPTIONS), target, at);
  let end = at;
  for (let from = 0, next = isDense(segment(block, 0)); from < block.length; ) {
    const dense = next;
    let to = from + SEGMENT_BYTES;
    for (; to < block.length && (next = isDense(segment(block, to))) === dense; to += SEGMENT_BYTES);
    const run = block.subarray(from, to);
    end = dense ? putStored(run, target, end) : put(Bun.gzipSync(run, OPTIONS), target, end);
    from = to;
  }
  return end;
}

const segment = (block: Uint8Array, from: number): Uint8Array => block.subarray(from, from + SEGMENT_BYTES);

function put(bytes: Uint8Array, target: Uint8Array, at: number): number {
  target.set(bytes, at);
  return at + bytes.length;
}

/** One member of stored blocks. */
function putStored(bytes: Uint8Array, target: Uint8Array, at: number): number {
  let end = put(MEMBER_HEAD, target, at);
  for (let from = 0; from < bytes.length; from += STORED_BYTES) {
    const part = bytes.subarray(from, from + STORED_BYTES);
    const last = from + STORED_BYTES >= bytes.length ? 1 : 0;
    end = put(Uint8Array.of(last, part.length & 0xff, part.length >> 8, ~part.length & 0xff, (~part.length >> 8) & 0xff), target, end);
    end = put(part, target, end);
  }
  const tail = new DataView(target.buffer, target.byteOffset + end, MEMBER_END_BYTES);
  tail.setUint32(0, Bun.hash.crc32(bytes), true);
  tail.setUint32(4, bytes.length, true);
  return end + MEMBER_END_BYTES;
}

/** Samples: so many bytes, so often. */
const SAMPLE_BYTES = 64;
const SAMPLE_STEP = 4096;
/** Of 1024 random bytes chi squared is 255, give or take 23; of a program or a text, thousands. Codes of other lengths would save one part in a hundred here. */
const MAX_CHI_SQUARED = 370;
/** Places of which repetitions are known. */
const KNOWN_STEP = 32;
const HASH_BITS = 12;
/** Random bytes have one in 2000 segments. */
const MAX_REPEATS = 1;

const counts = new Uint32Array(256);
const places = new Int32Array(1 << HASH_BITS);

/** Whether deflate would find nothing in it: all bytes are as frequent, and nothing comes again. Judged by samples. */
function isDense(bytes: Uint8Array): boolean {
  return bytes.length >= SEGMENT_BYTES && isEven(bytes) && !repeats(bytes);
}

function isEven(bytes: Uint8Array): boolean {
  counts.fill(0);
  for (let from = 0; from < SEGMENT_BYTES; from += SAMPLE_STEP) {
    for (let at = from; at < from + SAMPLE_BYTES; at++) (counts[bytes[at] as number] as number)++;
  }
  const expected = (SEGMENT_BYTES / SAMPLE_STEP) * (SAMPLE_BYTES / 256);
  let squares = 0;
  for (let value = 0; value < 256; value++) squares += ((counts[value] as number) - expected) ** 2;
  return squares / expected < MAX_CHI_SQUARED;
}

function repeats(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const slot = (value: number): number => Math.imul(value, 0x9e3779b1) >>> (32 - HASH_BITS);
  places.fill(-1);
  let found = 0;
  for (let from = 0; from < SEGMENT_BYTES; from += SAMPLE_STEP) {
    for (let at = from; at < from + SAMPLE_BYTES; at++) {
      const value = view.getInt32(at);
      const place = places[slot(value)] as number;
      if (place >= 0 && view.getInt32(place) === value && ++found > MAX_REPEATS) return true;
    }
    for (let at = from; at < from + SAMPLE_STEP; at += KNOWN_STEP) {
      places[slot(view.getInt32(at))] = at;
    }
  }
  return false;
}
