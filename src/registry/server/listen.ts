import type { Server } from "bun";
import { Refusal } from "./refusal.ts";
import type { Registry } from "./server.ts";

export interface ListenOptions {
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface Listening extends AsyncDisposable {
  /** As the system has chosen it: `http://127.0.0.1:5000`. */
  readonly url: string;
}

/** Bytes must flow at least this often; a body without an end would otherwise hold its upload for ever. */
const IDLE_SECONDS = 120;
const DRAIN_MS = 10_000;

/** Serves until disposed; requests under way are then given a moment to end. @throws when the address cannot be had */
export function listen(registry: Registry, { hostname, port, tls }: ListenOptions): Listening {
  const server: Server<undefined> = Bun.serve({
    hostname,
    port,
    ...(tls && { tls: { cert: tls.cert, key: tls.key } }),
    // Bodies are streamed; what they may come to is for the handlers to say.
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    idleTimeout: IDLE_SECONDS,
    development: false,
    fetch: (request, socket) => registry.answer(request, socket.requestIP(request)?.address ?? ""),
    error: () => new Refusal("UNKNOWN", "the registry could not answer").answer(),
  });
  return {
    url: `${tls ? "https" : "http"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${server.port}`,
    [Symbol.asyncDispose]: () => drain(server),
  };
}

async function drain(server: Server<undefined>): Promise<void> {
  const timer = setTimeout(() => void server.stop(true), DRAIN_MS);
  await server.stop();
  clearTimeout(timer);
}
