/** What one row of a list offers: the table's columns and what `--format` may name. */
export interface Listing<Row> {
  /** Field by field: its heading in a table, and its value. */
  readonly fields: Readonly<Record<string, Field<Row>>>;
  /** The fields of the plain table. */
  readonly table: readonly string[];
  /** What `-q` prints. */
  readonly quiet: string;
  /** Name of docker's own type, which its messages about templates show. */
  readonly goType: string;
  /** What `--format raw` stands for; undefined: nothing but the word. */
  readonly raw?: string;
  /** `-q` wins over a format, and says so; elsewhere the format wins. */
  readonly quietWins?: true;
}

export interface Field<Row> {
  /** A function takes the template's argument, as `.Label "a"` does. */
  readonly heading: string | ((argument: unknown) => string);
  readonly value: (row: Row) => unknown;
  /** Not part of `--format json`. */
  readonly hidden?: boolean;
}
