import { EngineError } from "../base/mod.ts";

export const BLOCK = 512;

export function malformed(what: string): EngineError {
  return new EngineError("InvalidParameter", `invalid tar archive: ${what}`);
}

/** A numeric field: octal digits, or base-256 where the first bit is set (GNU, for ids above 2^21 and sizes above 8 GiB). */
export function parseNumber(block: Uint8Array, offset: number, length: number): number {
  const first = block[offset] ?? 0;
  return (first & 0x80) !== 0 ? parseBase256(block, offset, length) : parseOctal(block, offset, length);
}

function parseOctal(block: Uint8Array, offset: number, length: number): number {
  let value = 0;
  let index = offset;
  const end = offset + length;
  while (index < end && block[index] === 0x20) index++;
  for (; index < end; index++) {
    const byte = block[index] ?? 0;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) throw malformed("a numeric field is not a number");
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function parseBase256(block: Uint8Array, offset: number, length: number): number {
  const negative = ((block[offset] ?? 0) & 0x40) !== 0;
  let value = negative ? -1n : 0n;
  for (let index = 0; index < length; index++) {
    let byte = block[offset + index] ?? 0;
    if (index === 0) byte = negative ? byte | 0x80 : byte & 0x7f;
    value = (value << 8n) | BigInt(byte);
  }
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < -BigInt(Number.MAX_SAFE_INTEGER)) throw malformed("a number is too large");
  return Number(value);
}

/** A decimal number of an extended header. */
export function parseDecimal(text: string): number {
  if (!/^[0-9]{1,16}$/.test(text)) throw malformed("a number in an extended header is malformed");
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw malformed("a number is too large");
  return value;
}

/** Seconds with an optional fraction, as nanoseconds; finer digits are cut. */
export function parseTime(text: string): bigint {
  const match = /^(-?)([0-9]{1,14})(?:\.([0-9]{0,64}))?$/.exec(text);
  if (!match) throw malformed("a time in an extended header is malformed");
  const [, sign, seconds = "0", fraction = ""] = match;
  const ns = BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0"));
  return sign === "-" ? -ns : ns;
}

/** Whether the header's own sum holds; old archives summed signed bytes. */
export function checksumHolds(block: Uint8Array): boolean {
  let unsigned = 8 * 0x20;
  for (let index = 0; index < 148; index++) unsigned += block[index] as number;
  for (let index = 156; index < BLOCK; index++) unsigned += block[index] as number;
  const stored = parseNumber(block, 148, 8);
  if (unsigned === stored) return true;
  let signed = 8 * 0x20;
  for (let index = 0; index < BLOCK; index++) if (index < 148 || index >= 156) signed += ((block[index] as number) << 24) >> 24;
  return signed === stored;
}
