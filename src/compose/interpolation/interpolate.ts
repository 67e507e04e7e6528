import { ComposeError } from "../errors.ts";
import { join, step, type Rules } from "../tree/rules.ts";
import type { Node, ScalarNode } from "../tree/node.ts";
import { cast, CASTS, type Cast } from "./casts.ts";
import { MissingVariableError, substitute, TemplateError, type Lookup } from "./template.ts";

export interface Interpolation {
  readonly lookup: Lookup;
  readonly warn: (message: string) => void;
}

/** Replaces the variables in every text of a tree and gives texts the types the specification asks for. @throws ComposeError */
export function interpolate(node: Node, interpolation: Interpolation, path = "", rules: Rules<Cast> | undefined = CASTS): Node {
  switch (node.kind) {
    case "scalar":
      return typeof node.value === "string" && node.form === undefined ? interpolateText(node, node.value, path, rules?.self, interpolation) : node;
    case "sequence": {
      const inner = join(path, "[]");
      const below = step(rules, "[]");
      return { ...node, items: node.items.map((item) => interpolate(item, interpolation, inner, below)) };
    }
    case "mapping": {
      const entries = new Map<string, Node>();
      for (const [key, value] of node.entries) entries.set(key, interpolate(value, interpolation, join(path, key), step(rules, key)));
      return { ...node, entries };
    }
    default:
      return node satisfies never;
  }
}

function interpolateText(node: ScalarNode, text: string, path: string, to: Cast | undefined, { lookup, warn }: Interpolation): Node {
  if (to === undefined && !text.includes("$")) return node;
  try {
    const value = substitute(text, lookup);
    return to === undefined ? { ...node, value } : { ...node, ...castOrFail(value, to, warn) };
  } catch (error) {
    throw failure(error, node, path, text);
  }
}

function castOrFail(value: string, to: Cast, warn: (message: string) => void): ReturnType<typeof cast> {
  try {
    return cast(value, to, warn);
  } catch (error) {
    throw new Error(`failed to cast to expected type: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function failure(error: unknown, { at }: ScalarNode, path: string, text: string): ComposeError {
  if (error instanceof TemplateError) {
    return new ComposeError(`invalid interpolation format for ${path}.\nYou may need to escape any $ with another $.\n${text}`, { at, path, fix: "write a variable as ${NAME}, a dollar sign as $$" });
  }
  const fix = error instanceof MissingVariableError ? `set ${error.variable} in the environment, in .env or in a file given with --env-file` : undefined;
  return new ComposeError(`error while interpolating ${path}: ${error instanceof Error ? error.message : String(error)}`, { at, path, fix });
}
