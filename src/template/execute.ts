import { FUNCTIONS, FUNCTION_NAMES, isTrue, type TemplateFunction } from "./functions.ts";
import { TemplateError } from "./lex.ts";
import { describe, parseTemplate, type Declaration, type Expression, type Node, type Pipeline } from "./parse.ts";
import { show } from "./print.ts";

/** How a field of the data is found; throws TemplateError where there is none and that is a mistake. */
export type Lookup = (value: unknown, name: string) => unknown;

export interface ExecuteOptions {
  readonly lookup?: Lookup;
  readonly functions?: Readonly<Record<string, TemplateFunction>>;
}

/** More than any listing has: a log's tag is a template too, and the engine runs that one itself. */
const MAX_STEPS = 1_000_000;
const MAX_TEXT = 256 * 1024 * 1024;

class BreakLoop {}
class ContinueLoop {}

/** A parsed Go template, to be run on any number of values. */
export class Template {
  readonly #nodes: readonly Node[];

  /** @throws TemplateError when the text is no template */
  constructor(readonly source: string) {
    this.#nodes = bounded(() => parseTemplate(source, FUNCTION_NAMES));
  }

  run(data: unknown, options: ExecuteOptions = {}): string {
    const run = new Run(data, options.lookup ?? lookupOwn, options.functions ?? FUNCTIONS);
    try {
      bounded(() => run.nodes(this.#nodes, data));
    } catch (error) {
      if (error instanceof TemplateError) throw new TemplateError(`template: :${this.#place(error.message)}: ${error.message}`);
      throw error;
    }
    return run.text;
  }

  /** Line and column of the expression that failed, which the message names. */
  #place(message: string): string {
    const expression = / at <(.*?)>: /.exec(message)?.[1] ?? "";
    const begins = Math.max(this.source.indexOf(expression), 0);
    // A chain of fields is placed at its second one.
    const second = /^[.$]/.test(expression) ? expression.indexOf(".", 1) : -1;
    const at = begins + Math.max(second, 0);
    const before = this.source.slice(0, at).split("\n");
    return `${before.length}:${before.at(-1)?.length ?? 0}`;
  }
}

/** What is nested too deep, or asks for a text or number that cannot be, is the template's fault. */
function bounded<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError(`exceeded what a template may ask for: ${error.message}`);
    throw error;
  }
}

