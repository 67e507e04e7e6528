import type { ErrorKind } from "../../base/mod.ts";
import { TransportError, type HttpResponse } from "../http/mod.ts";
import { parseChallenges } from "./challenge.ts";
import { RegistryError } from "./errors.ts";

/** Refusals as Docker's distribution client words them (distribution spec, "Error Codes"). */

const MAX_ERROR_BYTES = 64 * 1024;

/** The words that Docker shows for each code; of others the code itself is shown. */
const CODE_WORDS: Readonly<Record<string, string>> = { TOOMANYREQUESTS: "toomanyrequests" };

/** The error in a refusal, whose body it reads. @param ownHost the answer comes from the registry itself: what others say is not repeated */
export async function refusal(response: HttpResponse, ownHost: boolean): Promise<RegistryError> {
  const { status, reason, headers } = response;
  const text = await readText(response);
  const transient = status >= 500 || status === 429 || status === 408;
  const retryAfterMs = parseRetryAfter(headers.get("retry-after"));
  const details = { status, transient, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  if (status < 400 || status > 499 || !ownHost) return new RegistryError(kindOf(status, undefined), `received unexpected HTTP status: ${status} ${reason}`, details);
  const { code, message } = wordsOf(status, text, headers.get("www-authenticate"));
  return new RegistryError(kindOf(status, code), message, { ...details, ...(code !== undefined && { code }) });
}

interface Words {
  readonly code?: string;
  readonly message: string;
}

function wordsOf(status: number, text: string, authenticate: string | undefined): Words {
  const spoken = bodyWords(status, text);
  const header = bearerWords(authenticate);
  if (header) return spoken.code === undefined || spoken.code === header.code ? header : { code: header.code, message: `errors:\n${header.message}\n${spoken.message}\n` };
  if (spoken.code === undefined && status === 401) return { code: "UNAUTHORIZED", message: "unauthorized: authentication required" };
  return spoken;
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

function bodyWords(status: number, text: string): Words {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    const problem = text === "" ? "unexpected end of JSON input" : `invalid character '${[...text][0]}' looking for beginning of value`;
    return { message: `error parsing HTTP ${status} response body: ${problem}: ${JSON.stringify(text)}` };
  }
  const member = (name: string): unknown => (typeof body === "object" && body !== null && name in body ? (body as Record<string, unknown>)[name] : undefined);
  const detail = member("details");
  if (typeof detail === "string" && detail !== "") {
    if (status === 401) return { code: "UNAUTHORIZED", message: `unauthorized: ${detail}` };
    if (status === 429) return { code: "TOOMANYREQUESTS", message: `toomanyrequests: ${detail}` };
    if (status === 403) return { code: "DENIED", message: `denied: ${detail}` };
    return { code: "UNKNOWN", message: `unknown: ${detail}` };
  }
  const errors = member("errors");
  const words = (Array.isArray(errors) ? errors : []).map(errorWords).filter((found) => found !== undefined);
  const [first] = words;
  if (!first) return { message: `error parsing HTTP ${status} response body: no error details found in HTTP response body: ${JSON.stringify(text)}` };
  return words.length === 1 ? first : { ...first, message: `errors:\n${words.map(({ message }) => `${message}\n`).join("")}` };
}

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
  UNSUPPORTED: "The operation is unsupported.",
};

function errorWords(error: unknown): { code: string; message: string } | undefined {
  if (typeof error !== "object" || error === null || !("code" in error) || typeof error.code !== "string") return undefined;
  const code = error.code.toUpperCase();
  const message = "message" in error && typeof error.message === "string" && error.message !== "" ? error.message : (DEFAULT_WORDS[code] ?? "unknown error");
  return { code, message: `${CODE_WORDS[code] ?? code.toLowerCase().replaceAll("_", " ")}: ${message}` };
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
