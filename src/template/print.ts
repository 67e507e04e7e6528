/** Values as Go's fmt prints them. */

export const NO_VALUE = "<no value>";

/** Objects that are structs to Go, with their fields in order; they print as `{a b}`, maps as `map[k:v]`. */
const structs = new WeakMap<object, readonly unknown[]>();

export function markStruct(value: object, fields: readonly unknown[]): void {
  structs.set(value, fields);
}

export function show(value: unknown): string {
  if (value === undefined) return NO_VALUE;
  return showInner(value);
}

function showInner(value: unknown): string {
  if (value === undefined || value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(showInner).join(" ")}]`;
  if (typeof value === "object") {
    const fields = structs.get(value);
    if (fields) return `{${fields.map(showInner).join(" ")}}`;
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
    return `map[${entries.map(([key, item]) => `${key}:${showInner(item)}`).join(" ")}]`;
  }
  if (typeof value === "number") return showNumber(value);
  return String(value);
}

/** Whole numbers in full, others in the shortest form, with an exponent where Go has one. */
function showNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e21) return String(value);
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  const size = Number(exponent);
  if (size >= -4 && size < 21) return String(value);
  return `${mantissa}e${size < 0 ? "-" : "+"}${String(Math.abs(size)).padStart(2, "0")}`;
}

const VERB = /%([-+# 0]*)(\*|\d+)?(?:\.(\d+))?([a-zA-Z%])/g;

/** The verbs people use in templates: %s %v %d %q %t %x %f %g and their kin, with flags, width and precision. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const text = format.replace(VERB, (_whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    if (next >= args.length) return `%!${verb}(MISSING)`;
    const formatted = formatVerb(verb, args[next++], flags, precision);
    return pad(formatted, flags, Number(width ?? 0));
  });
  if (next >= args.length) return text;
  const extra = args.slice(next).map((value) => `${typeName(value)}=${showInner(value)}`);
  return `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatVerb(verb: string, value: unknown, flags: string, precision: string | undefined): string {
  const sign = flags.includes("+") && typeof value === "number" && value >= 0 ? "+" : "";
  switch (verb) {
    case "s":
    case "v":
      if (verb === "s" && typeof value === "number") return `%!s(${typeName(value)}=${showInner(value)})`;
      if (verb === "s" && typeof value === "boolean") return `%!s(bool=${String(value)})`;
      return precision === undefined ? showInner(value) : [...showInner(value)].slice(0, Number(precision)).join("");
    case "d":
      return typeof value === "number" ? sign + String(value) : `%!d(${typeName(value)}=${showInner(value)})`;
    case "q":
      return typeof value === "string" ? JSON.stringify(value) : `%!q(${typeName(value)}=${showInner(value)})`;
    case "t":
      return typeof value === "boolean" ? String(value) : `%!t(${typeName(value)}=${showInner(value)})`;
    case "x":
    case "X": {
      const hex = typeof value === "number" ? value.toString(16) : Buffer.from(showInner(value)).toString("hex");
      return verb === "X" ? hex.toUpperCase() : hex;
    }
    case "o":
      return Number(value).toString(8);
    case "b":
      return Number(value).toString(2);
    case "c":
      return String.fromCodePoint(Number(value));
    case "f":
      return sign + Number(value).toFixed(Number(precision ?? 6));
    case "e":
      return Number(value).toExponential(Number(precision ?? 6)).replace(/e([+-])(\d)$/, "e$10$2");
    case "g":
      return showInner(value);
    case "T":
      return typeName(value);
    default:
      return `%!${verb}(${typeName(value)}=${showInner(value)})`;
  }
}

/** Go's fmt takes no more. */
const MAX_WIDTH = 1_000_000;

function pad(text: string, flags: string, width: number): string {
  if (width > MAX_WIDTH) return `%!(BADWIDTH)${text}`;
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  if (!flags.includes("0")) return " ".repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}

export function typeName(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}
