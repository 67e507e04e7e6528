import { Connection } from "./connection.ts";
import { dial, proxyAuthorization, type Route } from "./dial.ts";
import { TransportError } from "./errors.ts";
import type { HttpLimits } from "./limits.ts";
import { bodyLength, formatHead, keepsAlive, readBody, readHead, type ResponseHead } from "./message.ts";

export interface RequestBody {
  /** Undefined where only the end tells. */
  readonly sizeBytes: number | undefined;
  /** Called once per attempt. */
  open(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface HttpRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal;
}

/** An answer whose body is read once, or given up with `discard`; until then it holds its connection. */
export interface HttpResponse extends ResponseHead {
  readonly body: AsyncGenerator<Uint8Array, void, void>;
  discard(): Promise<void>;
}

interface Host {
  readonly key: string;
  open: number;
  readonly idle: Connection[];
  readonly waiting: (() => void)[];
}

/** HTTP/1.1 with connections kept for the next request, so and so many per server. */
export class HttpAgent {
  readonly #limits: HttpLimits;
  readonly #hosts = new Map<string, Host>();

  constructor(limits: HttpLimits) {
    this.#limits = limits;
  }

  /** One request, one answer; follows nothing and repeats nothing that the server may have seen. @throws TransportError; the signal's reason */
  async exchange(route: Route, request: HttpRequest): Promise<HttpResponse> {
    for (;;) {
      if (request.signal?.aborted) throw asError(request.signal.reason);
      const connection = await this.#acquire(route, request.signal).catch((error: unknown) => {
        throw request.signal?.aborted ? asError(request.signal.reason) : error;
      });
      try {
        return await this.#exchangeOn(connection, route, request);
      } catch (error) {
        connection.destroy();
        if (request.signal?.aborted) throw asError(request.signal.reason);
        // Closed by the server while it lay idle: that says nothing about this request.
        if (connection.reused && !request.body && error instanceof TransportError && error.failure === "cut" && error.message !== TIMED_OUT) continue;
        throw error;
      }
    }
  }

  close(): void {
    for (const { idle } of this.#hosts.values()) for (const connection of idle) connection.destroy();
  }

  async #exchangeOn(connection: Connection, route: Route, request: HttpRequest): Promise<HttpResponse> {
    const { signal } = request;
    const abort = () => connection.destroy(asError(signal?.reason));
    signal?.addEventListener("abort", abort, { once: true });
    const letGo = () => signal?.removeEventListener("abort", abort);
    try {
      const { head, sentAll } = await converse(connection, route, request);
      const length = bodyLength(request.method, head);
      const settle = (whole: boolean) => {
        letGo();
        if (whole && sentAll() && keepsAlive(head, length)) this.#rest(route, connection);
        else connection.destroy();
      };
      const body = onceRead(readBody(connection, length), settle);
      if (length === 0) await body.next();
      return { ...head, body, discard: () => discard(body, length) };
    } catch (error) {
      letGo();
      throw error;
    }
  }

  async #acquire(route: Route, signal: AbortSignal | undefined): Promise<Connection> {
    const host = this.#host(route);
    while (host.open >= this.#limits.connectionsPerHost && host.idle.length === 0) await turn(host, signal);
    for (let idle = host.idle.pop(); idle; idle = host.idle.pop()) {
      if (!idle.usable) {
        idle.destroy();
        continue;
      }
      idle.work();
      return idle;
    }
    host.open += 1;
    const freed = () => {
      host.open -= 1;
      const next = host.waiting.shift();
      if (next) next();
      else if (host.open === 0) this.#hosts.delete(host.key);
    };
    try {
      const connection = await dial(route, this.#limits, signal);
      connection.onClose = freed;
      return connection;
    } catch (error) {
      freed();
      throw error;
    }
  }

  #rest(route: Route, connection: Connection): void {
    const host = this.#host(route);
    if (!connection.usable) return connection.destroy();
    connection.reused = true;
    connection.rest(this.#limits.idleConnectionMs);
    host.idle.push(connection);
    host.waiting.shift()?.();
  }

  #host({ url, proxy, tls }: Route): Host {
    const key = `${url.origin} ${proxy?.href ?? ""} ${url.protocol === "https:" ? tls.key : ""}`;
    const known = this.#hosts.get(key);
    if (known) return known;
    const host: Host = { key, open: 0, idle: [], waiting: [] };
    this.#hosts.set(key, host);
    return host;
  }
}

const WRITE_BYTES = 256 * 1024;
const TIMED_OUT = "net/http: timeout awaiting response headers";

