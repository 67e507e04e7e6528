import type { Socket } from "bun";
import type { TlsMaterial } from "./endpoint.ts";
import { ConnectError } from "./mod.ts";
import type { Handlers } from "./open-socket.ts";

interface TlsAddress {
  readonly hostname: string;
  readonly port: number;
  readonly tls: TlsMaterial;
}

/** Resolves once both sides have shown what they must; an engine that cannot be trusted gets no byte of ours. */
export async function openTls({ hostname, port, tls }: TlsAddress, handlers: Handlers): Promise<Socket<undefined>> {
  const shaken = Promise.withResolvers<void>();
  const refuse = (reason: string) => shaken.reject(new ConnectError(`error during connect: TLS handshake with tcp://${hostname}:${port}: ${reason}`, "ETLS"));
  const opened = Bun.connect<undefined>({
    hostname,
    port,
    allowHalfOpen: true,
    tls: { ...(tls.ca && { ca: tls.ca }), ...(tls.cert && { cert: tls.cert }), ...(tls.key && { key: tls.key }), rejectUnauthorized: tls.verify, serverName: isAddress(hostname) ? "" : hostname },
    socket: {
      ...handlers,
      handshake(_, authorised, error: (Error & { code?: string }) | null) {
        if (authorised || !tls.verify) shaken.resolve();
        else refuse(error ? sentenceOf(error) : "the engine's certificate is not valid");
      },
      // TLS 1.3: the engine looks at our certificate only after we have taken the handshake for done.
      error: (socket, error) => handlers.error?.(socket, new ConnectError(`error during connect: tcp://${hostname}:${port}: ${alertOf(error)}`, "ETLS")),
      close(socket, error) {
        refuse("the connection was closed (does the engine speak TLS there, and does it accept the client's certificate?)");
        handlers.close?.(socket, error);
      },
    },
  });
  // Whoever waits for the handshake has been told already.
  opened.catch((error: unknown) => shaken.reject(error));
  await shaken.promise;
  return opened;
}

const isAddress = (hostname: string): boolean => /^[\d.]+$/.test(hostname) || hostname.includes(":");

/** OpenSSL's words for what people run into are hard to act on. */
function sentenceOf({ code = "", message }: { code?: string; message: string }): string {
  if (/SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/.test(code)) return "tls: failed to verify certificate: x509: certificate signed by unknown authority (--tlscacert names the one to trust)";
  if (code === "CERT_HAS_EXPIRED") return "tls: failed to verify certificate: x509: certificate has expired or is not yet valid";
  return `tls: failed to verify certificate: ${message}`;
}

/** What the engine has against us, in Go's words. */
function alertOf({ message }: Error): string {
  const alert = /ALERT_([A-Z_]+)/.exec(message)?.[1]?.toLowerCase().replaceAll("_", " ");
  if (alert === undefined) return message;
  return `remote error: tls: ${alert === "unknown ca" ? "unknown certificate authority" : alert}${alert === "certificate required" ? " (--tlscert and --tlskey name a client's)" : ""}`;
}
