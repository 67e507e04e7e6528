import { mapping, scalar, sequence, type Node, type Place, type Source } from "../tree/node.ts";
import { FlowReader } from "./quick-flow.ts";
import { Anchors, mergeInto } from "./anchors.ts";
import { NotQuick } from "./not-quick.ts";
import { resolvePlain } from "./scalars.ts";

/** Tags, documents, tabs and whatever else is rarely seen in compose files is left to the library. */
const RARE = /[\t\r\u0000-\u0008\u000b-\u001f\u007f\u0085\u2028\u2029\ufeff]|^(?:---|\.\.\.|%)/m;
const KEY = /(?:(<<|[A-Za-z_][A-Za-z0-9_./-]*)|"([^"\\\n]*)"|'([^'\n]*)') *:(?= |$)/my;
const MAX_DEPTH = 100;

interface Line {
  /** Columns before the content; of an item's content, the column where that starts. */
  indent: number;
  /** Offset of the content. */
  start: number;
  /** Offset behind the line. */
  readonly end: number;
}

/**
 * The document of a text in which there is nothing out of the ordinary: block mappings and sequences, and scalars and flow collections that stand on one line.
 * It is many times as quick as the library, which most of the time of loading would go to. @returns nothing for any other text, be it right or wrong
 */
export function readQuickly(source: Source): Node | undefined {
  if (RARE.test(source.text)) return undefined;
  try {
    return new QuickReader(source).root();
  } catch (error) {
    if (error instanceof NotQuick) return undefined;
    throw error;
  }
}

class QuickReader {
  readonly #text: string;
  readonly #lines: Line[] = [];
  readonly #flow: FlowReader;
  /** Index of the next line that holds something. */
  #at = 0;

  readonly #anchors: Anchors;

  constructor(readonly source: Source) {
    this.#text = source.text;
    this.#anchors = new Anchors(source.text);
    this.#flow = new FlowReader(source, this.#anchors);
    this.#split();
  }

  root(): Node {
    const first = this.#lines[this.#at];
    if (!first || first.indent !== 0) throw new NotQuick();
    const node = this.#block(0, this.#place(first.start), 0);
    if (this.#at < this.#lines.length) throw new NotQuick();
    return node;
  }

  /** Lines that hold something; what a block scalar holds is cut out when it is read. */
  #split(): void {
    const text = this.#text;
    for (let start = 0; start < text.length; ) {
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      let content = start;
      while (text.charCodeAt(content) === 32) content++;
      if (content < end && text[content] !== "#") this.#lines.push({ indent: content - start, start: content, end });
      start = end + 1;
    }
  }

  #place = (offset: number): Place => ({ source: this.source, offset });

  #block(indent: number, at: Place, depth: number): Node {
    if (depth > MAX_DEPTH) throw new NotQuick();
    const line = this.#lines[this.#at];
    if (!line) throw new NotQuick();
    return this.#isItem(line) ? this.#sequence(indent, at, depth) : this.#mapping(indent, at, depth);
  }

  #isItem({ start, end }: Line): boolean {
    return this.#text[start] === "-" && (start + 1 === end || this.#text[start + 1] === " ");
  }

  #mapping(indent: number, at: Place, depth: number): Node {
    const entries = new Map<string, Node>();
    const merged: Node[] = [];
    for (let line = this.#lines[this.#at]; line && line.indent >= indent; line = this.#lines[this.#at]) {
      if (line.indent > indent || this.#isItem(line)) throw new NotQuick();
      KEY.lastIndex = line.start;
      const match = KEY.exec(this.#text);
      if (!match || KEY.lastIndex > line.end) throw new NotQuick();
      const key = match[1] ?? match[2] ?? match[3] ?? "";
      if (entries.has(key) || (match[1] !== undefined && typeof resolvePlain(key).value !== "string")) throw new NotQuick();
      const value = this.#value(line, KEY.lastIndex, indent, this.#place(line.start), depth, true);
      if (match[1] === "<<") merged.push(value);
      else entries.set(key, value);
    }
    for (const source of merged) mergeInto(entries, source);
    return mapping(entries, at);
  }

  #sequence(indent: number, at: Place, depth: number): Node {
    const items: Node[] = [];
    for (let line = this.#lines[this.#at]; line && line.indent >= indent; line = this.#lines[this.#at]) {
      if (line.indent > indent) throw new NotQuick();
      if (!this.#isItem(line)) break;
      items.push(this.#item(line, indent, depth));
    }
    return sequence(items, at);
  }

  #item(line: Line, indent: number, depth: number): Node {
    let start = line.start + 1;
    while (this.#text[start] === " " && start < line.end) start++;
    KEY.lastIndex = start;
    const isKey = KEY.test(this.#text) && KEY.lastIndex <= line.end;
    const nested = this.#isItem({ ...line, start });
    if (!isKey && !nested) return this.#value(line, line.start + 1, indent, this.#place(start), depth, false);
    // The item's content is a block of its own, as if it stood alone in its line.
    line.indent = indent + (start - line.start);
    line.start = start;
    return this.#block(line.indent, this.#place(start), depth + 1);
  }

  /** What stands behind `key:` or `-`. */
  #value(line: Line, from: number, indent: number, at: Place, depth: number, isEntry: boolean): Node {
    let start = from;
    while (start < line.end && this.#text[start] === " ") start++;
    if (this.#text[start] === "&" && isEntry) {
      const { name, end } = this.#anchors.open(start);
      const node = this.#value(line, end, indent, at, depth, true);
      this.#anchors.close(name, node);
      return node;
    }
    this.#at++;
    const next = this.#lines[this.#at];
    if (start === line.end || (this.#text[start] === "#" && start > from)) {
      if (next && (next.indent > indent || (isEntry && next.indent === indent && this.#isItem(next)))) return this.#block(next.indent, isEntry ? at : this.#place(next.start), depth + 1);
      return scalar(null, at);
    }
    if (this.#text[start] === "|") return this.#literal(line, start, indent, at);
    // A line that is further in goes on with this value.
    if (next && next.indent > indent) throw new NotQuick();
    return this.#flow.read(start, line.end, at);
  }

  /** A block scalar that keeps its lines. */
  #literal(line: Line, start: number, indent: number, at: Place): Node {
    const mark = /^\|([-+]?) *$/.exec(this.#text.slice(start, line.end));
    if (!mark) throw new NotQuick();
    const lines: string[] = [];
    let width = -1;
    let offset = line.end + 1;
    while (offset < this.#text.length) {
      const newline = this.#text.indexOf("\n", offset);
      const end = newline < 0 ? this.#text.length : newline;
      const raw = this.#text.slice(offset, end);
      const lead = raw.length - raw.trimStart().length;
      if (lead < raw.length) {
        if (width < 0) width = lead;
        if (lead <= indent) break;
        if (lead < width) throw new NotQuick();
      } else if (width < 0 ? raw !== "" : raw.length > width) throw new NotQuick();
      lines.push(raw.slice(Math.max(width, 0)));
      offset = end + 1;
    }
    if (width <= indent || !this.#text.endsWith("\n")) throw new NotQuick();
    while ((this.#lines[this.#at]?.start ?? Infinity) < offset) this.#at++;
    const kept = lines.join("\n");
    const body = kept.replace(/\n+$/, "");
    return scalar(mark[1] === "-" ? body : mark[1] === "+" ? `${kept}\n` : `${body}\n`, at);
  }
}
