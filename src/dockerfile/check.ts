import type { ImageProcessConfig } from "../spec/mod.ts";
import { NO_CHECK_OPTIONS, parseCheckOptions, speaks, withComments, type CheckOptions } from "./check-options.ts";
import { StageCheck, type StageCheckState } from "./check-stage.ts";
import { checkDefaultBases, checkWritten } from "./check-written.ts";
import type { Dockerfile, Stage } from "./dockerfile.ts";
import type { Environment } from "./environment.ts";
import { DockerfileError, errorAt } from "./errors.ts";
import { globalArguments, predefinedArguments, type ArgumentPlatform } from "./globals.ts";
import type { IgnoreMatcher } from "./ignore.ts";
import { InstructionError } from "./instruction-error.ts";
import { RULES, type Rule } from "./rules.ts";
import { StageScope } from "./scope.ts";
import type { SourceRange } from "./source.ts";
import { neededStages, stageBases, targetStage, type StageBaseName } from "./stage-bases.ts";
import { checkStageCircles, checkStageOrder } from "./stage-links.ts";
import { closestOf } from "./suggest.ts";
import { parseTrigger } from "./trigger.ts";

export interface Warning {
  readonly rule: string;
  readonly description: string;
  readonly url: string;
  readonly detail: string;
  readonly range: SourceRange;
}

export interface CheckInput {
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly buildPlatform: ArgumentPlatform;
  readonly targetPlatform: ArgumentPlatform;
  /** Only this stage and what it needs; without it every stage, or with `onlyNeeded` the last one and what it needs. */
  readonly target?: string;
  readonly onlyNeeded?: boolean;
  readonly ignore?: IgnoreMatcher;
  /** The config of a base image or named context; undefined when it is not known, and then unset variables are not reported. */
  readonly baseConfig?: (name: string) => ImageProcessConfig | undefined;
  /** Of a stage by its index, when the image that it begins with is for another platform than it is built for. */
  readonly mismatch?: (stage: number) => PlatformMismatch | undefined;
}

/** Platforms as `os/architecture[/variant]`. */
export interface PlatformMismatch {
  readonly image: string;
  readonly expected: string;
  readonly actual: string;
}

export interface CheckResult {
  readonly warnings: readonly Warning[];
  /** What would stop a build: a broken substitution, a port that is none. */
  readonly error?: DockerfileError;
  /** `error=true` was asked for and there are warnings: Docker's words for it. */
  readonly violation?: string;
}

export type Report = (rule: Rule, detail: string, range: SourceRange, options: CheckOptions) => void;

const DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Docker's build checks. The build argument BUILDKIT_DOCKERFILE_CHECK takes the place of the file's own `# check=`. @throws DockerfileError for options that are none */
export function checkDockerfile(dockerfile: Dockerfile, input: CheckInput): CheckResult {
  const options = optionsOf(dockerfile, input);
  const warnings: Warning[] = [];
  const report: Report = (rule, detail, range, inForce) => {
    if (speaks(rule, inForce)) warnings.push({ rule: rule.name, description: rule.description, url: rule.url, detail, range });
  };
  checkWritten(dockerfile, options, report);
  const error = dockerfile.incomplete ? undefined : failureOf(() => checkStages(dockerfile, input, options, report));
  const violated = new Set(warnings.map(({ rule }) => rule));
  return {
    warnings,
    ...(error !== undefined && { error }),
    ...(options.error && violated.size > 0 && { violation: `lint violation found for rules: ${[...violated].join(", ")}` }),
  };
}

function optionsOf({ directives, source }: Dockerfile, { buildArgs = {} }: CheckInput): CheckOptions {
  const argument = buildArgs["BUILDKIT_DOCKERFILE_CHECK"];
  const text = argument ?? directives.check;
  if (text === undefined) return NO_CHECK_OPTIONS;
  try {
    return parseCheckOptions(text);
  } catch (error) {
    const what = argument === undefined ? "check options" : "build-arg:BUILDKIT_DOCKERFILE_CHECK";
    throw error instanceof InstructionError ? new DockerfileError(`failed to parse ${what}: ${error.message}`, source, []) : error;
  }
}

function failureOf(work: () => void): DockerfileError | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
}

