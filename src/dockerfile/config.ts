import { posix } from "node:path";
import type { ImageProcessConfig } from "../spec/mod.ts";
import { InstructionError } from "./instruction-error.ts";
import type { CommandLine, ExpandedInstruction, KeyValue } from "./instruction.ts";
import { exposedPorts } from "./ports.ts";
import { checkSignal } from "./stop-signal.ts";

export const DEFAULT_SHELL: readonly string[] = ["/bin/sh", "-c"];

export interface ConfigOptions {
  /** A CMD came before in the same stage, or the same list of changes: ENTRYPOINT then leaves it. */
  readonly commandSet?: boolean;
}

/**
 * The image config after an instruction whose variables are in place. Instructions that say nothing of it (RUN, COPY, ADD, ARG) leave it as it is,
 * and so does MAINTAINER, whose author is a field of the image.
 * @throws InstructionError in Docker's words for a port, signal or path that is none
 */
export function applyToConfig(config: ImageProcessConfig, instruction: ExpandedInstruction, { commandSet = false }: ConfigOptions = {}): ImageProcessConfig {
  switch (instruction.kind) {
    case "cmd":
      return { ...config, Cmd: commandArguments(instruction.command, config.Shell), ArgsEscaped: true };
    case "entrypoint": {
      const { command } = instruction;
      const empty = command.form === "exec" && command.args.length === 0;
      return { ...config, Entrypoint: empty ? null : commandArguments(command, config.Shell), ...(!commandSet && { Cmd: null }) };
    }
    case "env":
      return { ...config, Env: withVariables(config.Env ?? [], instruction.pairs) };
    case "expose":
      return { ...config, ExposedPorts: { ...config.ExposedPorts, ...keyed(exposedPorts(instruction.ports)) } };
    case "healthcheck":
      return { ...config, Healthcheck: { ...instruction.health } };
    case "label":
      return { ...config, Labels: { ...config.Labels, ...Object.fromEntries(instruction.pairs.map(({ key, value }) => [key, value])) } };
    case "onbuild":
      return { ...config, OnBuild: [...(config.OnBuild ?? []), instruction.expression] };
    case "shell":
      return { ...config, Shell: [...instruction.shell] };
    case "stopsignal":
      checkSignal(instruction.signal);
      return { ...config, StopSignal: instruction.signal };
    case "user":
      return { ...config, User: instruction.user };
    case "volume":
      if (instruction.paths.includes("")) throw new InstructionError("VOLUME specified can not be an empty string");
      return { ...config, Volumes: { ...config.Volumes, ...keyed(instruction.paths) } };
    case "workdir":
      return { ...config, WorkingDir: joinedWorkdir(config.WorkingDir, instruction.path) };
    case "add":
    case "arg":
    case "copy":
    case "maintainer":
    case "run":
      return config;
    default:
      return instruction satisfies never;
  }
}

/** The process of a command: the JSON form as it is, anything else by the shell. */
export function commandArguments(command: CommandLine, shell: readonly string[] | null | undefined): string[] {
  if (command.form === "exec") return [...command.args];
  return [...(shell?.length ? shell : DEFAULT_SHELL), command.text];
}

/** An absolute, clean path; a relative one goes on from the current directory. */
export function joinedWorkdir(current: string | undefined, path: string): string {
  const joined = posix.join("/", path.startsWith("/") ? "" : (current ?? ""), path);
  return joined.length > 1 ? joined.replace(/\/$/, "") : joined;
}

function withVariables(env: readonly string[], pairs: readonly KeyValue[]): string[] {
  const lines = [...env];
  const places = new Map(lines.map((line, index) => [line.split("=", 1)[0], index]));
  for (const { key, value } of pairs) {
    const place = places.get(key) ?? lines.length;
    places.set(key, place);
    lines[place] = `${key}=${value}`;
  }
  return lines;
}

const keyed = (names: readonly string[]): Record<string, Record<string, never>> => Object.fromEntries(names.map((name) => [name, {}]));
