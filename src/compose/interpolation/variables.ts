import { childrenOf } from "../tree/children.ts";
import type { Node } from "../tree/node.ts";
import { parseTemplate, TemplateError } from "./template.ts";

/** A variable that a project asks for. */
export interface Variable {
  readonly name: string;
  readonly required: boolean;
  readonly defaultValue: string;
  /** What stands in its place when it is set (`:+`). */
  readonly presenceValue: string;
}

/** Every variable named in the texts of a tree that was not interpolated, sorted by name. */
export function variablesOf(node: Node): Variable[] {
  const found = new Map<string, Variable>();
  collect(node, found);
  return [...found.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function collect(node: Node, found: Map<string, Variable>): void {
  if (node.kind === "scalar" && typeof node.value === "string") collectText(node.value, found);
  for (const child of childrenOf(node)) collect(child, found);
}

function collectText(text: string, found: Map<string, Variable>): void {
  for (const part of partsOf(text)) {
    if (part.kind === "text") continue;
    const { name, operator = "", operand = "" } = part;
    const kind = operator.at(-1);
    found.set(name, { name, required: kind === "?", defaultValue: kind === "-" ? operand : "", presenceValue: kind === "+" ? operand : "" });
    if (kind === "-" || kind === "+") collectText(operand, found);
  }
}

function partsOf(text: string): ReturnType<typeof parseTemplate> {
  try {
    return parseTemplate(text);
  } catch (error) {
    if (error instanceof TemplateError) return [];
    throw error;
  }
}
