import { Failure } from "./failure.ts";
import { printable } from "./output.ts";

/** One line of a progress stream (load, import, pull). */
export interface ProgressLine {
  stream?: string;
  status?: string;
  id?: string;
  error?: string;
  errorDetail?: { message?: string };
}

/** Shows a progress stream as plain lines; an error in it is the command's failure. */
export async function showProgress(lines: AsyncIterable<ProgressLine>, show: ((text: string) => void) | undefined): Promise<void> {
  for await (const line of lines) {
    const failure = line.errorDetail?.message ?? line.error;
    if (failure) throw new Failure(printable(failure));
    if (line.stream) show?.(line.stream.split("\n").map(printable).join("\n"));
    else if (line.status) show?.(`${line.id ? `${printable(line.id)}: ` : ""}${printable(line.status)}\n`);
  }
}
