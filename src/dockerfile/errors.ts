import { EngineError } from "../base/mod.ts";
import type { Source, SourceRange } from "./source.ts";

/** The word at fault, of one line. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly length: number;
}

/** What is wrong with a Dockerfile, in Docker's words, and where. */
export class DockerfileError extends EngineError {
  constructor(
    message: string,
    readonly source: Source | undefined,
    /** The instruction at fault; several where they fail together (a cycle). Empty when the file as a whole is. */
    readonly ranges: readonly SourceRange[],
    /** Narrower than the ranges; undefined where it is not known. */
    readonly fault?: Fault,
  ) {
    super("InvalidParameter", message);
    this.name = "DockerfileError";
  }

  /** 1-based line of the first range. */
  get firstLine(): number | undefined {
    return this.ranges[0]?.start.line;
  }

  /** The lines at fault and their neighbours, as BuildKit prints them; "" without a source. With a caret, also `^^^` below the word. */
  excerpt({ caret = false }: { caret?: boolean } = {}): string {
    return this.source === undefined ? "" : renderExcerpt(this.source, this.ranges, caret ? this.fault : undefined);
  }
}

/** An error of one instruction as one of the file. */
export function errorAt(error: { readonly message: string; readonly word?: string | undefined }, source: Source, range: SourceRange, prefix = ""): DockerfileError {
  return new DockerfileError(prefix + error.message, source, [range], error.word === undefined ? undefined : findWord(error.word, source, range));
}

/** Where the word first stands in the range. One that was put together over several lines is not found. */
function findWord(word: string, { lines }: Source, { start, end }: SourceRange): Fault | undefined {
  if (word === "") return undefined;
  for (let line = start.line; line <= Math.min(end.line, lines.length); line++) {
    const index = (lines[line - 1] ?? "").indexOf(word, line === start.line ? start.column - 1 : 0);
    if (index >= 0) return { line, column: index + 1, length: word.length };
  }
  return undefined;
}

const RULE = "--------------------\n";

/** `file:line`, then the lines with `>>>` at those of the ranges and up to four neighbours, and `^^^` below a fault. */
export function renderExcerpt(source: Source, ranges: readonly SourceRange[], fault?: Fault): string {
  if (ranges.length === 0) return "";
  const first = Math.min(...ranges.map(({ start }) => start.line));
  const last = Math.min(Math.max(...ranges.map(({ end }) => end.line)), source.lines.length);
  if (first < 1 || first > source.lines.length) return "";
  const shown = [];
  const [from, to] = widened(first, last, source.lines.length);
  for (let line = from; line <= to; line++) {
    const marked = ranges.some(({ start, end }) => start.line <= line && line <= Math.max(start.line, end.line));
    shown.push(` ${String(line).padStart(3)} | ${marked ? ">>>" : "   "} ${source.lines[line - 1] ?? ""}\n`);
    if (line === fault?.line) shown.push(`     |     ${caretLine(source.lines[line - 1] ?? "", fault)}\n`);
  }
  return `${source.filename}:${first}\n${RULE}${shown.join("")}${RULE}`;
}

/** Tabs stay, so that the caret stands below its word however wide they are shown. */
function caretLine(line: string, { column, length }: Fault): string {
  return line.slice(0, column - 1).replace(/[^\t]/g, " ") + "^".repeat(length);
}

/** One line alone gets up to four neighbours, more lines up to two; what one side lacks the other gives. */
function widened(first: number, last: number, count: number): [number, number] {
  const wanted = first === last ? 4 : 2;
  let [from, to] = [first, last];
  for (let added = 0; added < wanted; added++) {
    if (from > 1) {
      from--;
      added++;
    }
    if (to !== count) {
      to++;
      added++;
    }
  }
  return [from, to];
}
