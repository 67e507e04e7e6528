import { checkStageCircles, checkStageOrder, neededStages, sourceStage, stageBases, targetStage, type Dockerfile, type Environment, type Stage, type StageBaseName } from "../../dockerfile/mod.ts";

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
    return sourceStage(this.#file.stages, from);
  }

  /** The target and all that it needs, in the order of the file. @throws DockerfileError for one that takes from a later one */
  needed(target: Stage): Stage[] {
    const needed = neededStages(this.#file, this.#bases, target);
    checkStageOrder(this.#file, needed);
    return this.#file.stages.filter(({ index }) => needed.has(index));
  }
}
