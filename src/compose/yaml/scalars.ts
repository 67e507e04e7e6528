import type { ScalarNode, ScalarValue } from "../tree/node.ts";

export type Resolved = Pick<ScalarNode, "value" | "form">;

const WORDS = new Map<string, ScalarValue>([
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
  ...["true", "True", "TRUE"].map((word) => [word, true] as const),
  ...["false", "False", "FALSE"].map((word) => [word, false] as const),
  ...[".nan", ".NaN", ".NAN"].map((word) => [word, NaN] as const),
  ...[".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"].map((word) => [word, Infinity] as const),
  ...["-.inf", "-.Inf", "-.INF"].map((word) => [word, -Infinity] as const),
]);

const INTEGER = /^[-+]?(?:0x[0-9a-f]+|0b[01]+|0o?[0-7]+|0|[1-9][0-9]*)$/i;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const DATE = /^(\d{4})-(\d{1,2})-(\d{1,2})(?:(?:[Tt](\d{1,2}:\d{1,2}:\d{1,2})(\.\d+)?(Z|[-+]\d\d:\d\d))| (\d{1,2}:\d{1,2}:\d{1,2})(\.\d+)?)?$/;
/** Beyond what an unsigned integer of 64 bits holds, a number is a fraction. */
const MAX_INTEGER = 2 ** 64;

/**
 * The value of a plain scalar. As docker-compose's YAML reader has it: 1.2's core schema, and of 1.1 the octal numbers with a leading
 * zero, underscores in numbers, and dates.
 */
export function resolvePlain(text: string): Resolved {
  const word = WORDS.get(text);
  if (word !== undefined) return typeof word === "number" ? { value: word, form: "float" } : { value: word };
  if (!/^[-+.0-9]/.test(text)) return { value: text };
  if (DATE.test(text)) return dateOf(text);
  const digits = text.replaceAll("_", "");
  if (INTEGER.test(digits)) {
    const value = integerOf(digits);
    return Math.abs(value) >= MAX_INTEGER ? { value, form: "float" } : { value };
  }
  if (FLOAT.test(digits)) return { value: Number(digits), form: "float" };
  return { value: text };
}

function integerOf(text: string): number {
  const negative = text.startsWith("-");
  const digits = text.replace(/^[-+]/, "");
  const octal = /^0o?([0-7]+)$/i.exec(digits);
  const value = octal?.[1] ? Number.parseInt(octal[1], 8) : Number(digits);
  return negative && value !== 0 ? -value : value;
}

/** A date in the one form in which it is written out again. */
function dateOf(text: string): Resolved {
  const [, year = "", month = "", day = "", zonedTime, zonedFraction, zone = "Z", time = zonedTime ?? "0:0:0", fraction = zonedFraction ?? ""] = DATE.exec(text) ?? [];
  const two = (part: string): string => part.padStart(2, "0");
  const date = `${year}-${two(month)}-${two(day)}`;
  if (Number.isNaN(Date.parse(`${date}T${time.split(":").map(two).join(":")}Z`))) return { value: text };
  const trimmed = fraction.replace(/0+$/, "");
  return { value: `${date}T${time.split(":").map(two).join(":")}${trimmed === "." ? "" : trimmed}${zone}`, form: "date" };
}
