import { open, utimes } from "node:fs/promises";
import { join } from "node:path";
import { EngineError, messageOf } from "../../base/mod.ts";
import { digestOf } from "../graph/make-vertex.ts";
import type { HttpSource } from "../graph/op.ts";
import type { SourceProgress } from "../solver/ports.ts";

const MAX_BYTES = 64 * 1024 ** 3;
const ANSWER_MS = 60_000;

/** The proxy for a URL, if there is one. */
export type ProxyFor = (url: string) => string | undefined;

/** What changes when the file does, by the server's word; what it says nothing of is another file each time. @throws EngineError */
export async function httpValidator(url: string, proxyFor: ProxyFor, signal: AbortSignal): Promise<string> {
  const { ok, headers } = await request(url, "HEAD", proxyFor, signal).catch((error: unknown) => {
    throw error instanceof EngineError ? new EngineError(error.kind, `failed to load cache key: ${error.message}`, { cause: error }) : error;
  });
  const said = ["etag", "last-modified"].map((name) => headers.get(name)).filter((value) => value !== null);
  return ok && said.length > 0 ? digestOf([said, headers.get("content-length")]) : crypto.randomUUID();
}

/** Fills an empty folder with the file at a URL. */
export async function fetchHttp(op: HttpSource, folder: string, progress: SourceProgress, proxyFor: ProxyFor, signal: AbortSignal): Promise<void> {
  const response = await request(op.url, "GET", proxyFor, signal);
  if (!response.ok || !response.body) throw new EngineError("InvalidParameter", `invalid response status ${response.status}`);
  const total = Number(response.headers.get("content-length")) || undefined;
  const path = join(folder, op.fileName);
  const hasher = new Bun.CryptoHasher("sha256");
  await using file = await open(path, "wx", op.mode);
  let size = 0;
  for await (const bytes of response.body) {
    signal.throwIfAborted();
    size += bytes.length;
    if (size > MAX_BYTES) throw new EngineError("TooLarge", `${op.url} is larger than ${MAX_BYTES} bytes`);
    hasher.update(bytes);
    await file.write(bytes);
    progress.status(op.fileName, size, total, false);
  }
  progress.status(op.fileName, size, total, true);
  const digest = `sha256:${hasher.digest("hex")}`;
  if (op.checksum !== undefined && op.checksum !== digest) throw new EngineError("InvalidParameter", `digest mismatch ${digest}: ${op.checksum}`);
  await file.chmod(op.mode);
  const modified = Date.parse(response.headers.get("last-modified") ?? "") || 0;
  await utimes(path, modified / 1000, modified / 1000);
  await utimes(folder, modified / 1000, modified / 1000);
}

/** By fetch's codes, in Go's words. */
const DIAL_WORDS: Readonly<Record<string, string>> = { ECONNREFUSED: "connection refused", ConnectionRefused: "connection refused", EHOSTUNREACH: "no route to host", ENETUNREACH: "network is unreachable", ETIMEDOUT: "connection timed out", ECONNRESET: "connection reset by peer" };

function dialText({ hostname, protocol, port }: URL, error: unknown): string {
  const { code = "" } = Object(error) as { readonly code?: string };
  if (code === "ENOTFOUND" || code.startsWith("EAI_")) return `dial tcp: lookup ${hostname}: no such host`;
  const words = DIAL_WORDS[code];
  return words === undefined ? messageOf(error) : `dial tcp ${hostname}:${port || (protocol === "https:" ? 443 : 80)}: connect: ${words}`;
}

async function request(url: string, method: "GET" | "HEAD", proxyFor: ProxyFor, signal: AbortSignal): Promise<Response> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new EngineError("Unavailable", `no answer in ${ANSWER_MS / 1000} s`)), ANSWER_MS);
  const proxy = proxyFor(url);
  try {
    return await fetch(url, { method, signal: AbortSignal.any([signal, late.signal]), headers: { "Accept-Encoding": "identity" }, ...(proxy !== undefined && { proxy }) });
  } catch (error) {
    signal.throwIfAborted();
    throw new EngineError("InvalidParameter", `Get ${JSON.stringify(url)}: ${dialText(new URL(url), error)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
