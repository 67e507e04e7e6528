import type { Attributes, Definition, UserFunction, Variable } from "./definition.ts";
import { booleanOf, DefinitionError, evaluate, FUNCTIONS, isList, isMap, LAZY_FUNCTIONS, numberOf, textOf, type At, type HclFunction, type Scope, type Value, type ValueMap } from "./hcl/mod.ts";

export interface ScopeOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Set on the command line, before the environment. */
  readonly variables: Readonly<Record<string, string>>;
  readonly localPlatform: string;
  /** What BAKE_CMD_CONTEXT is: a definition from elsewhere may be given another place to build from. */
  readonly cmdContext: string;
}

/** The names that a definition's expressions see: its variables, functions and targets, each evaluated when it is first asked for. */
export class BakeScope implements Scope {
  readonly #definition: Definition;
  readonly #options: ScopeOptions;
  readonly #values = new Map<string, Value>();
  readonly #open: string[] = [];
  readonly lazy = (name: string) => LAZY_FUNCTIONS[name];

  constructor(definition: Definition, options: ScopeOptions) {
    this.#definition = definition;
    this.#options = options;
  }

  variable(name: string): Value | undefined {
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    const value = this.#find(name);
    if (value !== undefined) this.#values.set(name, value);
    return value;
  }

  function(name: string): HclFunction | undefined {
    const own = this.#definition.functions.get(name);
    if (own) return (args, at) => this.#callOwn(name, own, args, at);
    return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  }

  /** Every variable that the environment may set, with what it is. */
  variables(): { readonly variable: Variable; readonly value: Value }[] {
    return [...this.#definition.variables.values()].filter(({ fixed }) => !fixed).map((variable) => ({ variable, value: this.variable(variable.name) ?? null })).sort((a, b) => (a.variable.name < b.variable.name ? -1 : 1));
  }

  /** @throws DefinitionError with the message that the definition gives */
  validate(): void {
    for (const { variable } of this.variables())
      for (const { condition, message } of variable.validations)
        if (!booleanOf(evaluate(condition, this), condition.at)) throw new DefinitionError(condition.at, `Validation failed; ${message ? textOf(evaluate(message, this), message.at) : "This check was not satisfied"}`);
  }

  #find(name: string): Value | undefined {
    const variable = this.#definition.variables.get(name);
    if (variable) return this.#once(name, () => this.#valueOf(variable));
    if (name === "target") return this.#targets();
    if (name === "BAKE_LOCAL_PLATFORM") return this.#options.localPlatform;
    return name === "BAKE_CMD_CONTEXT" ? this.#options.cmdContext : undefined;
  }

  #once<T>(name: string, find: () => T): T {
    if (this.#open.includes(name)) throw new DefinitionError(undefined, `variable cycle not allowed for ${name}`);
    this.#open.push(name);
    try {
      return find();
    } finally {
      this.#open.pop();
    }
  }

  #valueOf({ name, default: expression, type, fixed }: Variable): Value {
    const ownValue = expression ? evaluate(expression, this) : null;
    const given = fixed ? undefined : (this.#options.variables[name] ?? this.#options.environment[name]);
    if (given === undefined) return type === undefined || ownValue === null ? ownValue : ofType(name, ownValue, type);
    return type === undefined ? like(name, ownValue, given) : ofType(name, given, type);
  }

  #callOwn(name: string, { params, variadic, result }: UserFunction, args: readonly Value[], at: At): Value {
    if (args.length < params.length || (variadic === undefined && args.length > params.length)) throw new DefinitionError(at, `${name}: ${params.length} arguments are wanted, these are ${args.length}`);
    const local: Record<string, Value> = Object.fromEntries(params.map((param, index) => [param, args[index] ?? null]));
    if (variadic !== undefined) local[variadic] = args.slice(params.length);
    return this.#once(`${name}(${this.#open.length > 100 ? "" : this.#open.length})`, () => {
      if (this.#open.length > 100) throw new DefinitionError(at, `${name} calls itself without end`);
      return evaluate(result, this.with(local));
    });
  }

  /** More names, which hide those of the definition. */
  with(local: ValueMap): Scope {
    return { variable: (name) => (Object.hasOwn(local, name) ? local[name] : this.variable(name)), function: (name) => this.function(name), lazy: this.lazy };
  }

  /** `target.app.args.x`: nothing of a target is evaluated that is not asked for. */
  #targets(): Value {
    return lazyMap([...this.#definition.targets].map(([name, parts]) => {
      const attributes = lazyMap(attributeGetters(parts, name, this));
      return [name, () => attributes];
    }));
  }
}

function attributeGetters(parts: readonly Attributes[], target: string, scope: Scope): [string, () => Value][] {
  const last = new Map(parts.flatMap((part) => [...part]));
  return [...last].map(([key, expression]) => [key, onceAtATime(`target.${target}.${key}`, () => evaluate(expression, scope))]);
}

function onceAtATime(name: string, find: () => Value): () => Value {
  let open = false;
  return () => {
    if (open) throw new DefinitionError(undefined, `variable cycle not allowed for ${name}`);
    open = true;
    try {
      return find();
    } finally {
      open = false;
    }
  };
}

function lazyMap(entries: readonly [string, () => Value][]): Value {
  const map = {};
  for (const [name, get] of entries) Object.defineProperty(map, name, { get, enumerable: true });
  return map;
}

/** The environment has texts alone: they become what the default is. */
function like(name: string, model: Value, given: string): Value {
  if (typeof model === "boolean") return asVariable(name, () => booleanOf(given));
  if (typeof model === "number") return asVariable(name, () => numberOf(given));
  if (isList(model)) return listFrom(name, given);
  return isMap(model) ? jsonFrom(name, given) : given;
}

function ofType(name: string, given: Value, type: string): Value {
  if (type === "string") return asVariable(name, () => textOf(given));
  if (type === "number") return asVariable(name, () => numberOf(given));
  if (type === "bool") return asVariable(name, () => booleanOf(given));
  if (typeof given !== "string") return given;
  return /^(?:list|set|tuple)\b/.test(type) ? listFrom(name, given) : jsonFrom(name, given);
}

function listFrom(name: string, text: string): Value {
  return text.trimStart().startsWith("[") ? jsonFrom(name, text) : text === "" ? [] : text.split(",");
}

function jsonFrom(name: string, text: string): Value {
  return asVariable(name, () => JSON.parse(text) as Value);
}

function asVariable<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new DefinitionError(undefined, `invalid value for variable ${name}: ${(error as Error).message}`);
  }
}
