import type { Environment } from "./environment.ts";
import type { Expansion } from "./expand.ts";
import { removePrefix, removeSuffix, replacePattern } from "./shell-pattern.ts";
import { isSpace } from "./text.ts";

/** A word that cannot be expanded: a broken substitution, an open quote, a `${x:?}` that is not set. */
export class WordError extends Error {
  constructor(
    message: string,
    /** As it is written in the file. */
    readonly word?: string,
  ) {
    super(message);
  }
}

/** No kernel takes a longer one as an argument or variable; it also bounds `ENV a=$a$a`. */
const RESULT_LIMIT = 4 << 20;
/** `${a:-${b:-…}}` */
const DEPTH_LIMIT = 200;

export interface WordRules {
  readonly escape: string;
  /** Quotes group, and stay. */
  readonly keepQuotes: boolean;
  /** Quotes are characters as any other. */
  readonly plainQuotes: boolean;
  /** `$x` stays `$x` when x is not set. */
  readonly keepUnset: boolean;
  readonly keepEscapes: boolean;
}

/** Splits at blanks that were not quoted while characters arrive. */
class WordList {
  readonly words: string[] = [];
  #word = "";
  #open = false;

  add(character: string): void {
    if (!isSpace(character)) this.addRaw(character);
    else if (this.#open && this.#word !== "") this.#close();
  }

  addRaw(text: string): void {
    this.#word += text;
    this.#open = true;
  }

  end(): readonly string[] {
    if (this.#word !== "") this.#close();
    return this.words;
  }

  #close(): void {
    this.words.push(this.#word);
    this.#word = "";
    this.#open = false;
  }
}

/** One pass over a word; the rules are those of Docker's shell lexer, which is near POSIX sh but not the same. */
export class WordExpansion {
  readonly #characters: readonly string[];
  readonly #environment: Environment;
  readonly #rules: WordRules;
  readonly #used = new Set<string>();
  readonly #unset = new Set<string>();
  #at = 0;
  #depth = 0;
  #keepEscapes: boolean;
  #produced = 0;

  constructor(word: string, environment: Environment, rules: WordRules) {
    this.#characters = Array.from(word);
    this.#environment = environment;
    this.#rules = rules;
    this.#keepEscapes = rules.keepEscapes;
  }

  /** @throws WordError */
  run(): Expansion {
    const words = new WordList();
    const text = this.#until(undefined, words);
    return { text, words: words.end(), used: this.#used, unset: this.#unset };
  }

  get #peek(): string | undefined {
    return this.#characters[this.#at];
  }

  #next(): string | undefined {
    return this.#characters[this.#at++];
  }

  /** Up to the stop character, which is consumed, or the end. */
  #until(stop: string | undefined, words?: WordList): string {
    if (++this.#depth > DEPTH_LIMIT) throw new WordError("too many nested substitutions");
    let result = "";
    for (let ch = this.#peek; ch !== undefined; ch = this.#peek) {
      if (ch === stop) {
        this.#at++;
        this.#depth--;
        return this.#grown(result);
      }
      result += this.#piece(ch, words);
    }
    if (stop !== undefined) throw new WordError(`unexpected end of statement while looking for matching ${stop}`);
    this.#depth--;
    return this.#grown(result);
  }

  #piece(ch: string, words: WordList | undefined): string {
    if (ch === "$") {
      const value = this.#dollar();
      if (words !== undefined) for (const character of value) words.add(character);
      return this.#grown(value);
    }
    if (ch === "<" || (!this.#rules.plainQuotes && (ch === "'" || ch === '"'))) {
      const text = ch === "<" ? this.#angle() : ch === "'" ? this.#singleQuoted() : this.#doubleQuoted();
      words?.addRaw(text);
      return text;
    }
    this.#at++;
    if (ch !== this.#rules.escape) {
      words?.add(ch);
      return ch;
    }
    const kept = this.#keepEscapes ? ch : "";
    const escaped = this.#next() ?? "";
    words?.addRaw(kept + escaped);
    return kept + escaped;
  }

  /** All values together stay below the limit, so that no chain of variables grows without end. */
  #grown(text: string): string {
    this.#produced += text.length;
    if (this.#produced > RESULT_LIMIT) throw new WordError("the expanded value is larger than 4 MiB");
    return text;
  }

  /** `<<` and the blanks behind it stay together, so that a heredoc is one word. */
  #angle(): string {
    this.#at++;
    if (this.#peek !== "<") return "<";
    this.#at++;
    let text = "<<";
    for (let ch = this.#peek as string | undefined; ch === " " || ch === "\t" || ch === "\r"; ch = this.#peek) {
      text += ch;
      this.#at++;
    }
    return text;
  }

  #singleQuoted(): string {
    const start = this.#at;
    const end = this.#characters.indexOf("'", start + 1);
    if (end < 0) throw new WordError("unexpected end of statement while looking for matching single-quote");
    this.#at = end + 1;
    return this.#characters.slice(this.#rules.keepQuotes ? start : start + 1, this.#rules.keepQuotes ? end + 1 : end).join("");
  }

