import { EngineError } from "../base/mod.ts";

/** Flags by their long name; `value` flags take a word, `many` collect. */
export type FlagKinds = Readonly<Record<string, "switch" | "value" | "many">>;

export interface ParsedWords {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly rest: readonly string[];
}

/**
 * Flags up to the first word that is none, as runc has them: one dash or two, `--flag value` or `--flag=value`.
 * @throws EngineError InvalidParameter
 */
export function parseWords(words: readonly string[], kinds: FlagKinds, short: Readonly<Record<string, string>> = {}): ParsedWords {
  const values = new Map<string, readonly string[]>();
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") {
      at++;
      break;
    }
    if (!word.startsWith("-") || word === "-") break;
    const [written = "", inline] = splitOnce(word.replace(/^--?/, ""));
    const name = short[written] ?? written;
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new EngineError("InvalidParameter", `flag provided but not defined: -${written.slice(0, 64)}`);
    const value = inline ?? (kind === "switch" ? "true" : words[++at]);
    if (value === undefined) throw new EngineError("InvalidParameter", `flag needs an argument: -${written}`);
    values.set(name, kind === "many" ? [...(values.get(name) ?? []), value] : [value]);
  }
  return { values, rest: words.slice(at) };
}

function splitOnce(word: string): [string, string?] {
  const at = word.indexOf("=");
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** What one command was given. */
export class Given {
  constructor(private readonly words: ParsedWords) {}

  get args(): readonly string[] {
    return this.words.rest;
  }
  value(name: string): string | undefined {
    return this.words.values.get(name)?.[0] || undefined;
  }
  all(name: string): readonly string[] {
    return this.words.values.get(name) ?? [];
  }
  on(name: string): boolean {
    return this.value(name) === "true";
  }

  /** @throws EngineError InvalidParameter when the command's container is not named */
  id(): string {
    const [id] = this.args;
    if (id === undefined || id === "") throw new EngineError("InvalidParameter", "container id cannot be empty");
    if (!/^[\w+.-]{1,200}$/.test(id) || id === "." || id === "..") throw new EngineError("InvalidParameter", `invalid container ID format: ${id.slice(0, 64)}`);
    return id;
  }
}
