import { DefinitionError, type Attribute, type Block, type Body, type Expression } from "./hcl/mod.ts";
import { parseHcl } from "./hcl/mod.ts";
import { parseJson } from "./json-body.ts";

export interface DefinitionFile {
  readonly name: string;
  readonly text: string;
}

export interface Variable {
  readonly name: string;
  readonly default: Expression | undefined;
  /** `string`, `number`, `bool`, `list(string)`… as it stands there. */
  readonly type: string | undefined;
  readonly description: Expression | undefined;
  readonly validations: readonly { readonly condition: Expression; readonly message: Expression | undefined }[];
  /** Made by an attribute of the file, which the environment does not override. */
  readonly fixed: boolean;
}

export interface UserFunction {
  readonly params: readonly string[];
  readonly variadic: string | undefined;
  readonly result: Expression;
}

/** What several files say of one name, in their order. */
export type Attributes = ReadonlyMap<string, Expression>;

/** All files, before anything is evaluated. */
export interface Definition {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly functions: ReadonlyMap<string, UserFunction>;
  readonly groups: ReadonlyMap<string, readonly Attributes[]>;
  readonly targets: ReadonlyMap<string, readonly Attributes[]>;
}

/** In the order of the names: later ones go on top. @throws DefinitionError */
export function readDefinition(files: readonly DefinitionFile[]): Definition {
  const made = { variables: new Map<string, Variable>(), functions: new Map<string, UserFunction>(), groups: new Map<string, Attributes[]>(), targets: new Map<string, Attributes[]>() };
  for (const { name, text } of files) {
    const { attributes, blocks } = bodyOf(name, text);
    for (const attribute of attributes) made.variables.set(attribute.name, { name: attribute.name, default: attribute.value, type: undefined, description: undefined, validations: [], fixed: true });
    for (const block of blocks) readBlock(block, made);
  }
  return made;
}

function bodyOf(name: string, text: string): Body {
  if (name.endsWith(".json")) return parseJson(name, text);
  if (name.endsWith(".hcl")) return parseHcl(name, text);
  return /^\s*\{/.test(text) ? parseJson(name, text) : parseHcl(name, text);
}

interface Made {
  readonly variables: Map<string, Variable>;
  readonly functions: Map<string, UserFunction>;
  readonly groups: Map<string, Attributes[]>;
  readonly targets: Map<string, Attributes[]>;
}

const NAME = /^[a-zA-Z0-9_-]+$/;

function readBlock(block: Block, made: Made): void {
  const [name, ...others] = block.labels;
  if (name === undefined || others.length > 0) throw new DefinitionError(block.at, `${block.type}: one name is wanted`);
  switch (block.type) {
    case "variable":
      made.variables.set(name, readVariable(name, block));
      return;
    case "function":
      made.functions.set(name, readFunction(block));
      return;
    case "group":
    case "target": {
      if (!NAME.test(name)) throw new DefinitionError(block.at, `invalid ${block.type} name "${name}": only "a-zA-Z0-9_-" are allowed`);
      const all = block.type === "group" ? made.groups : made.targets;
      all.set(name, [...(all.get(name) ?? []), attributesOf(block.body)]);
      return;
    }
    default:
      throw new DefinitionError(block.at, `Unsupported block type; Blocks of type "${block.type}" are not expected here.`);
  }
}

function attributesOf({ attributes }: Body): Attributes {
  return new Map(attributes.map(({ name, value }) => [name, value]));
}

function readVariable(name: string, { body }: Block): Variable {
  const of = attributesOf(body);
  const type = body.attributes.find((attribute) => attribute.name === "type");
  const validations = body.blocks.filter((block) => block.type === "validation").map((block) => {
    const inner = attributesOf(block.body);
    const condition = inner.get("condition");
    if (!condition) throw new DefinitionError(block.at, "validation: a condition is missing");
    return { condition, message: inner.get("error_message") };
  });
  return { name, default: of.get("default"), type: type && lineOf(type), description: of.get("description"), validations, fixed: false };
}

/** A type is written as an expression and is none. */
function lineOf({ at, value }: Attribute): string {
  return value.kind === "literal" ? String(value.value) : (at.text.slice(value.at.offset).split("\n")[0] ?? "").replace(/\s+|#.*$/g, "").replace(/\}$/, "");
}

function readFunction({ body, at }: Block): UserFunction {
  const of = attributesOf(body);
  const result = of.get("result");
  if (!result) throw new DefinitionError(at, "function: a result is missing");
  const params = of.get("params");
  if (params && params.kind !== "tuple") throw new DefinitionError(params.at, "params: a list of names is wanted");
  const variadic = of.get("variadic_param") ?? of.get("variadic_params");
  return { params: params ? params.items.map(nameIn) : [], variadic: variadic && nameIn(variadic), result };
}

function nameIn(expression: Expression): string {
  if (expression.kind === "variable") return expression.name;
  throw new DefinitionError(expression.at, "a name is wanted");
}
