import type { Directives, ParseWarning } from "./dockerfile.ts";
import type { Directive } from "./directives.ts";
import { DockerfileError, errorAt } from "./errors.ts";
import { heredocsOf } from "./heredoc.ts";
import type { Heredoc } from "./instruction.ts";
import type { Source, SourceRange } from "./source.ts";
import { isSpace, trim, trimLeft } from "./text.ts";
import { WordError } from "./expand.ts";

/** One instruction before its arguments are read. */
export interface LogicalLine {
  /** Continuation lines joined. */
  readonly text: string;
  readonly range: SourceRange;
  readonly comments: readonly string[];
}

const LINE_LIMIT = 65_535;

/** Reads a file from top to bottom, an instruction at a time; a heredoc is taken by whoever knows that the instruction may have one. */
export class LineReader {
  readonly warnings: ParseWarning[] = [];
  readonly #source: Source;
  readonly #escape: string;
  readonly #directiveLines: ReadonlySet<number>;
  #index = 0;

  constructor(source: Source, { escape }: Directives, found: readonly Directive[]) {
    this.#source = source;
    this.#escape = escape;
    this.#directiveLines = new Set(found.map(({ index }) => index));
  }

  /** Undefined at the end of the file. @throws DockerfileError for a line above 64 KiB */
  next(): LogicalLine | undefined {
    const comments: string[] = [];
    for (let raw = this.#line(); raw !== undefined; raw = this.#line()) {
      const line = trimLeft(raw);
      if (line.startsWith("#")) {
        if (!this.#directiveLines.has(this.#index - 1)) addComment(comments, raw);
        continue;
      }
      if (line === "") continue;
      return this.#instruction(line, comments);
    }
    return undefined;
  }

  /** The heredocs of the instruction that next() returned, with the range that includes them. @throws DockerfileError when one has no end */
  heredocs({ text, range }: LogicalLine): { heredocs: Heredoc[]; range: SourceRange } {
    const first = range.start.line;
    try {
      const heredocs = heredocsOf(text).map((start) => ({ ...start, content: this.#contentUpTo(start.name, start.chomp, first) }));
      return { heredocs, range: heredocs.length > 0 ? this.#rangeFrom(range.start) : range };
    } catch (error) {
      if (error instanceof WordError) throw errorAt(error, this.#source, range);
      throw error;
    }
  }

  /** Where reading has come to. */
  lastLine(): SourceRange {
    return this.#rangeFrom({ line: this.#index, column: 1 });
  }

  #instruction(firstLine: string, comments: readonly string[]): LogicalLine {
    const start = { line: this.#index, column: (this.#source.lines[this.#index - 1] ?? "").indexOf(firstLine) + 1 };
    let [part, continues] = this.#withoutContinuation(firstLine);
    const parts = [part];
    let empty = false;
    while (continues) {
      const raw = this.#line();
      if (raw === undefined) break;
      const bare = trimLeft(raw);
      if (bare.startsWith("#")) continue;
      if (bare === "") {
        empty = true;
        continue;
      }
      [part, continues] = this.#withoutContinuation(raw);
      parts.push(part);
    }
    const range = this.#rangeFrom(start);
    if (empty) this.warnings.push({ rule: "NoEmptyContinuation", range: { start: { line: range.end.line, column: 1 }, end: range.end } });
    return { text: parts.join(""), range, comments };
  }

  /** An escape at the end, blanks behind it or not, joins the next line; one that is itself escaped does not. */
  #withoutContinuation(line: string): [string, boolean] {
    let end = line.length;
    while (line[end - 1] === " " || line[end - 1] === "\t") end--;
    if (line[end - 1] !== this.#escape || line[end - 2] === this.#escape) return [line, false];
    return [line.slice(0, end - 1), true];
  }

  #contentUpTo(delimiter: string, chomp: boolean, firstLine: number): string {
    const lines: string[] = [];
    for (let line = this.#raw(); line !== undefined; line = this.#raw()) {
      const bare = line.replace(/[\r\n]+$/, "");
      if ((chomp ? bare.replace(/^\t+/, "") : bare) === delimiter) return lines.join("");
      lines.push(line);
    }
    throw this.#error("unterminated heredoc", firstLine);
  }

  /** The next line without its end. */
  #line(): string | undefined {
    return this.#raw()?.replace(/[\r\n]+$/, "");
  }

  /** The next line with its end; what stands behind the last line end is a line only when it is not empty. */
  #raw(): string | undefined {
    const { lines } = this.#source;
    const line = lines[this.#index];
    const last = this.#index === lines.length - 1;
    if (line === undefined || (last && line === "")) return undefined;
    this.#index++;
    if (line.length > LINE_LIMIT || (line.length * 3 > LINE_LIMIT && Buffer.byteLength(line) > LINE_LIMIT)) {
      throw this.#error(`dockerfile line greater than max allowed size of ${LINE_LIMIT}`, this.#index);
    }
    return last ? line : `${line}\n`;
  }

  #rangeFrom(start: SourceRange["start"]): SourceRange {
    return { start, end: { line: this.#index, column: (this.#source.lines[this.#index - 1] ?? "").replace(/\r$/, "").length + 1 } };
  }

  #error(message: string, firstLine: number): DockerfileError {
    return new DockerfileError(message, this.#source, [this.#rangeFrom({ line: firstLine, column: 1 })]);
  }
}

/** A comment without text parts what stands above from what follows. */
function addComment(comments: string[], raw: string): void {
  const text = trim(isSpace(raw[0]) ? raw : raw.slice(1));
  if (text === "") comments.length = 0;
  else comments.push(text);
}
