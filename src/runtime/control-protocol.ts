/** The shim's control protocol, version 2: u16 type | u16 flags | u32 length | payload, little-endian. */
export const PROTOCOL_VERSION = 2;
/** The first that knows ROTATE and KEEP: an older one does not answer them. */
export const ROTATION_VERSION = 2;
export const HEADER_BYTES = 8;
/** Longer payloads come from a future version and are skipped. */
const MAX_PAYLOAD_BYTES = 64 * 1024;

export const ROLE = { CONTROL: 0, STDIN: 1, OUTPUT: 2 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

const TYPE = { HELLO: 1, KILL: 16, RESIZE: 17, WATCH: 18, CLOSE_STDIN: 19, ROTATE: 20, KEEP: 21, ACK: 32, STARTED: 33, FAILED: 34, EXITED: 35, LOG: 36 } as const;

const STATES = ["starting", "running", "exited", "failed"] as const;

export type ShimEvent =
  | { readonly kind: "hello"; readonly version: number; readonly state: (typeof STATES)[number]; readonly pid: number; readonly startedNs: bigint; readonly logEnd: number }
  | { readonly kind: "ack"; readonly seq: number; readonly errno: number }
  | { readonly kind: "started"; readonly pid: number; readonly timeNs: bigint }
  | { readonly kind: "failed"; readonly opCode: number; readonly errno: number; readonly message: string }
  | { readonly kind: "exited"; readonly exitCode: number; readonly signal: number; readonly oomKilled: boolean; readonly timeNs: bigint }
  | { readonly kind: "log"; readonly end: number };

function frame(type: number, payloadBytes: number): { bytes: Uint8Array; view: DataView } {
  const bytes = new Uint8Array(HEADER_BYTES + payloadBytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, type, true);
  view.setUint32(4, payloadBytes, true);
  return { bytes, view };
}

function u32Frame(type: number, ...values: number[]): Uint8Array {
  const { bytes, view } = frame(type, values.length * 4);
  values.forEach((value, index) => view.setUint32(HEADER_BYTES + index * 4, value, true));
  return bytes;
}

export const helloFrame = (role: Role): Uint8Array => u32Frame(TYPE.HELLO, PROTOCOL_VERSION, role);
export const killFrame = (seq: number, signal: number): Uint8Array => u32Frame(TYPE.KILL, seq, signal);
export const resizeFrame = (seq: number, rows: number, cols: number): Uint8Array => u32Frame(TYPE.RESIZE, seq, rows, cols);
export const closeStdinFrame = (seq: number): Uint8Array => u32Frame(TYPE.CLOSE_STDIN, seq);

/** The log goes on in a new file. */
export const rotateFrame = (seq: number): Uint8Array => u32Frame(TYPE.ROTATE, seq);
/** Whether what a log that keeps nothing would hold is kept, for as long as this connection stands. */
export const keepFrame = (seq: number, wanted: boolean): Uint8Array => u32Frame(TYPE.KEEP, seq, wanted ? 1 : 0);

export function watchFrame(end: number): Uint8Array {
  const { bytes, view } = frame(TYPE.WATCH, 8);
  view.setBigUint64(HEADER_BYTES, BigInt(end), true);
  return bytes;
}

/**
 * Cuts a byte stream into events, however it was split on the way. Unknown types, and payloads too short for their
 * type or longer than any of this version, are skipped.
 */
export class EventDecoder {
  #pending: Uint8Array = new Uint8Array(0);
  #skip = 0;

  /** Events that `chunk` completes. The chunk may be reused afterwards. */
  push(chunk: Uint8Array): ShimEvent[] {
    const bytes = this.#pending.length === 0 ? chunk : concat(this.#pending, chunk);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const events: ShimEvent[] = [];
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, bytes.length - at);
        this.#skip -= skipped;
        at += skipped;
        continue;
      }
      if (bytes.length - at < HEADER_BYTES) break;
      const length = view.getUint32(at + 4, true);
      if (length > MAX_PAYLOAD_BYTES) {
        this.#skip = length;
        at += HEADER_BYTES;
        continue;
      }
      if (bytes.length - at < HEADER_BYTES + length) break;
      const payload = new DataView(bytes.buffer, bytes.byteOffset + at + HEADER_BYTES, length);
      const event = decode(view.getUint16(at, true), payload);
      if (event) events.push(event);
      at += HEADER_BYTES + length;
    }
    this.#pending = bytes.slice(at);
    return events;
  }
}

/**
 * Passes on what follows the shim's HELLO on a raw stream (roles STDIN and OUTPUT).
 */
export class HelloGate {
  #pending: Uint8Array | undefined = new Uint8Array(0);

  /** The raw bytes in `chunk`, if any. */
  push(chunk: Uint8Array): Uint8Array | undefined {
    if (!this.#pending) return chunk;
    const bytes = concat(this.#pending, chunk);
    if (bytes.length < HEADER_BYTES) {
      this.#pending = bytes;
      return undefined;
    }
    const helloBytes = HEADER_BYTES + new DataView(bytes.buffer).getUint32(4, true);
    this.#pending = bytes.length < helloBytes ? bytes : undefined;
    return bytes.length > helloBytes ? bytes.subarray(helloBytes) : undefined;
  }
}

function decode(type: number, payload: DataView): ShimEvent | undefined {
  switch (type) {
    case TYPE.HELLO:
      return payload.byteLength < 28 ? undefined : hello(payload);
    case TYPE.ACK:
      return payload.byteLength < 8 ? undefined : { kind: "ack", seq: payload.getUint32(0, true), errno: payload.getUint32(4, true) };
    case TYPE.STARTED:
      return payload.byteLength < 12 ? undefined : { kind: "started", pid: payload.getUint32(0, true), timeNs: payload.getBigUint64(4, true) };
    case TYPE.FAILED:
      return payload.byteLength < 8 ? undefined : { kind: "failed", opCode: payload.getUint32(0, true), errno: payload.getUint32(4, true), message: text(payload, 8) };
    case TYPE.EXITED:
      return payload.byteLength < 20 ? undefined : exited(payload);
    case TYPE.LOG:
      return payload.byteLength < 8 ? undefined : { kind: "log", end: Number(payload.getBigUint64(0, true)) };
    default:
      return undefined;
  }
}

function hello(payload: DataView): ShimEvent {
  return {
    kind: "hello",
    version: payload.getUint32(0, true),
    state: STATES[payload.getUint32(4, true)] ?? "starting",
    pid: payload.getUint32(8, true),
    startedNs: payload.getBigUint64(12, true),
    logEnd: Number(payload.getBigUint64(20, true)),
  };
}

function exited(payload: DataView): ShimEvent {
  return {
    kind: "exited",
    exitCode: payload.getUint32(0, true),
    signal: payload.getUint32(4, true),
    oomKilled: payload.getUint32(8, true) !== 0,
    timeNs: payload.getBigUint64(12, true),
  };
}

function text(payload: DataView, at: number): string {
  if (payload.byteLength < at + 4) return "";
  const length = Math.min(payload.getUint32(at, true), payload.byteLength - at - 4);
  return new TextDecoder().decode(new Uint8Array(payload.buffer, payload.byteOffset + at + 4, length));
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
