export type * from "./ast.ts";
export { parseHcl, parseTemplate } from "./parser.ts";
export { evaluate, type HclFunction, type Scope } from "./evaluate.ts";
export { FUNCTIONS, LAZY_FUNCTIONS } from "./functions.ts";
export { DefinitionError } from "./scanner.ts";
export { booleanOf, isList, isMap, mapOf, numberOf, textOf, type Value, type ValueMap } from "./value.ts";
