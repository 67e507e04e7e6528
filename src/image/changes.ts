import { EngineError } from "../base/mod.ts";
import { applyToConfig, environmentOf, expandInstruction, InstructionError, parseChanges, type Instruction } from "../dockerfile/mod.ts";
import type { ImageProcessConfig } from "../spec/mod.ts";

const KINDS = new Set<string>(["cmd", "entrypoint", "env", "expose", "healthcheck", "label", "onbuild", "stopsignal", "user", "volume", "workdir"] satisfies Instruction["kind"][]);

/** Applies `--change` instructions (Dockerfile reference, the eleven that docker import and commit accept) to a config. @throws EngineError InvalidParameter, in Docker's words */
export function applyChanges(config: ImageProcessConfig, changes: readonly string[]): ImageProcessConfig {
  const text = changes.join("\n");
  if (text.trim() === "") return { ...config };
  try {
    return applied(config, parseChanges(text, KINDS));
  } catch (error) {
    throw error instanceof InstructionError ? new EngineError("InvalidParameter", error.message) : error;
  }
}

function applied(config: ImageProcessConfig, instructions: readonly Instruction[]): ImageProcessConfig {
  let result = { ...config };
  let commandSet = false;
  for (const written of instructions) {
    const { instruction } = expandInstruction(written, environmentOf(result.Env ?? []));
    const next = applyToConfig(result, instruction, { commandSet });
    // Only a build marks arguments as escaped.
    const { ArgsEscaped: _, ...unmarked } = next;
    result = { ...unmarked, ...(config.ArgsEscaped !== undefined && { ArgsEscaped: config.ArgsEscaped }) };
    commandSet ||= instruction.kind === "cmd";
  }
  return result;
}
