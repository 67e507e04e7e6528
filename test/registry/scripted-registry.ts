/**
 * A registry that says whatever a test has it say, down to the byte: requests are parsed for it, answers are its own.
 *
 *   await using registry = await scriptedRegistry(({ path, reply }) => reply(200, {}, "…"));
 *   openRegistryClient({ … }).repository(parseReference(`${registry.host}/some/name`))
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { createHash } from "node:crypto";
import { parseDigest, type Digest } from "../../src/spec/mod.ts";

export interface Request {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: Buffer;
  readonly socket: Socket;
  reply(status: number, headers?: Record<string, string>, body?: string | Uint8Array): void;
  /** Bytes as they are. */
  raw(bytes: string | Uint8Array): void;
}

export interface ScriptedRegistry extends AsyncDisposable {
  readonly host: string;
  readonly requests: readonly Request[];
  /** `GET /v2/…`, in the order in which they came, without greetings. */
  readonly lines: readonly string[];
  /** Connections taken so far. */
  readonly connections: number;
}

const TLS_HANDSHAKE = 22;

export async function scriptedRegistry(answer: (request: Request) => unknown, tls?: TlsOptions): Promise<ScriptedRegistry> {
  const requests: Request[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const serve = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
    let held = Buffer.alloc(0);
    socket.on("data", (chunk: Buffer) => {
      held = Buffer.concat([held, chunk]);
      // What servers say to a TLS handshake that they do not understand.
      if (held[0] === TLS_HANDSHAKE) return void socket.end("HTTP/1.0 400 Bad Request\r\n\r\n");
      for (let request = takeRequest(held, socket); request; request = takeRequest(held, socket)) {
        held = held.subarray(request.taken);
        requests.push(request);
        void answer(request);
      }
    });
  };
  const server: Server = tls ? createTlsServer(tls, serve) : createServer(serve);
  server.on("tlsClientError", () => {});
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    requests,
    get lines() {
      return requests.map(({ method, path }) => `${method} ${path}`).filter((line) => line !== "GET /v2/");
    },
    get connections() {
      return connections;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((closed) => server.close(() => closed()));
    },
  };
}

function takeRequest(held: Buffer, socket: Socket): (Request & { readonly taken: number }) | undefined {
  const end = held.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = held.toString("latin1", 0, end).split("\r\n");
  const headers = new Map(lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]));
  const taken = end + 4 + Number(headers.get("content-length") ?? 0);
  if (held.length < taken) return undefined;
  const [method = "", path = ""] = first.split(" ");
  const raw = (bytes: string | Uint8Array): void => void (socket.destroyed || socket.write(bytes));
  const reply = (status: number, given: Record<string, string> = {}, body: string | Uint8Array = ""): void => {
    const all = { "Content-Length": String(Buffer.byteLength(body)), ...given };
    raw(`HTTP/1.1 ${status} ${status === 401 ? "Unauthorized" : "Words"}\r\n${Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
    if (method !== "HEAD") raw(body);
  };
  return { method, path, headers, body: held.subarray(end + 4, taken), socket, taken, reply, raw };
}

export const digestOf = (bytes: string | Uint8Array): Digest => parseDigest(`sha256:${createHash("sha256").update(bytes).digest("hex")}`);

/** Limits that a test can wait for. */
export const QUICK = { attempts: 3, backOffMs: 5, connectMs: 2000, headMs: 300, windowMs: 200, windowBytes: 1000, documentMs: 1500 } as const;

export async function readAll(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const chunk of chunks) pieces.push(chunk);
  return Buffer.concat(pieces);
}

/** What it was refused with. */
export async function refusal(work: Promise<unknown>): Promise<Error> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("it was not refused");
}
