import { mapping, scalar, sequence, type Node, type Place, type Source } from "../tree/node.ts";
import type { Anchors } from "./anchors.ts";
import { NotQuick } from "./not-quick.ts";
import { resolvePlain } from "./scalars.ts";

/** What no plain scalar starts with. */
const INDICATOR = /[-?:,[\]{}#&*!|>'"%@`]/;
const MAX_DEPTH = 50;

/** Scalars and flow collections that stand on one line. */
export class FlowReader {
  readonly #text: string;
  #at = 0;
  #end = 0;

  constructor(
    readonly source: Source,
    readonly anchors: Anchors,
  ) {
    this.#text = source.text;
  }

  /** The value between two offsets of a line, behind which there may be a comment. @throws NotQuick */
  read(start: number, end: number, at: Place): Node {
    this.#at = start;
    this.#end = end;
    const first = this.#text[start];
    if (first !== '"' && first !== "'" && first !== "[" && first !== "{" && first !== "*") return this.#plainLine(at);
    const node = this.#node(at, 0);
    const rest = this.#text.slice(this.#at, end);
    if (!/^(?: *| +#.*)$/.test(rest)) throw new NotQuick();
    return node;
  }

  #plainLine(at: Place): Node {
    const line = this.#text.slice(this.#at, this.#end);
    const comment = line.indexOf(" #");
    const text = (comment < 0 ? line : line.slice(0, comment)).trimEnd();
    if ((INDICATOR.test(text.charAt(0)) && !/^[-?:][^ ]/.test(text)) || /: |:$/.test(text)) throw new NotQuick();
    return { ...scalar(null, at), ...resolvePlain(text) };
  }

  #node(at: Place, depth: number): Node {
    if (depth > MAX_DEPTH) throw new NotQuick();
    const first = this.#text[this.#at];
    if (first === '"' || first === "'") return scalar(this.#quoted(first), at);
    if (first === "*") return this.#alias(at);
    if (first === "[") return this.#list(at, depth);
    if (first === "{") return this.#map(at, depth);
    return { ...scalar(null, at), ...resolvePlain(this.#plain()) };
  }

  #alias(at: Place): Node {
    const { node, end } = this.anchors.alias(this.#at, at);
    this.#at = end;
    return node;
  }

  #quoted(quote: string): string {
    const start = this.#at + 1;
    let at = start;
    while (at < this.#end && this.#text[at] !== quote) at += quote === '"' && this.#text[at] === "\\" ? 2 : 1;
    if (at >= this.#end) throw new NotQuick();
    const inner = this.#text.slice(start, at);
    this.#at = at + 1;
    if (quote === "'" && this.#text[this.#at] === "'") throw new NotQuick();
    if (quote === "'" || !inner.includes("\\")) return inner;
    // What JSON escapes alike; any other escape is YAML's own.
    if (!/^(?:[^\\]|\\["\\/bfnrt])*$/.test(inner)) throw new NotQuick();
    return JSON.parse(`"${inner}"`) as string;
  }

  #plain(): string {
    const start = this.#at;
    while (this.#at < this.#end && !/[,[\]{}]/.test(this.#text.charAt(this.#at))) {
      const letter = this.#text[this.#at];
      const next = this.#text[this.#at + 1] ?? "";
      if (letter === ":" && /[ ,[\]{}]|^$/.test(next)) break;
      if (letter === "#" && this.#text[this.#at - 1] === " ") throw new NotQuick();
      this.#at++;
    }
    const text = this.#text.slice(start, this.#at).trimEnd();
    if (text === "" || this.#at >= this.#end || (INDICATOR.test(text.charAt(0)) && !/^[-?:][^ ,[\]{}]/.test(text))) throw new NotQuick();
    return text;
  }

  #space(): void {
    while (this.#text[this.#at] === " " && this.#at < this.#end) this.#at++;
    if (this.#at >= this.#end) throw new NotQuick();
  }

  /** Steps over a comma or the closing bracket. @returns whether it was the bracket */
  #isClosed(bracket: string): boolean {
    this.#space();
    const letter = this.#text[this.#at++];
    if (letter !== bracket && letter !== ",") throw new NotQuick();
    if (letter === ",") this.#space();
    return letter === bracket;
  }

  #place = (): Place => ({ source: this.source, offset: this.#at });

  #list(at: Place, depth: number): Node {
    this.#at++;
    const items: Node[] = [];
    this.#space();
    while (this.#text[this.#at] !== "]") {
      items.push(this.#node(this.#place(), depth + 1));
      if (this.#isClosed("]")) return sequence(items, at);
    }
    this.#at++;
    return sequence(items, at);
  }

  #map(at: Place, depth: number): Node {
    this.#at++;
    const entries = new Map<string, Node>();
    this.#space();
    while (this.#text[this.#at] !== "}") {
      const place = this.#place();
      const key = this.#key();
      if (entries.has(key)) throw new NotQuick();
      this.#space();
      const isEmpty = /[,}]/.test(this.#text.charAt(this.#at));
      entries.set(key, isEmpty ? scalar(null, place) : this.#node(place, depth + 1));
      if (this.#isClosed("}")) return mapping(entries, at);
    }
    this.#at++;
    return mapping(entries, at);
  }

  #key(): string {
    const quote = this.#text.charAt(this.#at);
    const isQuoted = quote === '"' || quote === "'";
    const key = isQuoted ? this.#quoted(quote) : this.#plain();
    if (!isQuoted && (typeof resolvePlain(key).value !== "string" || key === "<<")) throw new NotQuick();
    this.#space();
    if (this.#text[this.#at] !== ":" || this.#text[this.#at + 1] !== " ") throw new NotQuick();
    this.#at++;
    return key;
  }
}
