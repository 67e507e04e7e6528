import { checkStageCircles, findStage, neededStages, stageBases, targetStage, type Dockerfile, type Environment, type Stage, type StageBaseName } from "../../dockerfile/mod.ts";

/** Which stages need which. @throws DockerfileError for a circle, wherever in the file it is, and for a base without a name */
export class StageGraph {
  readonly #file: Dockerfile;
  readonly #bases: readonly StageBaseName[];

  constructor(file: Dockerfile, globals: Environment) {
    this.#file = file;
    this.#bases = stageBases(file, globals);
    checkStageCircles(file, this.#bases);
  }

  /** @throws DockerfileError */
  target(name: string): Stage {
    return targetStage(this.#file, name);
  }

  baseOf({ index }: Stage): StageBaseName {
    return this.#bases[index] as StageBaseName;
  }

  /** By name, or by number as COPY --from may. */
  find(from: string): Stage | undefined {
    const { stages } = this.#file;
    return findStage(stages, from) ?? (/^[+-]?\d{1,9}$/.test(from) ? stages[Number(from)] : undefined);
  }

  /** The target and all that it needs, in the order of the file. */
  needed(target: Stage): Stage[] {
    const needed = neededStages(this.#file, this.#bases, target);
    return this.#file.stages.filter(({ index }) => needed.has(index));
  }
}