/** Sends and listens at once: a server may refuse a body before it has seen it all. */
async function converse(connection: Connection, route: Route, request: HttpRequest): Promise<{ head: ResponseHead; sentAll: () => boolean }> {
  let answered = false;
  let sent = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expire = () => connection.destroy(new TransportError("cut", TIMED_OUT));
  const sending = send(connection, route, request, () => answered).then((whole) => {
    sent = whole;
    if (!answered) timer = setTimeout(expire, request.method === "GET" || request.method === "HEAD" ? connection.limits.headMs : connection.limits.storeMs);
  });
  connection.patient = true;
  try {
    const head = await Promise.race([readHead(connection), failureOf(sending)]);
    return { head, sentAll: () => sent };
  } finally {
    answered = true;
    connection.patient = false;
    clearTimeout(timer);
  }
}

/** Never resolves. A write that fails says less than the answer for which the server stopped reading, or its absence. */
function failureOf(sending: Promise<void>): Promise<never> {
  return new Promise((_, reject) => {
    sending.catch((error: unknown) => {
      if (!(error instanceof TransportError && error.failure === "cut")) reject(error);
    });
  });
}

async function send(connection: Connection, { url, proxy }: Route, { method, headers, body }: HttpRequest, answered: () => boolean): Promise<boolean> {
  const plainProxy = proxy && url.protocol === "http:" ? proxy : undefined;
  const target = plainProxy ? `${url.origin}${url.pathname}${url.search}` : `${url.pathname}${url.search}`;
  const all = { Host: url.host, ...headers, ...(plainProxy && proxyAuthorization(plainProxy)), ...(body && framing(body)) };
  await connection.write(formatHead(method, target, all));
  if (!body) return true;
  if (body.sizeBytes === undefined) return await sendChunked(connection, body.open(), answered);
  let left = body.sizeBytes;
  for await (const chunk of body.open()) {
    if (answered()) return false;
    left -= chunk.length;
    if (left < 0) break;
    if (!(await writeAll(connection, chunk, answered))) return false;
  }
  if (left !== 0) throw new TransportError("protocol", `http: ContentLength=${body.sizeBytes} with Body length ${body.sizeBytes - left}`);
  return true;
}

const framing = ({ sizeBytes }: RequestBody): Record<string, string> => (sizeBytes === undefined ? { "Transfer-Encoding": "chunked" } : { "Content-Length": String(sizeBytes) });

/** RFC 9112, 7.1: what has no length is sent piece by piece, each behind its own. */
async function sendChunked(connection: Connection, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, answered: () => boolean): Promise<boolean> {
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    await connection.write(`${chunk.length.toString(16)}\r\n`);
    if (!(await writeAll(connection, chunk, answered))) return false;
    await connection.write("\r\n");
  }
  await connection.write("0\r\n\r\n");
  return true;
}

/** What a socket does not take at once it copies: of large pieces again and again. False when the server has answered before it had seen all. */
async function writeAll(connection: Connection, bytes: Uint8Array, answered: () => boolean): Promise<boolean> {
  for (let at = 0; at < bytes.length; at += WRITE_BYTES) {
    if (answered()) return false;
    await connection.write(bytes.subarray(at, at + WRITE_BYTES));
  }
  return true;
}

/** Tells once whether the body was read to its end. */
async function* onceRead(body: AsyncGenerator<Uint8Array, void, void>, settle: (whole: boolean) => void): AsyncGenerator<Uint8Array, void, void> {
  let whole = false;
  try {
    yield* body;
    whole = true;
  } finally {
    settle(whole);
  }
}

const DISCARD_BYTES = 64 * 1024;

/** A short rest is read so that the connection can be used again; a long one is not worth it. */
async function discard(body: AsyncGenerator<Uint8Array, void, void>, length: number | "chunked" | "untilClose"): Promise<void> {
  let left = typeof length === "number" && length > DISCARD_BYTES ? 0 : DISCARD_BYTES;
  try {
    for (let step = await body.next(); !step.done && left > 0; step = await body.next()) left -= step.value.length;
  } catch {
    // Whoever discards a body does not care how it ended.
  }
  await body.return();
}

async function turn(host: Host, signal: AbortSignal | undefined): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => reject(signal?.reason);
  signal?.addEventListener("abort", abort, { once: true });
  host.waiting.push(resolve);
  try {
    await promise;
  } finally {
    signal?.removeEventListener("abort", abort);
    const at = host.waiting.indexOf(resolve);
    if (at >= 0) host.waiting.splice(at, 1);
  }
}

/** A deadline is a connection that was too slow; every other reason is the caller's own. */
function asError(reason: unknown): Error {
  if (!(reason instanceof Error)) return new Error(String(reason));
  return reason.name === "TimeoutError" ? new TransportError("cut", "i/o timeout", { cause: reason }) : reason;
}
