import type { Dockerfile, Stage } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { DockerfileError, errorAt } from "./errors.ts";
import { expandWord, WordError, type Expansion } from "./expand.ts";
import { sourcesOf } from "./stage-links.ts";
import { suggestion } from "./suggest.ts";
import { quoted } from "./text.ts";

/** What a FROM names once its variables are in place. */
export interface StageBaseName {
  readonly stage: Stage;
  /** An image, a named context, "scratch", or another stage's name. */
  readonly baseName: string;
  /** Index of the stage it begins with; undefined for anything else. */
  readonly baseStage?: number;
  /** `--platform` with its variables in place. */
  readonly platform?: string;
  readonly nameExpansion: Expansion;
  readonly platformExpansion?: Expansion;
}

/** Of every stage, in order. @throws DockerfileError for a name or platform that cannot be expanded or is empty */
export function stageBases({ stages, directives, source }: Dockerfile, globals: Environment, expanded: (stage: Stage, name: Expansion) => void = () => undefined): StageBaseName[] {
  const { escape } = directives;
  const known = new Map<string, number>();
  return stages.map((stage) => {
    try {
      const nameExpansion = expandWord(stage.baseName, globals, { escape });
      expanded(stage, nameExpansion);
      const baseName = nameExpansion.text;
      if (baseName === "") throw new WordError(`base name (${stage.baseName}) should not be blank`);
      const platformExpansion = stage.platform === undefined ? undefined : platformOf(stage.platform, globals, escape);
      const baseStage = known.get(baseName);
      if (stage.name !== undefined) known.set(stage.name, stage.index);
      return { stage, baseName, nameExpansion, ...(baseStage !== undefined && { baseStage }), ...(platformExpansion && { platform: platformExpansion.text, platformExpansion }) };
    } catch (error) {
      throw error instanceof WordError ? errorAt(error, source, stage.range) : error;
    }
  });
}

function platformOf(written: string, globals: Environment, escape: "\\" | "`"): Expansion {
  const expansion = expandWord(written, globals, { escape });
  if (expansion.text !== "") return expansion;
  const [hint = ""] = [...expansion.unset].map((name) => suggestion(name, globals.names())).filter(Boolean);
  throw new WordError(`empty platform value from expression ${written}${hint}`);
}

/** The stage that a `--from`, a mount or `--target` names: by name in any case, the last one so called, or by number where that is allowed. */
export function findStage(stages: readonly Stage[], name: string): Stage | undefined {
  return stages.findLast((stage) => stage.name === name.toLowerCase());
}

/** The stage that COPY --from names: by name, or by number. */
export function sourceStage(stages: readonly Stage[], from: string): Stage | undefined {
  return findStage(stages, from) ?? (/^[+-]?[0-9]{1,9}$/.test(from) ? stages[Number(from)] : undefined);
}

/** The stage to build: the last one without a target. @throws DockerfileError with a suggestion */
export function targetStage({ stages, source }: Dockerfile, target: string): Stage {
  const last = stages.at(-1);
  const found = target === "" ? last : findStage(stages, target);
  if (found !== undefined) return found;
  const names = stages.map(({ name, index }) => name ?? `stage-${index}`);
  throw new DockerfileError(`target stage ${quoted(target)} could not be found${suggestion(target, names)}`, source, []);
}

/** The stages that a stage needs, itself included: its base, and whatever it copies or mounts from. */
export function neededStages({ stages }: Dockerfile, bases: readonly StageBaseName[], target: Stage): ReadonlySet<number> {
  const needed = new Set<number>();
  const open = [target.index];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (needed.has(index)) continue;
    needed.add(index);
    const base = bases[index]?.baseStage;
    if (base !== undefined) open.push(base);
    for (const from of stages[index]?.instructions.flatMap(sourcesOf) ?? []) {
      const source = sourceStage(stages, from);
      if (source !== undefined) open.push(source.index);
    }
  }
  return needed;
}
