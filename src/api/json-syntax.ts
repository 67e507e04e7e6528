import { EngineError } from "../base/mod.ts";

/** Go's decoder refuses at 10,000; no request comes near a tenth of that, and our parsers recurse. */
const MAX_DEPTH = 1000;

/**
 * Parses a JSON body. @throws EngineError InvalidParameter in the words of Docker's decoder
 */
export function parseJson(text: string): unknown {
  if (text.trim() === "") throw wrong("got EOF while reading request body");
  checkDepth(text);
  try {
    return JSON.parse(text);
  } catch {
    throw new Syntax(text).explain();
  }
}

const wrong = (reason: string): EngineError => new EngineError("InvalidParameter", `invalid JSON: ${reason}`);

function checkDepth(text: string): void {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (quoted) {
      if (c === 0x5c) i++;
      else if (c === 0x22) quoted = false;
    } else if (c === 0x22) quoted = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) throw wrong("exceeded max depth");
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
}

/** Walks text that is no JSON up to the place where it goes wrong. */
class Syntax {
  #at = 0;

  constructor(readonly text: string) {}

  explain(): EngineError {
    try {
      this.#space();
      this.#value();
    } catch (error) {
      if (error instanceof EngineError) return error;
      throw error;
    }
    this.#space();
    return this.#at < this.text.length ? new EngineError("InvalidParameter", "unexpected content after JSON") : wrong("unexpected EOF");
  }

  #peek(): string {
    const c = this.text[this.#at];
    if (c === undefined) throw wrong("unexpected EOF");
    return c;
  }

  #refuse(context: string): never {
    throw wrong(`invalid character ${quoteCharacter(this.#peek())} ${context}`);
  }

  #space(): void {
    while (/[ \t\r\n]/.test(this.text[this.#at] ?? "")) this.#at++;
  }

  #value(): void {
    const c = this.#peek();
    if (c === "{") this.#members("}", "object key:value pair", () => this.#member());
    else if (c === "[") this.#members("]", "array element", () => this.#value());
    else if (c === '"') this.#string();
    else if (c === "-" || (c >= "0" && c <= "9")) this.#number();
    else if (c === "t" || c === "f" || c === "n") this.#literal(c === "t" ? "true" : c === "f" ? "false" : "null");
    else this.#refuse("looking for beginning of value");
  }

  #members(close: string, what: string, member: () => void): void {
    this.#at++;
    this.#space();
    if (this.#peek() === close) {
      this.#at++;
      return;
    }
    for (;;) {
      member();
      this.#space();
      const c = this.#peek();
      if (c !== "," && c !== close) this.#refuse(`after ${what}`);
      this.#at++;
      if (c === close) return;
      this.#space();
    }
  }

  #member(): void {
    if (this.#peek() !== '"') this.#refuse("looking for beginning of object key string");
    this.#string();
    this.#space();
    if (this.#peek() !== ":") this.#refuse("after object key");
    this.#at++;
    this.#space();
    this.#value();
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const c = this.#peek();
      if (c < " ") this.#refuse("in string");
      this.#at++;
      if (c === '"') return;
      if (c === "\\") this.#escape();
    }
  }

  #escape(): void {
    const c = this.#peek();
    this.#at++;
    if (c === "u") {
      for (let i = 0; i < 4; i++, this.#at++) if (!/[0-9a-fA-F]/.test(this.#peek())) this.#refuse("in \\u hexadecimal character escape");
    } else if (!'"\\/bfnrt'.includes(c)) throw wrong(`invalid escape sequence \`\\${c}\` in string`);
  }

  #number(): void {
    if (this.#peek() === "-") this.#at++;
    if (this.#peek() === "0") this.#at++;
    else if (!this.#digits()) this.#refuse("in numeric literal");
    if (this.text[this.#at] === ".") {
      this.#at++;
      if (!this.#digits()) this.#refuse("after decimal point in numeric literal");
    }
    if (/[eE]/.test(this.text[this.#at] ?? "")) {
      this.#at++;
      if (/[+-]/.test(this.#peek())) this.#at++;
      if (!this.#digits()) this.#refuse("in exponent of numeric literal");
    }
  }

  #digits(): boolean {
    const from = this.#at;
    while (/[0-9]/.test(this.text[this.#at] ?? "")) this.#at++;
    return this.#at > from;
  }

  #literal(word: string): void {
    for (const letter of word) {
      if (this.#peek() !== letter) this.#refuse(`in literal ${word} (expecting '${letter}')`);
      this.#at++;
    }
  }
}

function quoteCharacter(c: string): string {
  if (c === "'") return "'\\''";
  if (c === '"') return `'"'`;
  return `'${JSON.stringify(c).slice(1, -1)}'`;
}
