import { cutPieces, cutTokens, TemplateError, type Token } from "./lex.ts";

export type Expression =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "dot" }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly args: readonly Expression[] }
  | Path
  /** A field that is a function, with arguments: `.Label "x"`. */
  | { readonly kind: "method"; readonly target: Path; readonly args: readonly Expression[] }
  | Pipeline;

export interface Path {
  readonly kind: "path";
  readonly base: Expression;
  readonly names: readonly string[];
}

/** `a | b x | c`: each stage gets the value before it as its last argument. */
export interface Pipeline {
  readonly kind: "pipeline";
  readonly stages: readonly Expression[];
}

export interface Declaration {
  readonly names: readonly string[];
  /** `=` changes a variable, `:=` makes one. */
  readonly assigns: boolean;
}

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "output"; readonly value: Pipeline; readonly declaration: Declaration | undefined }
  | { readonly kind: "if" | "with" | "range"; readonly value: Pipeline; readonly declaration: Declaration | undefined; readonly body: readonly Node[]; readonly otherwise: readonly Node[] }
  | { readonly kind: "break" | "continue" };

interface Cursor {
  readonly pieces: ReturnType<typeof cutPieces>;
  at: number;
}

/** Go's text/template without nested templates. @throws TemplateError */
export function parseTemplate(source: string, functions: ReadonlySet<string>): Node[] {
  const cursor: Cursor = { pieces: cutPieces(source), at: 0 };
  const { nodes, end } = parseNodes(cursor, functions);
  if (end !== undefined) throw new TemplateError(`unexpected {{${end.split(" ")[0]}}}`);
  return nodes;
}

/** Nodes up to an `end` or `else`, which is returned. */
function parseNodes(cursor: Cursor, functions: ReadonlySet<string>): { nodes: Node[]; end: string | undefined } {
  const nodes: Node[] = [];
  for (let piece = cursor.pieces[cursor.at]; piece; piece = cursor.pieces[cursor.at]) {
    cursor.at++;
    if (piece.kind === "text") {
      nodes.push(piece);
      continue;
    }
    const keyword = /^(if|with|range|end|else|break|continue|define|template|block)\b/.exec(piece.source)?.[1];
    switch (keyword) {
      case "end":
      case "else":
        return { nodes, end: piece.source };
      case "break":
      case "continue":
        nodes.push({ kind: keyword });
        break;
      case "if":
      case "with":
      case "range":
        nodes.push(parseBlock(keyword, piece.source.slice(keyword.length), cursor, functions));
        break;
      case "define":
      case "template":
      case "block":
        throw new TemplateError(`{{${keyword}}} is not known here: write the template in one piece`);
      default:
        if (piece.source === "") throw new TemplateError("missing value for command");
        nodes.push({ kind: "output", ...parsePipeline(piece.source, functions, "command") });
    }
  }
  return { nodes, end: undefined };
}

function parseBlock(kind: "if" | "with" | "range", source: string, cursor: Cursor, functions: ReadonlySet<string>): Node {
  const head = parsePipeline(source, functions, kind);
  const { nodes: body, end } = parseNodes(cursor, functions);
  return { kind, ...head, body, otherwise: parseOtherwise(end, kind, cursor, functions) };
}

function parseOtherwise(end: string | undefined, kind: string, cursor: Cursor, functions: ReadonlySet<string>): readonly Node[] {
  if (end === undefined) throw new TemplateError("unexpected EOF");
  if (end === "end") return [];
  const chained = /^else\s+(if|with)\b([\s\S]*)$/.exec(end);
  if (chained && chained[1] !== undefined) return [parseBlock(chained[1] as "if" | "with", chained[2] ?? "", cursor, functions)];
  if (end !== "else") throw new TemplateError(`unexpected ${end} in ${kind}`);
  const { nodes, end: last } = parseNodes(cursor, functions);
  if (last !== "end") throw new TemplateError(last === undefined ? "unexpected EOF" : "expected end; found {{else}}");
  return nodes;
}

