import { EngineError } from "../../base/mod.ts";
import { DockerfileError, findStage, neededStages, stageBases, targetStage, type Dockerfile, type Environment, type Instruction, type SourceRange, type Stage, type StageBaseName } from "../../dockerfile/mod.ts";

/** What a stage needs of another, and where it says so. */
interface StageLink {
  readonly stage: number;
  readonly range: SourceRange;
}

/** Which stages need which. @throws DockerfileError for a circle, wherever in the file it is, and for a base without a name */
export class StageGraph {
  readonly #file: Dockerfile;
  readonly #bases: readonly StageBaseName[];

  constructor(file: Dockerfile, globals: Environment) {
    this.#file = file;
    this.#bases = stageBases(file, globals);
    this.#checkCircles();
  }

  /** @throws DockerfileError */
  target(name: string): Stage {
    return targetStage(this.#file, name);
  }

  baseOf({ index }: Stage): StageBaseName {
    return this.#bases[index] as StageBaseName;
  }

  /** By name, or by number as COPY --from may. @throws EngineError InvalidParameter for a number without a stage */
  find(from: string): Stage | undefined {
    const { stages } = this.#file;
    const byName = findStage(stages, from);
    if (byName || !/^[+-]?\d+$/.test(from)) return byName;
    const stage = stages[Number(from)];
    if (stage === undefined) throw new EngineError("InvalidParameter", `invalid stage index ${Number(from)}`);
    return stage;
  }

  /** The target and all that it needs, in the order of the file. */
  needed(target: Stage): Stage[] {
    const needed = neededStages(this.#file, this.#bases, target);
    return this.#file.stages.filter(({ index }) => needed.has(index));
  }

  #checkCircles(): void {
    const done = new Set<number>();
    const visit = (stage: Stage, trail: readonly StageLink[]): void => {
      for (const link of this.#linksOf(stage)) {
        const from = trail.findIndex((passed) => passed.stage === link.stage);
        if (from >= 0) throw new DockerfileError(`circular dependency detected on stage: ${this.#nameOf(link.stage)}`, this.#file.source, [...trail.slice(from + 1), link].map(({ range }) => range).reverse());
        const next = this.#file.stages[link.stage];
        if (next !== undefined && !done.has(next.index)) visit(next, [...trail, link]);
      }
      done.add(stage.index);
    };
    for (const stage of this.#file.stages) if (!done.has(stage.index)) visit(stage, [{ stage: stage.index, range: stage.range }]);
  }

  /** One link for each stage: the last that names it. */
  #linksOf(stage: Stage): StageLink[] {
    const { baseStage } = this.baseOf(stage);
    const base = baseStage === undefined ? [] : [{ stage: baseStage, range: stage.range }];
    const links = [...base, ...stage.instructions.flatMap((instruction) => sourcesOf(instruction).flatMap((from) => this.#link(from, instruction)))];
    return [...new Map(links.map((link) => [link.stage, link])).values()];
  }

  #link(from: string, { range }: Instruction): StageLink[] {
    const stage = this.find(from);
    return stage === undefined ? [] : [{ stage: stage.index, range }];
  }

  #nameOf(index: number): string {
    return this.#file.stages[index]?.name ?? String(index);
  }
}

/** What an instruction names with `from`; images and contexts too. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind === "run") return instruction.mountFlags.flatMap(({ from }) => (from === undefined ? [] : [from]));
  return [];
}
