import { editDistance } from "../../base/mod.ts";
import { ComposeError } from "../errors.ts";
import { sameNode, type MappingNode, type Node } from "../tree/node.ts";
import { join } from "../tree/rules.ts";
import { PROJECT } from "./project.ts";
import type { ListShape, MapShape, ScalarShape, ScalarType, Shape } from "./shape.ts";

interface Problem {
  readonly path: string;
  readonly node: Node;
  /** How deep it stands: of several, the deepest says most about what was meant. */
  readonly depth: number;
  readonly message: string;
  readonly fix?: string | undefined;
}

/** A place in the tree that is being checked. */
interface Spot {
  readonly node: Node;
  readonly path: string;
  readonly depth: number;
}

/** @throws ComposeError with docker-compose's sentence, the place, and what to do */
export function checkSchema(project: MappingNode, file: string): void {
  const problem = check(PROJECT, { node: project, path: "", depth: 0 });
  if (!problem) return;
  const { path, message, node, fix } = problem;
  throw new ComposeError(`validating ${file}: ${path} ${message}`, { at: node.at, path, fix });
}

/** The first of the deepest problems. */
function check(shape: Shape, spot: Spot): Problem | undefined {
  switch (shape.kind) {
    case "scalar":
      return checkScalar(shape, spot);
    case "list":
      return checkList(shape, spot);
    case "map":
      return checkMap(shape, spot);
    case "choice": {
      const problems = shape.of.map((each) => check(each, spot));
      return problems.includes(undefined) ? undefined : deepest(problems);
    }
    default:
      return shape satisfies never;
  }
}

const deepest = (problems: readonly (Problem | undefined)[]): Problem | undefined => problems.reduce<Problem | undefined>((best, problem) => (problem && problem.depth > (best?.depth ?? -1) ? problem : best), undefined);

const problem = ({ node, path, depth }: Spot, message: string, fix?: string): Problem => ({ node, path, depth, message, fix });

function checkScalar(shape: ScalarShape, spot: Spot): Problem | undefined {
  const { node } = spot;
  if (!shape.types.some((type) => isOfType(node, type))) return problem(spot, mustBe(shape.types), typeFix(shape.types, node));
  const value = node.kind === "scalar" ? node.value : null;
  if (typeof value === "string") {
    if (shape.oneOf && !shape.oneOf.includes(value)) return problem(spot, `value must be ${shape.oneOf.length > 1 ? "one of " : ""}${shape.oneOf.map((word) => `'${word}'`).join(", ")}`, didYouMean(value, shape.oneOf));
    if (shape.pattern !== undefined && !new RegExp(shape.pattern).test(value)) return problem(spot, `'${value}' does not match pattern '${shape.pattern}'`);
  }
  if (typeof value === "number") {
    if (shape.least !== undefined && value < shape.least) return problem(spot, `must be greater than or equal to ${shape.least}`);
    if (shape.most !== undefined && value > shape.most) return problem(spot, `must be less than or equal to ${shape.most}`);
  }
  return undefined;
}

function isOfType(node: Node, type: ScalarType): boolean {
  if (node.kind !== "scalar") return false;
  const { value } = node;
  if (type === "integer") return typeof value === "number" && Number.isInteger(value);
  return type === "null" ? value === null : typeof value === type;
}

function checkList({ item, unique }: ListShape, spot: Spot): Problem | undefined {
  const { node, path, depth } = spot;
  if (node.kind !== "sequence") return problem(spot, mustBe(["array"]), 'write a list: one "- …" in each line');
  const problems = node.items.map((part, index) => check(item, { node: part, path: join(path, String(index)), depth: depth + 1 }));
  return deepest(problems) ?? (unique ? checkUnique(node.items, spot) : undefined);
}

function checkUnique(items: readonly Node[], spot: Spot): Problem | undefined {
  const seen = new Map<unknown, number>();
  for (const [index, item] of items.entries()) {
    const first = item.kind === "scalar" ? seen.get(item.value) : items.slice(0, index).findIndex((other) => other.kind !== "scalar" && sameNode(other, item));
    if (first !== undefined && first >= 0) return { ...problem(spot, `items at ${first} and ${index} are equal`, "leave one of them out"), node: item };
    if (item.kind === "scalar") seen.set(item.value, index);
  }
  return undefined;
}

function checkMap(shape: MapShape, spot: Spot): Problem | undefined {
  const { node, path, depth } = spot;
  if (node.kind !== "mapping") {
    const types = [...shape.orScalar, ...(shape.nullable ? (["null"] as const) : [])];
    return types.some((type) => isOfType(node, type)) ? undefined : problem(spot, mustBe([...types, "object"]), 'write "key: value" lines below it');
  }
  const problems: (Problem | undefined)[] = [];
  const missing = shape.required.filter((key) => !node.entries.has(key));
  if (missing.length > 0) problems.push(problem(spot, `missing propert${missing.length > 1 ? "ies" : "y"} ${quoted(missing)}`, `add ${missing.map((key) => `${key}:`).join(" and ")}`));
  const unknown: string[] = [];
  for (const [key, value] of node.entries) {
    const known = shapeOf(shape, key);
    if (known) problems.push(check(known, { node: value, path: join(path, key), depth: depth + 1 }));
    else if (!shape.open && !(shape.extensible && key.startsWith("x-"))) unknown.push(key);
  }
  if (unknown.length > 0) problems.push(unknownKeys(unknown, shape, spot));
  return deepest(problems);
}

const shapeOf = ({ keys, named }: MapShape, key: string): Shape | undefined => (Object.hasOwn(keys, key) ? keys[key] : named?.pattern.test(key) ? named.shape : undefined);

function unknownKeys(unknown: readonly string[], shape: MapShape, spot: Spot): Problem {
  const { node, path, depth } = spot;
  const [first = ""] = unknown;
  const value = node.kind === "mapping" ? node.entries.get(first) : undefined;
  const fix = shape.named ? "names hold letters, digits, dots, dashes and underscores" : (didYouMean(first, Object.keys(shape.keys)) ?? (shape.extensible ? `leave it out, or name it x-${first}` : "leave it out"));
  return { node: value ?? node, path, depth: depth + 1, message: `additional properties ${quoted(unknown)} not allowed`, fix: `unknown key ${first}, ${fix}` };
}

const quoted = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(", ");

function didYouMean(word: string, known: readonly string[]): string | undefined {
  const near = known.map((other) => ({ other, distance: editDistance(word, other) })).filter(({ other, distance }) => distance <= Math.max(1, Math.floor(other.length / 3)));
  const [best] = near.toSorted((a, b) => a.distance - b.distance);
  return best && `did you mean ${best.other}?`;
}

/** As docker-compose lists types: sorted, a mapping under its YAML name. */
function mustBe(types: readonly string[]): string {
  const words = types.map((type) => (type === "object" ? "mapping" : type)).toSorted();
  return `must be a ${words.length > 1 ? `${words.slice(0, -1).join(", ")} or ` : ""}${words.at(-1) ?? ""}`;
}

/** Numbers and truth values that were meant as texts. */
const typeFix = (types: readonly ScalarType[], node: Node): string | undefined => (types.includes("string") && node.kind === "scalar" && node.value !== null ? "put it in quotes" : undefined);
