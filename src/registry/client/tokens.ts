import { createHash } from "node:crypto";
import type { HttpResponse } from "../http/mod.ts";
import { readAll, refusal } from "./answers.ts";
import { parseHttpUrl } from "./endpoints.ts";
import { RegistryError } from "./errors.ts";
import type { RegistryAuth } from "./types.ts";

/** What a registry says about where its tokens come from (distribution spec's token authentication). */
export interface TokenSource {
  readonly realm: URL;
  readonly service: string;
}

export interface Token {
  readonly token: string;
  /** Given at a login only; stands for name and password from then on. */
  readonly refreshToken: string;
  readonly expiresAt: number;
}

export type Send = (url: URL, request: { method: "GET" | "POST"; headers: Record<string, string>; form?: string }) => Promise<HttpResponse>;

const MAX_TOKEN_BYTES = 1 << 20;
const DEFAULT_LIFE_S = 60;
/** Renewed so much before its end, for a request takes time too. */
const MARGIN_MS = 5_000;
const TOKENS_KEPT = 1000;
/** Docker's own; servers keep refresh tokens by it. */
const CLIENT_ID = "docker";

/** @param secure the registry is reached over TLS, so its passwords go over nothing less. @throws RegistryError */
export function tokenSource(parameters: ReadonlyMap<string, string>, secure: boolean): TokenSource {
  const written = parameters.get("realm") ?? "";
  const realm = parseHttpUrl(written);
  if (!realm) throw new RegistryError("System", `the registry names no usable place to get a token from: ${JSON.stringify(written)}`);
  if (secure && realm.protocol !== "https:") throw new RegistryError("System", `the registry is reached over TLS and its tokens must be too, but they are at ${JSON.stringify(written)}`);
  return { realm, service: parameters.get("service") ?? "" };
}

/** Tokens by who asks whom for what, so that no user is served with another's. */
export class TokenCache {
  readonly #tokens = new Map<string, Promise<Token>>();

  async get(source: TokenSource, scopes: readonly string[], auth: RegistryAuth, fetch: () => Promise<Token>): Promise<string> {
    const key = keyOf(source, scopes, auth);
    const known = this.#tokens.get(key);
    if (known) {
      const token = await known;
      if (token.expiresAt - MARGIN_MS > Date.now()) return token.token;
    }
    const current = this.#tokens.get(key);
    const renewal = current && current !== known ? current : this.#remember(key, fetch());
    return (await renewal).token;
  }

  /** A token that was refused; the one that another request has brought meanwhile stays. */
  async forget(source: TokenSource, scopes: readonly string[], auth: RegistryAuth, refused: string): Promise<void> {
    const key = keyOf(source, scopes, auth);
    const known = this.#tokens.get(key);
    const token = await known?.catch(() => undefined);
    if (token?.token === refused && this.#tokens.get(key) === known) this.#tokens.delete(key);
  }

  #remember(key: string, token: Promise<Token>): Promise<Token> {
    if (this.#tokens.size >= TOKENS_KEPT) this.#tokens.clear();
    this.#tokens.set(key, token);
    token.catch(() => {
      if (this.#tokens.get(key) === token) this.#tokens.delete(key);
    });
    return token;
  }
}

/** Secrets are keys only as digests. */
const keyOf = ({ realm, service }: TokenSource, scopes: readonly string[], { username, password, identityToken }: RegistryAuth): string =>
  createHash("sha256")
    .update(JSON.stringify([realm.href, service, scopes, username, password, identityToken]))
    .digest("base64");

/** @param offline asks for a refresh token too @throws RegistryError Unauthorized and others */
export async function fetchToken(send: Send, source: TokenSource, scopes: readonly string[], auth: RegistryAuth, offline = false): Promise<Token> {
  if (auth.identityToken) return parseToken(await askByForm(send, source, scopes, { grant_type: "refresh_token", refresh_token: auth.identityToken }));
  const response = await askByQuery(send, source, scopes, auth, offline);
  if (!auth.username || (response.status !== 404 && response.status !== 405)) return parseToken(response);
  await response.discard();
  // A server that knows the OAuth2 form only.
  return parseToken(await askByForm(send, source, scopes, { grant_type: "password", username: auth.username, password: auth.password ?? "", ...(offline && { access_type: "offline" }) }));
}

function askByForm(send: Send, { realm, service }: TokenSource, scopes: readonly string[], grant: Record<string, string>): Promise<HttpResponse> {
  const form = new URLSearchParams({ ...grant, service, client_id: CLIENT_ID, ...(scopes.length > 0 && { scope: scopes.join(" ") }) });
  return send(realm, { method: "POST", headers: { "Content-Type": "application/x-www-form-urlencoded" }, form: form.toString() });
}

function askByQuery(send: Send, { realm, service }: TokenSource, scopes: readonly string[], auth: RegistryAuth, offline: boolean): Promise<HttpResponse> {
  const url = new URL(realm);
  if (service !== "") url.searchParams.append("service", service);
  for (const scope of scopes) url.searchParams.append("scope", scope);
  if (offline) {
    url.searchParams.append("offline_token", "true");
    url.searchParams.append("client_id", CLIENT_ID);
  }
  if (auth.username) url.searchParams.append("account", auth.username);
  return send(url, { method: "GET", headers: auth.username ? { Authorization: basicAuthorization(auth) } : {} });
}

export const basicAuthorization = ({ username = "", password = "" }: RegistryAuth): string => `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;

async function parseToken(response: HttpResponse): Promise<Token> {
  if (response.status < 200 || response.status > 299) throw await refusal(response, true);
  const bytes = await readAll(response, MAX_TOKEN_BYTES, "the token server's answer");
  let body: Record<string, unknown>;
  try {
    body = Object(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch {
    throw new RegistryError("System", "unable to decode token response: it is not JSON");
  }
  const textOf = (name: string): string => (typeof body[name] === "string" ? body[name] : "");
  const token = textOf("access_token") || textOf("token");
  if (token === "" || /[^\x21-\x7e]/.test(token)) throw new RegistryError("System", "authorization server did not include a token in the response");
  const life = typeof body["expires_in"] === "number" ? body["expires_in"] : 0;
  const issued = Date.parse(textOf("issued_at"));
  // A clock that goes wrong, here or there, must not make every token look expired.
  const from = Number.isNaN(issued) || Math.abs(issued - Date.now()) > 60_000 ? Date.now() : issued;
  return { token, refreshToken: textOf("refresh_token"), expiresAt: from + Math.max(life, DEFAULT_LIFE_S) * 1000 };
}
