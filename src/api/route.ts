import type { StreamSession } from "../engine/mod.ts";
import type { Body } from "./body.ts";
import type { Engine } from "./engine.ts";
import type { Shape } from "./json-shape.ts";
import type { QueryShape, QueryValues } from "./query.ts";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE";

/**
 * What a request is answered with.
 *
 * - `json`: a value, written whole.
 * - `empty`: a status without a body.
 * - `text`: a few plain words.
 * - `stream`: the head goes out before the first chunk is asked for; each chunk is flushed as it comes.
 * - `hijack`: HTTP ends here and the session owns the connection; with `handshake`, by way of a WebSocket.
 */
export type Reply =
  | { readonly kind: "json"; readonly status: number; readonly value: unknown }
  | { readonly kind: "empty"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "text"; readonly status: number; readonly text: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "stream"; readonly contentType: string; readonly chunks: AsyncIterable<Uint8Array>; readonly headers?: Readonly<Record<string, string>>; readonly writeTo?: WriteTo }
  | { readonly kind: "hijack"; readonly session: StreamSession; readonly handshake?: string; readonly protocol?: UpgradeProtocol };

/** What the connection turns into, as the handshake says; \`tcp\` are Docker's streams. */
export type UpgradeProtocol = "tcp" | "h2c";

/** Somebody else writes the body to the connection's descriptor, as chunks of HTTP/1.1 without the last one. Resolves when they are written. */
export type WriteTo = (descriptor: number) => Promise<void>;

export const json = (value: unknown, status = 200): Reply => ({ kind: "json", status, value });
export const empty = (status = 204, headers: Readonly<Record<string, string>> = {}): Reply => ({ kind: "empty", status, headers });
export const stream = (contentType: string, chunks: AsyncIterable<Uint8Array>, headers: Readonly<Record<string, string>> = {}, writeTo?: WriteTo): Reply => ({ kind: "stream", contentType, chunks, headers, ...(writeTo && { writeTo }) });
export const hijack = (session: StreamSession, protocol: UpgradeProtocol = "tcp"): Reply => ({ kind: "hijack", session, protocol });
/** @param handshake the head of the answer that opens the WebSocket */
export const webSocket = (session: StreamSession, handshake: string): Reply => ({ kind: "hijack", session, handshake });

/** One request as a route sees it: everything parsed. */
export interface Exchange<Q extends QueryShape = QueryShape, B = unknown> {
  readonly engine: Engine;
  /** The API version the client asked for. */
  readonly version: string;
  /** The path's parameter (`{id}` or `{name}`), unescaped; "" when the path has none. */
  readonly ref: string;
  readonly query: QueryValues<Q>;
  /** The decoded JSON body; undefined when the route takes none. */
  readonly json: B;
  /** The raw body, for routes that stream it. */
  readonly body: Body;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Aborted when the client has gone away. */
  readonly signal: AbortSignal;
}

/** One endpoint as data: the router and the API reference are made from it. */
export interface Route {
  readonly method: Method;
  /** With one `{id}` or `{name}` at most, which may itself contain slashes. */
  readonly path: string;
  readonly summary: string;
  readonly query: QueryShape;
  readonly body: Shape<unknown> | undefined;
  /** An absent body counts as an empty object. */
  readonly bodyOptional: boolean;
  readonly success: readonly number[];
  readonly failures: readonly number[];
  /** The connection may turn into a raw stream. */
  readonly hijacks: boolean;
  /** A long body may be left to somebody else, who reads it from the connection. */
  readonly handsOver: boolean;
  readonly respond: (exchange: Exchange) => Promise<Reply> | Reply;
}

interface Declaration<Q extends QueryShape, B> {
  readonly summary: string;
  readonly query?: Q;
  readonly body?: Shape<B>;
  readonly bodyOptional?: boolean;
  readonly success?: readonly number[];
  readonly failures?: readonly number[];
  readonly hijacks?: boolean;
  readonly handsOver?: boolean;
  readonly respond: (exchange: Exchange<Q, B>) => Promise<Reply> | Reply;
}

/** Declares an endpoint: `route("GET /containers/{id}/json", {…})`. */
export function route<const Q extends QueryShape = Record<never, never>, B = undefined>(endpoint: `${Method} /${string}`, declaration: Declaration<Q, B>): Route {
  const space = endpoint.indexOf(" ");
  const { respond, ...rest } = declaration;
  return {
    query: {},
    body: undefined,
    bodyOptional: false,
    success: [200],
    failures: [],
    hijacks: false,
    handsOver: false,
    ...rest,
    method: endpoint.slice(0, space) as Method,
    path: endpoint.slice(space + 1),
    respond: (exchange) => respond(exchange as unknown as Exchange<Q, B>),
  };
}
