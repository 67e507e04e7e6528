import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import { Connection } from "./connection.ts";
import { tlsAlert, TransportError } from "./errors.ts";
import type { HttpLimits } from "./limits.ts";
import { formatHead, readHead } from "./message.ts";

/** How to speak TLS with one server. */
export interface TlsIdentity {
  /** Of equal identities connections are shared. */
  readonly key: string;
  readonly context: SecureContext | undefined;
  /** False for registries that the operator calls insecure. */
  readonly verify: boolean;
}

export interface Route {
  readonly url: URL;
  readonly proxy: URL | undefined;
  readonly tls: TlsIdentity;
  /** How to speak with the proxy, should it be one of https. */
  readonly proxyTls: TlsIdentity;
}

/** A connection over which requests to the server can be written. @throws TransportError connect, tls, notTls */
export async function dial(route: Route, limits: HttpLimits, signal: AbortSignal | undefined): Promise<Connection> {
  const deadline = AbortSignal.timeout(limits.connectMs);
  const stop = signal ? AbortSignal.any([signal, deadline]) : deadline;
  try {
    return await open(route, limits, stop);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (deadline.aborted) throw new TransportError("connect", `dial tcp ${hostAndPort(route.proxy ?? route.url)}: i/o timeout`);
    throw error;
  }
}

async function open({ url, proxy, tls, proxyTls }: Route, limits: HttpLimits, stop: AbortSignal): Promise<Connection> {
  let socket = await tcp(proxy ?? url, stop);
  if (proxy?.protocol === "https:") socket = await shakeHands(socket, proxy, proxyTls, stop);
  if (proxy && url.protocol === "https:") socket = await tunnel(socket, url, proxy, limits, stop);
  if (url.protocol === "https:") socket = await shakeHands(socket, url, tls, stop);
  return new Connection(socket, limits);
}

export const portOf = (url: URL): number => Number(url.port || (url.protocol === "https:" ? 443 : 80));
const hostOf = (url: URL): string => url.hostname.replace(/^\[|\]$/g, "");
const hostAndPort = (url: URL): string => `${url.hostname}:${portOf(url)}`;

async function tcp(url: URL, stop: AbortSignal): Promise<Socket> {
  const socket = connectTcp({ host: hostOf(url), port: portOf(url) });
  await settled(socket, "connect", stop, (error) => new TransportError("connect", dialText(url, error), { cause: error }));
  return socket;
}

const DIAL_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "connect: connection refused",
  EHOSTUNREACH: "connect: no route to host",
  ENETUNREACH: "connect: network is unreachable",
  ETIMEDOUT: "connect: connection timed out",
  ECONNRESET: "connect: connection reset by peer",
};

function dialText(url: URL, error: Error & { code?: string; address?: string }): string {
  const { code = "" } = error;
  const words = DIAL_WORDS[code];
  if (words === undefined) return isIP(hostOf(url)) ? `dial tcp ${hostAndPort(url)}: ${error.message}` : `dial tcp: lookup ${hostOf(url)}: no such host`;
  const host = error.address ?? url.hostname;
  return `dial tcp ${host.includes(":") && !host.startsWith("[") ? `[${host}]` : host}:${portOf(url)}: ${words}`;
}

/** RFC 9110, CONNECT: after a 2xx the connection is the server's. */
async function tunnel(socket: Socket, url: URL, proxy: URL, limits: HttpLimits, stop: AbortSignal): Promise<Socket> {
  const connection = new Connection(socket, limits);
  const abort = () => connection.destroy();
  stop.addEventListener("abort", abort, { once: true });
  try {
    await connection.write(formatHead("CONNECT", hostAndPort(url), { Host: hostAndPort(url), ...proxyAuthorization(proxy) }));
    const { status } = await readHead(connection);
    if (status < 200 || status > 299) throw new TransportError("connect", `proxyconnect tcp: the proxy ${proxy.host} answered ${status}`);
    return connection.release();
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    stop.removeEventListener("abort", abort);
  }
}

export function proxyAuthorization(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const pair = `${unescaped(proxy.username)}:${unescaped(proxy.password)}`;
  return { "Proxy-Authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a lone percent sign stands for itself
  }
}

async function shakeHands(below: Socket, url: URL, { context, verify }: TlsIdentity, stop: AbortSignal): Promise<Socket> {
  const host = hostOf(url);
  const socket = connectTls({
    socket: below,
    ...(isIP(host) ? { host } : { servername: host, host }),
    ...(context && { secureContext: context }),
    ALPNProtocols: ["http/1.1"],
    rejectUnauthorized: verify,
  });
  await settled(socket, "secureConnect", stop, tlsFailure);
  return socket;
}

function tlsFailure(error: Error & { code?: string; reason?: string }): TransportError {
  const { code = "", message } = error;
  const failed = (text: string) => new TransportError("tls", text, { cause: error });
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH/.test(code + message)) return new TransportError("notTls", "http: server gave HTTP response to HTTPS client", { cause: error });
  if (/SELF_SIGNED|UNABLE_TO_(?:GET|VERIFY)/.test(code)) return failed("tls: failed to verify certificate: x509: certificate signed by unknown authority");
  if (/CERT_HAS_EXPIRED|CERT_NOT_YET_VALID/.test(code)) return failed("tls: failed to verify certificate: x509: certificate has expired or is not yet valid");
  if (code === "ECONNRESET") return failed("EOF");
  if (/ALTNAME/.test(code)) return failed(`tls: failed to verify certificate: x509: ${message}`);
  return tlsAlert(error) ?? failed(`tls: ${message}`);
}

/** Waits for the event, or destroys the socket. */
function settled(socket: Socket, event: "connect" | "secureConnect", stop: AbortSignal, failure: (error: Error) => TransportError): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: unknown) => {
      stop.removeEventListener("abort", aborted);
      socket.off(event, ready).off("error", failed).off("close", closed);
      if (error === undefined) return resolve();
      // It may report once more while it goes; nobody listens then.
      socket.on("error", () => {});
      socket.destroy();
      reject(error);
    };
    const ready = () => done();
    const failed = (error: Error) => done(failure(error));
    const closed = () => done(failure(Object.assign(new Error("EOF"), { code: "ECONNRESET" })));
    const aborted = () => done(stop.reason);
    socket.on(event, ready).on("error", failed).on("close", closed);
    stop.addEventListener("abort", aborted, { once: true });
    if (stop.aborted) aborted();
  });
}
