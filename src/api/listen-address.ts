import { EngineError } from "../base/mod.ts";

/** Where the API listens: a unix socket, made with mode 0660 (one that nobody listens on any more is replaced), TCP, or a socket that was handed over. */
export type ListenAddress = { readonly path: string } | { readonly host: string; readonly port: number } | { readonly fd: number };

const PLAIN_PORT = 2375;
const TLS_PORT = 2376;

/** Parses `unix:///run/hako.sock` and `tcp://127.0.0.1:2375`; the default port is 2376 with TLS. @throws EngineError InvalidParameter */
export function parseListenAddress(text: string, tls = false): Exclude<ListenAddress, { readonly fd: number }> {
  const unix = /^unix:\/\/(\/.+)$/.exec(text);
  if (unix) return { path: unix[1] ?? "" };
  const tcp = /^tcp:\/\/(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::([0-9]{1,5}))?\/?$/.exec(text);
  const port = Number(tcp?.[2] ?? (tls ? TLS_PORT : PLAIN_PORT));
  if (!tcp || port > 65535) throw new EngineError("InvalidParameter", `cannot listen on ${JSON.stringify(text)}: write unix:///path/of/socket or tcp://address:port`);
  return { host: tcp[1]?.replace(/^\[|\]$/g, "") || "127.0.0.1", port };
}
