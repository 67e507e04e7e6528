import { STATUS_CODES, type ServerResponse } from "node:http";
import { MULTIPLEXED_STREAM, RAW_STREAM } from "./media-types.ts";
import type { Reply } from "./route.ts";
import { descriptorOf, type SocketDuplex } from "./socket-duplex.ts";
import { WebSocketDuplex } from "./websocket/duplex.ts";
import { API_VERSION, isOlder } from "./version.ts";

type Headers = Readonly<Record<string, string>>;

/** The headers that every answer carries. */
export const standardHeaders = (engineVersion: string): Headers => ({
  "Api-Version": API_VERSION,
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: `Hakobune/${engineVersion} (linux)`,
});

interface WholeReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
}

/** The bytes of a reply that is not a stream. */
function whole(reply: Exclude<Reply, { kind: "stream" | "hijack" }>): WholeReply {
  if (reply.kind === "json") return { status: reply.status, headers: { "Content-Type": "application/json" }, body: Buffer.from(`${JSON.stringify(reply.value)}\n`) };
  if (reply.kind === "text") return { status: reply.status, headers: reply.headers, body: Buffer.from(reply.text) };
  return { status: reply.status, headers: reply.headers ?? {}, body: Buffer.alloc(0) };
}

const hasNoBody = (status: number): boolean => status === 204 || status === 304;

/** Writes a reply as HTTP. Returns when it is written or the client has gone; never rejects because the client left. */
export async function writeReply(response: ServerResponse, reply: Exclude<Reply, { kind: "hijack" }>, standard: Headers): Promise<void> {
  if (reply.kind === "stream") {
    await writeStream(response, reply, { ...standard, "Content-Type": reply.contentType, ...reply.headers });
    return;
  }
  const { status, headers, body } = whole(reply);
  response.writeHead(status, { ...standard, ...headers, ...(!hasNoBody(status) && { "Content-Length": body.length }) });
  response.end(hasNoBody(status) ? undefined : body);
}

async function writeStream(response: ServerResponse, { chunks, writeTo }: Extract<Reply, { kind: "stream" }>, headers: Headers): Promise<void> {
  response.writeHead(200, headers);
  // The client learns at once that its request stands, long before the first chunk.
  response.flushHeaders();
  const descriptor = writeTo && plainDescriptor(response);
  if (writeTo && descriptor !== undefined) {
    await writeTo(descriptor);
    response.end();
    return;
  }
  for await (const chunk of chunks) {
    if (response.destroyed) return;
    if (!writeChunk(response, chunk)) await drained(response);
  }
  response.end();
}

const LINE_END = Buffer.from("\r\n");

const SMALL_BYTES = 16 * 1024;

/**
 * False: wait until it is drained. A small chunk goes out in one piece (RFC 9112, section 7.1): by node:http it takes three, and
 * twice the time. Only while nothing waits to be sent, for node:http tells of a drain of its own writes alone.
 */
function writeChunk(response: ServerResponse, chunk: Uint8Array): boolean {
  const socket = response.socket;
  if (!socket || response.req.httpVersion !== "1.1" || socket.writableLength > 0 || chunk.length === 0 || chunk.length > SMALL_BYTES) return response.write(chunk);
  socket.write(Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, LINE_END]));
  return true;
}

/** The connection itself, where bytes that are written to it reach the client as they are, and behind all that was written before. */
function plainDescriptor({ socket, req }: ServerResponse): number | undefined {
  if (!socket || "encrypted" in socket || socket.writableLength > 0 || req.httpVersion !== "1.1") return undefined;
  return descriptorOf(socket);
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off("drain", done);
      response.off("close", done);
      resolve();
    };
    response.on("drain", done);
    response.on("close", done);
  });
}

export interface Hijacker {
  readonly upgrade: boolean;
  readonly version: string;
}

/** Answers on a connection that HTTP has let go of: the session's stream, or an ordinary reply and the end. */
export async function writeHijacked(duplex: SocketDuplex, reply: Reply, client: Hijacker, standard: Headers): Promise<void> {
  try {
    if (reply.kind === "hijack") {
      // The session runs even when the client has just left: it gives back what it holds.
      await duplex.writeAhead(Buffer.from(reply.handshake ?? streamHead(reply, client))).catch(() => undefined);
      await reply.session.run(reply.handshake === undefined ? duplex : new WebSocketDuplex(duplex, isOlder(client.version, "1.28")));
    } else if (reply.kind !== "stream") await duplex.write(closingReply(reply, standard));
  } finally {
    duplex.finish();
  }
}

function streamHead({ session: { tty }, protocol }: Extract<Reply, { kind: "hijack" }>, { upgrade, version }: Hijacker): string {
  if (protocol === "h2c") return "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
  if (!upgrade) return `HTTP/1.1 200 OK\r\nContent-Type: ${RAW_STREAM}\r\n\r\n`;
  const contentType = tty || isOlder(version, "1.42") ? RAW_STREAM : MULTIPLEXED_STREAM;
  return `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}

function closingReply(reply: Exclude<Reply, { kind: "stream" | "hijack" }>, standard: Headers): Buffer {
  const { status, headers, body } = whole(reply);
  const lines = Object.entries({ ...standard, ...headers, Connection: "close", ...(!hasNoBody(status) && { "Content-Length": String(body.length) }) });
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
  return Buffer.concat([Buffer.from(head), hasNoBody(status) ? Buffer.alloc(0) : body]);
}
