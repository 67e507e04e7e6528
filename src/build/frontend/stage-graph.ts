import { EngineError } from "../../base/mod.ts";
import { DockerfileError, suggestion, type Dockerfile, type Instruction, type SourceRange, type Stage } from "../../dockerfile/mod.ts";

/** What a stage needs of another, and where it says so. */
export interface StageLink {
  readonly stage: number;
  readonly range: SourceRange;
}

/** Which stages a target needs; bases are expanded already. */
export class StageGraph {
  constructor(
    readonly file: Dockerfile,
    /** Of each stage, FROM with its variables replaced. */
    readonly bases: readonly string[],
  ) {}

  /** By name, or by number as COPY --from may. */
  find(from: string): number | undefined {
    const byName = this.#byName(from, this.file.stages);
    if (byName !== undefined) return byName;
    if (!/^[+-]?\d+$/.test(from)) return undefined;
    const index = Number(from);
    if (this.file.stages[index] === undefined) throw new EngineError("InvalidParameter", `invalid stage index ${index}`);
    return index;
  }

  /** The stage that another is built on: only those above it. */
  baseOf({ index }: Stage): number | undefined {
    return this.#byName(this.bases[index] ?? "", this.file.stages.slice(0, index));
  }

  /** @throws EngineError InvalidParameter in BuildKit's words */
  target(name: string): number {
    if (name === "") return this.file.stages.length - 1;
    const found = this.#byName(name, this.file.stages) ?? (/^\d+$/.test(name) && this.file.stages[Number(name)] ? Number(name) : undefined);
    if (found !== undefined) return found;
    const names = this.file.stages.flatMap((stage) => (stage.name === undefined ? [] : [stage.name]));
    throw new EngineError("InvalidParameter", `target stage ${JSON.stringify(name)} could not be found${suggestion(name, names, { foldCase: true })}`);
  }

  /** One link for each stage: the last that names it. */
  linksOf(stage: Stage): StageLink[] {
    const base = this.baseOf(stage);
    const links = [...(base === undefined ? [] : [{ stage: base, range: stage.range }]), ...stage.instructions.flatMap((instruction) => sourcesOf(instruction).flatMap((from) => this.#link(from, instruction)))];
    return [...new Map(links.map((link) => [link.stage, link])).values()];
  }

  /** The target and all that it needs, in the order of the file. */
  needed(target: number): Stage[] {
    const found = new Set<number>();
    const visit = (index: number): void => {
      const stage = this.file.stages[index];
      if (stage === undefined || found.has(index)) return;
      found.add(index);
      for (const link of this.linksOf(stage)) visit(link.stage);
    };
    visit(target);
    return this.file.stages.filter(({ index }) => found.has(index));
  }

  /** @throws DockerfileError wherever in the file a circle is, needed or not, as with BuildKit */
  checkCircles(): void {
    const done = new Set<number>();
    const visit = (stage: Stage, trail: readonly StageLink[]): void => {
      for (const link of this.linksOf(stage)) {
        const from = trail.findIndex((passed) => passed.stage === link.stage);
        if (from >= 0) throw new DockerfileError(`circular dependency detected on stage: ${this.shownName(link.stage)}`, this.file.source, [...trail.slice(from + 1), link].map(({ range }) => range).reverse());
        const next = this.file.stages[link.stage];
        if (next !== undefined && !done.has(next.index)) visit(next, [...trail, link]);
      }
      done.add(stage.index);
    };
    for (const stage of this.file.stages) if (!done.has(stage.index)) visit(stage, [{ stage: stage.index, range: stage.range }]);
  }

  shownName(index: number): string {
    return this.file.stages[index]?.name ?? String(index);
  }

  #link(from: string, { range }: Instruction): StageLink[] {
    const stage = this.find(from);
    return stage === undefined ? [] : [{ stage, range }];
  }

  #byName(name: string, stages: readonly Stage[]): number | undefined {
    const wanted = name.toLowerCase();
    // The last of a name is meant, as with BuildKit.
    return stages.findLast((stage) => stage.name === wanted)?.index;
  }
}

/** What an instruction names with `from`; images and contexts too. */
export function sourcesOf(instruction: Instruction): string[] {
  if (instruction.kind === "copy") return instruction.from === undefined ? [] : [instruction.from];
  if (instruction.kind === "run") return instruction.mountFlags.flatMap(({ from }) => (from === undefined ? [] : [from]));
  return [];
}
