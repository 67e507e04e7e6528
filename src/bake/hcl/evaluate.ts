import type { At, BinaryOperator, Expression, TemplatePart } from "./ast.ts";
import { DefinitionError } from "./scanner.ts";
import { booleanOf, equal, isList, isMap, kindOf, numberOf, textOf, type Value } from "./value.ts";

/** How many values one definition may make: a `for` over a `range` in another one is short to write. */
const MAX_ITEMS = 100_000;

export type HclFunction = (args: readonly Value[], at: At) => Value;

/** Where names are looked up. */
export interface Scope {
  /** Undefined when there is no such variable. */
  variable(name: string): Value | undefined;
  function(name: string): HclFunction | undefined;
  /** Functions that decide themselves whether to look at an argument. */
  lazy?(name: string): ((args: readonly Expression[], evaluate: (expression: Expression) => Value, at: At) => Value) | undefined;
}

/** @throws DefinitionError */
export function evaluate(expression: Expression, scope: Scope): Value {
  return new Evaluation(scope, { items: 0 }).value(expression);
}

class Evaluation {
  constructor(
    readonly scope: Scope,
    readonly spent: { items: number },
    readonly item?: Value,
  ) {}

  value(expression: Expression): Value {
    switch (expression.kind) {
      case "literal":
        return expression.value;
      case "template":
        return this.#template(expression.parts, expression.at);
      case "variable":
        return this.scope.variable(expression.name) ?? this.#nullOrUnknown(expression.name, expression.at);
      case "call":
        return this.#call(expression);
      case "index":
        return indexed(this.value(expression.of), this.value(expression.key), expression.at);
      case "splat":
        return this.#splat(expression);
      case "item":
        return this.item ?? null;
      case "tuple":
        return expression.items.map((item) => this.value(item));
      case "object":
        return Object.fromEntries(expression.items.map(({ key, value }) => [textOf(this.value(key), key.at), this.value(value)]));
      case "for":
        return this.#for(expression);
      case "unary":
        return expression.operator === "!" ? !booleanOf(this.value(expression.operand), expression.at) : -numberOf(this.value(expression.operand), expression.at);
      case "binary":
        return this.#binary(expression.operator, expression.left, expression.right, expression.at);
      case "conditional":
        return this.value(booleanOf(this.value(expression.condition), expression.condition.at) ? expression.whenTrue : expression.whenFalse);
    }
  }

