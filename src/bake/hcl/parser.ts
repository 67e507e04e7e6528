import type { Attribute, BinaryOperator, Block, Body, Expression, TemplatePart } from "./ast.ts";
import { Scanner } from "./scanner.ts";
import { readHeredoc, readQuoted } from "./template.ts";

/** Deeper than anybody writes, and shallower than the stack. */
const MAX_DEPTH = 200;
const LITERALS: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };
/** From the loosest to the tightest. */
const LEVELS: readonly (readonly BinaryOperator[])[] = [["||"], ["&&"], ["==", "!="], ["<=", ">=", "<", ">"], ["+", "-"], ["*", "/", "%"]];

/** @throws DefinitionError with the place of the first mistake */
export function parseHcl(file: string, text: string): Body {
  return new Parser(new Scanner(file, text)).body(false);
}

/** A text as HCL's JSON form holds it, where it is an expression of its own. */
export function parseTemplate(file: string, text: string): Expression {
  const scanner = new Scanner(file, `<<T\n${text}\nT`);
  scanner.offset = 2;
  const at = scanner.at;
  const parser = new Parser(scanner);
  return chomped(readHeredoc(scanner, () => parser.expression()), at);
}

/** The last end of line is the frame's, not the text's. */
function chomped(parts: readonly TemplatePart[], at: Expression["at"]): Expression {
  const last = parts.at(-1);
  const kept = last?.kind === "text" ? [...parts.slice(0, -1), { ...last, text: last.text.replace(/\n$/, "") }] : parts;
  return { kind: "template", parts: kept, at };
}

class Parser {
  #depth = 0;

  constructor(readonly scanner: Scanner) {}

  body(nested: boolean): Body {
    const { scanner } = this;
    const attributes: Attribute[] = [];
    const blocks: Block[] = [];
    for (;;) {
      scanner.skipLines();
      if (nested ? scanner.starts("}") : scanner.ended) return { attributes, blocks };
      const at = scanner.at;
      const name = scanner.identifier() ?? scanner.fail(nested && scanner.ended ? "a block has no end" : "expected a name");
      scanner.skip();
      if (scanner.starts("=") && !scanner.starts("==")) {
        scanner.offset++;
        if (attributes.some((attribute) => attribute.name === name)) scanner.fail(`the attribute ${name} stands here twice`, at);
        attributes.push({ name, value: this.expression(), at });
      } else blocks.push(this.#block(name, at));
      scanner.endOfLine(name);
    }
  }

  #block(type: string, at: Block["at"]): Block {
    const { scanner } = this;
    const labels: string[] = [];
    while (!scanner.take("{")) {
      const label = scanner.take('"') ? constant(readQuoted(scanner, () => this.expression())) : scanner.identifier();
      labels.push(label ?? scanner.fail(`${type}: expected "=", a label, or "{"`));
    }
    const body = this.#nested(() => this.body(true));
    scanner.offset++;
    return { type, labels, body, at };
  }

