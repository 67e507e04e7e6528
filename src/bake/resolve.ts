import { editDistance, EngineError } from "../base/mod.ts";
import { BakeScope, type ScopeOptions } from "./bake-scope.ts";
import type { Attributes, Definition } from "./definition.ts";
import { evaluate, isList, mapOf, textOf, type Scope, type Value, type ValueMap } from "./hcl/mod.ts";
import { overridden, parseOverride, wildcards } from "./overrides.ts";
import { isTargetKey, mergeTargets, readTarget, type Target } from "./target.ts";

export interface BakeOptions extends ScopeOptions {
  /** As `--set` has them. */
  readonly overrides: readonly string[];
}

/** What is to be built, as `--print` shows it. */
export interface Baked {
  readonly group: Readonly<Record<string, { readonly description?: string; readonly targets: readonly string[] }>>;
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

/** All names that can be built, in order, without private ones. */
export function listTargets(definition: Definition, options: ScopeOptions): ListedTarget[] {
  const resolution = new Resolution(definition, new BakeScope(definition, options), { ...options, overrides: [] });
  const groups = [...resolution.groups].map(([name, { targets: members, description = "" }]) => ({ name, description: description === "" || members.length === 0 ? description || members.toSorted().join(", ") : `${description} (${members.toSorted().join(", ")})`, group: true }));
  const targets = resolution.targetNames().map((name) => ({ name, description: resolution.target(name).description ?? "", group: false }));
  // By convention what begins so is for others to inherit.
  return [...groups, ...targets].filter(({ name }) => !name.startsWith("_")).sort((a, b) => (a.name < b.name ? -1 : 1));
}

export interface ListedVariable {
  readonly name: string;
  /** As HCL names it: `list of string`. */
  readonly type: string;
  /** Undefined where it is null. */
  readonly value: string | undefined;
  readonly description: string;
}

export function listVariables(definition: Definition, options: ScopeOptions): ListedVariable[] {
  const scope = new BakeScope(definition, options);
  return scope.variables().map(({ variable, value }) => ({
    name: variable.name,
    type: typeName(variable.type ?? ""),
    value: value === null ? undefined : typeof value === "object" ? JSON.stringify(value) : textOf(value),
    description: variable.description ? textOf(evaluate(variable.description, scope)) : "",
  }));
}

interface Group {
  readonly description?: string;
  readonly targets: readonly string[];
}

function typeName(type: string): string {
  const [, collection, inner = ""] = /^(list|set|map)\((.*)\)$/.exec(type) ?? [];
  if (collection !== undefined) return `${collection} of ${inner === "any" ? "dynamic" : typeName(inner)}`;
  return type === "any" ? "dynamic" : (/^(object|tuple)\(/.exec(type)?.[1] ?? type);
}

class Resolution {
  readonly groups = new Map<string, Group>();
  /** Of each target, what the files say of it and the names that they may use. */
  readonly #parts = new Map<string, { readonly parts: readonly Attributes[]; readonly scope: Scope }>();
  readonly #definition: Definition;
  readonly #options: BakeOptions;

  constructor(definition: Definition, scope: BakeScope, options: BakeOptions) {
    this.#definition = definition;
    this.#options = options;
    for (const [name, parts] of definition.targets) this.#addTarget(name, parts, scope);
    for (const [name, parts] of definition.groups) this.groups.set(name, groupOf(parts, scope));
  }

  targetNames(): string[] {
    return [...this.#parts.keys()];
  }

  resolve(names: readonly string[]): Baked {
    const overrides = this.#options.overrides.flatMap((text) => parseOverride(text, { targets: this.targetNames(), environment: this.#options.environment }));
    const wanted = names.length > 0 ? [...new Set(names.flatMap((name) => this.#matching(name)))] : ["default"];
    const targets = new Map<string, Target>();
    const groups = new Map<string, Group>();
    for (const name of wanted) this.#collect(name, targets, groups, []);
    const linked = this.#linked(targets);
    const asked = new Set(wanted.flatMap((name) => this.#membersOf(name, [])));
    const made = [...targets].map(([name, target]): [string, Target] => {
      const finished = overridden(target, name, overrides);
      return [name, linked.has(name) && !asked.has(name) && finished.output === undefined ? { ...finished, output: [{ type: "cacheonly" }] } : finished];
    });
    return { group: sortedEntries([...groups, ["default", this.#asked(wanted)] as const]), target: sortedEntries(made.map(([name, target]) => [name, complete(target)])) };
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

  /** What was asked for is the group default, whatever else it is. */
  #asked(wanted: readonly string[]): Group {
    let asked = wanted.includes("default") ? this.groups.get("default") : undefined;
    for (const name of wanted) if (!asked || name !== "default") asked = { ...asked, targets: [...(asked?.targets ?? []), name] };
    return { ...asked, targets: [...new Set(asked?.targets)].sort() };
  }

  /** The name, or all that a pattern stands for. @throws EngineError NotFound */
  #matching(name: string): string[] {
    if (!/[*?[\]]/.test(name)) return [name];
    const pattern = wildcards(name);
    const found = [...this.groups.keys(), ...this.targetNames()].filter((known) => pattern.test(known));
    if (found.length === 0) throw new EngineError("NotFound", `could not find any target matching ${JSON.stringify(name)}`);
    return found;
  }

  #collect(name: string, targets: Map<string, Target>, groups: Map<string, Group>, above: readonly string[]): void {
    const group = this.groups.get(name);
    if (group && !above.includes(name)) {
      if (name !== "default") groups.set(name, group);
      for (const member of group.targets) this.#collect(member, targets, groups, [...above, name]);
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
    const members = above.includes(name) ? undefined : this.groups.get(name)?.targets;
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
    if (!this.#definition.groups.has(name)) this.groups.set(name, { targets: members });
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

function groupOf(parts: readonly Attributes[], scope: Scope): Group {
  const said = parts.map((part) => part.get("description")).findLast((expression) => expression !== undefined);
  const targets = parts.flatMap((part) => {
    const members = part.get("targets");
    return members ? namesIn(evaluate(members, scope), "group") : [];
  });
  return { ...(said && { description: textOf(evaluate(said, scope)) }), targets: [...new Set(targets)] };
}

function namesIn(value: Value, of: string): string[] {
  if (value === null) return [];
  if (!isList(value) || value.some((item) => typeof item !== "string")) throw new EngineError("InvalidParameter", `${of}: a list of names is wanted`);
  return value.map((item) => textOf(item));
}

/** As `--print` shows it; what it prints can be read as a definition again, so that what would be a template is escaped. */
export function printBaked(baked: Baked): string {
  return JSON.stringify(baked, (key, value: unknown) => (key === "disabled" && value === "true" ? true : key === "paths" && typeof value === "string" ? value.split(",") : typeof value === "string" ? value.replace(/[$%](?=\{)/g, "$&$&") : value), 2);
}

/** With what is always said; a list that an override has emptied is none. */
function complete(target: Target): Target {
  const said = Object.entries(target).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  return mergeTargets({ context: ".", dockerfile: "Dockerfile" }, Object.fromEntries(said) as Target);
}

function notFound(name: string, known: readonly string[]): EngineError {
  const near = known.find((other) => editDistance(name, other) <= 2);
  return new EngineError("NotFound", `failed to find target ${name}${near ? ` (did you mean ${near}?)` : ""}`);
}

function sortedEntries<T>(entries: readonly (readonly [string, T])[]): Record<string, T> {
  return Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
}
