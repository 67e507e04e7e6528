import type { Framing } from "../base/mod.ts";
import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { ApiError, ConnectError, ConnectionLostError } from "./errors.ts";
import { formatHead, framingOf, keepsAlive, readBody, readHead, type ResponseHead } from "./http.ts";

export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type Query = Readonly<Record<string, QueryValue>>;
export type Filters = Readonly<Record<string, readonly string[]>>;

export interface RequestOptions {
  readonly query?: Query;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it comes, chunked. */
  readonly body?: AsyncIterable<Uint8Array>;
  /** Writes the body to the connection's own descriptor instead, at one go, as chunks of HTTP without the last one. */
  readonly writeBody?: ((descriptor: number) => void) | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** Aborting closes the connection. */
  readonly signal?: AbortSignal;
}

export interface Answer {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  /** To be read to its end, or abandoned with `return()`; only then is the connection free again. */
  readonly body: AsyncGenerator<Uint8Array, void, void>;
  /** The body on its connection, to be read instead at one go, and to its end; undefined where what comes there is not the body as it is. */
  onConnection(): BodyOnConnection | undefined;
}

export interface BodyOnConnection {
  readonly descriptor: number;
  readonly framing: Framing;
  /** What has come of it. */
  readonly begun: Uint8Array;
}

const API_VERSION = "1.51";
const MAX_ERROR_BYTES = 1 << 20;

/** Speaks the Docker Engine API to one engine; connections are kept and used again. */
export class Client {
  readonly #idle: Connection[] = [];
  /** Connections that are being opened and nobody has claimed. */
  readonly #warming: Promise<Connection | undefined>[] = [];
  #version = API_VERSION;

  #startEngine: (() => Promise<void>) | undefined;

  /** `startEngine` is called at most once, when nobody listens; the connection is then tried again. */
  constructor(
    readonly endpoint: Endpoint,
    startEngine?: () => Promise<void>,
    /** Sent with every request. */
    readonly headers: Readonly<Record<string, string>> = {},
    /** Scripts that call docker look for its sentence when nobody listens. */
    readonly inDockersWords = false,
  ) {
    this.#startEngine = startEngine;
  }

  /** The version in use: ours, or the newest that the engine knows once it has refused ours. */
  get apiVersion(): string {
    return this.#version;
  }

  /** @throws ApiError for any status from 400 on, ConnectError when nobody listens */
  async request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return await this.#inItsVersion(options, () => this.#attempt(method, path, options));
  }

  async json<T>(method: string, path: string, options?: RequestOptions): Promise<T> {
    const answer = await this.request(method, path, options);
    const text = await readText(answer.body);
    return JSON.parse(text === "" ? "null" : text) as T;
  }

  /** For requests whose answer says nothing but its status. */
  async send(method: string, path: string, options?: RequestOptions): Promise<number> {
    const answer = await this.request(method, path, options);
    await readText(answer.body);
    return answer.status;
  }

  /** Turns the connection of one request into a raw two-way stream (Docker's hijack). */
  async hijack(path: string, options: RequestOptions = {}): Promise<{ connection: Connection; headers: ReadonlyMap<string, string> }> {
    return await this.#inItsVersion(options, async () => {
      const { connection, head } = await this.#exchange("POST", path, { ...options, headers: { ...options.headers, Connection: "Upgrade", Upgrade: "tcp" } });
      if (head.status >= 400) throw await this.#failure(connection, head);
      return { connection, headers: head.headers };
    });
  }

  /** Opens connections that are needed soon, while there is something else to do. */
  warmUp(count: number): void {
    // Each would be a process and a login over there.
    if (this.endpoint.kind === "ssh") return;
    for (let opened = 0; opened < count; opened++) {
      // Whoever needs it opens one again, and is told why that fails.
      const warming = Connection.open(this.endpoint).catch(() => undefined);
      this.#warming.push(warming);
      void warming.then((connection) => {
        const at = this.#warming.indexOf(warming);
        if (at < 0) return;
        this.#warming.splice(at, 1);
        if (connection) this.#release(connection);
      });
    }
  }

  close(): void {
    for (const connection of this.#idle.splice(0)) connection.close();
  }

  /** Asks again in the newest version that the engine knows, where it refuses ours. */
  async #inItsVersion<T>({ body }: RequestOptions, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      const older = error instanceof ApiError && error.status === 400 ? /Maximum supported API version is (1\.\d+)/.exec(error.detail)?.[1] : undefined;
      if (older === undefined || older === this.#version || body) throw error;
      this.#version = older;
      return await ask();
    }
  }

  async #attempt(method: string, path: string, options: RequestOptions): Promise<Answer> {
    const { connection, head } = await this.#exchange(method, path, options);
    if (head.status >= 400) throw await this.#failure(connection, head, method);
    const body = method === "HEAD" ? this.#noBody(connection) : this.#body(connection, head);
    return { status: head.status, headers: head.headers, body, onConnection: () => bodyOnConnection(connection, head) };
  }

  async #exchange(method: string, path: string, options: RequestOptions): Promise<{ connection: Connection; head: ResponseHead }> {
    const headers: Record<string, string> = { "User-Agent": "hako", ...this.headers, ...options.headers };
    const json = options.json === undefined ? undefined : JSON.stringify(options.json);
    if (json !== undefined) {
      headers["Content-Type"] = "application/json";
      headers["Content-Length"] = String(Buffer.byteLength(json));
    } else if (options.body) {
      headers["Transfer-Encoding"] = "chunked";
    } else if (method !== "GET" && method !== "HEAD") {
      headers["Content-Length"] = "0";
    }
    const text = formatHead({ method, path: `/v${this.#version}${path}${formatQuery(options.query)}`, headers }) + (json ?? "");
    for (;;) {
      const connection = this.#idle.pop() ?? (await this.#warming.shift()) ?? (await this.connect());
      connection.ref();
      if (connection.closed) continue;
      options.signal?.addEventListener("abort", () => connection.close(), { once: true });
      try {
        await connection.write(text);
        const { descriptor } = connection;
        if (options.writeBody && descriptor !== undefined) {
          options.writeBody(descriptor);
          await connection.write(LAST_CHUNK);
        } else if (options.body) void sendChunked(connection, options.body);
        return { connection, head: await readHead(connection) };
      } catch (error) {
        connection.close();
        if (!(error instanceof ConnectionLostError) || !connection.reused || options.body) throw error;
      }
    }
  }

  /** A connection of its own, without a request; whoever asks for it closes it. */
  async connect(): Promise<Connection> {
    try {
      return await this.#connectOrStart();
    } catch (error) {
      throw this.inDockersWords && error instanceof ConnectError ? new ConnectError(inDockersWords(error.message), error.code) : error;
    }
  }

  async #connectOrStart(): Promise<Connection> {
    try {
      return await Connection.open(this.endpoint);
    } catch (error) {
      const start = this.#startEngine;
      if (!start || !(error instanceof ConnectError) || (error.code !== "ENOENT" && error.code !== "ECONNREFUSED")) throw error;
      this.#startEngine = undefined;
      await start();
      return Connection.open(this.endpoint);
    }
  }

  async *#body(connection: Connection, head: ResponseHead): AsyncGenerator<Uint8Array, void, void> {
    let whole = false;
    try {
      yield* readBody(connection, head);
      whole = true;
    } finally {
      if (whole && keepsAlive(head)) this.#release(connection);
      else connection.close();
    }
  }

  async *#noBody(connection: Connection): AsyncGenerator<Uint8Array, void, void> {
    this.#release(connection);
  }

  #release(connection: Connection): void {
    connection.reused = true;
    connection.unref();
    this.#idle.push(connection);
  }

  async #failure(connection: Connection, head: ResponseHead, method = ""): Promise<ApiError> {
    // The length that the head of an answer states is that of a body nobody sends.
    if (method === "HEAD") {
      this.#release(connection);
      return new ApiError(head.status, errorDetail(head.status, ""));
    }
    const text = await readText(this.#body(connection, head), MAX_ERROR_BYTES);
    return new ApiError(head.status, errorDetail(head.status, text));
  }
}

