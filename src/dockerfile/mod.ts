export type * from "./source.ts";
export type * from "./instruction.ts";
export type * from "./run-types.ts";
export type * from "./dockerfile.ts";
export { environmentOf, type Environment } from "./environment.ts";
export { DockerfileError, renderExcerpt } from "./errors.ts";
