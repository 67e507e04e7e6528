import type { Stage } from "./dockerfile.ts";
import { DockerfileError } from "./errors.ts";
import { InstructionError } from "./instruction-error.ts";
import type { Instruction } from "./instruction.ts";
import { LineReader } from "./lines.ts";
import { parseInstruction } from "./parse-instruction.ts";
import { mayHaveHeredoc, rawInstruction } from "./raw-instruction.ts";
import type { Source } from "./source.ts";

/** An ONBUILD trigger of a base image, as an instruction at the place of the FROM that inherits it. @throws DockerfileError in Docker's words */
export function parseTrigger(expression: string, { range }: Pick<Stage, "range">, source: Source): Instruction {
  try {
    return onlyInstruction(expression, range);
  } catch (error) {
    throw error instanceof InstructionError || error instanceof DockerfileError ? new DockerfileError(error.message, source, [range]) : error;
  }
}

function onlyInstruction(expression: string, range: Stage["range"]): Instruction {
  const reader = new LineReader({ filename: "", lines: expression.replace(/^\ufeff/, "").split("\n") }, { escape: "\\" }, []);
  const line = reader.next();
  if (line === undefined) throw new InstructionError("file with no instructions");
  const raw = rawInstruction(line.text, "\\");
  const { heredocs } = mayHaveHeredoc(raw) && line.text.includes("<<") ? reader.heredocs(line) : { heredocs: [] };
  if (reader.next() !== undefined) throw new InstructionError("onbuild trigger should be a single expression");
  return parseInstruction(raw, { keyword: raw.keyword, original: line.text.trim(), range, comments: line.comments }, heredocs);
}
