import type { CheckInput } from "./check.ts";
import type { Dockerfile, Stage } from "./dockerfile.ts";
import { errorAt } from "./errors.ts";
import { expandWord } from "./expand.ts";
import type { Environment } from "./environment.ts";
import { globalArguments, predefinedArguments } from "./globals.ts";
import { InstructionError } from "./instruction-error.ts";
import type { ArgInstruction, ExpandedInstruction } from "./instruction.ts";
import { StageScope } from "./scope.ts";
import type { SourceRange } from "./source.ts";
import { neededStages, stageBases, targetStage, type StageBaseName } from "./stage-bases.ts";

export interface OutlineArg {
  readonly name: string;
  readonly value: string;
  readonly description: string;
  readonly range: SourceRange;
}

export interface OutlineSecret {
  readonly name: string;
  readonly required: boolean;
  readonly range: SourceRange;
}

/** What a build of a stage can be given, each in the order of the file. */
export interface Outline {
  readonly target: Stage;
  readonly args: readonly OutlineArg[];
  readonly secrets: readonly OutlineSecret[];
  readonly ssh: readonly OutlineSecret[];
}

/** @throws DockerfileError for a target that is none, and for what cannot be expanded */
export function outlineOf(dockerfile: Dockerfile, input: CheckInput): Outline {
  const { buildArgs = {} } = input;
  const target = targetStage(dockerfile, input.target ?? "");
  const predefined = predefinedArguments({ ...input, ...(target.name !== undefined && { target: target.name }) });
  const globals = globalArguments(dockerfile, predefined, buildArgs);
  return outlineOfStage({ dockerfile, target, globals, bases: stageBases(dockerfile, globals), buildArgs });
}

/** A file that has been looked at already. */
export interface OutlinedStage {
  readonly dockerfile: Dockerfile;
  readonly target: Stage;
  readonly globals: Environment;
  readonly bases: readonly StageBaseName[];
  readonly buildArgs: Readonly<Record<string, string>>;
}

/** The same where names are resolved. @throws DockerfileError for what cannot be expanded */
export function outlineOfStage({ dockerfile, target, globals, bases, buildArgs }: OutlinedStage): Outline {
  const needed = neededStages(dockerfile, bases, target);
  const finds = new Finds(globalArgs(dockerfile, globals));
  const scopes: StageScope[] = [];
  for (const base of bases) {
    if (!needed.has(base.stage.index)) continue;
    const scope = scopes[base.baseStage ?? -1]?.derived() ?? StageScope.ofImage([], { globals, buildArgs, escape: dockerfile.directives.escape });
    lookThrough(base, scope, dockerfile, finds, (name) => Object.hasOwn(buildArgs, name) || globals.get(name) === undefined);
    scopes[base.stage.index] = scope;
  }
  return { target, ...finds.sorted() };
}

interface GlobalArg extends OutlineArg {
  /** Other names that its default is made of. */
  readonly from: readonly string[];
}

function globalArgs({ metaArgs, directives }: Dockerfile, globals: Environment): ReadonlyMap<string, GlobalArg> {
  return new Map(
    metaArgs.flatMap(({ args, range }) =>
      args.map(({ name, defaultValue = "", description = "" }) => {
        const from = [...expandWord(defaultValue, globals, { escape: directives.escape }).used].filter((other) => other !== name);
        return [name, { name, value: globals.get(name) ?? "", description, range, from }] as const;
      }),
    ),
  );
}

class Finds {
  readonly #args = new Map<string, OutlineArg>();
  readonly #secrets = new Map<string, OutlineSecret>();
  readonly #ssh = new Map<string, OutlineSecret>();

  constructor(readonly globals: ReadonlyMap<string, GlobalArg>) {}

  /** A global arg, and those that its default is made of. */
  use(name: string): void {
    const arg = this.globals.get(name);
    if (arg === undefined || this.#args.has(name)) return;
    this.#args.set(name, arg);
    for (const other of arg.from) this.use(other);
  }

  declare(arg: OutlineArg): void {
    this.#args.set(arg.name, arg);
  }

  mounts({ mounts, range }: Extract<ExpandedInstruction, { kind: "run" }>): void {
    for (const mount of mounts) {
      if (mount.type !== "secret" && mount.type !== "ssh") continue;
      const list = mount.type === "secret" ? this.#secrets : this.#ssh;
      if (!list.has(mount.id)) list.set(mount.id, { name: mount.id, required: mount.required, range });
    }
  }

  sorted(): Pick<Outline, "args" | "secrets" | "ssh"> {
    const inOrder = <T extends { readonly range: SourceRange }>(items: Iterable<T>): T[] => [...items].toSorted((a, b) => a.range.start.line - b.range.start.line);
    return { args: inOrder(this.#args.values()), secrets: inOrder(this.#secrets.values()), ssh: inOrder(this.#ssh.values()) };
  }
}

function lookThrough({ stage, nameExpansion, platformExpansion }: StageBaseName, scope: StageScope, { source }: Dockerfile, finds: Finds, isOwn: (name: string) => boolean): void {
  for (const name of [...nameExpansion.used, ...(platformExpansion?.used ?? [])]) finds.use(name);
  for (const written of stage.instructions) {
    if (written.kind !== "arg" && written.kind !== "run" && written.kind !== "env") continue;
    try {
      const { instruction } = scope.step(written);
      if (instruction.kind === "run") finds.mounts(instruction);
      if (written.kind === "arg" && instruction.kind === "arg") declare(written, instruction, finds, isOwn);
    } catch (error) {
      throw error instanceof InstructionError ? errorAt(error, source, written.range) : error;
    }
  }
}

/** An ARG without a default that a global one gives its value is that global one. */
function declare(written: ArgInstruction, expanded: ArgInstruction, finds: Finds, isOwn: (name: string) => boolean): void {
  for (const [index, { name, defaultValue, description = "" }] of written.args.entries()) {
    if (defaultValue === undefined && !isOwn(name)) finds.use(name);
    else finds.declare({ name, value: expanded.args[index]?.defaultValue ?? "", description, range: written.range });
  }
}
