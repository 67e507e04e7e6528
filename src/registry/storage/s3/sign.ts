/** AWS Signature Version 4 ("Authenticating Requests", Amazon S3 API reference). */

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

export interface Signing {
  readonly credentials: Credentials;
  readonly region: string;
  readonly now: Date;
}

export interface SignedRequest {
  readonly method: string;
  readonly url: URL;
  /** Host is added. */
  readonly headers: Readonly<Record<string, string>>;
  /** Hex sha256 of the body, or UNSIGNED-PAYLOAD. */
  readonly payload: string;
}

export const UNSIGNED = "UNSIGNED-PAYLOAD";
const ALGORITHM = "AWS4-HMAC-SHA256";

/** The headers to send, with the signature among them. */
export function signed(request: SignedRequest, signing: Signing): Record<string, string> {
  const { accessKeyId, sessionToken } = signing.credentials;
  const headers: Record<string, string> = { ...lowerCase(request.headers), host: request.url.host, "x-amz-content-sha256": request.payload, "x-amz-date": timestamp(signing.now) };
  if (sessionToken !== undefined) headers["x-amz-security-token"] = sessionToken;
  const names = Object.keys(headers).sort();
  const signature = signatureOf(canonical(request, headers, names), signing);
  return { ...headers, authorization: `${ALGORITHM} Credential=${accessKeyId}/${scopeOf(signing)},SignedHeaders=${names.join(";")},Signature=${signature}` };
}

/** An address that anybody may GET for so many seconds. */
export function presigned(url: URL, seconds: number, signing: Signing): string {
  const { accessKeyId, sessionToken } = signing.credentials;
  const target = new URL(url);
  const parameters = { "X-Amz-Algorithm": ALGORITHM, "X-Amz-Credential": `${accessKeyId}/${scopeOf(signing)}`, "X-Amz-Date": timestamp(signing.now), "X-Amz-Expires": String(seconds), "X-Amz-SignedHeaders": "host" };
  for (const [name, value] of Object.entries(parameters)) target.searchParams.set(name, value);
  if (sessionToken !== undefined) target.searchParams.set("X-Amz-Security-Token", sessionToken);
  const signature = signatureOf(canonical({ method: "GET", url: target, headers: {}, payload: UNSIGNED }, { host: target.host }, ["host"]), signing);
  target.searchParams.set("X-Amz-Signature", signature);
  return target.href;
}

function canonical({ method, url, payload }: SignedRequest, headers: Readonly<Record<string, string>>, names: readonly string[]): string {
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort().join("&");
  const path = url.pathname.split("/").map((part) => encode(decodeURIComponent(part))).join("/");
  return [method, path, query, ...names.map((name) => `${name}:${(headers[name] ?? "").trim()}`), "", names.join(";"), payload].join("\n");
}

function signatureOf(request: string, signing: Signing): string {
  const text = [ALGORITHM, timestamp(signing.now), scopeOf(signing), sha256Hex(request)].join("\n");
  let key: Uint8Array = Buffer.from(`AWS4${signing.credentials.secretAccessKey}`);
  for (const part of scopeOf(signing).split("/")) key = hmac(key, part);
  return Buffer.from(hmac(key, text)).toString("hex");
}

const hmac = (key: Uint8Array, text: string): Uint8Array => new Bun.CryptoHasher("sha256", key).update(text).digest();
export const sha256Hex = (content: string | Uint8Array): string => new Bun.CryptoHasher("sha256").update(content).digest("hex");
const timestamp = (now: Date): string => now.toISOString().replace(/[-:]|\.\d+/g, "");
const scopeOf = ({ region, now }: Signing): string => `${timestamp(now).slice(0, 8)}/${region}/s3/aws4_request`;
const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
