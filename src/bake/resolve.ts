import { editDistance, EngineError } from "../base/mod.ts";
import { BakeScope, type ScopeOptions } from "./bake-scope.ts";
import type { Attributes, Definition } from "./definition.ts";
import { evaluate, isList, mapOf, textOf, type Scope, type Value, type ValueMap } from "./hcl/mod.ts";
import { overridden, parseOverride } from "./overrides.ts";
import { isTargetKey, mergeTargets, readTarget, type Target } from "./target.ts";

export interface BakeOptions extends ScopeOptions {
  /** As `--set` has them. */
  readonly overrides: readonly string[];
}

/** What is to be built, as `--print` shows it. */
export interface Baked {
  readonly group: Readonly<Record<string, { readonly targets: readonly string[] }>>;
  readonly target: Readonly<Record<string, Target>>;
}

const MAX_TARGETS = 1000;

/**
 * The named targets and groups (`default` when there are none) and all that they need.
 * @throws DefinitionError, EngineError NotFound `failed to find target x`
 */
export function resolveBake(definition: Definition, names: readonly string[], options: BakeOptions): Baked {
  const scope = new BakeScope(definition, options);
  scope.validate();
  return new Resolution(definition, scope, options).resolve(names);
}

export interface ListedTarget {
  readonly name: string;
  readonly description: string;
  readonly group: boolean;
}

