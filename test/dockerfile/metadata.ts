import { applyToConfig, globalArguments, historyText, instructionTitle, parseDockerfile, predefinedArguments, StageScope, type Instruction } from "../../src/dockerfile/mod.ts";
import type { ImageProcessConfig } from "../../src/spec/mod.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const MAKES_FILES = new Set<Instruction["kind"]>(["run", "copy", "add", "workdir"]);

export interface Metadata {
  readonly config: Record<string, unknown>;
  readonly history: string[];
  readonly titles: string[];
}

/** What a file of one stage says of its image, without building it. */
export function metadataOf(text: string, buildArgs: Readonly<Record<string, string>>): Metadata {
  const dockerfile = parseDockerfile(text);
  const { escape } = dockerfile.directives;
  const globals = globalArguments(dockerfile, predefinedArguments({ buildPlatform: PLATFORM, targetPlatform: PLATFORM, buildArgs }), buildArgs);
  const scope = StageScope.ofImage([PATH], { globals, buildArgs, escape });
  let config: ImageProcessConfig = { Env: [PATH], WorkingDir: "/" };
  let commandSet = false;
  const history: string[] = [];
  const titles: string[] = [];
  for (const written of dockerfile.stages[0]?.instructions ?? []) {
    const { args } = scope;
    const { instruction } = scope.step(written);
    if (MAKES_FILES.has(instruction.kind)) titles.push(instructionTitle(instruction, scope.environment, { escape }));
    history.push(...[historyText(instruction, { shell: config.Shell ?? null, args, workdir: config.WorkingDir ?? "" }) ?? []].flat());
    config = applyToConfig(config, instruction, { commandSet });
    commandSet ||= instruction.kind === "cmd";
  }
  return { config: withoutDefaults(config), history, titles };
}

/** A config as far as it says anything, keys in order: what an inspection of Docker adds by itself is left out. */
export function withoutDefaults(config: object): Record<string, unknown> {
  const entries = Object.entries(config).filter(([key, value]) => value !== null && value !== "" && value !== false && !(Array.isArray(value) && value.length === 0) && !LEFT_OUT.has(key));
  return Object.fromEntries(
    entries
      .map(([key, value]): [string, unknown] => [key, key === "Env" && Array.isArray(value) ? value.filter((line) => line !== PATH) : sorted(value)])
      .filter(([key, value]) => !(key === "Env" && Array.isArray(value) && value.length === 0) && !(key === "WorkingDir" && value === "/"))
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}

const LEFT_OUT = new Set(["Hostname", "Domainname", "Image"]);

function sorted(value: unknown): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value;
}
