import { posix } from "node:path";
import { withComments, type CheckOptions } from "./check-options.ts";
import type { CheckInput, Report } from "./check.ts";
import { applyToConfig, joinedWorkdir } from "./config.ts";
import { InstructionError } from "./instruction-error.ts";
import type { ExpandedInstruction, Instruction } from "./instruction.ts";
import { parseExposedPort } from "./ports.ts";
import { RULES } from "./rules.ts";
import type { StageScope } from "./scope.ts";
import type { SourceRange } from "./source.ts";
import { closestOf } from "./suggest.ts";
import type { ImageProcessConfig } from "../spec/mod.ts";

/** What the check of a stage hands to the stages on top of it. */
export interface StageCheckState {
  readonly scope: StageScope;
  readonly config: ImageProcessConfig;
  /** The base's variables are known, so that an unset one is really not set. */
  readonly complete: boolean;
  readonly workdirSet: boolean;
}

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:_|^)(?:public|file|version)(?:_|$)/i;
const ONLY_LAST_COUNTS = ["cmd", "entrypoint", "healthcheck"];

/** Goes through a stage's instructions as a build would, without doing anything. @throws InstructionError from the instruction at hand */
export class StageCheck {
  #state: StageCheckState;
  readonly #last = new Map<string, SourceRange>();

  constructor(
    state: StageCheckState,
    readonly input: CheckInput,
    readonly report: Report,
  ) {
    this.#state = state;
  }

  get state(): StageCheckState {
    return this.#state;
  }

  instruction(written: Instruction, all: CheckOptions): void {
    const options = withComments(all, written.comments);
    const known = this.#state.scope.environment.names();
    const { instruction, unset } = this.#state.scope.step(written);
    if (this.#state.complete) this.#reportUnset(unset, known, instruction, options);
    this.#check(instruction, options);
    // Ports are checked already, and may be many.
    const config = instruction.kind === "expose" ? this.#state.config : applyToConfig(this.#state.config, instruction);
    this.#state = { ...this.#state, config, workdirSet: this.#state.workdirSet || instruction.kind === "workdir" };
  }

  #reportUnset(unset: readonly string[], known: readonly string[], { range }: ExpandedInstruction, options: CheckOptions): void {
    for (const name of unset) this.report(RULES.UndefinedVar, RULES.UndefinedVar.detail(name, closestOf(name, known) ?? ""), range, options);
  }

  #check(instruction: ExpandedInstruction, options: CheckOptions): void {
    const { kind, keyword, range } = instruction;
    if (ONLY_LAST_COUNTS.includes(kind)) this.#checkRepeated(instruction, options);
    if (kind === "env" || kind === "label") {
      for (const { key, legacy } of instruction.pairs) {
        if (legacy) this.report(RULES.LegacyKeyValueFormat, RULES.LegacyKeyValueFormat.detail(keyword), range, options);
        if (kind === "env") this.#checkSecret("ENV", key, range, options);
      }
    } else if (kind === "arg") for (const { name } of instruction.args) this.#checkSecret("ARG", name, range, options);
    else if (kind === "cmd" || kind === "entrypoint") this.#checkForm(instruction, options);
    else if (kind === "workdir") this.#checkWorkdir(instruction.path, range, options);
    else if (kind === "expose") for (const port of instruction.ports) this.#checkPort(port, range, options);
    else if (kind === "run") this.#checkTargets(instruction.mounts);
    else if (kind === "add" || (kind === "copy" && instruction.from === undefined)) this.#checkSources(kind, instruction.sources, range, options);
  }

  /** The earlier of two is the one without effect. */
  #checkRepeated({ kind, keyword, range }: ExpandedInstruction, options: CheckOptions): void {
    const before = this.#last.get(kind);
    if (before !== undefined) this.report(RULES.MultipleInstructionsDisallowed, RULES.MultipleInstructionsDisallowed.detail(keyword), before, options);
    this.#last.set(kind, range);
  }

  #checkSecret(keyword: string, name: string, range: SourceRange, options: CheckOptions): void {
    if (SECRET.test(name) && !NO_SECRET.test(name)) this.report(RULES.SecretsUsedInArgOrEnv, RULES.SecretsUsedInArgOrEnv.detail(keyword, name), range, options);
  }

  /** Who chose a shell of his own knows what he does. */
  #checkForm({ command, keyword, range }: Extract<ExpandedInstruction, { kind: "cmd" | "entrypoint" }>, options: CheckOptions): void {
    if (command.form === "shell" && !this.#state.config.Shell?.length) this.report(RULES.JSONArgsRecommended, RULES.JSONArgsRecommended.detail(keyword), range, options);
  }

  #checkWorkdir(path: string, range: SourceRange, options: CheckOptions): void {
    if (!this.#state.workdirSet && !path.startsWith("/")) this.report(RULES.WorkdirRelativePath, RULES.WorkdirRelativePath.detail(path), range, options);
  }

  #checkPort(word: string, range: SourceRange, options: CheckOptions): void {
    const { protocol, mapped } = parseExposedPort(word);
    if (protocol !== protocol.toLowerCase()) this.report(RULES.ExposeProtoCasing, RULES.ExposeProtoCasing.detail(word), range, options);
    if (mapped) this.report(RULES.ExposeInvalidFormat, RULES.ExposeInvalidFormat.detail(word), range, options);
  }

  #checkTargets(mounts: Extract<ExpandedInstruction, { kind: "run" }>["mounts"]): void {
    for (const { type, target = "" } of mounts) {
      if (type !== "secret" && type !== "ssh" && joinedWorkdir(this.#state.config.WorkingDir, target) === "/") throw new InstructionError(`invalid mount target "/"`);
    }
  }

  /** Exceptions may bring back anything below, so a file with some is not judged. */
  #checkSources(kind: "add" | "copy", sources: readonly string[], range: SourceRange, options: CheckOptions): void {
    const { ignore } = this.input;
    if (ignore === undefined || ignore.hasExceptions) return;
    for (const source of sources) {
      if (/^(?:https?|git|ssh):\/\/|^git@/.test(source)) continue;
      const path = posix.normalize(source).replace(/(?<=.)\/$/, "");
      const root = path === "." || path === "/";
      const ignored = root ? ["*", "**", "**/*"].some((pattern) => ignore.patterns.includes(pattern)) : ignore.ignores(path);
      if (ignored) this.report(RULES.CopyIgnoredFile, RULES.CopyIgnoredFile.detail(kind === "add" ? "Add" : "Copy", path), range, options);
    }
  }
}
