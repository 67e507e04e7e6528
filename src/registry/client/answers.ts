import type { ErrorKind } from "../../base/mod.ts";
import { TransportError, type HttpResponse } from "../http/mod.ts";
import { parseChallenges } from "./challenge.ts";
import { RegistryError } from "./errors.ts";

/** Refusals as Docker's distribution client words them (distribution spec, "Error Codes"). */

const MAX_ERROR_BYTES = 64 * 1024;

/** The error in a refusal, whose body it reads. @param ownHost the answer comes from the registry itself: what others say is not repeated */
export async function refusal(response: HttpResponse, ownHost: boolean): Promise<RegistryError> {
  const { status, reason, headers } = response;
  const text = await readText(response);
  const transient = status >= 500 || status === 429 || status === 408;
  const retryAfterMs = parseRetryAfter(headers.get("retry-after"));
  const details = { status, transient, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (status < 400 || status > 499 || !ownHost) return new RegistryError(kindOf(status, undefined), `received unexpected HTTP status: ${status} ${reason}`, details);
  const { code, message } = bearerWords(headers.get("www-authenticate")) ?? bodyWords(status, text, /\bjson\b/i.test(headers.get("content-type") ?? ""));
  return new RegistryError(kindOf(status, code), message, { ...details, ...(code !== undefined && { code }) });
}

interface Words {
  readonly code?: string;
  readonly message: string;
}

/** RFC 6750, section 3.1: an error told in the challenge. */
function bearerWords(authenticate: string | undefined): { code: string; message: string } | undefined {
  for (const { scheme, parameters } of parseChallenges(authenticate ?? "")) {
    if (scheme !== "bearer") continue;
    const description = parameters.get("error_description");
    if (parameters.get("error") === "invalid_token") return { code: "UNAUTHORIZED", message: `unauthorized: ${description || "authentication required"}` };
    if (parameters.get("error") === "insufficient_scope") return { code: "DENIED", message: `denied: ${description || "requested access to the resource is denied"}` };
  }
  return undefined;
}

/** What a status means by itself. */
const STATUS_CODES: Readonly<Record<number, string>> = { 401: "UNAUTHORIZED", 403: "DENIED", 429: "TOOMANYREQUESTS" };

/** @param saidToBeJson a body that is not is then itself worth telling of */
function bodyWords(status: number, text: string, saidToBeJson: boolean): Words {
  const byStatus = (words: string): Words => ({ code: STATUS_CODES[status] ?? "UNKNOWN", message: `${spoken(STATUS_CODES[status] ?? "UNKNOWN")}: ${words}` });
  const problem = (words: string): Words => {
    if (!saidToBeJson) return byStatus(text);
    return status === 401 ? byStatus(DEFAULT_WORDS["UNAUTHORIZED"] ?? "") : { message: `error parsing HTTP ${status} response body: ${words}: ${JSON.stringify(text)}` };
  };
  let body: { details?: unknown; errors?: unknown };
  try {
    body = Object(JSON.parse(text)) as typeof body;
  } catch {
    return problem(text === "" ? "unexpected end of JSON input" : `invalid character '${[...text][0]}' looking for beginning of value`);
  }
  if (typeof body.details === "string" && body.details !== "") return byStatus(body.details);
  const [first] = (Array.isArray(body.errors) ? body.errors : []).map(errorWords).filter((words) => words !== undefined);
  return first ?? problem("no error details found in HTTP response body");
}

const spoken = (code: string): string => code.toLowerCase().replaceAll("_", " ");

const DEFAULT_WORDS: Readonly<Record<string, string>> = {
  BLOB_UNKNOWN: "blob unknown to registry",
  BLOB_UPLOAD_INVALID: "blob upload invalid",
  BLOB_UPLOAD_UNKNOWN: "blob upload unknown to registry",
  DENIED: "requested access to the resource is denied",
  DIGEST_INVALID: "provided digest did not match uploaded content",
  MANIFEST_BLOB_UNKNOWN: "blob unknown to registry",
  MANIFEST_INVALID: "manifest invalid",
  MANIFEST_UNKNOWN: "manifest unknown",
  NAME_INVALID: "invalid repository name",
  NAME_UNKNOWN: "repository name not known to registry",
  SIZE_INVALID: "provided length did not match content length",
  TAG_INVALID: "manifest tag did not match URI",
  TOOMANYREQUESTS: "too many requests",
  UNAUTHORIZED: "authentication required",
  UNAVAILABLE: "service unavailable",
  UNKNOWN: "unknown error",
  UNSUPPORTED: "The operation is unsupported.",
};

function errorWords(error: unknown): { code: string; message: string } | undefined {
  if (typeof error !== "object" || error === null || !("code" in error) || typeof error.code !== "string") return undefined;
  const code = Object.hasOwn(DEFAULT_WORDS, error.code.toUpperCase()) ? error.code.toUpperCase() : "UNKNOWN";
  const message = "message" in error && typeof error.message === "string" && error.message !== "" ? error.message : (DEFAULT_WORDS[code] ?? "");
  return { code, message: `${spoken(code)}: ${message}` };
}

function kindOf(status: number, code: string | undefined): ErrorKind {
  if (code === "DENIED" || status === 403) return "Forbidden";
  if (code === "UNAUTHORIZED" || status === 401) return "Unauthorized";
  if (status === 404) return "NotFound";
  if (status === 409) return "Conflict";
  if (status === 413) return "TooLarge";
  if (status === 429 || status === 503) return "Unavailable";
  return status < 500 ? "InvalidParameter" : "System";
}

function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** A body that nobody will miss the end of. */
export async function readText(response: HttpResponse, maxBytes = MAX_ERROR_BYTES): Promise<string> {
  const pieces: Uint8Array[] = [];
  let left = maxBytes;
  try {
    for await (const chunk of response.body) {
      pieces.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left <= 0) break;
    }
  } catch {
    // What has come will have to do.
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** A whole body. @throws RegistryError when it is longer than it may be */
export async function readAll(response: HttpResponse, maxBytes: number, what: string): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response.body) {
      length += chunk.length;
      if (length > maxBytes) throw new RegistryError("System", `${what} is larger than ${maxBytes} bytes, which is the limit`);
      pieces.push(chunk);
    }
  } catch (error) {
    if (error instanceof TransportError) throw new RegistryError("System", `${what}: ${error.message}`, { transient: error.failure === "cut" }, { cause: error });
    throw error;
  }
  return Buffer.concat(pieces, length);
}
