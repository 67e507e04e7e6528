import { formatDuration } from "./duration.ts";
import type { ExpandedInstruction, KeyValue } from "./instruction.ts";
import { commandArguments, joinedWorkdir } from "./config.ts";
import { exposedPorts } from "./ports.ts";
import { runCommand } from "./run-command.ts";
import { listed, quoted } from "./text.ts";
import type { HealthConfig } from "../spec/mod.ts";

export interface HistoryOptions {
  /** The stage's SHELL, for what is not in JSON form. */
  readonly shell?: readonly string[] | null;
  /** Args declared so far; RUN's history names them. */
  readonly args?: readonly (readonly [string, string])[];
  /** Before the instruction; WORKDIR's history has the joined path. */
  readonly workdir?: string;
}

/** `created_by` as BuildKit writes it; undefined for ONBUILD, which leaves no trace. @throws InstructionError for a port that is none */
export function historyText(instruction: ExpandedInstruction, { shell, args = [], workdir }: HistoryOptions = {}): string | undefined {
  switch (instruction.kind) {
    case "add":
    case "copy":
      return `${transferText(instruction)} # buildkit`;
    case "arg":
      return `ARG ${instruction.args.map(({ name, defaultValue }) => (defaultValue === undefined ? name : `${name}=${defaultValue}`)).join(" ")}`;
    case "cmd":
      return `CMD ${quotedList(commandArguments(instruction.command, shell))}`;
    case "entrypoint":
      return `ENTRYPOINT ${quotedList(commandArguments(instruction.command, shell))}`;
    case "env":
      return `ENV ${pairsText(instruction.pairs)}`;
    case "expose":
      return `EXPOSE ${listed(exposedPorts(instruction.ports))}`;
    case "healthcheck":
      return `HEALTHCHECK ${healthText(instruction.health)}`;
    case "label":
      return `LABEL ${pairsText(instruction.pairs)}`;
    case "maintainer":
      return `MAINTAINER ${instruction.maintainer}`;
    case "onbuild":
      return undefined;
    case "run":
      return `RUN ${[...argsText(args), ...runCommand(instruction, shell).args].join(" ")} # buildkit`;
    case "shell":
      return `SHELL ${listed(instruction.shell)}`;
    case "stopsignal":
      return `STOPSIGNAL ${instruction.signal}`;
    case "user":
      return `USER ${instruction.user}`;
    case "volume":
      return `VOLUME ${listed(instruction.paths)}`;
    case "workdir":
      return `WORKDIR ${joinedWorkdir(workdir, instruction.path)}`;
    default:
      return instruction satisfies never;
  }
}

/** Go's %q of a list. */
export const quotedList = (items: readonly string[]): string => listed(items.map(quoted));

const pairsText = (pairs: readonly KeyValue[]): string => pairs.map(({ key, value }) => `${key}=${value}`).join(" ");

/** `|2 a=1 b=2`, as before BuildKit. */
const argsText = (args: readonly (readonly [string, string])[]): string[] => (args.length === 0 ? [] : [`|${args.length}`, ...args.map(([name, value]) => `${name}=${value}`)]);

function transferText(instruction: Extract<ExpandedInstruction, { kind: "add" | "copy" }>): string {
  const flags = [instruction.kind === "copy" && instruction.parents ? "--parents" : "", instruction.chown && `--chown=${instruction.chown}`, instruction.chmod && `--chmod=${instruction.chmod}`];
  return [instruction.kind.toUpperCase(), ...flags.filter(Boolean), ...instruction.sources, ...instruction.files.map(({ name }) => `<<${name}`), instruction.destination].join(" ");
}

/** Go's %q of Docker's HealthcheckConfig, whose count of retries becomes a quoted character. */
function healthText({ Test = [], Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 }: Readonly<HealthConfig>): string {
  const durations = [Interval, Timeout, StartPeriod, StartInterval].map((ns) => quoted(formatDuration(ns)));
  return `&{${quotedList(Test)} ${durations.join(" ")} ${quotedCharacter(Retries)}}`;
}

function quotedCharacter(code: number): string {
  if (code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) return "'\ufffd'";
  if (code === 0x22) return `'"'`;
  return code === 0x27 ? "'\\''" : `'${quoted(String.fromCodePoint(code)).slice(1, -1)}'`;
}
