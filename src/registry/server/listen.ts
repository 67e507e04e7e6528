import type { Server } from "bun";
import { Refusal } from "./refusal.ts";
import type { Registry } from "./server.ts";

export interface ListenOptions {
  readonly hostname: string;
  /** 0: any that is free. */
  readonly port: number;
  readonly tls?: TlsIdentity | undefined;
}

/** In PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
}

export interface Listening extends AsyncDisposable {
  /** As the system has chosen it: `http://127.0.0.1:5000`. */
  readonly url: string;
  /** From now on new connections see another certificate; those under way stay as they are. @throws when the address is lost to somebody else */
  renew(tls: TlsIdentity): void;
}

/** Bytes must flow at least this often; a body without an end would otherwise hold its upload for ever. */
const IDLE_SECONDS = 120;
const DRAIN_MS = 10_000;
/** A large blob on its way when the certificate is renewed has time to arrive. */
const RENEWED_DRAIN_MS = 3_600_000;

/** Serves until disposed; requests under way are then given a moment to end. @throws when the address cannot be had */
export function listen(registry: Registry, { hostname, port, tls }: ListenOptions): Listening {
  let server = serve(registry, { hostname, port, tls });
  let current = tls;
  const bound = server.port ?? port;
  const draining = new Set<Promise<void>>();
  return {
    url: `${tls ? "https" : "http"}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${bound}`,
    renew: (identity) => {
      // The runtime cannot change the certificate of a socket that listens: it stops to, and the next one does at once.
      const drained = drain(server, RENEWED_DRAIN_MS).finally(() => draining.delete(drained));
      draining.add(drained);
      try {
        server = serve(registry, { hostname, port: bound, tls: identity });
        current = identity;
      } catch (error) {
        server = serve(registry, { hostname, port: bound, tls: current });
        throw error;
      }
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([drain(server, DRAIN_MS), ...[...draining].map((each) => Promise.race([each, Bun.sleep(DRAIN_MS)]))]);
    },
  };
}

function serve(registry: Registry, { hostname, port, tls }: ListenOptions): Server<undefined> {
  return Bun.serve({
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
}

async function drain(server: Server<undefined>, withinMs: number): Promise<void> {
  const timer = setTimeout(() => void server.stop(true), withinMs);
  await server.stop();
  clearTimeout(timer);
}
