import { posix } from "node:path";
import { InstructionError } from "./instruction-error.ts";
import { compilePattern, type Match } from "./ignore-pattern.ts";
import { trim } from "./text.ts";

interface Pattern {
  readonly text: string;
  /** `!`: takes back what patterns before it ignore. */
  readonly exception: boolean;
  readonly match: Match;
  /** The names along the path, for asking whether an exception can be below a folder. */
  readonly names: readonly Match[];
  /** It holds `**`: it may match at any depth. */
  readonly deep: boolean;
}

/** Which patterns matched a path or a folder above it, one entry each. */
type Verdict = readonly boolean[];

const PATTERN_LIMIT = 10_000;
const LENGTH_LIMIT = 4096;
/** Folders whose verdicts are kept: paths come in the order of a walk. */
const REMEMBERED = 4096;

/** Decides which paths of a context are left out. Paths are relative, with slashes, without `./`. */
export class IgnoreMatcher {
  readonly #patterns: readonly Pattern[];
  readonly #folders = new Map<string, Verdict>();
  /** There is a pattern that begins with `!`. */
  readonly hasExceptions: boolean;

  constructor(patterns: readonly Pattern[]) {
    this.#patterns = patterns;
    this.hasExceptions = patterns.some(({ exception }) => exception);
  }

  /** As written, cleaned, without comments. */
  get patterns(): readonly string[] {
    return this.#patterns.map(({ text, exception }) => (exception ? `!${text}` : text));
  }

  get isEmpty(): boolean {
    return this.#patterns.length === 0;
  }

  /** Whether the path, or a folder above it, is left out and not taken back by a later exception. The root never is. */
  ignores(path: string): boolean {
    if (this.isEmpty || path === "" || path === ".") return false;
    return this.#judge(path);
  }

  /** Whether something below a folder that is left out may still be taken back: a walk need not enter when it may not. */
  mayContainIncluded(folder: string): boolean {
    if (!this.hasExceptions) return false;
    const names = folder === "" || folder === "." ? [] : folder.split("/");
    return this.#patterns.some((pattern) => pattern.exception && reachesBelow(pattern, names));
  }

  /** What a walk does at a folder: enter it, or leave it with all that is in it. */
  skips(folder: string): boolean {
    return this.ignores(folder) && !this.mayContainIncluded(folder);
  }

  /** Whether the path is left out; with `verdict`, which patterns matched it is written there. */
  #judge(path: string, verdict?: boolean[]): boolean {
    const slash = path.lastIndexOf("/");
    const above = slash < 0 ? undefined : this.#folder(path.slice(0, slash));
    let ignored = false;
    for (let index = 0; index < this.#patterns.length; index++) {
      const pattern = this.#patterns[index];
      if (pattern === undefined) continue;
      const { exception } = pattern;
      const matched = above?.[index] === true || (exception === ignored && pattern.match(path));
      if (matched) ignored = !exception;
      if (verdict !== undefined) verdict[index] = matched;
    }
    return ignored;
  }

  #folder(path: string): Verdict {
    const known = this.#folders.get(path);
    if (known !== undefined) return known;
    const verdict: boolean[] = [];
    this.#judge(path, verdict);
    if (this.#folders.size >= REMEMBERED) this.#folders.clear();
    this.#folders.set(path, verdict);
    return verdict;
  }
}

/** Whether the pattern can match a path strictly below the folder of these names. */
function reachesBelow({ names, deep }: Pattern, folder: readonly string[]): boolean {
  if (!deep && names.length <= folder.length) return false;
  return folder.every((name, index) => names[index]?.(name) ?? deep);
}

/**
 * Reads a .dockerignore: one pattern a line, `#` comments, `!` exceptions; the last match of a path or a folder above it counts.
 * @throws InstructionError for a pattern that is none
 */
export function parseIgnore(text: string): IgnoreMatcher {
  return ignoreMatcher(ignorePatterns(text));
}

/** The patterns of a .dockerignore, in order. */
export function ignorePatterns(text: string): string[] {
  return text
    .replace(/^\ufeff/, "")
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .map(cleanedLine)
    .filter((line) => line !== "");
}

/** The same of patterns that are already apart. @throws InstructionError for a pattern that is none */
export function ignoreMatcher(patterns: readonly string[]): IgnoreMatcher {
  if (patterns.length > PATTERN_LIMIT) throw new InstructionError(`more than ${PATTERN_LIMIT} patterns in .dockerignore`);
  return new IgnoreMatcher(patterns.map(trim).filter(Boolean).map(compiled));
}

/** Blanks off, and a path as the context has it: no leading slash, no dots. */
function cleanedLine(line: string): string {
  const pattern = trim(line);
  const exception = pattern.startsWith("!");
  const bare = exception ? trim(pattern.slice(1)) : pattern;
  if (bare === "") return pattern;
  const clean = cleaned(bare);
  return (exception ? "!" : "") + (clean.length > 1 ? clean.replace(/^\//, "") : clean);
}

function cleaned(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, "") : normal;
}

function compiled(written: string): Pattern {
  const whole = cleaned(written);
  const exception = whole.startsWith("!");
  const text = exception ? whole.slice(1) : whole;
  if (exception && text === "") throw new InstructionError('illegal exclusion pattern: "!"');
  if (text.length > LENGTH_LIMIT) throw new InstructionError(`a pattern in .dockerignore is longer than ${LENGTH_LIMIT} characters`);
  const deepAt = text.indexOf("**");
  try {
    return { text, exception, match: compilePattern(text), deep: deepAt >= 0, names: exception ? leadingNames(text, deepAt) : [] };
  } catch (error) {
    throw new InstructionError(`failed parsing patterns: ${(error as Error).message}: ${written}`);
  }
}

/** The names before the first `**`, or all of them. */
function leadingNames(text: string, deepAt: number): Match[] {
  const plain = deepAt < 0 ? text : text.slice(0, deepAt);
  const names = plain.split("/");
  const whole = deepAt < 0 ? names : names.slice(0, -1);
  return whole.map(nameMatch);
}

/** A class may hold a slash: then its halves are no patterns, and anything may be there. */
function nameMatch(name: string): Match {
  try {
    return compilePattern(name);
  } catch {
    return () => true;
  }
}
