/** Bearer tokens as Docker's token servers sign them (distribution's "Token Authentication Specification"; RFC 7515, 7519). */
import { createPublicKey, verify, X509Certificate, type JsonWebKeyInput, type KeyObject } from "node:crypto";
import { EngineError } from "../../../base/mod.ts";
import type { Action } from "../routes.ts";

const LEEWAY_SECONDS = 60;
const MAX_TOKEN = 64 * 1024;
const MAX_CHAIN = 5;

export interface TokenKeys {
  readonly keys: readonly { readonly id: string | undefined; readonly key: KeyObject }[];
  /** Those that may vouch for a key that comes with a token. */
  readonly certificates: readonly X509Certificate[];
}

/** Certificates and public keys in PEM, or a JSON Web Key Set. @throws EngineError */
export function parseTokenKeys(text: string, path: string): TokenKeys {
  try {
    if (text.trimStart().startsWith("{")) return { keys: (JSON.parse(text) as { keys: (JsonWebKeyInput["key"] & { kid?: string })[] }).keys.map((jwk) => ({ id: jwk.kid, key: createPublicKey({ key: jwk, format: "jwk" }) })), certificates: [] };
    const blocks = text.match(/-----BEGIN ([A-Z ]+)-----[\s\S]+?-----END \1-----/g) ?? [];
    if (blocks.length === 0) throw new Error("there is no PEM block in it");
    const certificates = blocks.filter((block) => block.includes("CERTIFICATE")).map((block) => new X509Certificate(block));
    const bare = blocks.filter((block) => !block.includes("CERTIFICATE")).map((block) => createPublicKey(block));
    return { keys: [...bare, ...certificates.map(({ publicKey }) => publicKey)].map((key) => ({ id: undefined, key })), certificates };
  } catch (error) {
    throw new EngineError("InvalidParameter", `${path} holds no keys that tokens could be checked with: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export interface Token {
  readonly subject: string;
  readonly allows: (action: Action, name: string) => boolean;
  readonly mayListAll: boolean;
}

export interface TokenExpectation {
  readonly issuer: string;
  readonly service: string;
  readonly keys: TokenKeys;
}

/** @throws Error saying what is wrong with the token */
export function verifyToken(text: string, { issuer, service, keys }: TokenExpectation, nowMs = Date.now()): Token {
  const [head = "", body = "", signature = "", ...rest] = text.split(".");
  if (text.length > MAX_TOKEN || rest.length > 0 || signature === "") throw new Error("it is not a signed token");
  const header = parsePart(head);
  const signed = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, "base64url");
  if (!candidates(header, keys, nowMs).some((key) => isSignedBy(header["alg"], key, signed, bytes))) throw new Error("its signature is not one of the keys that are trusted");
  const claims = parsePart(body);
  const nowSeconds = nowMs / 1000;
  if (claims["iss"] !== issuer) throw new Error("another issuer made it");
  if (![claims["aud"]].flat().includes(service)) throw new Error("it is meant for another service");
  if (typeof claims["exp"] !== "number" || claims["exp"] + LEEWAY_SECONDS < nowSeconds) throw new Error("it has expired");
  if (typeof claims["nbf"] === "number" && claims["nbf"] - LEEWAY_SECONDS > nowSeconds) throw new Error("it is not valid yet");
  const access = (Array.isArray(claims["access"]) ? claims["access"] : []).filter(isAccess);
  const grants = (type: string, name: string, action: string): boolean => access.some((each) => each.type === type && each.name === name && (each.actions.includes(action) || each.actions.includes("*")));
  return { subject: String(claims["sub"] ?? ""), allows: (action, name) => grants("repository", name, action), mayListAll: grants("registry", "catalog", "*") };
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly unknown[];
}

function isAccess(value: unknown): value is Access {
  return typeof value === "object" && value !== null && "actions" in value && Array.isArray(value.actions) && "type" in value && "name" in value;
}

function parsePart(part: string): Record<string, unknown> {
  const parsed: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  if (typeof parsed !== "object" || parsed === null) throw new Error("it is not a signed token");
  return parsed as Record<string, unknown>;
}

/** Keys that the header leads to and that are trusted; a key in the header itself counts only with a chain of certificates. */
function candidates(header: Record<string, unknown>, { keys, certificates }: TokenKeys, nowMs: number): KeyObject[] {
  const chain = header["x5c"];
  if (Array.isArray(chain) && chain.length <= MAX_CHAIN && certificates.length > 0) {
    const leaf = trustedLeaf(chain.map((each) => new X509Certificate(Buffer.from(String(each), "base64"))), certificates, nowMs);
    return leaf ? [leaf.publicKey] : [];
  }
  const named = keys.filter(({ id }) => id !== undefined && id === header["kid"]);
  return (named.length > 0 ? named : keys.filter(({ id }) => id === undefined)).map(({ key }) => key);
}

function trustedLeaf(chain: readonly X509Certificate[], roots: readonly X509Certificate[], nowMs: number): X509Certificate | undefined {
  const isCurrent = (certificate: X509Certificate): boolean => Date.parse(certificate.validFrom) <= nowMs && nowMs <= Date.parse(certificate.validTo);
  for (const [i, certificate] of chain.entries()) {
    if (!isCurrent(certificate)) return undefined;
    if (roots.some((root) => isCurrent(root) && (root.fingerprint256 === certificate.fingerprint256 || (certificate.checkIssued(root) && certificate.verify(root.publicKey))))) return chain[0];
    const issuer = chain[i + 1];
    if (!issuer?.ca || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) return undefined;
  }
  return undefined;
}

/** The algorithm must be that of the key's kind: the token does not get to choose another. */
function isSignedBy(algorithm: unknown, key: KeyObject, signed: Uint8Array, signature: Uint8Array): boolean {
  if (algorithm === "RS256" && key.asymmetricKeyType === "rsa") return verify("sha256", signed, key, signature);
  if (algorithm === "ES256" && key.asymmetricKeyType === "ec" && key.asymmetricKeyDetails?.namedCurve === "prime256v1") return verify("sha256", signed, { key, dsaEncoding: "ieee-p1363" }, signature);
  return false;
}