  #nullOrUnknown(name: string, at: At): Value {
    if (this.scope.variable(name) === null) return null;
    throw new DefinitionError(at, `Unknown variable; There is no variable named "${name}".`);
  }

  #template(parts: readonly TemplatePart[], at: At): Value {
    const [only] = parts;
    // "${x}" alone is x itself, of whatever type.
    if (only?.kind === "value" && parts.length === 1) return this.value(only.value);
    return this.#text(parts, at);
  }

  #text(parts: readonly TemplatePart[], at: At): string {
    return parts.map((part) => this.#partText(part, at)).join("");
  }

  #partText(part: TemplatePart, at: At): string {
    switch (part.kind) {
      case "text":
        return part.text;
      case "value":
        return textOf(this.value(part.value), part.value.at);
      case "if":
        return this.#text(booleanOf(this.value(part.condition), part.condition.at) ? part.whenTrue : part.whenFalse, at);
      case "for":
        return this.#entries(this.value(part.over), part.over.at).map(([key, value]) => this.#with(namesOf(part, key, value)).#text(part.body, at)).join("");
    }
  }

  #call({ name, args, spread, at }: Extract<Expression, { kind: "call" }>): Value {
    const lazy = this.scope.lazy?.(name);
    if (lazy) return lazy(args, (expression) => this.value(expression), at);
    const called = this.scope.function(name);
    if (!called) throw new DefinitionError(at, `Call to unknown function; There is no function named "${name}".`);
    const values = args.map((arg) => this.value(arg));
    const last = values.at(-1);
    const all = spread && last !== undefined && isList(last) ? [...values.slice(0, -1), ...last] : values;
    const result = called(all, at);
    if (isList(result)) this.#spend(result.length, at);
    return result;
  }

  #splat({ of, each }: Extract<Expression, { kind: "splat" }>): Value {
    const source = this.value(of);
    if (source === null) return [];
    return (isList(source) ? source : [source]).map((item) => new Evaluation(this.scope, this.spent, item).value(each));
  }

  #for({ shape, keyName, valueName, over, key, value, grouped, when, at }: Extract<Expression, { kind: "for" }>): Value {
    const entries = this.#entries(this.value(over), over.at);
    this.#spend(entries.length, at);
    const chosen = entries.map(([entryKey, entryValue]) => this.#with(namesOf({ keyName, valueName }, entryKey, entryValue))).filter((inner) => !when || booleanOf(inner.value(when), when.at));
    if (shape === "tuple") return chosen.map((inner) => inner.value(value));
    const made: Record<string, Value> = {};
    for (const inner of chosen) {
      const name = textOf(inner.value(key ?? value), at);
      const before = made[name];
      if (grouped) made[name] = [...(before !== undefined && isList(before) ? before : []), inner.value(value)];
      else if (Object.hasOwn(made, name)) throw new DefinitionError(at, `the key "${name}" comes twice: "..." behind the value groups them`);
      else made[name] = inner.value(value);
    }
    return made;
  }

  #binary(operator: BinaryOperator, left: Expression, right: Expression, at: At): Value {
    if (operator === "&&") return booleanOf(this.value(left), left.at) && booleanOf(this.value(right), right.at);
    if (operator === "||") return booleanOf(this.value(left), left.at) || booleanOf(this.value(right), right.at);
    const a = this.value(left);
    const b = this.value(right);
    if (operator === "==") return equal(a, b);
    if (operator === "!=") return !equal(a, b);
    return calculated(operator, numberOf(a, left.at), numberOf(b, right.at), at);
  }

  #entries(value: Value, at: At): [Value, Value][] {
    if (isList(value)) return value.map((item, index) => [index, item]);
    if (isMap(value)) return Object.keys(value).sort().map((key) => [key, value[key] ?? null]);
    throw new DefinitionError(at, `for goes over lists and objects, not over a ${kindOf(value)}`);
  }

  #with(names: Readonly<Record<string, Value>>): Evaluation {
    const outer = this.scope;
    return new Evaluation({ ...outer, variable: (name) => (Object.hasOwn(names, name) ? names[name] : outer.variable(name)), function: (name) => outer.function(name) }, this.spent, this.item);
  }

  #spend(count: number, at: At): void {
    this.spent.items += count;
    if (this.spent.items > MAX_ITEMS) throw new DefinitionError(at, `the definition makes more than ${MAX_ITEMS} values`);
  }
}

function namesOf({ keyName, valueName }: { readonly keyName: string | undefined; readonly valueName: string }, key: Value, value: Value): Record<string, Value> {
  return { ...(keyName !== undefined && { [keyName]: key }), [valueName]: value };
}

function indexed(of: Value, key: Value, at: At): Value {
  if (isList(of)) {
    const found = of[numberOf(key, at)];
    if (found === undefined) throw new DefinitionError(at, "Invalid index; The given key does not identify an element in this collection value.");
    return found;
  }
  const name = textOf(key, at);
  if (isMap(of) && Object.hasOwn(of, name)) return of[name] ?? null;
  throw new DefinitionError(at, isMap(of) ? `Unsupported attribute; This object does not have an attribute named "${name}".` : `a ${kindOf(of)} has no attributes`);
}

function calculated(operator: Exclude<BinaryOperator, "==" | "!=" | "&&" | "||">, a: number, b: number, at: At): Value {
  if ((operator === "/" || operator === "%") && b === 0) throw new DefinitionError(at, "Division by zero");
  switch (operator) {
    case "<": return a < b;
    case "<=": return a <= b;
    case ">": return a > b;
    case ">=": return a >= b;
    case "+": return a + b;
    case "-": return a - b;
    case "*": return a * b;
    case "/": return a / b;
    case "%": return a % b;
  }
}