  #doubleQuoted(): string {
    const quote = this.#rules.keepQuotes ? '"' : "";
    let result = quote;
    this.#at++;
    for (let ch = this.#peek as string | undefined; ch !== '"'; ch = this.#peek) {
      if (ch === undefined) throw new WordError("unexpected end of statement while looking for matching double-quote");
      if (ch === "$") result += this.#grown(this.#dollar());
      else result += this.#inDoubleQuotes();
    }
    this.#at++;
    return result + quote;
  }

  /** Only the quote, the dollar sign and the escape itself can be escaped here. */
  #inDoubleQuotes(): string {
    const { escape } = this.#rules;
    const ch = this.#next() ?? "";
    if (ch !== escape) return ch;
    const kept = this.#keepEscapes ? ch : "";
    const next = this.#peek;
    if (next === undefined) return kept;
    if (next !== '"' && next !== "$" && next !== escape) return kept + ch;
    this.#at++;
    return kept + next;
  }

  #dollar(): string {
    this.#at++;
    if (this.#peek === "{") return this.#braced();
    const name = this.#name();
    if (name === "") return "$";
    const value = this.#lookup(name);
    return value ?? (this.#rules.keepUnset ? `$${name}` : "");
  }

  #braced(): string {
    this.#at++;
    const first = this.#peek;
    if (first === undefined) throw new WordError("syntax error: missing '}'");
    if (first === "{" || first === "}" || first === ":") throw new WordError("syntax error: bad substitution");
    const name = this.#name();
    const sign = this.#next();
    if (sign === "}") return this.#lookup(name) ?? (this.#rules.keepUnset ? `\${${name}}` : "");
    if (sign === "/") return this.#replaced(name);
    const colon = sign === ":";
    const modifier = (colon ? this.#next() : sign) ?? "\ufffd";
    const written = colon ? `:${modifier}` : modifier;
    if (!colon && !"+-?#%".includes(modifier)) throw new WordError(`unsupported modifier (${written}) in substitution`);
    return this.#modified(name, modifier, colon, written);
  }

  #modified(name: string, modifier: string, colon: boolean, written: string): string {
    const pattern = modifier === "#" || modifier === "%";
    if (colon && pattern) throw new WordError(`unsupported modifier (${written}) in substitution`);
    const word = this.#operand("}", pattern, "syntax error: missing '}'");
    const value = this.#lookup(name);
    if (value === undefined && this.#rules.keepUnset) return `\${${name}${written}${word}}`;
    const missing = value === undefined || (colon && value === "");
    switch (modifier) {
      case "-":
        return missing ? word : value;
      case "+":
        return missing ? "" : word;
      case "?":
        if (missing) throw new WordError(`${name}: ${word !== "" ? word : value === undefined ? "is not allowed to be unset" : "is not allowed to be empty"}`);
        return value;
      case "#":
      case "%":
        return trimmed(value ?? "", modifier, word);
      default:
        throw new WordError(`unsupported modifier (${written}) in substitution`);
    }
  }

  /** `${name/pattern/replacement}`, and `//` for all. */
  #replaced(name: string): string {
    const all = this.#peek === "/";
    if (all) this.#at++;
    const pattern = this.#operand("/", true, "syntax error: missing '/' in ${}");
    const replacement = this.#operand("}", true, "syntax error: missing '}'");
    const value = this.#lookup(name);
    if (value === undefined && this.#rules.keepUnset) return `\${${name}/${pattern}/${replacement}}`;
    return bounded(pattern, () => replacePattern(value ?? "", pattern, replacement, all, RESULT_LIMIT));
  }

  #operand(stop: string, keepEscapes: boolean, atEnd: string): string {
    const before = this.#keepEscapes;
    this.#keepEscapes = keepEscapes;
    try {
      return this.#until(stop);
    } catch (error) {
      if (error instanceof WordError && this.#depth <= DEPTH_LIMIT && this.#peek === undefined) throw new WordError(atEnd);
      throw error;
    } finally {
      this.#keepEscapes = before;
    }
  }

  /** Letters, digits and `_`; digits alone; or one of the shell's special parameters. */
  #name(): string {
    const first = this.#peek;
    if (first === undefined) return "";
    if ("@*#?-$!".includes(first)) {
      this.#at++;
      return first;
    }
    const allowed = /^\p{Nd}$/u.test(first) ? /^\p{Nd}$/u : /^[\p{L}\p{Nd}_]$/u;
    const start = this.#at;
    while (this.#peek !== undefined && allowed.test(this.#peek)) this.#at++;
    return this.#characters.slice(start, this.#at).join("");
  }

  #lookup(name: string): string | undefined {
    const value = this.#environment.get(name);
    (value === undefined ? this.#unset : this.#used).add(name);
    return value;
  }
}

function trimmed(value: string, side: "#" | "%", word: string): string {
  const longest = word.startsWith(side);
  const pattern = longest ? word.slice(1) : word;
  return bounded(pattern, () => (side === "#" ? removePrefix(value, pattern, longest) : removeSuffix(value, pattern, longest)));
}

function bounded(pattern: string, work: () => string): string {
  try {
    return work();
  } catch (error) {
    throw new WordError(`invalid pattern (${pattern}) in substitution: ${(error as Error).message}`);
  }
}
