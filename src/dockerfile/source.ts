/** Lines and columns count from 1; a column counts UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** `end` is the place behind the last character. */
export interface SourceRange {
  readonly start: Position;
  readonly end: Position;
}

/** The text a range points into, as it was handed over (line ends kept apart from the lines). */
export interface Source {
  readonly filename: string;
  readonly lines: readonly string[];
}