  expression(): Expression {
    return this.#nested(() => this.#conditional());
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) this.scanner.fail("this is nested too deeply");
    try {
      return read();
    } finally {
      this.#depth--;
    }
  }

  #conditional(): Expression {
    const condition = this.#binary(0);
    if (!this.scanner.take("?")) return condition;
    const whenTrue = this.expression();
    this.scanner.expect(":", "condition");
    return { kind: "conditional", condition, whenTrue, whenFalse: this.expression(), at: condition.at };
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (!operators) return this.#unary();
    let left = this.#binary(level + 1);
    for (;;) {
      const operator = operators.find((each) => this.scanner.take(each));
      if (!operator) return left;
      left = { kind: "binary", operator, left, right: this.#binary(level + 1), at: left.at };
    }
  }

  #unary(): Expression {
    this.scanner.skip();
    const { at } = this.scanner;
    for (const operator of ["!", "-"] as const) if (this.scanner.take(operator)) return { kind: "unary", operator, operand: this.#nested(() => this.#unary()), at };
    return this.#postfix(this.#primary());
  }

  #postfix(of: Expression): Expression {
    const { scanner } = this;
    let value = of;
    for (;;) {
      const { at } = scanner;
      if (scanner.starts("...")) return value;
      if (scanner.starts("[*]") || scanner.starts(".*")) {
        scanner.offset += scanner.starts("[*]") ? 3 : 2;
        return { kind: "splat", of: value, each: this.#postfix({ kind: "item", at }), at };
      }
      if (scanner.starts("[")) {
        scanner.offset++;
        const key = scanner.within(() => {
          const inside = this.expression();
          scanner.expect("]", "index");
          return inside;
        });
        value = { kind: "index", of: value, key, at };
      } else if (scanner.starts(".")) {
        scanner.offset++;
        const key = scanner.number() ?? scanner.identifier() ?? scanner.fail("expected a name behind the dot");
        value = { kind: "index", of: value, key: { kind: "literal", value: key, at }, at };
      } else return value;
    }
  }

  #primary(): Expression {
    const { scanner } = this;
    const { at } = scanner;
    const number = scanner.number();
    if (number !== undefined) return { kind: "literal", value: number, at };
    if (scanner.take('"')) return { kind: "template", parts: readQuoted(scanner, () => this.expression()), at };
    if (scanner.take("<<")) return { kind: "template", parts: readHeredoc(scanner, () => this.expression()), at };
    if (scanner.take("(")) return this.#closedBy(")", () => this.expression());
    if (scanner.take("[")) return this.#closedBy("]", () => this.#for("tuple", at) ?? { kind: "tuple", items: this.#list("]"), at });
    if (scanner.take("{")) return this.#closedBy("}", () => this.#for("object", at) ?? { kind: "object", items: scanner.withLines(() => this.#items()), at });
    const name = scanner.identifier() ?? scanner.fail("expected a value");
    if (Object.hasOwn(LITERALS, name)) return { kind: "literal", value: LITERALS[name] ?? null, at };
    if (scanner.starts("(")) return this.#call(name, at);
    return { kind: "variable", name, at };
  }

  #closedBy(bracket: string, read: () => Expression): Expression {
    return this.scanner.within(() => {
      const value = read();
      this.scanner.expect(bracket, "value");
      return value;
    });
  }

  #call(name: string, at: Expression["at"]): Expression {
    const { scanner } = this;
    scanner.offset++;
    return scanner.within(() => {
      const args = this.#list(")");
      const spread = scanner.take("...");
      scanner.expect(")", name);
      return { kind: "call", name, args, spread, at };
    });
  }

  #list(end: string): Expression[] {
    const items: Expression[] = [];
    for (;;) {
      this.scanner.skip();
      if (this.scanner.starts(end) || this.scanner.starts("...")) return items;
      items.push(this.expression());
      if (!this.scanner.take(",")) return items;
    }
  }

  #items(): { key: Expression; value: Expression }[] {
    const { scanner } = this;
    const items: { key: Expression; value: Expression }[] = [];
    for (;;) {
      scanner.skipLines();
      if (scanner.starts("}") || scanner.ended) return items;
      const { at } = scanner;
      const word = /^[\p{L}_][\p{L}\p{N}_-]*(?=\s*[=:])/u.exec(scanner.text.slice(scanner.offset, scanner.offset + 200))?.[0];
      const key: Expression = word === undefined ? this.expression() : { kind: "literal", value: word, at };
      if (word !== undefined) scanner.offset += word.length;
      if (!scanner.take("=") && !scanner.take(":")) scanner.fail('expected "=" or ":" behind the key');
      items.push({ key, value: this.expression() });
      scanner.take(",");
    }
  }

  #for(shape: "tuple" | "object", at: Expression["at"]): Expression | undefined {
    const { scanner } = this;
    const start = scanner.offset;
    if (!scanner.takeWord("for")) return undefined;
    const first = scanner.identifier();
    if (first === undefined) {
      scanner.offset = start;
      return undefined;
    }
    const second = scanner.take(",") ? scanner.identifier() : undefined;
    if (!scanner.takeWord("in")) scanner.fail("for: expected `in`");
    const over = this.expression();
    scanner.expect(":", "for");
    const firstValue = this.expression();
    const key = shape === "object" ? firstValue : undefined;
    if (key) scanner.expect("=>", "for");
    const value = key ? this.expression() : firstValue;
    const grouped = scanner.take("...");
    const when = scanner.takeWord("if") ? this.expression() : undefined;
    return { kind: "for", shape, keyName: second === undefined ? undefined : first, valueName: second ?? first, over, key, value, grouped, when, at };
  }
}

function constant(parts: readonly TemplatePart[]): string | undefined {
  const [only, ...others] = parts;
  if (!only) return "";
  return only.kind === "text" && others.length === 0 ? only.text : undefined;
}
