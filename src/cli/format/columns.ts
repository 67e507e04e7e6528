import "./core.ts";
const MIN_WIDTH = 10;
const PADDING = 3;

/**
 * Lines whose cells are parted by tabs, as an aligned table: Go's text/tabwriter with docker's settings.
 * A cell's column reaches over the lines next to it that have one there too; the last cell of a line is not aligned.
 */
export function alignTabs(text: string, minWidth = MIN_WIDTH, padding = PADDING): string {
  const ended = text.endsWith("\n");
  const lines = (ended ? text.slice(0, -1) : text).split("\n").map((line) => line.split("\t"));
  // Nearly all tables are ASCII, where counting characters one by one would be most of a long one's cost.
  const length = PLAIN.test(text) ? bytes : characters;
  const columns = Math.max(...lines.map((cells) => cells.length)) - 1;
  if (length === bytes && lines.every((cells) => cells.length === columns + 1)) return `${aligned(lines, columns, minWidth, padding).join("\n")}${ended ? "\n" : ""}`;
  for (let column = 0; column < columns; column++) alignColumn(lines, column, { minWidth, padding, length });
  return lines.map((cells) => cells.join("")).join("\n") + (ended ? "\n" : "");
}

/** The same of lines that have as many cells each, as most tables do. */
function aligned(lines: readonly (readonly string[])[], columns: number, minWidth: number, padding: number): string[] {
  const widths: number[] = [];
  for (let column = 0; column < columns; column++) {
    let width = minWidth - padding;
    for (const cells of lines) width = Math.max(width, (cells[column] ?? "").length);
    widths.push(width + padding);
  }
  return lines.map((cells) => {
    let line = "";
    for (let column = 0; column < columns; column++) line += (cells[column] ?? "").padEnd(widths[column] ?? 0);
    return line + (cells[columns] ?? "");
  });
}

type Length = (cell: string) => number;

const PLAIN = /^[\x20-\x7e\t\n]*$/;
const bytes: Length = (cell) => cell.length;
const characters: Length = (cell) => [...cell].length;

interface Layout {
  readonly minWidth: number;
  readonly padding: number;
  readonly length: Length;
}

function alignColumn(lines: readonly string[][], column: number, { minWidth, padding, length }: Layout): void {
  for (let first = 0; first < lines.length; first++) {
    let width = minWidth;
    let end = first;
    for (let cells = lines[end]; hasCell(cells, column); cells = lines[++end]) width = Math.max(width, length(cells[column] ?? "") + padding);
    for (let row = first; row < end; row++) pad(lines[row], column, width, length);
    first = end;
  }
}

const hasCell = (cells: readonly string[] | undefined, column: number): cells is string[] => cells !== undefined && cells.length > column + 1;

function pad(cells: string[] | undefined, column: number, width: number, length: Length): void {
  const cell = cells?.[column];
  if (cells && cell !== undefined) cells[column] = cell + " ".repeat(width - length(cell));
}
