import { EngineError } from "../../../base/mod.ts";
import { Refusal } from "../refusal.ts";
import { WatchedFile } from "./watched-file.ts";

const BCRYPT = /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/;
const REMEMBERED = 1000;
/** Each takes a processor for as long as the file's cost says. */
const CHECKS_AT_ONCE = 2;
const WAITING_CHECKS = 64;

export type Passwords = ReadonlyMap<string, string>;

/** Lines of `user:hash` as `htpasswd -B` writes them. @throws EngineError naming the line that is of another kind */
export function parseHtpasswd(text: string, path: string): Passwords {
  const users = new Map<string, string>();
  for (const [i, line] of text.split("\n").entries()) {
    const trimmed = line.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const colon = trimmed.indexOf(":");
    const hash = trimmed.slice(colon + 1);
    if (colon < 1) throw wrong(path, i, "it is not user:hash");
    if (!BCRYPT.test(hash)) throw wrong(path, i, `the password of ${trimmed.slice(0, colon)} is ${kindOf(hash)}, and only bcrypt is strong enough: set it again with htpasswd -B`);
    // What PHP and Apache call 2y is 2b.
    users.set(trimmed.slice(0, colon), hash.replace(/^\$2y/, "$2b"));
  }
  return users;
}

function kindOf(hash: string): string {
  if (hash.startsWith("$apr1$")) return "Apache's MD5 (apr1)";
  if (hash.startsWith("{SHA}")) return "plain SHA-1";
  return /^\$[156]\$/.test(hash) ? "of crypt(3)" : "not a hash that is known";
}

const wrong = (path: string, i: number, reason: string): EngineError => new EngineError("InvalidParameter", `${path}, line ${i + 1}: ${reason}`);

/** Who has which password. */
export class PasswordFile {
  readonly #file: WatchedFile<Passwords>;
  /** Keyed digests of what was right, with the hash it was right for: a check costs as much as a hundred requests. */
  readonly #right = new Map<string, string>();
  readonly #key = crypto.getRandomValues(new Uint8Array(32));
  /** Compared where there is no such user, so that time does not tell which users there are. */
  readonly #nobody = Bun.password.hash(crypto.randomUUID(), { algorithm: "bcrypt", cost: 10 });
  readonly #waiting: (() => void)[] = [];
  #checking = 0;

  /** @throws EngineError when the file cannot be used */
  constructor(path: string, report: (sentence: string) => void) {
    this.#file = new WatchedFile(path, parseHtpasswd, report);
  }

  /** @throws Refusal TOOMANYREQUESTS while too many others are being checked */
  async isRight(user: string, password: string): Promise<boolean> {
    const hash = this.#file.value.get(user);
    const remembered = new Bun.CryptoHasher("sha256", this.#key).update(`${user}\0${password}`).digest("hex");
    if (hash !== undefined && this.#right.get(remembered) === hash) return true;
    const right = (await this.#check(password, hash ?? (await this.#nobody))) && hash !== undefined;
    if (right) this.#remember(remembered, hash);
    return right;
  }

  async #check(password: string, hash: string): Promise<boolean> {
    if (this.#waiting.length >= WAITING_CHECKS) throw new Refusal("TOOMANYREQUESTS", "too many passwords are being checked: try again later", { headers: { "Retry-After": "5" } });
    if (this.#checking >= CHECKS_AT_ONCE) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#checking++;
    try {
      return await Bun.password.verify(password, hash);
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#checking--;
    }
  }

  #remember(key: string, hash: string): void {
    this.#right.set(key, hash);
    const oldest = this.#right.size > REMEMBERED ? this.#right.keys().next().value : undefined;
    if (oldest !== undefined) this.#right.delete(oldest);
  }
}
