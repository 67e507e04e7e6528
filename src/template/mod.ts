export { Template, lookupOwn, type Lookup, type ExecuteOptions } from "./execute.ts";
export { HEADING_FUNCTIONS, ROW, rowJson } from "./functions.ts";
export { markStruct } from "./print.ts";
export { TemplateError } from "./lex.ts";
