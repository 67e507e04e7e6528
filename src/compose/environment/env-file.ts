import { substitute, type Lookup } from "../interpolation/template.ts";

/** `NAME=value` lines as docker-compose reads them: quotes, escapes, comments, `export`, variables, values of several lines. */

const SPACE = /[\t\v\f\r \u0085\u00a0]/;
const ESCAPE = /\\(?:[abcfnrtv$"\\]|0\d{0,3})/g;
const ESCAPES: Readonly<Record<string, string>> = { a: "\x07", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t", v: "\v", '"': '"', "\\": "\\", $: "$$" };

/**
 * Adds the variables of an env file to `variables`. Values may name variables: those that `lookup` knows, then those read before.
 * @throws Error `line 3: …`
 */
export function readEnvFile(text: string, variables: Map<string, string>, lookup: Lookup): void {
  const reader = new EnvReader(text.replace(/^\uFEFF/, ""));
  const known: Lookup = {
    get: (name) => lookup.get(name) ?? variables.get(name),
    unset: (name) => lookup.unset?.(name),
  };
  for (let statement = reader.next(); statement; statement = reader.next()) {
    const { name, value, isLiteral } = statement;
    const settled = value === undefined ? lookup.get(name) : isLiteral ? value : substitute(value, known);
    if (settled !== undefined) variables.set(name, settled);
  }
}

interface Statement {
  readonly name: string;
  /** Nothing: the name stands alone, and means the variable of the environment. */
  readonly value: string | undefined;
  readonly isLiteral: boolean;
}

class EnvReader {
  #at = 0;

  constructor(readonly text: string) {}

  next(): Statement | undefined {
    this.#skipToStatement();
    if (this.#at >= this.text.length) return undefined;
    const { name, isAlone } = this.#name();
    if (name.includes(" ")) throw this.#error("key cannot contain a space");
    if (isAlone) return { name, value: undefined, isLiteral: true };
    while (this.#at < this.text.length && SPACE.test(this.text.charAt(this.#at))) this.#at++;
    const quote = this.text.charAt(this.#at);
    if (quote === '"') return { name, value: unescape(this.#quoted(quote)), isLiteral: false };
    if (quote === "'") return { name, value: this.#quoted(quote), isLiteral: true };
    return { name, value: this.#unquoted(), isLiteral: false };
  }

  #skipToStatement(): void {
    for (;;) {
      while (this.#at < this.text.length && /\s/.test(this.text.charAt(this.#at))) this.#at++;
      if (this.text.charAt(this.#at) !== "#") return;
      this.#at = this.#lineEnd();
    }
  }

  #name(): { name: string; isAlone: boolean } {
    const exported = /export\s+/y;
    exported.lastIndex = this.#at;
    this.#at += exported.exec(this.text)?.[0].length ?? 0;
    const start = this.#at;
    for (; this.#at < this.text.length; this.#at++) {
      const letter = this.text.charAt(this.#at);
      if (letter === "=" || letter === ":") return { name: this.text.slice(start, this.#at++).trimEnd(), isAlone: false };
      if (letter === "\n") break;
      if (!SPACE.test(letter) && !/[\p{L}\p{N}_.[\]-]/u.test(letter)) {
        throw this.#error(`unexpected character ${JSON.stringify(letter)} in variable name ${JSON.stringify(this.text.slice(start, this.#lineEnd()))}`);
      }
    }
    return { name: this.text.slice(start, this.#at).trimEnd(), isAlone: true };
  }

  #unquoted(): string {
    const end = this.#lineEnd();
    const line = this.text.slice(this.#at, end);
    this.#at = end;
    const comment = line.indexOf(" #");
    return (comment < 0 ? line : line.slice(0, comment)).trimEnd();
  }

  #quoted(quote: string): string {
    let value = "";
    for (let at = this.#at + 1; at < this.text.length; at++) {
      const letter = this.text.charAt(at);
      const next = this.text.charAt(at + 1);
      if (letter === quote) {
        this.#at = at + 1;
        return value;
      }
      if (letter === "\\" && next !== "") {
        value += next === quote ? next : letter + next;
        at++;
      } else value += letter;
    }
    throw this.#error(`unterminated quoted value ${this.text.slice(this.#at, this.#lineEnd())}`);
  }

  #lineEnd(): number {
    const end = this.text.indexOf("\n", this.#at);
    return end < 0 ? this.text.length : end;
  }

  #error(message: string): Error {
    return new Error(`line ${this.text.slice(0, this.#at).split("\n").length}: ${message}`);
  }
}

function unescape(text: string): string {
  return text.replace(ESCAPE, (escape) => {
    const letter = escape.charAt(1);
    const octal = escape.slice(2);
    if (letter === "0") return octal.length === 3 ? String.fromCharCode(Number.parseInt(octal, 8)) : escape;
    return ESCAPES[letter] ?? escape;
  });
}

/** The format `raw`: as `docker run --env-file` reads it, nothing is quoted and nothing replaced. @throws Error */
export function readRawEnvFile(text: string, variables: Map<string, string>, lookup: Lookup): void {
  for (const line of text.replace(/^\uFEFF/, "").split("\n")) {
    const statement = line.replace(/\r$/, "").trimStart();
    if (statement === "" || statement.startsWith("#")) continue;
    const at = statement.indexOf("=");
    const name = at < 0 ? statement : statement.slice(0, at);
    if (name === "") throw new Error(`no variable name on line '${statement}'`);
    if (/\s/.test(at < 0 ? name.trim() : name)) throw new Error(`variable '${name}' contains whitespaces`);
    const value = at < 0 ? lookup.get(name.trim()) : statement.slice(at + 1);
    if (value !== undefined) variables.set(name.trim(), value);
  }
}
