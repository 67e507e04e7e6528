export { bakeTargets, composeTargets } from "./compose-targets.ts";
export { readDefinition, type Definition, type DefinitionFile } from "./definition.ts";
export { resolveBake, listTargets, listVariables, printBaked, type Baked, type BakeOptions } from "./resolve.ts";
export { mergeTargets, readTarget, type Fields, type Target } from "./target.ts";
export { DefinitionError } from "./hcl/mod.ts";
