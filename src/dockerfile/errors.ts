import { EngineError } from "../base/mod.ts";
import type { Source, SourceRange } from "./source.ts";

/** What is wrong with a Dockerfile, in Docker's words, and where. */
export class DockerfileError extends EngineError {
  constructor(
    message: string,
    readonly source: Source | undefined,
    /** The instruction at fault; several where they fail together (a cycle). Empty when the file as a whole is. */
    readonly ranges: readonly SourceRange[],
  ) {
    super("InvalidParameter", message);
    this.name = "DockerfileError";
  }

  /** 1-based line of the first range. */
  get firstLine(): number | undefined {
    return this.ranges[0]?.start.line;
  }

  /** The lines at fault and their neighbours, as BuildKit prints them; "" without a source. */
  excerpt(): string {
    return this.source === undefined ? "" : renderExcerpt(this.source, this.ranges);
  }
}

const RULE = "--------------------\n";

/** `file:line`, then the lines with `>>>` at those of the ranges, at least four lines in all. */
export function renderExcerpt(source: Source, ranges: readonly SourceRange[]): string {
  if (ranges.length === 0) return "";
  const first = Math.min(...ranges.map(({ start }) => start.line));
  const last = Math.min(Math.max(...ranges.map(({ end }) => end.line)), source.lines.length);
  if (first < 1 || first > source.lines.length) return "";
  const shown = [];
  const [from, to] = widened(first, last, source.lines.length);
  for (let line = from; line <= to; line++) {
    const marked = ranges.some(({ start, end }) => start.line <= line && line <= Math.max(start.line, end.line));
    shown.push(` ${String(line).padStart(3)} | ${marked ? ">>>" : "   "} ${source.lines[line - 1] ?? ""}\n`);
  }
  return `${source.filename}:${first}\n${RULE}${shown.join("")}${RULE}`;
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
