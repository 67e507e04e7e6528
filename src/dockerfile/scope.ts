import type { Environment } from "./environment.ts";
import { expandInstruction, type ExpandedResult } from "./expand-instruction.ts";
import { expandWord, WordError } from "./expand.ts";
import { InstructionError } from "./instruction-error.ts";
import type { ArgDefinition, ArgInstruction, Instruction } from "./instruction.ts";

/** What execve takes at the most, arguments and environment together. */
const ENVIRONMENT_LIMIT = 6 << 20;

/** Args that steer the attestations and are no variables. */
const NOT_IN_ENVIRONMENT = new Set(["BUILDKIT_SBOM_SCAN_CONTEXT", "BUILDKIT_SBOM_SCAN_STAGE"]);

export interface ScopeOptions {
  /** ARG before the first FROM, and the predefined ones; see globalArguments(). */
  readonly globals: Environment;
  /** `--build-arg`. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly escape?: "\\" | "`";
}

/** The variables of a stage while its instructions are gone through in order. */
export class StageScope {
  readonly #variables: Map<string, string>;
  readonly #args: Map<string, string>;
  readonly #options: ScopeOptions;
  #bytes = 0;

  private constructor(options: ScopeOptions, variables: Map<string, string>, args: Map<string, string>) {
    this.#options = options;
    this.#variables = variables;
    this.#args = args;
  }

  /** Of a stage that begins with an image: `K=V` lines of its config. */
  static ofImage(env: readonly string[], options: ScopeOptions): StageScope {
    return new StageScope(options, new Map(), new Map()).derived(env);
  }

  /** Of a stage that begins with this one, args included. `env`: its image's `K=V` lines, which hide an ARG of the same name again. */
  derived(env: readonly string[] = []): StageScope {
    const scope = new StageScope(this.#options, new Map(this.#variables), new Map(this.#args));
    scope.#bytes = this.#bytes;
    for (const line of env) {
      const equals = line.indexOf("=");
      scope.#set(equals < 0 ? line : line.slice(0, equals), equals < 0 ? "" : line.slice(equals + 1));
    }
    return scope;
  }

  /** ENV and ARG together, a later one hiding an earlier. */
  get environment(): Environment {
    return { get: (name) => this.#variables.get(name), names: () => [...this.#variables.keys()] };
  }

  /** The args declared so far, with their values: RUN sees them, and its history names them. */
  get args(): readonly (readonly [string, string])[] {
    return [...this.#args].map(([name, value]) => [name, this.#variables.get(name) ?? value]);
  }

  /**
   * Replaces an instruction's variables, and takes over what it sets (ENV, ARG): the next one sees it. An expanded ARG bears its values.
   * @throws InstructionError in Docker's words
   */
  step(instruction: Instruction): ExpandedResult {
    if (instruction.kind === "arg") return this.#declare(instruction);
    const result = expandInstruction(instruction, this.environment, this.#options);
    if (result.instruction.kind === "env") for (const { key, value } of result.instruction.pairs) this.#set(key, value);
    return { ...result, unset: result.unset.filter((name) => !this.#args.has(name) && !NOT_IN_ENVIRONMENT.has(name)) };
  }

  #declare(instruction: ArgInstruction): ExpandedResult {
    const unset: string[] = [];
    const args = instruction.args.map((arg) => {
      const value = this.#valueOf(arg, unset);
      if (value !== undefined && !NOT_IN_ENVIRONMENT.has(arg.name)) this.#set(arg.name, value);
      this.#args.set(arg.name, value ?? "");
      const { defaultValue: _, ...rest } = arg;
      return value === undefined ? rest : { ...rest, defaultValue: value };
    });
    return { instruction: { ...instruction, args }, unset };
  }

  /** The build's own value, else the default, else what a global ARG of the name says. */
  #valueOf({ name, defaultValue }: ArgDefinition, unset: string[]): string | undefined {
    const { buildArgs, globals, escape = "\\" } = this.#options;
    if (Object.hasOwn(buildArgs, name)) return buildArgs[name];
    if (defaultValue === undefined) return globals.get(name);
    try {
      const result = expandWord(defaultValue, this.environment, { escape });
      for (const missing of result.unset) if (!this.#args.has(missing)) unset.push(missing);
      return result.text;
    } catch (error) {
      throw error instanceof WordError ? new InstructionError(error.message, error.word) : error;
    }
  }

  #set(name: string, value: string): void {
    const before = this.#variables.get(name);
    this.#bytes += value.length - (before?.length ?? 0) + (before === undefined ? name.length : 0);
    if (this.#bytes > ENVIRONMENT_LIMIT) throw new InstructionError("the variables of the stage are larger than 6 MiB together");
    this.#variables.set(name, value);
  }
}
