import { Failure } from "./failure.ts";
import { printable } from "./output.ts";

/** One line of a progress stream (load, import, pull, push). */
export interface ProgressLine {
  stream?: string;
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  aux?: unknown;
  error?: string;
  errorDetail?: { message?: string };
}

export interface ProgressOptions {
  /** Where lines are drawn anew in place: the width of the terminal that `show` writes to. */
  readonly columns?: (() => number) | undefined;
  /** Told what is meant for programs. */
  readonly onAux?: ((aux: unknown) => void) | undefined;
}

/** Shows a progress stream: as plain lines, of which how far something is makes none, or drawn in place. An error in it is the command's failure. */
export async function showProgress(lines: AsyncIterable<ProgressLine>, show: ((text: string) => void) | undefined, { columns, onAux }: ProgressOptions = {}): Promise<void> {
  const draw = columns && show ? (await import("./progress-bars.ts")).progressBars(show, columns) : undefined;
  for await (const line of lines) {
    const failure = line.errorDetail?.message ?? line.error;
    if (failure) throw new Failure(printable(failure));
    if (line.aux !== undefined) onAux?.(line.aux);
    if (draw) draw(line);
    else if (line.stream) show?.(line.stream.split("\n").map(printable).join("\n"));
    else if (line.status && !line.progressDetail?.current && !line.progressDetail?.total) show?.(`${line.id ? `${printable(line.id)}: ` : ""}${printable(line.status)}\n`);
  }
}