const inDockersWords = (message: string): string => message.replace(/^Cannot connect to the hako engine at (\S+)\. .*$/s, "Cannot connect to the Docker daemon at $1. Is the docker daemon running?");

function errorDetail(status: number, text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (parsed !== null && typeof parsed === "object" && "message" in parsed && typeof parsed.message === "string") return parsed.message;
  } catch {
    // Not JSON: a proxy's page or plain text, shown as it is.
  }
  return text.trim() || `the request failed with status ${status}`;
}

const LAST_CHUNK = "0\r\n\r\n";

function bodyOnConnection(connection: Connection, head: ResponseHead): BodyOnConnection | undefined {
  const framing = framingOf(head);
  const { descriptor } = connection;
  return framing === undefined || descriptor === undefined ? undefined : { descriptor, framing, begun: connection.takeReceived() };
}

async function sendChunked(connection: Connection, body: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const piece of body) {
      if (piece.length === 0) continue;
      if (!(await connection.write(`${piece.length.toString(16)}\r\n`))) return;
      if (!(await connection.write(piece))) return;
      if (!(await connection.write("\r\n"))) return;
    }
    await connection.write(LAST_CHUNK);
  } catch {
    // The source failed: without its last chunk the engine takes the request as broken off, and the answer says so.
    connection.close();
  }
}

export async function readText(body: AsyncIterable<Uint8Array>, maxBytes = Number.MAX_SAFE_INTEGER): Promise<string> {
  const pieces: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    sizeBytes += piece.length;
    if (sizeBytes > maxBytes) break;
    pieces.push(piece);
  }
  return pieces.length === 1 && pieces[0] ? Buffer.from(pieces[0].buffer, pieces[0].byteOffset, pieces[0].length).toString() : Buffer.concat(pieces).toString();
}

export function formatQuery(query: Query = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const values = Array.isArray(value) ? value : [typeof value === "boolean" ? (value ? "1" : "0") : String(value)];
    for (const item of values) parts.push(`${encodeURIComponent(name)}=${encodeURIComponent(item)}`);
  }
  return parts.length === 0 ? "" : `?${parts.join("&")}`;
}

/** The form in which the API takes filters; undefined when there are none. */
export function formatFilters(filters: Filters | undefined): string | undefined {
  if (!filters || Object.keys(filters).length === 0) return undefined;
  const sets: Record<string, Record<string, true>> = {};
  for (const [key, values] of Object.entries(filters)) sets[key] = Object.fromEntries(values.map((value) => [value, true]));
  return JSON.stringify(sets);
}
