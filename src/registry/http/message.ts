import type { Connection } from "./connection.ts";
import { TransportError } from "./errors.ts";

/** HTTP/1.1 (RFC 9112) on one connection, from the client's side. */

const MAX_LINE_BYTES = 4096;
const CR = 13;
const LF = 10;

export interface ResponseHead {
  readonly status: number;
  /** The server's own words beside the number. */
  readonly reason: string;
  /** Names in lower case; of repeated ones all values, joined by commas as RFC 9110 allows. */
  readonly headers: ReadonlyMap<string, string>;
}

export function formatHead(method: string, target: string, headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries(headers).map(([name, value]) => {
    if (/[\r\n\0]/.test(value)) throw new TransportError("protocol", `net/http: invalid header field value for "${name}"`);
    return `${name}: ${value}\r\n`;
  });
  return `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** The head of the final answer; 1xx are passed over. @throws TransportError */
export async function readHead(connection: Connection): Promise<ResponseHead> {
  let left = connection.limits.headBytes;
  for (;;) {
    const lines: string[] = [];
    for (let line = await readLine(connection, left); line !== ""; line = await readLine(connection, left)) {
      left -= line.length + 2;
      lines.push(line);
    }
    const head = parseHead(lines);
    if (head.status >= 200 || head.status === 101) return head;
  }
}

function parseHead(lines: readonly string[]): ResponseHead {
  const [, status, reason = ""] = /^HTTP\/1\.[01] ([1-9]\d\d)(?: (.*))?$/.exec(lines[0] ?? "") ?? [];
  if (status === undefined) throw new TransportError("protocol", "net/http: malformed HTTP response");
  const headers = new Map<string, string>();
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(":");
    if (colon <= 0 || /\s/.test(line.slice(0, colon))) throw new TransportError("protocol", "net/http: malformed MIME header");
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return { status: Number(status), reason, headers };
}

const HEAD_TOO_LONG = "net/http: server response headers exceeded the limit; aborted";
const BROKEN_CHUNK = "malformed chunked encoding";

/** One line without its end. @param excess what is wrong with a longer one */
async function readLine(connection: Connection, maxBytes: number, excess = HEAD_TOO_LONG): Promise<string> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const chunk = await connection.read();
    if (!chunk) throw new TransportError("cut", length === 0 ? "EOF" : "unexpected EOF");
    const end = chunk.indexOf(LF);
    const piece = end < 0 ? chunk : chunk.subarray(0, end);
    length += piece.length;
    if (length > maxBytes) throw new TransportError("protocol", excess);
    pieces.push(piece);
    if (end < 0) continue;
    connection.unread(chunk.subarray(end + 1));
    const line = Buffer.concat(pieces);
    return line.toString("latin1", 0, line[line.length - 1] === CR ? line.length - 1 : line.length);
  }
}

/** How long a body is: so many bytes, chunked, or up to the end of the connection. */
export type BodyLength = number | "chunked" | "untilClose";

export function bodyLength(method: string, { status, headers }: ResponseHead): BodyLength {
  if (method === "HEAD" || status === 204 || status === 304 || status < 200) return 0;
  const coding = headers.get("transfer-encoding");
  if (coding !== undefined) {
    if (coding.toLowerCase() !== "chunked") throw new TransportError("protocol", "net/http: unsupported transfer encoding");
    return "chunked";
  }
  const length = headers.get("content-length");
  if (length === undefined) return "untilClose";
  // Equal ones may be repeated; everything else could make two readers see two bodies.
  const values = new Set(length.split(",").map((value) => value.trim()));
  const [value = ""] = values;
  if (values.size !== 1 || !/^\d{1,15}$/.test(value)) throw new TransportError("protocol", "net/http: bad Content-Length");
  return Number(value);
}

/** The body in the pieces in which it arrives. @throws TransportError cut, when it ends before it should */
export async function* readBody(connection: Connection, length: BodyLength): AsyncGenerator<Uint8Array, void, void> {
  if (length === "chunked") yield* readChunked(connection);
  else if (length === "untilClose") yield* readRest(connection);
  else yield* readExactly(connection, length);
}

async function* readRest(connection: Connection): AsyncGenerator<Uint8Array, void, void> {
  for (let chunk = await connection.read(); chunk; chunk = await connection.read()) yield chunk;
}

async function* readExactly(connection: Connection, length: number): AsyncGenerator<Uint8Array, void, void> {
  for (let left = length; left > 0; ) {
    const chunk = await connection.read();
    if (!chunk) throw new TransportError("cut", "unexpected EOF");
    if (chunk.length > left) connection.unread(chunk.subarray(left));
    const piece = chunk.subarray(0, left);
    left -= piece.length;
    yield piece;
  }
}

async function* readChunked(connection: Connection): AsyncGenerator<Uint8Array, void, void> {
  for (;;) {
    const size = /^([0-9a-fA-F]{1,12})(?:[ \t;]|$)/.exec(await readLine(connection, MAX_LINE_BYTES, BROKEN_CHUNK))?.[1];
    if (size === undefined) throw new TransportError("protocol", BROKEN_CHUNK);
    const bytes = Number.parseInt(size, 16);
    if (bytes === 0) break;
    yield* readExactly(connection, bytes);
    if ((await readLine(connection, 1, BROKEN_CHUNK)) !== "") throw new TransportError("protocol", BROKEN_CHUNK);
  }
  let left = connection.limits.headBytes;
  for (let line = await readLine(connection, left); line !== ""; line = await readLine(connection, left)) left -= line.length + 2;
}

/** After this answer, read to its end, another request may follow. */
export function keepsAlive({ headers }: ResponseHead, length: BodyLength): boolean {
  return length !== "untilClose" && !/\bclose\b/i.test(headers.get("connection") ?? "");
}
