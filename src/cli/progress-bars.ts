import { humanSize } from "./format/size.ts";
import { printable } from "./output.ts";
import type { ProgressLine } from "./progress.ts";

const BAR_WIDTH = 50;
/** A narrower terminal has no room for bars. */
const BAR_COLUMNS = 110;
/** Docker's digits of a size. */
const DIGITS = 4;

/** Docker's way to draw progress: one line for each id, drawn anew where it stands; any other line begins a new block. */
export function progressBars(show: (text: string) => void, columns: () => number): (line: ProgressLine) => void {
  let places = new Map<string, number>();
  return ({ id, status = "", stream, progressDetail }) => {
    if (stream) return show(stream.split("\n").map(printable).join("\n"));
    if (!status) return;
    if (!id || !progressDetail) {
      places = new Map();
      return show(`${id ? `${printable(id)}: ` : ""}${printable(status)}\n`);
    }
    const known = places.get(id);
    const place = known ?? places.size;
    places.set(id, place);
    const up = places.size - place;
    const text = `${printable(id)}: ${printable(status)} ${measure(progressDetail, columns())}`.trimEnd().slice(0, columns() - 1);
    show(`${known === undefined ? "\n" : ""}\x1b[${up}A\x1b[2K\r${text}\x1b[${up}B\r`);
  };
}

function measure({ current = 0, total = 0 }: NonNullable<ProgressLine["progressDetail"]>, columns: number): string {
  if (current <= 0 && total <= 0) return "";
  const size = humanSize(current, DIGITS).padStart(8);
  if (total <= 0) return size;
  const done = Math.min(BAR_WIDTH, Math.floor((current / total) * BAR_WIDTH));
  const bar = columns > BAR_COLUMNS ? `[${"=".repeat(done)}>${" ".repeat(BAR_WIDTH - done)}] ` : "";
  return `${bar}${size}${current > total ? "" : `/${humanSize(total, DIGITS)}`}`;
}