/** All names that can be built, in order. */
export function listTargets(definition: Definition, options: ScopeOptions): ListedTarget[] {
  const resolution = new Resolution(definition, new BakeScope(definition, options), { ...options, overrides: [] });
  const groups = [...resolution.groups].map(([name, members]) => ({ name, description: members.join(", "), group: true }));
  const targets = resolution.targetNames().map((name) => ({ name, description: resolution.target(name).description ?? "", group: false }));
  return [...groups, ...targets].sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface ListedVariable {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly description: string;
}

export function listVariables(definition: Definition, options: ScopeOptions): ListedVariable[] {
  const scope = new BakeScope(definition, options);
  return scope.variables().map(({ variable, value }) => ({
    name: variable.name,
    type: variable.type ?? "",
    value: value === null ? "<null>" : typeof value === "object" ? JSON.stringify(value) : textOf(value),
    description: variable.description ? textOf(evaluate(variable.description, scope)) : "",
  }));
}

class Resolution {
  readonly groups = new Map<string, readonly string[]>();
  /** Of each target, what the files say of it and the names that they may use. */
  readonly #parts = new Map<string, { readonly parts: readonly Attributes[]; readonly scope: Scope }>();
  readonly #definition: Definition;
  readonly #options: BakeOptions;

  constructor(definition: Definition, scope: BakeScope, options: BakeOptions) {
    this.#definition = definition;
    this.#options = options;
    for (const [name, parts] of definition.targets) this.#addTarget(name, parts, scope);
    for (const [name, parts] of definition.groups) this.groups.set(name, membersOf(parts, scope));
  }

  targetNames(): string[] {
    return [...this.#parts.keys()];
  }

  resolve(names: readonly string[]): Baked {
    const overrides = this.#options.overrides.map(parseOverride);
    const wanted = names.length > 0 ? [...names] : ["default"];
    const targets = new Map<string, Target>();
    const groups = new Map<string, readonly string[]>();
    for (const name of wanted) this.#collect(name, targets, groups, []);
    const linked = this.#linked(targets);
    const asked = new Set(wanted.flatMap((name) => this.#membersOf(name, [])));
    const made = [...targets].map(([name, target]): [string, Target] => {
      const finished = overridden(target, name, overrides);
      return [name, linked.has(name) && !asked.has(name) && finished.output === undefined ? { ...finished, output: [{ type: "cacheonly" }] } : finished];
    });
    const shown = names.length === 0 && this.groups.has("default") ? (this.groups.get("default") ?? []) : wanted;
    return { group: sortedEntries([...groups, ["default", shown] as const].map(([name, members]) => [name, { targets: members }])), target: sortedEntries(made.map(([name, target]) => [name, complete(target)])) };
  }

  /** @throws EngineError NotFound */
  target(name: string, heirs: readonly string[] = []): Target {
    const found = this.#parts.get(name);
    if (!found) throw notFound(name, [...this.#parts.keys(), ...this.groups.keys()]);
    if (heirs.includes(name)) throw new EngineError("InvalidParameter", `infinite loop from ${[...heirs, name].join(" -> ")}`);
    const own = found.parts.map((part) => part);
    const values = own.map((part) => valuesOf(part, found.scope));
    const parents = values.flatMap((value) => namesIn(value["inherits"] ?? null, name));
    const inherited = parents.reduce((below: Target, parent) => mergeTargets(below, this.target(parent, [...heirs, name])), {});
    return values.reduce((below: Target, value) => mergeTargets(below, readTarget(value, name)), inherited);
  }

  #collect(name: string, targets: Map<string, Target>, groups: Map<string, readonly string[]>, above: readonly string[]): void {
    const members = this.groups.get(name);
    if (members && !above.includes(name)) {
      if (name !== "default") groups.set(name, members);
      for (const member of members) this.#collect(member, targets, groups, [...above, name]);
      return;
    }
    if (targets.has(name)) return;
    const target = this.target(name);
    targets.set(name, target);
    if (targets.size > MAX_TARGETS) throw new EngineError("InvalidParameter", `more than ${MAX_TARGETS} targets`);
    for (const source of Object.values(target.contexts ?? {})) if (source.startsWith("target:")) this.#collect(source.slice("target:".length), targets, groups, [...above, name]);
  }

  /** Targets that are there because others build on them, and were not asked for: nothing is exported of them. */
  /** The targets that a name stands for, without those that they build on. */
  #membersOf(name: string, above: readonly string[]): string[] {
    const members = above.includes(name) ? undefined : this.groups.get(name);
    return members ? members.flatMap((member) => this.#membersOf(member, [...above, name])) : [name];
  }

  #linked(targets: ReadonlyMap<string, Target>): Set<string> {
    return new Set([...targets.values()].flatMap((target) => Object.values(target.contexts ?? {})).filter((source) => source.startsWith("target:")).map((source) => source.slice("target:".length)));
  }

  #addTarget(name: string, parts: readonly Attributes[], scope: BakeScope): void {
    const matrix = parts.map((part) => part.get("matrix")).findLast((expression) => expression !== undefined);
    if (!matrix) {
      this.#parts.set(name, { parts, scope });
      return;
    }
    const naming = parts.map((part) => part.get("name")).findLast((expression) => expression !== undefined);
    if (!naming) throw new EngineError("InvalidParameter", `target ${name}: a matrix needs a name for each of its targets`);
    const members = combinations(mapOf(evaluate(matrix, scope), matrix.at)).map((values) => {
      const local = scope.with(values);
      const member = textOf(evaluate(naming, local), naming.at);
      if (!/^[a-zA-Z0-9_-]+$/.test(member)) throw new EngineError("InvalidParameter", `invalid name "${member}" of a target of ${name}'s matrix: only "a-zA-Z0-9_-" are allowed`);
      if (this.#parts.has(member)) throw new EngineError("InvalidParameter", `the name ${member} comes twice in ${name}'s matrix`);
      this.#parts.set(member, { parts, scope: local });
      return member;
    });
    if (!this.#definition.groups.has(name)) this.groups.set(name, members);
  }
}

/** Every value with every other, the last name changing fastest. */
function combinations(matrix: ValueMap): ValueMap[] {
  const made = Object.entries(matrix).reduce((before: ValueMap[], [name, values]) => {
    if (!isList(values)) throw new EngineError("InvalidParameter", `matrix: ${name} must be a list`);
    return before.flatMap((chosen) => values.map((value) => ({ ...chosen, [name]: value })));
  }, [{}]);
  if (made.length > MAX_TARGETS) throw new EngineError("InvalidParameter", `a matrix of more than ${MAX_TARGETS} targets`);
  return made;
}

function valuesOf(part: Attributes, scope: Scope): Record<string, Value> {
  return Object.fromEntries([...part].filter(([key]) => isTargetKey(key) || key === "inherits").map(([key, expression]) => [key, evaluate(expression, scope)]));
}

function membersOf(parts: readonly Attributes[], scope: Scope): string[] {
  return [...new Set(parts.flatMap((part) => {
    const targets = part.get("targets");
    return targets ? namesIn(evaluate(targets, scope), "group") : [];
  }))];
}

function namesIn(value: Value, of: string): string[] {
  if (value === null) return [];
  if (!isList(value) || value.some((item) => typeof item !== "string")) throw new EngineError("InvalidParameter", `${of}: a list of names is wanted`);
  return value.map((item) => textOf(item));
}

/** As `--print` shows it; what it prints can be read as a definition again, so that what would be a template is escaped. */
export function printBaked(baked: Baked): string {
  return JSON.stringify(baked, (_, value: unknown) => (typeof value === "string" ? value.replace(/[$%](?=\{)/g, "$&$&") : value), 2);
}

function complete(target: Target): Target {
  return mergeTargets({ context: ".", dockerfile: "Dockerfile" }, target);
}

function notFound(name: string, known: readonly string[]): EngineError {
  const near = known.find((other) => editDistance(name, other) <= 2);
  return new EngineError("NotFound", `failed to find target ${name}${near ? ` (did you mean ${near}?)` : ""}`);
}

function sortedEntries<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
