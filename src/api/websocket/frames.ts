/** Opcodes of RFC 6455, 5.2. */
export const OPCODE = { CONTINUATION: 0, TEXT: 1, BINARY: 2, CLOSE: 8, PING: 9, PONG: 10 } as const;
/** Status codes of RFC 6455, 7.4.1. */
export const STATUS = { NORMAL: 1000, PROTOCOL_ERROR: 1002 } as const;

const MAX_CONTROL_BYTES = 125;

/** A server's frame: whole, and without a mask. */
export function frame(opcode: number, payload: Uint8Array): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length <= MAX_CONTROL_BYTES ? 2 : length < 0x10000 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length <= MAX_CONTROL_BYTES ? length : length < 0x10000 ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, payload]);
}

export function closeFrame(status: number): Buffer {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(status);
  return frame(OPCODE.CLOSE, payload);
}

export type FrameEvent =
  /** A part of a message: where messages and their fragments begin and end means nothing to a stream. */
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "ping" | "close"; readonly bytes: Uint8Array }
  | { readonly kind: "damaged" };

interface OpenFrame {
  readonly opcode: number;
  readonly mask: Uint8Array;
  missing: number;
  maskAt: number;
  control: Uint8Array[];
}

/**
 * Reads a client's frames, however they were cut on the way. Data is handed on as it comes, so that a frame may be of any
 * length; control frames are at most 125 bytes. After `close` or `damaged` nothing more is read.
 */
export class FrameReader {
  #header = Buffer.alloc(0);
  #open: OpenFrame | undefined;
  #inMessage = false;
  #over = false;

  push(chunk: Uint8Array): FrameEvent[] {
    const events: FrameEvent[] = [];
    let rest = chunk;
    while (!this.#over && (rest.length > 0 || this.#open?.missing === 0)) {
      if (this.#open) rest = this.#takePayload(this.#open, rest, events);
      else rest = this.#takeHeader(rest, events);
    }
    return events;
  }

  /** Byte by byte as far as the header goes. */
  #takeHeader(bytes: Uint8Array, events: FrameEvent[]): Uint8Array {
    const before = this.#header.length;
    const header = Buffer.concat([this.#header, bytes.subarray(0, 14 - before)]);
    const length = headerBytes(header);
    if (length === undefined || header.length < length) {
      this.#header = header;
      return bytes.subarray(header.length - before);
    }
    this.#header = Buffer.alloc(0);
    this.#open = this.#parse(header.subarray(0, length));
    if (!this.#open) {
      this.#over = true;
      events.push({ kind: "damaged" });
    }
    return bytes.subarray(length - before);
  }

  /** Undefined for what RFC 6455 does not allow. */
  #parse(header: Buffer): OpenFrame | undefined {
    const first = header.readUInt8(0);
    const second = header.readUInt8(1);
    const opcode = first & 15;
    const size = second & 127;
    const control = opcode >= 8;
    const known = opcode <= OPCODE.BINARY || (opcode >= OPCODE.CLOSE && opcode <= OPCODE.PONG);
    if ((first & 0x70) !== 0 || (second & 0x80) === 0 || !known) return undefined;
    if (control && ((first & 0x80) === 0 || size > MAX_CONTROL_BYTES)) return undefined;
    if (!control && (opcode === OPCODE.CONTINUATION) !== this.#inMessage) return undefined;
    if (!control) this.#inMessage = (first & 0x80) === 0;
    const missing = size < 126 ? size : size === 126 ? header.readUInt16BE(2) : Number(header.readBigUInt64BE(2));
    if (!Number.isSafeInteger(missing)) return undefined;
    return { opcode, mask: Buffer.from(header.subarray(header.length - 4)), missing, maskAt: 0, control: [] };
  }

  #takePayload(open: OpenFrame, bytes: Uint8Array, events: FrameEvent[]): Uint8Array {
    const part = unmasked(bytes.subarray(0, Math.min(bytes.length, open.missing)), open);
    open.missing -= part.length;
    if (open.opcode < 8) {
      if (part.length > 0) events.push({ kind: "data", bytes: part });
    } else open.control.push(part);
    if (open.missing === 0) {
      this.#open = undefined;
      this.#endOf(open, events);
    }
    return bytes.subarray(part.length);
  }

  #endOf({ opcode, control }: OpenFrame, events: FrameEvent[]): void {
    const bytes = Buffer.concat(control);
    if (opcode === OPCODE.PING) events.push({ kind: "ping", bytes });
    if (opcode !== OPCODE.CLOSE) return;
    this.#over = true;
    events.push({ kind: "close", bytes });
  }
}

/** Undefined when not enough of it is there to tell. */
function headerBytes(header: Buffer): number | undefined {
  const second = header[1];
  if (second === undefined) return undefined;
  const size = second & 127;
  return 2 + (size === 126 ? 2 : size === 127 ? 8 : 0) + ((second & 0x80) === 0 ? 0 : 4);
}

function unmasked(bytes: Uint8Array, open: OpenFrame): Uint8Array {
  const result = Buffer.alloc(bytes.length);
  for (let at = 0; at < bytes.length; at++) result[at] = (bytes[at] ?? 0) ^ (open.mask[(open.maskAt + at) & 3] ?? 0);
  open.maskAt = (open.maskAt + bytes.length) & 3;
  return result;
}
