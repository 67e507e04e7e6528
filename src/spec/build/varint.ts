import { EngineError } from "../../base/mod.ts";

/** Seven bits a byte, the lowest first; up to 2^53. */
const MAX_BYTES = 8;

/** @returns the place behind it */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  let place = at;
  let rest = value;
  while (rest >= 0x80) {
    bytes[place++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  bytes[place++] = rest;
  return place;
}

/** Reads one number after the other out of bytes that are all there. */
export class VarintReader {
  at = 0;

  constructor(readonly bytes: Uint8Array) {}

  get done(): boolean {
    return this.at >= this.bytes.length;
  }

  /** @throws EngineError InvalidParameter */
  next(): number {
    const { bytes } = this;
    let value = 0;
    let scale = 1;
    for (let count = 0; count < MAX_BYTES; count++) {
      const byte = bytes[this.at];
      if (byte === undefined) break;
      this.at++;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
    throw new EngineError("InvalidParameter", "a number is cut off or too large");
  }
}
