import { chmodSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type Server as HttpServer, type ServerResponse } from "node:http";
import { createServer as createSocketServer, type Server as SocketServer, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { EngineError } from "../base/mod.ts";
import { MAX_JSON_BYTES, readWhole, type Body } from "./body.ts";
import { cleanedPath, dispatch, failed, findCall, splitTarget, type Call } from "./dispatch.ts";
import type { Engine } from "./engine.ts";
import { createTlsListener, type TlsIdentity } from "./handshakes.ts";
import type { ListenAddress } from "./listen-address.ts";
import { standardHeaders, writeHijacked, writeReply } from "./response.ts";
import { json, type Reply, type Route } from "./route.ts";
import { Router } from "./router.ts";
import { routes } from "./routes.ts";
import { SocketDuplex, type Unread } from "./socket-duplex.ts";
import { claimSocketPath } from "./socket-path.ts";
import { Upload } from "./upload.ts";

/** X-Registry-Auth and X-Registry-Config grow with the number of registries. */
const MAX_HEADER_BYTES = 1024 * 1024;
const HEADERS_TIMEOUT_MS = 60_000;
const MAX_TRACED_CHARACTERS = 500;
const SOCKET_MODE = 0o660;

export interface ApiServerOptions {
  readonly engine: Engine;
  readonly engineVersion: string;
  /** Absent: what is written is never waited for. */
  readonly unread?: Unread;
  /** Hears of every request, before it is answered: its method and its path. */
  readonly trace?: (request: string) => void;
  /** Hears of failures that are not the client's: for the engine's own log. */
  readonly report?: (message: string, error: unknown) => void;
}

/**
 * Docker's Engine API over HTTP/1.1.
 *
 * Connections are accepted here and handed to node:http, so that a route can take its connection over: HTTP lets go
 * of it and a SocketDuplex owns it until the session ends.
 */
export class ApiServer {
  readonly #options: ApiServerOptions;
  readonly #unread: Unread;
  readonly #router = new Router(routes);
  readonly #headers: Readonly<Record<string, string>>;
  readonly #http: HttpServer;
  readonly #listeners: SocketServer[] = [];
  readonly #connections = new Set<Socket>();
  /** Connections whose request hijacks; the bytes that came in one piece behind it. */
  readonly #hijacked = new WeakMap<Duplex, Uint8Array>();
  /** The piece of input that node:http is parsing at this moment. */
  #parsing: Uint8Array = Buffer.alloc(0);
  /** That piece begins with a request, whose head has not been parsed yet, and there is no other on its connection. */
  #beginsRequest = false;
  /** The latest of each connection. */
  readonly #exchanges = new WeakMap<Socket, { readonly request: IncomingMessage; readonly response: ServerResponse }>();

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.#unread = options.unread ?? (() => 0);
    this.#headers = standardHeaders(options.engineVersion);
    this.#http = createHttpServer({
      maxHeaderSize: MAX_HEADER_BYTES,
      keepAliveTimeout: 0,
      requestTimeout: 0,
      headersTimeout: HEADERS_TIMEOUT_MS,
      shouldUpgradeCallback: (request) => this.#takesUpgrade(request),
    });
    this.#http.on("request", (request, response) => void this.#answer(request, response));
    this.#http.on("upgrade", (request, socket, head) => void this.#answerUpgrade(request, socket as Socket, head));
    this.#http.on("clientError", (error, socket) => this.#refuse(error, socket));
  }

  /** Listens on one more address; resolves when clients can connect. */
  async listen(address: ListenAddress, tls?: TlsIdentity): Promise<{ port: number | undefined }> {
    if ("path" in address) await claimSocketPath(address.path);
    const server = tls ? createTlsListener(tls, (socket) => this.#accept(socket)) : createSocketServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
    if (tls) server.on("connection", (socket: Socket) => this.#hold(socket));
    const umask = process.umask(0o777 & ~SOCKET_MODE);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(address, () => resolve());
      });
    } finally {
      process.umask(umask);
    }
    if ("path" in address) chmodSync(address.path, SOCKET_MODE);
    server.on("error", (error) => this.#report("the API listener failed", error));
    this.#listeners.push(server);
    const bound = server.address();
    return { port: typeof bound === "object" && bound ? bound.port : undefined };
  }

  /** Stops listening and drops every connection. */
  async close(): Promise<void> {
    const closed = this.#listeners.map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const socket of this.#connections) socket.destroy();
    await Promise.all(closed);
  }

  /** Also one whose handshake is not over: closing must not wait for it. */
  #hold(socket: Socket): void {
    this.#connections.add(socket);
    socket.on("close", () => this.#connections.delete(socket));
  }

  #accept(socket: Socket): void {
    if (!this.#connections.has(socket)) this.#hold(socket);
    socket.on("error", () => socket.destroy());
    socket.setNoDelay(true);
    this.#http.emit("connection", socket);
    const parse = socket.listeners("data")[0] as ((chunk: Uint8Array) => void) | undefined;
    if (!parse) return;
    socket.removeAllListeners("data");
    socket.on("data", (chunk: Uint8Array) => {
      this.#parsing = chunk;
      const before = this.#exchanges.get(socket);
      this.#beginsRequest = !before || (before.request.complete && before.response.writableFinished);
      parse(chunk);
    });
  }

  #trace({ method, url = "" }: IncomingMessage): void {
    this.#options.trace?.(`handling ${method} request ${url.slice(0, MAX_TRACED_CHARACTERS)}`);
  }

  #findCall(request: IncomingMessage): Call | undefined {
    return findCall(this.#router, request.method ?? "GET", splitTarget(request.url ?? "/"));
  }

  /**
   * Java clients offer h2c with every request: only routes that hijack take an upgrade. One whose body has no length
   * goes the way of a hijack without the handshake, since there node:http reads the body.
   */
  #takesUpgrade(request: IncomingMessage): boolean {
    return request.headers["transfer-encoding"] === undefined && this.#findCall(request)?.match.route.hijacks === true;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#hijacked.has(request.socket)) return;
    const begins = this.#beginsRequest;
    this.#beginsRequest = false;
    this.#exchanges.set(request.socket, { request, response });
    this.#trace(request);
    try {
      const call = this.#findCall(request);
      if (call?.match.route.hijacks) await this.#answerHijack(call, request);
      else if (call?.match.route.handsOver && begins) await this.#answerUpload(call, request, response);
      else await this.#answerHttp(call, request, response);
    } catch (error) {
      if (!response.destroyed) this.#report(`${request.method} ${request.url} was cut off`, error);
      request.socket.destroy();
    }
  }

  async #answerHttp(call: Call | undefined, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const abort = new AbortController();
    response.on("close", () => abort.abort());
    const reply = call ? await this.#dispatch(call, request, bodyOf(request), abort.signal) : this.#answerUnknown(request, response);
    if (response.destroyed) return;
    if (reply.kind === "hijack") throw new Error("a route hijacks without saying so");
    await writeReply(response, reply, this.#headers);
    // A body nobody wanted must not stay in the way of the next request.
    if (!request.complete) request.resume();
  }

  #answerUnknown(request: IncomingMessage, response: ServerResponse): Reply {
    const target = splitTarget(request.url ?? "/");
    const cleaned = cleanedPath(target.path);
    if (cleaned !== undefined) {
      response.setHeader("Location", cleaned + (target.search === "" ? "" : `?${target.search}`));
      return { kind: "text", status: 301, text: "", headers: {} };
    }
    if (request.method === "OPTIONS") return { kind: "text", status: 200, text: "", headers: {} };
    return json({ message: "page not found" }, 404);
  }

  /** A hijack without the Upgrade handshake: HTTP has parsed the request, then lets go of the connection. */
  async #answerHijack(call: Call, request: IncomingMessage): Promise<void> {
    const socket = request.socket;
    this.#hijacked.set(socket, leftover(this.#parsing, request));
    // Read now: the connection is ours only once its request is over. A body above the limit is a reply, below.
    const bytes = await readWhole(request).catch((error: unknown) => {
      if (error instanceof EngineError) return error;
      throw error;
    });
    socket.removeAllListeners("data");
    socket.removeAllListeners("end");
    const duplex = new SocketDuplex(socket, this.#hijacked.get(socket) ?? Buffer.alloc(0), this.#unread);
    await this.#runHijack(call, request, duplex, bytes, request.headers["upgrade"] !== undefined);
  }

  /** A body that somebody else reads from the connection; one that is short, or came by TLS, goes the ordinary way. */
  async #answerUpload(call: Call, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const begun = Upload.begin(request, this.#parsing);
    if (!begun) return await this.#answerHttp(call, request, response);
    const socket = request.socket;
    this.#hijacked.set(socket, Buffer.alloc(0));
    request.on("error", () => undefined);
    const abort = new AbortController();
    socket.once("close", () => abort.abort());
    const upload = await begun;
    const reply = await this.#dispatch(call, request, { ...bodyOf(request), connection: upload }, abort.signal);
    upload.finish();
    await writeHijacked(new SocketDuplex(socket, Buffer.alloc(0), this.#unread), reply, { upgrade: false, version: call.version }, this.#headers);
  }

  async #answerUpgrade(request: IncomingMessage, socket: Socket, head: Uint8Array): Promise<void> {
    // node:http takes off its own listener, and ours stands in for it: parsers are used again for other connections.
    socket.removeAllListeners("data");
    this.#trace(request);
    try {
      const call = this.#findCall(request);
      if (!call) throw new Error("an upgrade for a route that takes none");
      const duplex = new SocketDuplex(socket, head, this.#unread);
      const length = Number(request.headers["content-length"] ?? 0);
      const bytes = length > MAX_JSON_BYTES ? new EngineError("TooLarge", `the request body is larger than ${MAX_JSON_BYTES} bytes`) : await duplex.take(length);
      await this.#runHijack(call, request, duplex, bytes, true);
    } catch (error) {
      if (!socket.destroyed) this.#report(`${request.method} ${request.url} was cut off`, error);
      socket.destroy();
    }
  }

  async #runHijack(call: Call, request: IncomingMessage, duplex: SocketDuplex, bytes: Uint8Array | EngineError, upgrade: boolean): Promise<void> {
    const abort = new AbortController();
    void duplex.closed.then(() => abort.abort());
    const reply = bytes instanceof EngineError ? failed(bytes) : await this.#dispatch(call, request, wholeBody(bytes, request), abort.signal);
    await writeHijacked(duplex, reply, { upgrade, version: call.version }, this.#headers);
  }

  #dispatch(call: Call, request: IncomingMessage, body: Body, signal: AbortSignal): Promise<Reply> {
    const report = (error: unknown, route: Route): void => this.#report(`${route.method} ${route.path} failed`, error);
    return dispatch(call, { engine: this.#options.engine, body, headers: request.headers, signal }, report);
  }

  #refuse(error: Error, socket: Duplex): void {
    if (this.#hijacked.has(socket)) return;
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    const tooLarge = "code" in error && error.code === "HPE_HEADER_OVERFLOW";
    socket.end(`HTTP/1.1 ${tooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${tooLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"}`);
  }

  #report(message: string, error: unknown): void {
    this.#options.report?.(message, error);
  }
}

/** What follows the request that this piece of input began with; nothing when it began before or its body is in chunks. */
function leftover(piece: Uint8Array, request: IncomingMessage): Uint8Array {
  const text = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  const headEnd = text.indexOf("\r\n\r\n");
  const known = headEnd >= 0 && text.toString("latin1", 0, 5) === "POST " && request.headers["transfer-encoding"] === undefined;
  return known ? piece.subarray(headEnd + 4 + Number(request.headers["content-length"] ?? 0)) : Buffer.alloc(0);
}

function bodyOf(request: IncomingMessage): Body {
  const chunked = request.headers["transfer-encoding"] !== undefined;
  return { chunks: request, contentType: request.headers["content-type"], length: chunked ? undefined : Number(request.headers["content-length"] ?? 0) };
}

function wholeBody(bytes: Uint8Array, request: IncomingMessage): Body {
  return { chunks: (async function* () { yield bytes; })(), contentType: request.headers["content-type"], length: bytes.length };
}