function parsePipeline(source: string, functions: ReadonlySet<string>, context: string): { value: Pipeline; declaration: Declaration | undefined } {
  const tokens = cutTokens(source);
  const declaration = parseDeclaration(tokens);
  const value = new ExpressionParser(tokens, functions, context).whole();
  return { value, declaration };
}

function parseDeclaration(tokens: Token[]): Declaration | undefined {
  const mark = tokens.findIndex((token) => token.kind === "mark" && (token.text === ":=" || token.text === "="));
  if (mark < 0) return undefined;
  const names = tokens.slice(0, mark).flatMap((token) => (token.kind === "variable" ? [token.name] : []));
  const sign = tokens[mark];
  tokens.splice(0, mark + 1);
  return { names, assigns: sign?.kind === "mark" && sign.text === "=" };
}

class ExpressionParser {
  #at = 0;

  constructor(
    readonly tokens: readonly Token[],
    readonly functions: ReadonlySet<string>,
    readonly context: string,
  ) {}

  whole(): Pipeline {
    const pipeline = this.#pipeline();
    const left = this.tokens[this.#at];
    if (left) throw new TemplateError(`unexpected ${left.kind === "mark" ? JSON.stringify(left.text) : left.kind} in ${this.context}`);
    return pipeline;
  }

  #pipeline(): Pipeline {
    const stages = [this.#command()];
    while (this.#takeMark("|")) stages.push(this.#command());
    return { kind: "pipeline", stages };
  }

  #command(): Expression {
    const first = this.#operand();
    if (!first) throw new TemplateError(`missing value for ${this.context}`);
    const args: Expression[] = [];
    for (let next = this.#operand(); next; next = this.#operand()) args.push(next);
    if (first.kind === "call") return { ...first, args };
    if (args.length === 0) return first;
    if (first.kind !== "path") throw new TemplateError(`can't give argument to non-function ${describe(first)}`);
    return { kind: "method", target: first, args };
  }

  #operand(): Expression | undefined {
    const token = this.tokens[this.#at];
    if (!token) return undefined;
    switch (token.kind) {
      case "literal":
        this.#at++;
        return { kind: "literal", value: token.value };
      case "dot":
        this.#at++;
        return this.#path({ kind: "dot" });
      case "field":
        return this.#path({ kind: "dot" }, true);
      case "variable":
        this.#at++;
        return this.#path({ kind: "variable", name: token.name });
      case "word":
        this.#at++;
        if (!this.functions.has(token.name)) throw new TemplateError(`function ${JSON.stringify(token.name)} not defined`);
        return { kind: "call", name: token.name, args: [] };
      case "mark":
        if (token.text !== "(") return undefined;
        this.#at++;
        return this.#parenthesis();
    }
  }

  #parenthesis(): Expression {
    const inner = this.#pipeline();
    if (!this.#takeMark(")")) throw new TemplateError("unclosed left paren");
    return this.#path(inner);
  }

  /** `.A.B` right behind something belongs to it; after a space it is the next operand. */
  #path(base: Expression, firstMaySpace = false): Expression {
    const names: string[] = [];
    for (let token = this.tokens[this.#at]; token?.kind === "field" && (!token.spaced || (firstMaySpace && names.length === 0)); token = this.tokens[this.#at]) {
      names.push(token.name);
      this.#at++;
    }
    return names.length === 0 ? base : { kind: "path", base, names };
  }

  #takeMark(text: string): boolean {
    const token = this.tokens[this.#at];
    if (token?.kind !== "mark" || token.text !== text) return false;
    this.#at++;
    return true;
  }
}

/** How the expression was written, near enough for a message. */
export function describe(expression: Expression): string {
  switch (expression.kind) {
    case "literal":
      return JSON.stringify(expression.value);
    case "dot":
      return ".";
    case "variable":
      return expression.name;
    case "call":
      return expression.name;
    case "path":
      return `${expression.base.kind === "dot" ? "" : describe(expression.base)}.${expression.names.join(".")}`;
    case "method":
      return describe(expression.target);
    case "pipeline":
      return `(${expression.stages.map(describe).join(" | ")})`;
  }
}
