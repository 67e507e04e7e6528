import { createHash } from "node:crypto";
import { EngineError } from "../../base/mod.ts";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>;

/** The lines of an answer that opens a WebSocket (RFC 6455, 4.2). @throws EngineError InvalidParameter when the request asks for none */
export function acceptWebSocket(headers: RequestHeaders): string {
  const one = (name: string): string => [headers[name] ?? ""].flat().join(", ");
  if (one("upgrade").toLowerCase() !== "websocket" || !/\bupgrade\b/i.test(one("connection"))) throw new EngineError("InvalidParameter", "not websocket protocol");
  if (one("sec-websocket-version") !== "13") throw new EngineError("InvalidParameter", "missing or bad WebSocket Version");
  const key = one("sec-websocket-key").trim();
  if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) throw new EngineError("InvalidParameter", "bad WebSocket key: it must be 16 bytes in base64");
  const protocol = one("sec-websocket-protocol").trim();
  const accept = createHash("sha1").update(key + GUID).digest("base64");
  return [
    "HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", `Sec-WebSocket-Accept: ${accept}`,
    ...(/^[\w!#$%&'*+.^`|~-]{1,128}$/.test(protocol) ? [`Sec-WebSocket-Protocol: ${protocol}`] : []), "", "",
  ].join("\r\n");
}
