/** JSON that remembers where everything stood, so that a wrong setting can be pointed at. */

export interface Position {
  /** Both count from 1; columns count UTF-16 units, as editors do. */
  readonly line: number;
  readonly column: number;
}

export interface JsonMember {
  readonly name: string;
  readonly at: Position;
  readonly value: JsonNode;
}

export type JsonNode = { readonly at: Position } & (
  | { readonly kind: "object"; readonly members: readonly JsonMember[] }
  | { readonly kind: "array"; readonly items: readonly JsonNode[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "number"; readonly value: number; readonly text: string }
  | { readonly kind: "bool"; readonly value: boolean }
  | { readonly kind: "null" }
);

export class JsonProblem extends Error {
  constructor(
    message: string,
    readonly at: Position,
  ) {
    super(message);
    this.name = "JsonProblem";
  }
}

const MAX_DEPTH = 32;

/** One JSON value (RFC 8259) and nothing after it. @throws JsonProblem in the words of Go's encoding/json */
export function parseJson(text: string): JsonNode {
  return new Reader(text).document();
}

/** The plain value. */
export function plainValue(node: JsonNode): unknown {
  switch (node.kind) {
    case "object":
      return Object.fromEntries(node.members.map(({ name, value }) => [name, plainValue(value)]));
    case "array":
      return node.items.map(plainValue);
    case "null":
      return null;
    default:
      return node.value;
  }
}

class Reader {
  #offset = 0;

  constructor(readonly text: string) {}

  document(): JsonNode {
    const node = this.#value(0);
    this.#space();
    if (this.#offset < this.text.length) throw this.#unexpected("after top-level value");
    return node;
  }

  #value(depth: number): JsonNode {
    this.#space();
    const at = this.#position();
    if (depth > MAX_DEPTH) throw new JsonProblem("exceeded max depth", at);
    switch (this.text[this.#offset]) {
      case "{":
        return { at, kind: "object", members: this.#members(depth) };
      case "[":
        return { at, kind: "array", items: this.#items(depth) };
      case '"':
        return { at, kind: "string", value: this.#string() };
      default:
        return this.#literal(at);
    }
  }

  #members(depth: number): JsonMember[] {
    const members: JsonMember[] = [];
    this.#offset++;
    this.#space();
    if (this.#take("}")) return members;
    for (;;) {
      this.#space();
      const at = this.#position();
      if (this.text[this.#offset] !== '"') throw this.#unexpected("looking for beginning of object key string");
      const name = this.#string();
      this.#space();
      if (!this.#take(":")) throw this.#unexpected("after object key");
      members.push({ name, at, value: this.#value(depth + 1) });
      this.#space();
      if (this.#take("}")) return members;
      if (!this.#take(",")) throw this.#unexpected("after object key:value pair");
    }
  }

  #items(depth: number): JsonNode[] {
    const items: JsonNode[] = [];
    this.#offset++;
    this.#space();
    if (this.#take("]")) return items;
    for (;;) {
      items.push(this.#value(depth + 1));
      this.#space();
      if (this.#take("]")) return items;
      if (!this.#take(",")) throw this.#unexpected("after array element");
    }
  }

  #string(): string {
    const pattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    pattern.lastIndex = this.#offset;
    const match = pattern.exec(this.text);
    if (!match) {
      this.#toBadCharacter();
      throw this.#unexpected("in string literal");
    }
    this.#offset = pattern.lastIndex;
    return JSON.parse(match[0]) as string;
  }

  /** To the first character that no string may hold there, or the end. */
  #toBadCharacter(): void {
    const pattern = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;
    pattern.lastIndex = this.#offset;
    pattern.exec(this.text);
    this.#offset = pattern.lastIndex;
  }

  #literal(at: Position): JsonNode {
    const pattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
    pattern.lastIndex = this.#offset;
    const text = pattern.exec(this.text)?.[0];
    if (text === undefined) throw this.#brokenLiteral();
    this.#offset += text.length;
    if (text === "null") return { at, kind: "null" };
    if (text === "true" || text === "false") return { at, kind: "bool", value: text === "true" };
    return { at, kind: "number", value: Number(text), text };
  }

  #brokenLiteral(): JsonProblem {
    const meant = ["true", "false", "null"].find((word) => word[0] === this.text[this.#offset]);
    if (meant === undefined) return this.#unexpected("looking for beginning of value");
    let same = 1;
    while (this.text[this.#offset + same] === meant[same]) same++;
    this.#offset += same;
    return this.#unexpected(`in literal ${meant} (expecting '${meant[same]}')`);
  }

  #take(character: string): boolean {
    if (this.text[this.#offset] !== character) return false;
    this.#offset++;
    return true;
  }

  #space(): void {
    const pattern = /[ \t\r\n]*/y;
    pattern.lastIndex = this.#offset;
    pattern.exec(this.text);
    this.#offset = pattern.lastIndex;
  }

  #position(): Position {
    const before = this.text.slice(0, this.#offset);
    const lineStart = before.lastIndexOf("\n") + 1;
    return { line: before.split("\n").length, column: this.#offset - lineStart + 1 };
  }

  #unexpected(where: string): JsonProblem {
    const code = this.text.codePointAt(this.#offset);
    if (code === undefined) return new JsonProblem("unexpected end of JSON input", this.#position());
    const shown = code === 0x27 ? "'\\''" : code < 0x20 ? JSON.stringify(String.fromCodePoint(code)).replace(/^"|"$/g, "'") : `'${String.fromCodePoint(code)}'`;
    return new JsonProblem(`invalid character ${shown} ${where}`, this.#position());
  }
}
