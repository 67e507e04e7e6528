import type { Socket } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";

/** PEM texts; with a CA, clients need a certificate that it signed. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string | undefined;
}

const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections that have not proved anything yet; older ones give way. */
const MAX_HANDSHAKES = 64;

/** A TLS listener whose handshakes are limited in time and number: until one is over, the other side may be anybody. */
export function createTlsListener({ cert, key, ca }: TlsIdentity, accept: (socket: TLSSocket) => void): ReturnType<typeof createServer> {
  const pending = new Set<Socket>();
  const options: TlsOptions = {
    cert, key, minVersion: "TLSv1.2", allowHalfOpen: true, handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
    ...(ca === undefined ? {} : { ca: [ca], requestCert: true, rejectUnauthorized: true }),
  };
  const server = createServer(options, (socket) => {
    pending.delete(socket);
    // The handshake has refused others already; a certificate that was not asked for is nobody's.
    if (ca !== undefined && !socket.authorized) socket.destroy();
    else accept(socket);
  });
  server.on("connection", (socket: Socket) => {
    // The one that has been silent longest goes: a client that means it is through before its turn comes.
    if (pending.size >= MAX_HANDSHAKES) pending.values().next().value?.destroy();
    pending.add(socket);
    const timer = setTimeout(() => pending.has(socket) && socket.destroy(), HANDSHAKE_TIMEOUT_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      pending.delete(socket);
    });
  });
  server.on("tlsClientError", (_error, socket) => socket.destroy());
  return server;
}
