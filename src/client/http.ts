import type { Framing } from "../base/mod.ts";
import type { Connection } from "./connection.ts";
import { ConnectionLostError } from "./errors.ts";

/** HTTP/1.1 (RFC 9112) as far as an engine's API needs it, on one connection. */

const MAX_HEAD_BYTES = 1 << 18;
const MAX_CHUNK_LINE_BYTES = 4096;

export interface RequestHead {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ResponseHead {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
}

export function formatHead(request: RequestHead): string {
  let text = `${request.method} ${request.path} HTTP/1.1\r\nHost: hako\r\n`;
  for (const [name, value] of Object.entries(request.headers)) text += `${name}: ${value}\r\n`;
  return text + "\r\n";
}

/** Reads the head of the final answer, passing over 1xx other than 101. */
export async function readHead(connection: Connection): Promise<ResponseHead> {
  for (;;) {
    const head = parseHead(await readUntil(connection, "\r\n\r\n", MAX_HEAD_BYTES));
    if (head.status >= 200 || head.status === 101) return head;
  }
}

function parseHead(text: string): ResponseHead {
  const lines = text.split("\r\n");
  const [version = "", code] = (lines[0] ?? "").split(" ", 2);
  const status = version.startsWith("HTTP/1.") && code?.length === 3 ? Number(code) : 0;
  if (!status) throw new Error("what listens there does not speak HTTP: check the address given with -H or DOCKER_HOST");
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status, headers };
}

async function readUntil(connection: Connection, mark: string, maxBytes: number): Promise<string> {
  let held: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = await connection.read();
    if (!chunk) throw new ConnectionLostError("waiting for its answer");
    held = held.length === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length) : Buffer.concat([held, chunk]);
    const at = held.indexOf(mark);
    if (at >= 0) {
      connection.unread(held.subarray(at + mark.length));
      return held.toString("latin1", 0, at);
    }
    if (held.length > maxBytes) throw new Error("the engine's answer has a head that is too long");
  }
}

/** How the end of an answer's body is told; undefined: by the end of the connection. */
export function framingOf({ status, headers }: ResponseHead): Framing | undefined {
  if (status === 204 || status === 304) return 0;
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return "chunked";
  const length = headers.get("content-length");
  return length === undefined ? undefined : Number(length);
}

/** The body of one answer, in the pieces in which it arrives. */
export async function* readBody(connection: Connection, head: ResponseHead): AsyncGenerator<Uint8Array, void, void> {
  const framing = framingOf(head);
  if (framing === "chunked") return yield* readChunked(connection);
  if (framing !== undefined) return yield* readLength(connection, framing);
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) yield chunk;
}

async function* readLength(connection: Connection, length: number): AsyncGenerator<Uint8Array, void, void> {
  let left = length;
  while (left > 0) {
    const chunk = await connection.read();
    if (!chunk) throw new ConnectionLostError("reading its answer");
    if (chunk.length > left) connection.unread(chunk.subarray(left));
    const piece = chunk.length > left ? chunk.subarray(0, left) : chunk;
    left -= piece.length;
    yield piece;
  }
}

async function* readChunked(connection: Connection): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const line = await readUntil(connection, "\r\n", MAX_CHUNK_LINE_BYTES);
    const size = Number.parseInt(line, 16);
    if (!(size >= 0)) throw new Error("the engine's answer is broken: a chunk has no size");
    if (size === 0) break;
    yield* readLength(connection, size);
    await readUntil(connection, "\r\n", MAX_CHUNK_LINE_BYTES);
  }
  while ((await readUntil(connection, "\r\n", MAX_CHUNK_LINE_BYTES)) !== "");
}

/** After this answer another request may follow on the same connection. */
export function keepsAlive(head: ResponseHead): boolean {
  const bounded = head.headers.has("content-length") || head.headers.has("transfer-encoding") || head.status === 204 || head.status === 304;
  return bounded && head.headers.get("connection")?.toLowerCase() !== "close";
}
