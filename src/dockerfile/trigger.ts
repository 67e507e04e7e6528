import type { Stage } from "./dockerfile.ts";
import { DockerfileError } from "./errors.ts";
import { InstructionError } from "./instruction-error.ts";
import type { Heredoc, Instruction } from "./instruction.ts";
import { LineReader } from "./lines.ts";
import { parseInstruction, type InstructionPlace } from "./parse-instruction.ts";
import { mayHaveHeredoc, rawInstruction, type RawInstruction } from "./raw-instruction.ts";
import type { Source, SourceRange } from "./source.ts";
import { trim } from "./text.ts";

/** An ONBUILD trigger of a base image, as an instruction at the place of the FROM that inherits it. @throws DockerfileError in Docker's words */
export function parseTrigger(expression: string, { range }: Pick<Stage, "range">, source: Source): Instruction {
  try {
    const [only, ...more] = instructionsOf(expression, range);
    if (only === undefined) throw new InstructionError("file with no instructions");
    if (more.length > 0) throw new InstructionError("onbuild trigger should be a single expression");
    return parseInstruction(only.raw, only.place, only.heredocs);
  } catch (error) {
    throw error instanceof InstructionError || error instanceof DockerfileError ? new DockerfileError(error.message, source, [range]) : error;
  }
}

/** Instructions without a FROM, as `commit --change` takes them; other kinds than those named are refused. @throws InstructionError in Docker's words */
export function parseChanges(text: string, kinds: ReadonlySet<string>): Instruction[] {
  try {
    const found = instructionsOf(text);
    const refused = found.find(({ raw }) => !kinds.has(raw.keyword.toLowerCase()));
    if (refused !== undefined) throw new InstructionError(`${refused.raw.keyword} is not a valid change command`);
    return found.map(({ raw, place, heredocs }) => parseInstruction(raw, place, heredocs));
  } catch (error) {
    throw error instanceof DockerfileError ? new InstructionError(error.message) : error;
  }
}

interface FoundInstruction {
  readonly raw: RawInstruction;
  readonly place: InstructionPlace;
  readonly heredocs: readonly Heredoc[];
}

function instructionsOf(text: string, at?: SourceRange): FoundInstruction[] {
  const reader = new LineReader({ filename: "", lines: text.replace(/^\ufeff/, "").split("\n") }, { escape: "\\" }, []);
  const found: FoundInstruction[] = [];
  for (let line = reader.next(); line !== undefined; line = reader.next()) {
    const raw = rawInstruction(line.text, "\\");
    const { heredocs, range } = mayHaveHeredoc(raw) && line.text.includes("<<") ? reader.heredocs(line) : { heredocs: [], range: line.range };
    found.push({ raw, heredocs, place: { keyword: raw.keyword, original: trim(line.text), range: at ?? range, comments: line.comments } });
  }
  return found;
}
