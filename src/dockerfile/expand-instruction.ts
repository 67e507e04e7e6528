import type { Environment } from "./environment.ts";
import { expandWord, WordError } from "./expand.ts";
import { InstructionError } from "./instruction-error.ts";
import type { ExpandedInstruction, Instruction, InlineFile, KeyValue } from "./instruction.ts";
import { parseMount } from "./mounts.ts";
import { checkTransfer } from "./check-transfer.ts";

export interface ExpandedResult {
  readonly instruction: ExpandedInstruction;
  /** Variables that were asked for and not set, once for each word, in the order met. */
  readonly unset: readonly string[];
}

/** The fields in which Docker replaces variables; `--from`, `--exclude`, commands and triggers it leaves as they are, and ARG's defaults to StageScope. */
export const EXPANDED_FIELDS = {
  add: ["chown", "chmod", "checksum", "sources", "destination", "files"],
  arg: [],
  cmd: [],
  copy: ["chown", "chmod", "sources", "destination", "files"],
  entrypoint: [],
  env: ["pairs"],
  expose: ["ports"],
  healthcheck: [],
  label: ["pairs"],
  maintainer: [],
  onbuild: [],
  run: ["mounts"],
  shell: [],
  stopsignal: ["signal"],
  user: ["user"],
  volume: ["paths"],
  workdir: ["path"],
} as const satisfies Record<Instruction["kind"], readonly string[]>;

/** The instruction with its variables replaced. @throws InstructionError in Docker's words for a broken substitution or mount */
export function expandInstruction(instruction: Instruction, environment: Environment, { escape = "\\" }: { escape?: "\\" | "`" } = {}): ExpandedResult {
  const unset: string[] = [];
  const word = (text: string): string => noting(() => expandWord(text, environment, { escape }), unset).text;
  try {
    const result = expanded(instruction, word, environment, escape, unset);
    if (result.kind === "add" || result.kind === "copy") checkTransfer(result);
    return { instruction: result, unset };
  } catch (error) {
    throw error instanceof WordError ? new InstructionError(error.message, error.word) : error;
  }
}

function expanded(instruction: Instruction, word: (text: string) => string, environment: Environment, escape: "\\" | "`", unset: string[]): ExpandedInstruction {
  switch (instruction.kind) {
    case "add":
      return { ...instruction, chown: word(instruction.chown), chmod: word(instruction.chmod), checksum: word(instruction.checksum), ...placed(instruction, word, environment, unset) };
    case "copy":
      return { ...instruction, chown: word(instruction.chown), chmod: word(instruction.chmod), ...placed(instruction, word, environment, unset) };
    case "env":
      return { ...instruction, pairs: instruction.pairs.map((pair) => expandedPair(pair, word)) };
    case "label":
      return { ...instruction, pairs: instruction.pairs.map((pair) => expandedPair(pair, word)) };
    case "expose":
      return { ...instruction, ports: instruction.ports.flatMap((port) => expandWord(port, environment, { escape }).words) };
    case "run":
      return { ...instruction, mounts: instruction.mountFlags.map(({ text }) => parseMount(text, word)) };
    case "stopsignal":
      return { ...instruction, signal: word(instruction.signal) };
    case "user":
      return { ...instruction, user: word(instruction.user) };
    case "volume":
      return { ...instruction, paths: instruction.paths.map(word) };
    case "workdir":
      return { ...instruction, path: word(instruction.path) };
    default:
      return instruction;
  }
}

interface Transfer {
  readonly sources: readonly string[];
  readonly destination: string;
  readonly files: readonly InlineFile[];
}

function placed({ sources, destination, files }: Transfer, word: (text: string) => string, environment: Environment, unset: string[]): Transfer {
  const content = (text: string): string => noting(() => expandWord(text, environment, { mode: "text" }), unset).text;
  return { sources: sources.map(word), destination: word(destination), files: files.map((file) => (file.expand ? { ...file, content: content(file.content) } : file)) };
}

const expandedPair = ({ key, value, legacy }: KeyValue, word: (text: string) => string): KeyValue => ({ key: word(key), value: word(value), legacy });

function noting<T extends { readonly unset: ReadonlySet<string> }>(expand: () => T, unset: string[]): T {
  const result = expand();
  unset.push(...result.unset);
  return result;
}
