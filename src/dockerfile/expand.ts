import type { Environment } from "./environment.ts";
import { quoted } from "./text.ts";
import { WordError, WordExpansion } from "./word-expansion.ts";

export { WordError } from "./word-expansion.ts";

export interface ExpandOptions {
  readonly escape?: "\\" | "`";
  /**
   * `word` takes quotes and escapes off, as in arguments; `text` leaves quotes alone, as in the content of a heredoc;
   * `display` keeps quotes and whatever is not set, as in the names of steps.
   */
  readonly mode?: "word" | "text" | "display";
}

export interface Expansion {
  readonly text: string;
  /** The text split at blanks that were not quoted; EXPOSE takes these. */
  readonly words: readonly string[];
  readonly used: ReadonlySet<string>;
  /** Names that were asked for and not set; those with a default too. */
  readonly unset: ReadonlySet<string>;
}

/**
 * Replaces `$x`, `${x}` and its forms `:-` `-` `:+` `+` `:?` `?` `#` `##` `%` `%%` `/` `//` in a word.
 * @throws WordError with Docker's message for a broken substitution, and for a result above 4 MiB
 */
export function expandWord(word: string, environment: Environment, { escape = "\\", mode = "word" }: ExpandOptions = {}): Expansion {
  const run = new WordExpansion(word, environment, { escape, keepQuotes: mode === "display", plainQuotes: mode === "text", keepUnset: mode === "display", keepEscapes: false });
  return finish(run, word);
}

/** The words of a line with quotes and escapes as they are: heredocs are found among them. Undefined when a quote is left open. */
export function rawWords(line: string): readonly string[] | undefined {
  try {
    return finish(new WordExpansion(line, NOTHING, { escape: "\\", keepQuotes: true, plainQuotes: false, keepUnset: true, keepEscapes: true }), line).words;
  } catch (error) {
    if (error instanceof WordError) return undefined;
    throw error;
  }
}

/** A heredoc's delimiter with or without its quotes. @throws WordError */
export function delimiterWords(text: string, keepQuotes: boolean): readonly string[] {
  return finish(new WordExpansion(text, NOTHING, { escape: "\\", keepQuotes, plainQuotes: false, keepUnset: true, keepEscapes: false }), text).words;
}

const NOTHING: Environment = { get: () => undefined, names: () => [] };

function finish(run: WordExpansion, source: string): Expansion {
  try {
    return run.run();
  } catch (error) {
    if (error instanceof WordError) throw new WordError(`failed to process ${quoted(source)}: ${error.message}`, source);
    throw error;
  }
}
