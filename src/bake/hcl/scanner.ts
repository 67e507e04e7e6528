import { EngineError } from "../../base/mod.ts";
import type { At } from "./ast.ts";

/** A mistake in a definition, with its place. */
export class DefinitionError extends EngineError {
  /** The line with its neighbours; "" where it has no place. */
  readonly excerpt: string;

  constructor(at: At | undefined, problem: string) {
    super("InvalidParameter", at ? `${placeText(at)}: ${problem}` : problem);
    this.name = "DefinitionError";
    this.excerpt = at ? excerptOf(at) : "";
  }
}

const AROUND = 2;
const RULE = "--------------------";

function excerptOf({ file, text, offset }: At): string {
  const line = text.slice(0, offset).split("\n").length;
  const lines = text.split("\n").slice(Math.max(0, line - 1 - AROUND), line + AROUND);
  const first = Math.max(1, line - AROUND);
  return `${file}:${line}\n${RULE}\n${lines.map((each, index) => `${String(first + index).padStart(4)} | ${first + index === line ? ">>> " : "    "}${each}\n`).join("")}${RULE}\n`;
}

/** `docker-bake.hcl:3,12` as HCL's own messages write a place: line, column. */
function placeText({ file, text, offset }: At): string {
  const before = text.slice(0, offset);
  return `${file}:${before.split("\n").length},${offset - before.lastIndexOf("\n")}`;
}

const BLANK = /[ \t\r]*(?:(?:#|\/\/)[^\n]*|\/\*[^]*?\*\/)?/y;
const BLANK_LINES = /(?:[ \t\r\n]+|(?:#|\/\/)[^\n]*|\/\*[^]*?\*\/)*/y;
const IDENTIFIER = /[\p{L}_][\p{L}\p{N}_-]*/uy;
const NUMBER = /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

/** Reads one file from left to right. */
export class Scanner {
  offset = 0;
  /** Inside of brackets the ends of lines mean nothing. */
  #brackets = 0;

  constructor(
    readonly file: string,
    readonly text: string,
  ) {}

  get at(): At {
    return { file: this.file, text: this.text, offset: this.offset };
  }

  get ended(): boolean {
    return this.offset >= this.text.length;
  }

  fail(problem: string, at = this.at): never {
    throw new DefinitionError(at, problem);
  }

  /** Blanks and comments; ends of lines too where they mean nothing. */
  skip(): void {
    if (this.#brackets > 0) this.skipLines();
    else for (let before = -1; before !== this.offset; ) {
      before = this.offset;
      this.#match(BLANK);
    }
  }

  skipLines(): void {
    this.#match(BLANK_LINES);
  }

  within<T>(read: () => T): T {
    this.#brackets++;
    try {
      return read();
    } finally {
      this.#brackets--;
    }
  }

  /** The body of an object that stands in brackets: its lines count again. */
  withLines<T>(read: () => T): T {
    const outer = this.#brackets;
    this.#brackets = 0;
    try {
      return read();
    } finally {
      this.#brackets = outer;
    }
  }

  /** `ahead` characters further on. */
  starts(token: string, ahead = 0): boolean {
    return this.text.startsWith(token, this.offset + ahead);
  }

  take(token: string): boolean {
    this.skip();
    if (!this.starts(token)) return false;
    this.offset += token.length;
    return true;
  }

  expect(token: string, where: string): void {
    if (!this.take(token)) this.fail(`${where}: expected "${token}", found ${this.#next()}`);
  }

  /** A keyword is an identifier that stands at a certain place. */
  takeWord(word: string): boolean {
    const start = (this.skip(), this.offset);
    if (this.identifier() === word) return true;
    this.offset = start;
    return false;
  }

  identifier(): string | undefined {
    this.skip();
    return this.#match(IDENTIFIER);
  }

  number(): number | undefined {
    const text = this.#match(NUMBER);
    return text === undefined ? undefined : Number(text);
  }

  endOfLine(where: string): void {
    this.skip();
    if (this.ended || this.text[this.offset] === "\n" || this.text[this.offset] === "}") return;
    this.fail(`${where}: expected the end of the line, found ${this.#next()}`);
  }

  #next(): string {
    return this.ended ? "the end of the file" : JSON.stringify(this.text.slice(this.offset, this.offset + 12).split("\n")[0] || "the end of the line");
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.offset;
    const found = pattern.exec(this.text)?.[0];
    if (found === undefined || found === "") return undefined;
    this.offset += found.length;
    return found;
  }
}
