import type { Dockerfile, Stage } from "./dockerfile.ts";
import { readDirectives } from "./directives.ts";
import { DockerfileError, errorAt } from "./errors.ts";
import { Flags } from "./flags.ts";
import { InstructionError } from "./instruction-error.ts";
import type { ArgInstruction, Heredoc, Instruction } from "./instruction.ts";
import { LineReader, type LogicalLine } from "./lines.ts";
import { descriptionOf, parseInstruction, type InstructionPlace } from "./parse-instruction.ts";
import { mayHaveHeredoc, rawInstruction, type RawInstruction } from "./raw-instruction.ts";
import type { Source } from "./source.ts";
import { quoted, trim } from "./text.ts";

export interface ParseOptions {
  /** For messages. */
  readonly filename?: string;
  readonly maxBytes?: number;
  /** The frontend that is asked for in place of the file's own (BUILDKIT_SYNTAX). */
  readonly syntax?: string | undefined;
}

/** What was read of a file, and what stopped the reading: checks report on the part before an error too. */
export interface ParseOutcome {
  readonly dockerfile: Dockerfile;
  readonly error?: DockerfileError;
}

const DEFAULT_MAX_BYTES = 4 << 20;
/** An image has at most 127 layers; generated files have some hundred instructions. */
const MAX_INSTRUCTIONS = 10_000;

/** Reads a Dockerfile of the language docker/dockerfile:1 (1.26). @throws DockerfileError in Docker's words, with the lines at fault */
export function parseDockerfile(input: Uint8Array | string, options: ParseOptions = {}): Dockerfile {
  const { dockerfile, error } = parseAsFar(input, options);
  if (error !== undefined) throw error;
  return dockerfile;
}

/** The same, keeping the instructions before an error. @throws DockerfileError when there is nothing to read */
export function parseAsFar(input: Uint8Array | string, options: ParseOptions = {}): ParseOutcome {
  const builder = new Builder(sourceOf(input, options), options.syntax);
  try {
    for (const line of builder.lines()) builder.add(line);
    builder.checkComplete();
    return { dockerfile: builder.dockerfile() };
  } catch (error) {
    if (error instanceof DockerfileError) return { dockerfile: { ...builder.dockerfile(), incomplete: true }, error };
    throw error;
  }
}

function sourceOf(input: Uint8Array | string, { filename = "Dockerfile", maxBytes = DEFAULT_MAX_BYTES }: ParseOptions): Source {
  if (input.length > maxBytes) throw new DockerfileError(`the Dockerfile is larger than ${maxBytes} bytes`, undefined, []);
  const text = (typeof input === "string" ? input : new TextDecoder().decode(input)).replace(/^\ufeff/, "");
  if (text === "") throw new DockerfileError("the Dockerfile cannot be empty", undefined, []);
  return { filename, lines: text.split("\n") };
}

interface Line {
  readonly raw: RawInstruction;
  readonly place: InstructionPlace;
  readonly heredocs: readonly Heredoc[];
}

class Builder {
  #directives: Dockerfile["directives"] = { escape: "\\" };
  #warnings: Dockerfile["warnings"] = [];
  readonly #metaArgs: ArgInstruction[] = [];
  readonly #stages: (Stage & { instructions: Instruction[] })[] = [];

  constructor(
    readonly source: Source,
    readonly syntax: string | undefined,
  ) {}

  /** The file's instructions; how they are cut must be right in the whole file before any of them is looked at. */
  lines(): Line[] {
    const { directives, found } = readDirectives(this.source, this.syntax);
    this.#directives = directives;
    const reader = new LineReader(this.source, directives, found);
    const lines: Line[] = [];
    for (let line = reader.next(); line !== undefined; line = reader.next()) {
      if (lines.length >= MAX_INSTRUCTIONS) throw new DockerfileError(`the Dockerfile has more than ${MAX_INSTRUCTIONS} instructions`, this.source, [line.range]);
      lines.push(this.#cut(line, reader));
    }
    this.#warnings = reader.warnings;
    if (lines.length === 0) throw new DockerfileError("file with no instructions", this.source, [reader.lastLine()]);
    return lines;
  }

  #cut(line: LogicalLine, reader: LineReader): Line {
    try {
      const raw = rawInstruction(line.text, this.#directives.escape);
      const { heredocs, range } = mayHaveHeredoc(raw) && line.text.includes("<<") ? reader.heredocs(line) : { heredocs: [], range: line.range };
      return { raw, heredocs, place: { keyword: raw.keyword, original: trim(line.text), range, comments: line.comments } };
    } catch (error) {
      throw error instanceof InstructionError ? errorAt(error, this.source, line.range) : error;
    }
  }

  add({ raw, place, heredocs }: Line): void {
    try {
      if (raw.keyword.toLowerCase() === "from") {
        this.#stages.push(stageOf(raw, place, this.#stages.length));
        return;
      }
      const instruction = parseInstruction(raw, place, heredocs);
      const stage = this.#stages.at(-1);
      if (stage !== undefined) stage.instructions.push(instruction);
      else if (instruction.kind === "arg") this.#metaArgs.push(instruction);
      else throw new DockerfileError("no build stage in current context", this.source, [place.range]);
    } catch (error) {
      if (error instanceof InstructionError) throw errorAt(error, this.source, place.range, `dockerfile parse error on line ${place.range.start.line}: `);
      throw error;
    }
  }

  checkComplete(): void {
    if (this.#stages.length === 0) throw new DockerfileError("dockerfile contains no stages to build", this.source, []);
  }

  dockerfile(): Dockerfile {
    return { source: this.source, directives: this.#directives, metaArgs: this.#metaArgs, stages: this.#stages, warnings: this.#warnings };
  }
}

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

function stageOf({ words, flags }: RawInstruction, place: InstructionPlace, index: number): Stage & { instructions: Instruction[] } {
  const [baseName, asKeyword, writtenName] = words;
  const named = words.length === 3 && asKeyword?.toLowerCase() === "as";
  if (baseName === undefined || (!named && words.length !== 1)) throw new InstructionError("FROM requires either one or three arguments");
  const name = named ? writtenName?.toLowerCase() : undefined;
  if (name !== undefined && !STAGE_NAME.test(name)) {
    throw new InstructionError(`invalid name for build stage: ${quoted(writtenName ?? "")}, name can't start with a number or contain symbols`);
  }
  const platform = new Flags(flags, { platform: "text" }).text("platform");
  const description = name === undefined ? undefined : descriptionOf(name, place.comments);
  return {
    index,
    keyword: place.keyword,
    baseName,
    instructions: [],
    range: place.range,
    original: place.original,
    comments: place.comments,
    ...(name !== undefined && { name }),
    ...(named && asKeyword !== undefined && { asKeyword }),
    ...(named && writtenName !== undefined && { writtenName }),
    ...(platform !== "" && { platform }),
    ...(description !== undefined && { description }),
  };
}