function checkStages(dockerfile: Dockerfile, input: CheckInput, options: CheckOptions, report: Report): void {
  const { buildArgs = {} } = input;
  const target = input.target || dockerfile.stages.at(-1)?.name;
  const predefined = predefinedArguments({ ...input, ...(target !== undefined && { target }) });
  checkDefaultBases(dockerfile, globalArguments(dockerfile, predefined, {}), options, report);
  const globals = globalArguments(dockerfile, predefined, buildArgs);
  const names = [...globals.names(), ...dockerfile.metaArgs.flatMap(({ args }) => args.map(({ name }) => name))];
  // Also of a name that comes to nothing, which is no base.
  const bases = stageBases(dockerfile, globals, (stage, { unset }) => checkUnset(stage, unset, names, withComments(options, stage.comments), report));
  for (const base of bases) checkBase(base, globals, names, withComments(options, base.stage.comments), report);
  const needed = input.target || input.onlyNeeded ? neededStages(dockerfile, bases, targetStage(dockerfile, input.target ?? "")) : undefined;
  checkStageCircles(dockerfile, bases);
  checkStageOrder(dockerfile, needed);
  const states: StageCheckState[] = [];
  for (const base of bases) {
    if (needed !== undefined && !needed.has(base.stage.index)) continue;
    const mismatch = input.mismatch?.(base.stage.index);
    if (mismatch) report(RULES.InvalidBaseImagePlatform, RULES.InvalidBaseImagePlatform.detail(mismatch.image, mismatch.expected, mismatch.actual), base.stage.range, withComments(options, base.stage.comments));
    const check = new StageCheck(beginning(base, states, dockerfile, input, globals), input, report);
    goThrough(check, base, dockerfile, options);
    states[base.stage.index] = check.state;
  }
}

function checkUnset(stage: Stage, unset: ReadonlySet<string>, names: readonly string[], options: CheckOptions, report: Report): void {
  for (const name of unset) if (!names.includes(name)) report(RULES.UndefinedArgInFrom, RULES.UndefinedArgInFrom.detail(name, closestOf(name, names) ?? ""), stage.range, options);
}

function checkBase({ stage, platformExpansion }: StageBaseName, globals: Environment, names: readonly string[], options: CheckOptions, report: Report): void {
  if (platformExpansion === undefined) return;
  const { text, used, unset } = platformExpansion;
  checkUnset(stage, unset, names, options, report);
  if (used.size === 1 && unset.size === 0 && used.has("TARGETPLATFORM") && text === globals.get("TARGETPLATFORM")) {
    report(RULES.RedundantTargetPlatform, RULES.RedundantTargetPlatform.detail(stage.platform ?? ""), stage.range, options);
  }
  if (used.size === 0 && unset.size === 0 && isPlainPlatform(text) && !text.split("/").some((part) => part !== "" && stage.name?.includes(part))) {
    report(RULES.FromPlatformFlagConstDisallowed, RULES.FromPlatformFlagConstDisallowed.detail(text), stage.range, options);
  }
}

const isPlainPlatform = (text: string): boolean => /^[A-Za-z0-9_.-]+(?:\([^()/]*\))?(?:\/[A-Za-z0-9_.-]+){0,2}$/.test(text);

function beginning({ baseName, baseStage, stage }: StageBaseName, states: readonly StageCheckState[], { directives }: Dockerfile, input: CheckInput, globals: Environment): StageCheckState {
  const parent = baseStage === undefined ? undefined : states[baseStage];
  if (parent !== undefined) {
    const { OnBuild: _, ...config } = parent.config;
    return { ...parent, scope: parent.scope.derived(), config };
  }
  const config = baseName === "scratch" ? {} : ((stage.name === undefined ? undefined : input.baseConfig?.(stage.name)) ?? input.baseConfig?.(baseName));
  const env = config?.Env ?? [];
  const scope = StageScope.ofImage(env.some((line) => line.startsWith("PATH=")) ? env : [...env, DEFAULT_PATH], { globals, buildArgs: input.buildArgs ?? {}, escape: directives.escape });
  return { scope, config: config ?? {}, complete: config !== undefined, workdirSet: false };
}

function goThrough(check: StageCheck, { stage, baseStage }: StageBaseName, { stages, source }: Dockerfile, options: CheckOptions): void {
  const inherited = baseStage === undefined ? (check.state.config.OnBuild ?? []) : triggersOf(stages[baseStage]);
  const triggers = inherited.map((expression) => parseTrigger(expression, stage, source));
  for (const instruction of [...triggers, ...stage.instructions]) {
    try {
      check.instruction(instruction, options);
    } catch (error) {
      throw error instanceof InstructionError ? errorAt(error, source, instruction.range) : error;
    }
  }
}

const triggersOf = (stage: Stage | undefined): string[] => (stage?.instructions ?? []).flatMap((instruction) => (instruction.kind === "onbuild" ? [instruction.expression] : []));