/** A member of a map; one that is not there prints as `<no value>`. */
export function lookupOwn(value: unknown, name: string): unknown {
  if (value === null || value === undefined) throw new TemplateError(`nil data; no entry for key ${JSON.stringify(name)}`);
  if (typeof value !== "object") throw new TemplateError(`can't evaluate field ${name} in type ${typeof value}`);
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

class Run {
  text = "";
  readonly #variables: Array<{ name: string; value: unknown }>;
  #stepsLeft = MAX_STEPS;

  constructor(
    root: unknown,
    readonly lookup: Lookup,
    readonly functions: Readonly<Record<string, TemplateFunction>>,
  ) {
    this.#variables = [{ name: "$", value: root }];
  }

  nodes(nodes: readonly Node[], dot: unknown): void {
    const scope = this.#variables.length;
    try {
      for (const node of nodes) this.#node(node, dot);
    } finally {
      this.#variables.length = scope;
    }
  }

  #node(node: Node, dot: unknown): void {
    if (--this.#stepsLeft < 0 || this.text.length > MAX_TEXT) throw new TemplateError("exceeded what a template may ask for");
    switch (node.kind) {
      case "text":
        this.text += node.text;
        return;
      case "output": {
        const value = this.#pipeline(node.value, dot);
        if (node.declaration) this.#declare(node.declaration, [value]);
        else this.text += show(value);
        return;
      }
      case "if":
      case "with":
        return this.#condition(node, dot);
      case "range":
        return this.#range(node, dot);
      case "break":
        throw new BreakLoop();
      case "continue":
        throw new ContinueLoop();
      default:
        node satisfies never;
    }
  }

  #condition(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: unknown): void {
    const scope = this.#variables.length;
    const value = this.#pipeline(node.value, dot);
    if (node.declaration) this.#declare(node.declaration, [value]);
    if (isTrue(value)) this.nodes(node.body, node.kind === "with" ? value : dot);
    else this.nodes(node.otherwise, dot);
    this.#variables.length = scope;
  }

  #range(node: Extract<Node, { kind: "if" | "with" | "range" }>, dot: unknown): void {
    const items = this.#entries(node.value, dot);
    if (items.length === 0) return this.nodes(node.otherwise, dot);
    for (const [key, item] of items) {
      const scope = this.#variables.length;
      if (node.declaration) this.#declare(node.declaration, node.declaration.names.length > 1 ? [key, item] : [item]);
      try {
        this.nodes(node.body, item);
      } catch (signal) {
        if (signal instanceof BreakLoop) break;
        if (!(signal instanceof ContinueLoop)) throw signal;
      } finally {
        this.#variables.length = scope;
      }
    }
  }

  #entries(pipeline: Pipeline, dot: unknown): Array<readonly [unknown, unknown]> {
    const value = this.#pipeline(pipeline, dot);
    try {
      return entriesOf(value);
    } catch (error) {
      const [stage] = pipeline.stages;
      if (error instanceof TemplateError && stage) throw new TemplateError(`executing "" at <${describe(stage)}>: ${error.message}`);
      throw error;
    }
  }

  #declare({ names, assigns }: Declaration, values: readonly unknown[]): void {
    names.forEach((name, at) => {
      const known = assigns ? this.#variables.findLast((variable) => variable.name === name) : undefined;
      if (assigns && !known) throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
      if (known) known.value = values[at];
      else this.#variables.push({ name, value: values[at] });
    });
  }

  #pipeline(pipeline: Pipeline, dot: unknown): unknown {
    let value: unknown;
    pipeline.stages.forEach((stage, at) => {
      if (at > 0 && stage.kind !== "call") throw new TemplateError(`non executable command in pipeline stage ${at + 1}`);
      value = stage.kind === "call" ? this.#call(stage.name, stage.args, dot, at > 0 ? [value] : []) : this.#evaluate(stage, dot);
    });
    return value;
  }

  #evaluate(expression: Expression, dot: unknown): unknown {
    switch (expression.kind) {
      case "literal":
        return expression.value;
      case "dot":
        return dot;
      case "variable":
        return this.#variable(expression.name);
      case "call":
        return this.#call(expression.name, expression.args, dot, []);
      case "path":
        return expression.names.reduce((value, name) => this.#field(value, name, expression), this.#evaluate(expression.base, dot));
      case "method": {
        const method = this.#evaluate(expression.target, dot);
        if (typeof method !== "function") throw new TemplateError(`executing "" at <${describe(expression)}>: ${expression.target.names.at(-1)} has arguments but cannot be invoked as function`);
        return method(...expression.args.map((arg) => this.#evaluate(arg, dot)));
      }
      case "pipeline":
        return this.#pipeline(expression, dot);
      default:
        return expression satisfies never;
    }
  }

  #field(value: unknown, name: string, whole: Expression): unknown {
    try {
      return this.lookup(value, name);
    } catch (error) {
      if (error instanceof TemplateError) throw new TemplateError(`executing "" at <${describe(whole)}>: ${error.message}`);
      throw error;
    }
  }

  #variable(name: string): unknown {
    const known = this.#variables.findLast((variable) => variable.name === name);
    if (!known) throw new TemplateError(`undefined variable ${JSON.stringify(name)}`);
    return known.value;
  }

  #call(name: string, args: readonly Expression[], dot: unknown, piped: readonly unknown[]): unknown {
    if (name === "and" || name === "or") return this.#decide(name, args, dot, piped);
    const given = [...args.map((arg) => this.#evaluate(arg, dot)), ...piped];
    try {
      return this.functions[name]?.(...given);
    } catch (error) {
      if (error instanceof TemplateError) throw new TemplateError(`executing "" at <${name}>: ${error.message}`);
      throw error;
    }
  }

  #decide(name: "and" | "or", args: readonly Expression[], dot: unknown, piped: readonly unknown[]): unknown {
    let value: unknown = piped[0];
    for (const arg of args) {
      value = this.#evaluate(arg, dot);
      if (isTrue(value) === (name === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }
}

function entriesOf(value: unknown): Array<readonly [unknown, unknown]> {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item: unknown, at) => [at, item] as const);
  if (typeof value === "number" && value > MAX_STEPS) throw new TemplateError(`range over ${show(value)} is too long`);
  if (typeof value === "number") return Array.from({ length: value }, (_, at) => [at, at] as const);
  if (typeof value === "object") return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  throw new TemplateError(`range can't iterate over ${show(value)}`);
}
