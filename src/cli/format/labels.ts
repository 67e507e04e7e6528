import "./core.ts";
import type { Field } from "./listing-fields.ts";

type LabelMap = Readonly<Record<string, string>> | null | undefined;

/** `a=b,c=`, in the order in which they came. */
export const joinLabels = (labels: LabelMap): string => Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`).join(",");

/** `.Label "com.example.some-key"`, whose column is headed `some key`. */
export const labelField = <Row>(labelsOf: (row: Row) => LabelMap): Field<Row> => ({
  heading: (key) => String(key).split(".").at(-1)?.replace(/[-_]/g, " ") ?? "",
  hidden: true,
  value: (row) => (key: unknown) => labelsOf(row)?.[String(key)] ?? "",
});
