import { messageOf } from "../../../base/mod.ts";
import { Refusal } from "../refusal.ts";
import type { Action } from "../routes.ts";
import { PasswordFile } from "./htpasswd.ts";
import { OWN, TokenIssuer } from "./issue.ts";
import { parseRules, rulesAllow, type Rule } from "./rules.ts";
import { parseTokenKeys, verifyToken, type Token, type TokenKeys } from "./token.ts";
import { WatchedFile } from "./watched-file.ts";

export interface AccessSettings {
  readonly htpasswd?: string | undefined;
  readonly rules?: string | undefined;
  readonly token?: TokenSettings | undefined;
  /** Makes tokens itself, of passwords and rules. */
  readonly issue?: IssueSettings | undefined;
}

export interface IssueSettings {
  /** File of a private key (P-256, PEM), which all servers of one address need to share; without one each start makes its own. */
  readonly key?: string | undefined;
  /** Where clients reach `/token`, when that is not where they reach the registry. */
  readonly realm?: string | undefined;
}

export interface TokenSettings {
  /** Where clients get tokens. */
  readonly realm: string;
  readonly service: string;
  readonly issuer: string;
  /** File of certificates, public keys or a key set. */
  readonly keys: string;
}

/** Whoever asks, as far as the request proves it. */
export interface Caller {
  /** Undefined: nobody in particular. */
  readonly user: string | undefined;
  readonly token: Token | undefined;
}

const NOBODY: Caller = { user: undefined, token: undefined };
const REALM = "registry";

/** Who asks, and what they may do. */
export class AccessControl {
  readonly #passwords: PasswordFile | undefined;
  readonly #rules: WatchedFile<readonly Rule[]> | undefined;
  readonly #token: TokenSettings | undefined;
  readonly #keys: { readonly value: TokenKeys } | undefined;
  readonly #issue: IssueSettings | undefined;
  readonly #issuer: TokenIssuer | undefined;

  /** @throws EngineError when a file cannot be used */
  constructor({ htpasswd, rules, token, issue }: AccessSettings, report: (sentence: string) => void) {
    if (htpasswd !== undefined) this.#passwords = new PasswordFile(htpasswd, report);
    if (rules !== undefined) this.#rules = new WatchedFile(rules, parseRules, report);
    this.#token = token;
    if (token) this.#keys = new WatchedFile(token.keys, parseTokenKeys, report);
    if (!issue) return;
    this.#issue = issue;
    this.#issuer = new TokenIssuer(issue.key);
    this.#keys = { value: this.#issuer.keys };
  }

  /** Undefined where others make the tokens, or nobody does. */
  get issuer(): TokenIssuer | undefined {
    return this.#issuer;
  }

  /** Nobody is asked who they are. */
  get isOpen(): boolean {
    return !this.#passwords && !this.#token && !this.#issuer;
  }

  /** @throws Refusal UNAUTHORIZED when what the request proves itself with is wrong */
  async identify(request: Request): Promise<Caller> {
    const header = request.headers.get("authorization");
    if (header === null || this.isOpen) return NOBODY;
    const [scheme = "", value = ""] = header.split(" ", 2);
    if (this.#passwords && scheme.toLowerCase() === "basic") return await this.#byPassword(request, value);
    if (this.#keys && scheme.toLowerCase() === "bearer") return this.#byToken(request, this.#token ?? OWN, this.#keys.value, value);
    throw this.#unauthorized(request, "this way to authenticate is not one of the registry's");
  }

  async #byPassword(request: Request, value: string): Promise<Caller> {
    const text = Buffer.from(value, "base64").toString("utf8");
    const colon = text.indexOf(":");
    return await this.byPassword(request, colon < 1 ? "" : text.slice(0, colon), text.slice(colon + 1));
  }

  /** @throws Refusal UNAUTHORIZED */
  async byPassword(request: Request, user: string, password: string): Promise<Caller> {
    if (user === "" || !(await this.#passwords?.isRight(user, password))) throw this.#unauthorized(request, "authentication required: user name or password is wrong");
    return { user, token: undefined };
  }

  #byToken(request: Request, { issuer, service }: Pick<TokenSettings, "issuer" | "service">, keys: TokenKeys, value: string): Caller {
    try {
      const token = verifyToken(value, { issuer, service, keys });
      return { user: token.subject || undefined, token };
    } catch (error) {
      throw this.#unauthorized(request, `authentication required: the token is not accepted: ${messageOf(error)}`, 'error="invalid_token"');
    }
  }

  allows({ user, token }: Caller, action: Action, name: string): boolean {
    if (this.#token && !this.#passwords && !token) return false;
    if (token && !token.allows(action, name)) return false;
    return this.#rules ? rulesAllow(this.#rules.value, user, action, name) : this.isOpen || user !== undefined || token !== undefined;
  }

  /** @throws Refusal UNAUTHORIZED for who could prove more, DENIED for who is known */
  require(request: Request, caller: Caller, action: Action, name: string): void {
    if (this.allows(caller, action, name)) return;
    const scope = `scope="repository:${name}:${action === "push" ? "pull,push" : action}"`;
    if (caller.token && !caller.token.allows(action, name)) throw this.#unauthorized(request, "authentication required: the token does not reach so far", `${scope},error="insufficient_scope"`);
    if (caller === NOBODY && !this.isOpen) throw this.#unauthorized(request, "authentication required", scope);
    throw new Refusal("DENIED", `requested access to the resource is denied: ${action} of ${name}`);
  }

  /** Whoever is known, where anybody is asked who they are. */
  requireKnown(request: Request, caller: Caller): void {
    if (!this.isOpen && caller === NOBODY) throw this.#unauthorized(request, "authentication required");
  }

  /** @throws Refusal UNAUTHORIZED: with tokens, the list of all repositories has a scope of its own */
  requireCatalog(request: Request, caller: Caller): void {
    this.requireKnown(request, caller);
    if (caller.token && !caller.token.mayListAll) throw this.#unauthorized(request, "authentication required", 'scope="registry:catalog:*",error="insufficient_scope"');
  }

  #unauthorized(request: Request, message: string, parameters = ""): Refusal {
    const more = parameters === "" ? "" : `,${parameters}`;
    const bearer = this.#token ?? (this.#issue && { realm: this.#issue.realm ?? realmOf(request), service: OWN.service });
    const challenge = bearer ? `Bearer realm="${bearer.realm}",service="${bearer.service}"${more}` : `Basic realm="${REALM}"`;
    return new Refusal("UNAUTHORIZED", message, { headers: { "WWW-Authenticate": challenge } });
  }
}

/** Where the client itself says that it has reached us, over TLS or not; a proxy in front that ends TLS says so. */
function realmOf({ headers, url }: Request): string {
  const host = headers.get("host") ?? "";
  const forwarded = headers.get("x-forwarded-proto");
  const scheme = forwarded === "https" || forwarded === "http" ? forwarded : url.startsWith("https:") ? "https" : "http";
  return `${scheme}://${/^[A-Za-z0-9.\-:[\]]+$/.test(host) ? host : "localhost"}/token`;
}
