/** The answers that the resolver makes itself. */
import { CLASS, FLAG, HEADER_BYTES, PLAIN_UDP_BYTES, TYPE, type Query } from "./message.ts";

/** As Docker's. */
const TTL_SECONDS = 600;
const OWN_UDP_BYTES = 4096;
const RECORD_HEAD_BYTES = 12;
const OPT_BYTES = 11;

export interface AnswerRecord {
  readonly type: number;
  readonly data: Uint8Array;
}

/** The question with these records; what does not fit `maxBytes` is left out, and said to be. */
export function answer(query: Query, records: readonly AnswerRecord[], maxBytes: number): Buffer {
  const edns = query.ednsBytes !== undefined;
  const room = maxBytes - query.questionEnd - (edns ? OPT_BYTES : 0);
  const fitting = whatFits(records, room);
  const bytes = Buffer.alloc(query.questionEnd + fitting.bytes + (edns ? OPT_BYTES : 0));
  writeQuestion(query, bytes, FLAG.RECURSION_AVAILABLE | (fitting.count < records.length ? FLAG.TRUNCATED : 0));
  bytes.writeUInt16BE(fitting.count, 6);
  let at = query.questionEnd;
  for (const { type, data } of records.slice(0, fitting.count)) {
    // The name is a pointer to the question's.
    bytes.writeUInt16BE(0xc000 | HEADER_BYTES, at);
    bytes.writeUInt16BE(type, at + 2);
    bytes.writeUInt16BE(CLASS.IN, at + 4);
    bytes.writeUInt32BE(TTL_SECONDS, at + 6);
    bytes.writeUInt16BE(data.length, at + 10);
    bytes.set(data, at + RECORD_HEAD_BYTES);
    at += RECORD_HEAD_BYTES + data.length;
  }
  if (edns) {
    bytes.writeUInt16BE(1, 10);
    bytes.writeUInt16BE(TYPE.OPT, at + 1);
    bytes.writeUInt16BE(OWN_UDP_BYTES, at + 3);
  }
  return bytes;
}

function whatFits(records: readonly AnswerRecord[], room: number): { count: number; bytes: number } {
  let [count, bytes] = [0, 0];
  for (const { data } of records) {
    if (bytes + RECORD_HEAD_BYTES + data.length > room) break;
    bytes += RECORD_HEAD_BYTES + data.length;
    count++;
  }
  return { count, bytes };
}

/** The question, and what went wrong. */
export function failure(query: Query, rcode: number): Buffer {
  const bytes = Buffer.alloc(query.questionEnd);
  writeQuestion(query, bytes, rcode);
  return bytes;
}

/** For a message without a question that could be read: the header alone. */
export function refusal(message: Buffer, rcode: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes.set(message.subarray(0, 4));
  bytes.writeUInt16BE(FLAG.RESPONSE | (message.readUInt16BE(2) & (FLAG.RECURSION_DESIRED | 0x7800)) | rcode, 2);
  return bytes;
}

/** "Ask again over TCP." */
export function truncated(query: Query): Buffer {
  const bytes = Buffer.alloc(query.questionEnd);
  writeQuestion(query, bytes, FLAG.TRUNCATED | FLAG.RECURSION_AVAILABLE);
  return bytes;
}

function writeQuestion(query: Query, bytes: Buffer, flags: number): void {
  bytes.set(query.bytes.subarray(0, query.questionEnd));
  bytes.writeUInt16BE(FLAG.RESPONSE | (query.flags & FLAG.RECURSION_DESIRED) | flags, 2);
  bytes.fill(0, 6, HEADER_BYTES);
}

/** How long an answer over UDP may be. */
export const udpBytes = ({ ednsBytes }: Query): number => Math.min(ednsBytes ?? PLAIN_UDP_BYTES, OWN_UDP_BYTES);

/** A name as labels. Longer labels than the format has are cut. */
export function nameBytes(name: string): Uint8Array {
  const parts = name.split(".").map((label) => Buffer.from(label, "latin1").subarray(0, 63));
  return Buffer.concat([...parts.flatMap((label) => [Buffer.of(label.length), label]), Buffer.of(0)]);
}
