import "./core.ts";
const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Lines whose cells are parted by tabs, as an aligned table: Go's text/tabwriter with docker's settings.
 * A cell's column reaches over the lines next to it that have one there too; the last cell of a line is not aligned.
 */
export function alignTabs(text: string, minWidth = MIN_WIDTH): string {
  const ended = text.endsWith("\n");
  const lines = (ended ? text.slice(0, -1) : text).split("\n").map((line) => line.split("\t"));
  const widths = lines.map((cells) => cells.map(() => 0));
  const columns = Math.max(...lines.map((cells) => cells.length)) - 1;
  for (let column = 0; column < columns; column++) measureColumn(lines, widths, column, minWidth);
  const aligned = lines.map((cells, row) => cells.map((cell, column) => (column === cells.length - 1 ? cell : pad(cell, widths[row]?.[column] ?? 0))).join(""));
  return aligned.join("\n") + (ended ? "\n" : "");
}

function measureColumn(lines: readonly string[][], widths: number[][], column: number, minWidth: number): void {
  for (let first = 0; first < lines.length; first++) {
    if (!hasCell(lines[first], column)) continue;
    let last = first;
    while (hasCell(lines[last + 1], column)) last++;
    let width = minWidth;
    for (let row = first; row <= last; row++) width = Math.max(width, length(lines[row]?.[column] ?? "") + PADDING);
    for (let row = first; row <= last; row++) {
      const cells = widths[row];
      if (cells) cells[column] = width;
    }
    first = last;
  }
}

const hasCell = (cells: readonly string[] | undefined, column: number): boolean => cells !== undefined && cells.length > column + 1;
const PLAIN = /^[\x20-\x7e]*$/;
/** Characters; nearly all cells are ASCII, where counting them one by one would be most of a long list's cost. */
const length = (cell: string): number => (PLAIN.test(cell) ? cell.length : [...cell].length);
const pad = (cell: string, width: number): string => cell + " ".repeat(Math.max(width - length(cell), 0));
