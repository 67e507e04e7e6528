import { EngineError } from "../base/mod.ts";

/** A field as it came: numbers of kind 0, bytes of kind 2; those of fixed size are left out. */
export interface Field {
  readonly number: number;
  readonly value: number;
  /** Of a large or negative number, which may lose digits as \`value\`. */
  readonly whole: bigint | undefined;
  readonly bytes: Uint8Array;
}

const KIND = { varint: 0, eight: 1, bytes: 2, four: 5 } as const;
const NOTHING = new Uint8Array(0);
/** Numbers below it are read without taking the long way. */
const SMALL = 2 ** 42;
const SIGN = 2n ** 63n;

/** The fields of a message in the order they came. @throws EngineError InvalidParameter */
export function* readFields(bytes: Uint8Array): Generator<Field, void, void> {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  const small = (): number | undefined => {
    const from = at;
    for (let value = 0, scale = 1; scale < SMALL; scale *= 0x80) {
      const byte = view[at++] ?? cutOff();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    at = from;
    return undefined;
  };
  const large = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = view[at++] ?? cutOff();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return BigInt.asIntN(64, value);
    }
    return cutOff();
  };
  while (at < view.length) {
    const tag = small() ?? cutOff();
    const [number, kind] = [Math.floor(tag / 8), tag % 8];
    if (number < 1) cutOff();
    if (kind === KIND.varint) {
      const value = small();
      const whole = value === undefined ? large() : undefined;
      yield { number, value: value ?? Number(whole), whole, bytes: NOTHING };
    } else if (kind === KIND.bytes) {
      const length = small() ?? cutOff();
      if (at + length > view.length) cutOff();
      at += length;
      yield { number, value: 0, whole: undefined, bytes: view.subarray(at - length, at) };
    } else if (kind === KIND.eight || kind === KIND.four) {
      at += kind === KIND.eight ? 8 : 4;
      if (at > view.length) cutOff();
    } else cutOff();
  }
}

function cutOff(): never {
  throw new EngineError("InvalidParameter", "a message is cut off or malformed");
}

export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");

/** One entry of a map from text to text or bytes. */
export function readEntry(bytes: Uint8Array): { readonly key: string; readonly value: Uint8Array } {
  let key = "";
  let value: Uint8Array = NOTHING;
  for (const field of readFields(bytes)) {
    if (field.number === 1) key = textOf(field.bytes);
    if (field.number === 2) value = field.bytes;
  }
  return { key, value };
}

/** Builds a message; what is empty or zero is left out, as proto3 does. */
export class MessageWriter {
  readonly #parts: Uint8Array[] = [];

  text(number: number, value: string | undefined): this {
    return value ? this.message(number, Buffer.from(value)) : this;
  }

  bytes(number: number, value: Uint8Array): this {
    return value.length > 0 ? this.message(number, value) : this;
  }

  /** Also an empty one. */
  message(number: number, value: Uint8Array | MessageWriter): this {
    const bytes = value instanceof MessageWriter ? value.finish() : value;
    this.#parts.push(varint(BigInt(number * 8 + KIND.bytes)), varint(BigInt(bytes.length)), bytes);
    return this;
  }

  number(number: number, value: number | bigint | boolean | undefined): this {
    const whole = BigInt(value ?? 0);
    if (whole !== 0n) this.#parts.push(varint(BigInt(number * 8 + KIND.varint)), varint(whole < 0n ? whole + 2n * SIGN : whole));
    return this;
  }

  map(number: number, entries: Readonly<Record<string, string | Uint8Array>>): this {
    for (const [key, value] of Object.entries(entries)) this.message(number, new MessageWriter().text(1, key).bytes(2, Buffer.from(value)));
    return this;
  }

  /** google.protobuf.Timestamp */
  instant(number: number, ns: bigint | undefined): this {
    return ns === undefined ? this : this.message(number, new MessageWriter().number(1, ns / 1_000_000_000n).number(2, ns % 1_000_000_000n));
  }

  finish(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
