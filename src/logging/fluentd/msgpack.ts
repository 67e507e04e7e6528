/** What the forward protocol needs of MessagePack (msgpack.org, specification of 2017). */
export type Packable = string | number | Uint8Array | EventTime | readonly Packable[] | { readonly [key: string]: Packable };

/** The forward protocol's extension type 0: seconds and nanoseconds. */
export class EventTime {
  constructor(readonly timeNs: bigint) {}
}

export function pack(value: Packable): Buffer {
  const parts: Buffer[] = [];
  packInto(value, parts);
  return Buffer.concat(parts);
}

function packInto(value: Packable, parts: Buffer[]): void {
  if (typeof value === "string") {
    const bytes = Buffer.from(value);
    parts.push(head(bytes.length, [0xa0, 31], 0xd9, 0xda, 0xdb), bytes);
  } else if (typeof value === "number") parts.push(unsigned(value));
  // Lines are strings to every receiver; bytes that are no UTF-8 go as they are, as Go's do.
  else if (value instanceof Uint8Array) parts.push(head(value.length, [0xa0, 31], 0xd9, 0xda, 0xdb), Buffer.from(value.buffer, value.byteOffset, value.byteLength));
  else if (value instanceof EventTime) parts.push(eventTime(value.timeNs));
  else if (isList(value)) {
    parts.push(head(value.length, [0x90, 15], undefined, 0xdc, 0xdd));
    for (const item of value) packInto(item, parts);
  } else {
    const entries = Object.entries(value);
    parts.push(head(entries.length, [0x80, 15], undefined, 0xde, 0xdf));
    for (const [key, item] of entries) {
      packInto(key, parts);
      packInto(item, parts);
    }
  }
}

const isList = (value: object): value is readonly Packable[] => Array.isArray(value);

function head(length: number, [fix, most]: readonly [number, number], code8: number | undefined, code16: number, code32: number): Buffer {
  if (length <= most) return Buffer.of(fix | length);
  if (code8 !== undefined && length < 0x100) return Buffer.of(code8, length);
  const bytes = Buffer.alloc(length < 0x10000 ? 3 : 5);
  bytes[0] = length < 0x10000 ? code16 : code32;
  if (length < 0x10000) bytes.writeUInt16BE(length, 1);
  else bytes.writeUInt32BE(length, 1);
  return bytes;
}

/** As Go's encoder has a positive int64: fixint, or 32 signed bits, or 64. */
function unsigned(value: number): Buffer {
  if (value >= 0 && value < 0x80) return Buffer.of(value);
  const wide = value > 0x7fffffff;
  const bytes = Buffer.alloc(wide ? 9 : 5);
  bytes[0] = wide ? 0xd3 : 0xd2;
  if (wide) bytes.writeBigInt64BE(BigInt(value), 1);
  else bytes.writeInt32BE(value, 1);
  return bytes;
}

function eventTime(timeNs: bigint): Buffer {
  const bytes = Buffer.alloc(10);
  bytes.set([0xd7, 0x00]);
  bytes.writeUInt32BE(Number(timeNs / 1_000_000_000n), 2);
  bytes.writeUInt32BE(Number(timeNs % 1_000_000_000n), 6);
  return bytes;
}

const MAX_ANSWER_BYTES = 4096;

/** Cuts what a receiver answers into the ids that it acknowledges: maps `{"ack": id}` of strings, and nothing else. */
export class AckReader {
  #pending = Buffer.alloc(0);

  /** @throws Error on anything that is no acknowledgement */
  push(bytes: Uint8Array): string[] {
    this.#pending = Buffer.concat([this.#pending, bytes]);
    if (this.#pending.length > MAX_ANSWER_BYTES * 16) throw new Error("the receiver's answer is too long");
    const ids: string[] = [];
    for (;;) {
      const read = readAck(this.#pending);
      if (!read) return ids;
      ids.push(read.id);
      this.#pending = this.#pending.subarray(read.end);
    }
  }
}

function readAck(bytes: Buffer): { id: string; end: number } | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes[0] !== 0x81) throw new Error("the receiver's answer is no acknowledgement");
  const key = readString(bytes, 1);
  const value = key && readString(bytes, key.end);
  if (!key || !value) return undefined;
  if (key.text !== "ack") throw new Error("the receiver's answer is no acknowledgement");
  return { id: value.text, end: value.end };
}

function readString(bytes: Buffer, at: number): { text: string; end: number } | undefined {
  const code = bytes[at];
  if (code === undefined) return undefined;
  const wide = code === 0xd9 || code === 0xc4;
  if (!wide && (code & 0xe0) !== 0xa0) throw new Error("the receiver's answer is no acknowledgement");
  const length = wide ? bytes[at + 1] : code & 0x1f;
  if (length === undefined) return undefined;
  const start = at + (wide ? 2 : 1);
  return start + length > bytes.length ? undefined : { text: bytes.toString("utf8", start, start + length), end: start + length };
}
