import { parseTemplate, DefinitionError, type Attribute, type At, type Block, type Body, type Expression } from "./hcl/mod.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Kinds of blocks and whether each has a name. */
const BLOCKS: ReadonlySet<string> = new Set(["target", "group", "variable", "function"]);

/** A definition in JSON, as the same thing in HCL (hcl/json/spec.md): objects of these names are blocks, texts are templates. */
export function parseJson(file: string, text: string): Body {
  const at: At = { file, text, offset: 0 };
  let json: Json;
  try {
    json = JSON.parse(text) as Json;
  } catch (error) {
    throw new DefinitionError(at, (error as SyntaxError).message);
  }
  if (!isObject(json)) throw new DefinitionError(at, "a definition is an object");
  const attributes: Attribute[] = [];
  const blocks: Block[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (!BLOCKS.has(name)) attributes.push({ name, value: expressionOf(value, at), at });
    else if (isObject(value)) blocks.push(...Object.entries(value).map(([label, inner]) => blockOf(name, label, inner, at)));
    else throw new DefinitionError(at, `${name}: an object of named ones is wanted`);
  }
  return { attributes, blocks };
}

function blockOf(type: string, label: string, inner: Json, at: At): Block {
  if (!isObject(inner)) throw new DefinitionError(at, `${type}.${label}: an object is wanted`);
  return { type, labels: [label], body: { attributes: Object.entries(inner).map(([name, value]) => ({ name, value: expressionOf(value, at), at })), blocks: [] }, at };
}

function expressionOf(value: Json, at: At): Expression {
  if (typeof value === "string") return value.includes("${") || value.includes("%{") ? parseTemplate(at.file, value) : { kind: "literal", value, at };
  if (Array.isArray(value)) return { kind: "tuple", items: (value as readonly Json[]).map((item) => expressionOf(item, at)), at };
  if (isObject(value)) return { kind: "object", items: Object.entries(value).map(([key, item]) => ({ key: { kind: "literal", value: key, at } as const, value: expressionOf(item, at) })), at };
  return { kind: "literal", value: value as number | boolean | null, at };
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
