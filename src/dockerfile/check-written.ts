import type { Dockerfile, Stage } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { withComments, type CheckOptions } from "./check-options.ts";
import type { Instruction } from "./instruction.ts";
import { RULES } from "./rules.ts";
import { expandWord, WordError } from "./expand.ts";
import type { Report } from "./check.ts";
import { parseReference } from "../spec/mod.ts";

/** Checks that need no variable's value, in the order in which Docker makes them. */
export function checkWritten(dockerfile: Dockerfile, options: CheckOptions, report: Report): void {
  for (const { range } of dockerfile.warnings) report(RULES.NoEmptyContinuation, RULES.NoEmptyContinuation.detail(), range, options);
  for (const arg of dockerfile.metaArgs) checkInstruction(arg, options, report);
  for (const stage of dockerfile.stages) {
    checkFrom(stage, withComments(options, stage.comments), report);
    for (const instruction of stage.instructions) checkInstruction(instruction, options, report);
  }
  if (dockerfile.incomplete) return;
  checkStageNames(dockerfile.stages, options, report);
  checkKeywordCasing(dockerfile.stages, options, report);
}

function checkInstruction(instruction: Instruction, all: CheckOptions, report: Report): void {
  const { kind, range, comments } = instruction;
  if (kind !== "maintainer" && kind !== "arg") return;
  const options = withComments(all, comments);
  if (kind === "maintainer") report(RULES.MaintainerDeprecated, RULES.MaintainerDeprecated.detail(), range, options);
  else checkDescription("ARG", instruction.args.map(({ name }) => name), instruction, options, report);
}

function checkFrom(stage: Stage, options: CheckOptions, report: Report): void {
  const { name, writtenName, keyword, asKeyword, range } = stage;
  if (writtenName !== undefined && writtenName !== name) report(RULES.StageNameCasing, RULES.StageNameCasing.detail(writtenName), range, options);
  if (asKeyword !== undefined && !sameCase(keyword, asKeyword)) report(RULES.FromAsCasing, RULES.FromAsCasing.detail(keyword, asKeyword), range, options);
  if (name !== undefined) checkDescription("FROM", [name], stage, options, report);
}

const isLower = (text: string): boolean => text === text.toLowerCase();
const isUpper = (text: string): boolean => text === text.toUpperCase();

function sameCase(from: string, as: string): boolean {
  if (isLower(from)) return isLower(as);
  return !isUpper(from) || isUpper(as);
}

function checkDescription(keyword: string, names: readonly string[], { comments, range }: Pick<Stage, "comments" | "range">, options: CheckOptions, report: Report): void {
  const last = comments.at(-1);
  if (last === undefined || names.includes(last.split(" ", 1)[0] ?? "")) return;
  report(RULES.InvalidDefinitionDescription, RULES.InvalidDefinitionDescription.detail(keyword, names.length > 1 ? "<arg_key>" : (names[0] ?? "")), range, options);
}

function checkStageNames(stages: readonly Stage[], options: CheckOptions, report: Report): void {
  const seen = new Set<string>();
  for (const { name, range } of stages) {
    if (name === undefined) continue;
    if (name === "context" || name === "scratch") report(RULES.ReservedStageName, RULES.ReservedStageName.detail(name), range, options);
    if (seen.has(name)) report(RULES.DuplicateStageName, RULES.DuplicateStageName.detail(name), range, options);
    seen.add(name);
  }
}

function checkKeywordCasing(stages: readonly Stage[], options: CheckOptions, report: Report): void {
  const written = stages.flatMap((stage) => [stage, ...stage.instructions]);
  const lower = written.filter(({ keyword }) => isLower(keyword)).length;
  const upper = written.filter(({ keyword }) => !isLower(keyword) && isUpper(keyword)).length;
  const [fits, casing] = lower > upper ? [isLower, "lowercase"] : [isUpper, "uppercase"];
  for (const { keyword, range } of written) {
    if (!fits(keyword)) report(RULES.ConsistentInstructionCasing, RULES.ConsistentInstructionCasing.detail(keyword, casing), range, options);
  }
}

/** Base names must hold with the defaults alone. */
export function checkDefaultBases({ stages, directives }: Dockerfile, defaults: Environment, options: CheckOptions, report: Report): void {
  for (const { baseName, range } of stages) {
    if (isBaseName(baseName, defaults, directives.escape)) continue;
    report(RULES.InvalidDefaultArgInFrom, RULES.InvalidDefaultArgInFrom.detail(baseName), range, options);
  }
}

function isBaseName(written: string, defaults: Environment, escape: "\\" | "`"): boolean {
  try {
    parseReference(expandWord(written, defaults, { escape }).text);
    return true;
  } catch (error) {
    return error instanceof WordError;
  }
}
