import { messageOf } from "../../../base/mod.ts";
import { Refusal } from "../refusal.ts";
import type { Action } from "../routes.ts";
import { PasswordFile } from "./htpasswd.ts";
import { parseRules, rulesAllow, type Rule } from "./rules.ts";
import { parseTokenKeys, verifyToken, type Token, type TokenKeys } from "./token.ts";
import { WatchedFile } from "./watched-file.ts";

export interface AccessSettings {
  readonly htpasswd?: string | undefined;
  readonly rules?: string | undefined;
  readonly token?: TokenSettings | undefined;
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
  readonly #keys: WatchedFile<TokenKeys> | undefined;

  /** @throws EngineError when a file cannot be used */
  constructor({ htpasswd, rules, token }: AccessSettings, report: (sentence: string) => void) {
    if (htpasswd !== undefined) this.#passwords = new PasswordFile(htpasswd, report);
    if (rules !== undefined) this.#rules = new WatchedFile(rules, parseRules, report);
    this.#token = token;
    if (token) this.#keys = new WatchedFile(token.keys, parseTokenKeys, report);
  }

  /** Nobody is asked who they are. */
  get isOpen(): boolean {
    return !this.#passwords && !this.#token;
  }

  /** @throws Refusal UNAUTHORIZED when what the request proves itself with is wrong */
  async identify(request: Request): Promise<Caller> {
    const header = request.headers.get("authorization");
    if (header === null || this.isOpen) return NOBODY;
    const [scheme = "", value = ""] = header.split(" ", 2);
    if (this.#passwords && scheme.toLowerCase() === "basic") return await this.#byPassword(this.#passwords, value);
    if (this.#token && this.#keys && scheme.toLowerCase() === "bearer") return this.#byToken(this.#token, this.#keys, value);
    throw this.#unauthorized("this way to authenticate is not one of the registry's");
  }

  async #byPassword(passwords: PasswordFile, value: string): Promise<Caller> {
    const text = Buffer.from(value, "base64").toString("utf8");
    const colon = text.indexOf(":");
    const user = text.slice(0, colon);
    if (colon < 1 || !(await passwords.isRight(user, text.slice(colon + 1)))) throw this.#unauthorized("authentication required: user name or password is wrong");
    return { user, token: undefined };
  }

  #byToken({ issuer, service }: TokenSettings, keys: WatchedFile<TokenKeys>, value: string): Caller {
    try {
      const token = verifyToken(value, { issuer, service, keys: keys.value });
      return { user: token.subject || undefined, token };
    } catch (error) {
      throw this.#unauthorized(`authentication required: the token is not accepted: ${messageOf(error)}`, 'error="invalid_token"');
    }
  }

  allows({ user, token }: Caller, action: Action, name: string): boolean {
    if (this.#token && !this.#passwords && !token) return false;
    if (token && !token.allows(action, name)) return false;
    return this.#rules ? rulesAllow(this.#rules.value, user, action, name) : this.isOpen || user !== undefined || token !== undefined;
  }

  /** @throws Refusal UNAUTHORIZED for who could prove more, DENIED for who is known */
  require(caller: Caller, action: Action, name: string): void {
    if (this.allows(caller, action, name)) return;
    const scope = `scope="repository:${name}:${action === "push" ? "pull,push" : action}"`;
    if (caller.token && !caller.token.allows(action, name)) throw this.#unauthorized("authentication required: the token does not reach so far", `${scope},error="insufficient_scope"`);
    if (caller === NOBODY && !this.isOpen) throw this.#unauthorized("authentication required", scope);
    throw new Refusal("DENIED", `requested access to the resource is denied: ${action} of ${name}`);
  }

  /** Whoever is known, where anybody is asked who they are. */
  requireKnown(caller: Caller): void {
    if (!this.isOpen && caller === NOBODY) throw this.#unauthorized("authentication required");
  }

  /** @throws Refusal UNAUTHORIZED: with tokens, the list of all repositories has a scope of its own */
  requireCatalog(caller: Caller): void {
    this.requireKnown(caller);
    if (caller.token && !caller.token.mayListAll) throw this.#unauthorized("authentication required", 'scope="registry:catalog:*",error="insufficient_scope"');
  }

  #unauthorized(message: string, parameters = ""): Refusal {
    const more = parameters === "" ? "" : `,${parameters}`;
    const challenge = this.#token ? `Bearer realm="${this.#token.realm}",service="${this.#token.service}"${more}` : `Basic realm="${REALM}"`;
    return new Refusal("UNAUTHORIZED", message, { headers: { "WWW-Authenticate": challenge } });
  }
}
