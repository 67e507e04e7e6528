/** DNS messages as far as a resolver reads them (RFC 1035 section 4, RFC 6891). */

export const TYPE = { A: 1, PTR: 12, AAAA: 28, OPT: 41, ANY: 255 } as const;
export const CLASS = { IN: 1, ANY: 255 } as const;
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
export const FLAG = { RESPONSE: 0x8000, TRUNCATED: 0x0200, RECURSION_DESIRED: 0x0100, RECURSION_AVAILABLE: 0x0080 } as const;
export const HEADER_BYTES = 12;
/** What any client takes over UDP. */
export const PLAIN_UDP_BYTES = 512;
export const MAX_MESSAGE_BYTES = 65535;

const OPCODE_MASK = 0x7800;
const MAX_LABEL = 63;
const MAX_NAME = 255;

export interface Query {
  readonly bytes: Buffer;
  readonly id: number;
  readonly flags: number;
  /** Lower case, without the final dot; undefined when a label holds a dot, which no name of ours does. */
  readonly name: string | undefined;
  readonly type: number;
  readonly class: number;
  /** Where the question ends. */
  readonly questionEnd: number;
  /** Bytes the client takes over UDP; undefined without EDNS. */
  readonly ednsBytes: number | undefined;
}

export type ParsedQuery = Query | { readonly refuse: number; readonly bytes: Buffer } | undefined;

/** Undefined for what deserves no answer: an answer itself, or too short to be anything. One question, whose name stands uncompressed. */
export function parseQuery(bytes: Buffer): ParsedQuery {
  if (bytes.length < HEADER_BYTES) return undefined;
  const flags = bytes.readUInt16BE(2);
  if ((flags & FLAG.RESPONSE) !== 0) return undefined;
  if ((flags & OPCODE_MASK) !== 0) return { refuse: RCODE.NOTIMP, bytes };
  const name = bytes.readUInt16BE(4) === 1 ? readName(bytes, HEADER_BYTES) : undefined;
  if (!name || name.end + 4 > bytes.length) return { refuse: RCODE.FORMERR, bytes };
  const questionEnd = name.end + 4;
  return {
    bytes, flags, questionEnd,
    id: bytes.readUInt16BE(0),
    name: name.text,
    type: bytes.readUInt16BE(name.end),
    class: bytes.readUInt16BE(name.end + 2),
    ednsBytes: ednsBytes(bytes, questionEnd),
  };
}

/** Undefined when it is none; a pointer in a first question could only lead to itself. */
function readName(bytes: Buffer, start: number): { text: string | undefined; end: number } | undefined {
  let text = "";
  let plain = true;
  for (let at = start; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    if (length === 0) return { text: plain ? text.toLowerCase() : undefined, end: at + 1 };
    if (length > MAX_LABEL || at + 1 + length - start >= MAX_NAME || at + 1 + length > bytes.length) return undefined;
    const label = bytes.toString("latin1", at + 1, at + 1 + length);
    plain &&= !label.includes(".");
    text += text === "" ? label : `.${label}`;
    at += 1 + length;
  }
  return undefined;
}

/** Of an OPT record that follows the question at once, as every client writes it. */
function ednsBytes(bytes: Buffer, questionEnd: number): number | undefined {
  const noRecordsBefore = bytes.readUInt32BE(6) === 0;
  if (!noRecordsBefore || bytes.readUInt16BE(10) === 0 || questionEnd + 11 > bytes.length) return undefined;
  if (bytes[questionEnd] !== 0 || bytes.readUInt16BE(questionEnd + 1) !== TYPE.OPT) return undefined;
  return Math.max(bytes.readUInt16BE(questionEnd + 3), PLAIN_UDP_BYTES);
}

/** Whether these bytes answer that query: its id, and its question to the letter (but for case). */
export function answers(query: Query, id: number, bytes: Buffer): boolean {
  if (bytes.length < query.questionEnd || bytes.readUInt16BE(0) !== id || (bytes.readUInt16BE(2) & FLAG.RESPONSE) === 0 || bytes.readUInt16BE(4) !== 1) return false;
  for (let at = HEADER_BYTES; at < query.questionEnd; at++) if (lower(bytes[at] ?? 0) !== lower(query.bytes[at] ?? 0)) return false;
  return true;
}

const lower = (byte: number): number => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);

export const rcodeOf = (answer: Buffer): number => answer.readUInt16BE(2) & 0xf;
