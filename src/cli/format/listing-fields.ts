/** What one row of a list offers: the table's columns and what `--format` may name. */
export interface Listing<Row> {
  /** Field by field: its heading in a table, and its value. */
  readonly fields: Readonly<Record<string, Field<Row>>>;
  /** The fields of the plain table. */
  readonly table: readonly string[];
  /** What `-q` prints. */
  readonly quiet: string;
}

export interface Field<Row> {
  readonly heading: string;
  readonly value: (row: Row) => unknown;
  /** Not part of `--format json`. */
  readonly hidden?: boolean;
}
