import type { Dockerfile, Stage } from "./dockerfile.ts";
import { DockerfileError } from "./errors.ts";
import { expandWord, WordError } from "./expand.ts";
import type { CopyInstruction, Instruction } from "./instruction.ts";
import type { SourceRange } from "./source.ts";
import { findStage, sourceStage, type StageBaseName } from "./stage-bases.ts";
import { environmentOf } from "./environment.ts";
import { quoted } from "./text.ts";

/** What an instruction names with `from`: stages, images, contexts. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from];
  return instruction.kind === "run" ? instruction.mountFlags.flatMap(({ from }) => from ?? []) : [];
}

interface Link {
  readonly stage: number;
  readonly range: SourceRange;
}

/** @throws DockerfileError in Docker's words for stages that need one another, for a number without a stage, and for a variable in COPY --from */
export function checkStageCircles(dockerfile: Dockerfile, bases: readonly StageBaseName[]): void {
  const { stages, source } = dockerfile;
  const links = stages.map((stage) => linksOf(stage, dockerfile, bases[stage.index]?.baseStage));
  const done = new Set<number>();
  for (const start of stages) {
    const circle = circleFrom(start.index, links, done);
    if (circle !== undefined) throw new DockerfileError(`circular dependency detected on stage: ${start.name ?? `stage-${start.index}`}`, source, circle);
  }
}

/** The instructions that close a circle, going deep first; a stage without one is done for good. */
function circleFrom(start: number, links: readonly (readonly Link[])[], done: Set<number>): SourceRange[] | undefined {
  const trail: { stage: number; next: number; range: SourceRange | undefined }[] = [{ stage: start, next: 0, range: undefined }];
  for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
    const link = done.has(top.stage) ? undefined : links[top.stage]?.[top.next++];
    if (link === undefined) {
      done.add(top.stage);
      trail.pop();
      continue;
    }
    if (trail.some(({ stage }) => stage === link.stage)) return [...trail.flatMap(({ range }) => range ?? []), link.range];
    trail.push({ stage: link.stage, next: 0, range: link.range });
  }
  return undefined;
}

function linksOf(stage: Stage, dockerfile: Dockerfile, baseStage: number | undefined): Link[] {
  const base = baseStage === undefined ? [] : [{ stage: baseStage, range: stage.range }];
  return [...base, ...stage.instructions.flatMap((instruction) => sourcesOf(instruction).flatMap((from) => linkTo(from, instruction, dockerfile)))];
}

function linkTo(from: string, instruction: Instruction, { stages, source, directives }: Dockerfile): Link[] {
  const { range } = instruction;
  if (instruction.kind === "copy" && isVariable(from, directives.escape)) {
    throw new DockerfileError("variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround", source, [range]);
  }
  const isNumber = instruction.kind === "copy" && /^[+-]?[0-9]{1,9}$/.test(from);
  const stage = isNumber ? stages[Number(from)] : findStage(stages, from);
  if (isNumber && stage === undefined) throw new DockerfileError(`invalid stage index ${Number(from)}`, source, [range]);
  return stage === undefined ? [] : [{ stage: stage.index, range }];
}

function isVariable(from: CopyInstruction["from"] & string, escape: "\\" | "`"): boolean {
  try {
    return expandWord(from, environmentOf([]), { escape }).text !== from;
  } catch (error) {
    if (error instanceof WordError) return true;
    throw error;
  }
}

/** @throws DockerfileError in Docker's words for a stage that copies or mounts from a later one. Only stages that are needed are looked at; all without a set. */
export function checkStageOrder({ stages, source }: Dockerfile, needed?: ReadonlySet<number>): void {
  for (const stage of stages) {
    if (needed !== undefined && !needed.has(stage.index)) continue;
    for (const instruction of stage.instructions) {
      for (const [place, from] of sourcesOf(instruction).entries()) {
        const named = instruction.kind === "copy" ? sourceStage(stages, from) : findStage(stages, from);
        if (named !== undefined && named.index > stage.index) throw new DockerfileError(tooEarly(instruction, from, place, stage, stages.length), source, [instruction.range]);
      }
    }
  }
}

function tooEarly(instruction: Instruction, from: string, place: number, { name, index }: Stage, count: number): string {
  if (instruction.kind === "copy") return `cannot copy from stage ${quoted(from)}, it needs to be defined before current stage ${quoted(name ?? (count === 1 ? "" : `stage-${index}`))}`;
  const texts = instruction.kind === "run" ? instruction.mountFlags.filter((mount) => mount.from !== undefined) : [];
  const target = /(?:^|,)(?:target|dst|destination)=([^,]*)/i.exec(texts[place]?.text ?? "")?.[1] ?? "";
  return `cannot mount from stage ${quoted(from)} to ${quoted(target)}, stage needs to be defined before current command`;
}
