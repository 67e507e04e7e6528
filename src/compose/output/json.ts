import { formatJsonNumber } from "./numbers.ts";
import { Float, Instant, isOutList, isOutMap, type Out, type OutMap } from "./out.ts";

const HTML = /[<>&\u2028\u2029]/g;

/** JSON as Go writes it, so that what is hashed is the same to the byte. @param indent spaces per level; none: on one line */
export function writeJson(out: Out, indent = 0, level = 0): string {
  if (out === null) return "null";
  if (typeof out === "boolean") return String(out);
  if (typeof out === "number") return formatJsonNumber(out);
  if (typeof out === "string") return jsonString(out);
  if (out instanceof Float) return formatJsonNumber(out.value);
  if (out instanceof Instant) return jsonString(out.text);
  if (isOutList(out)) return enclosed("[", "]", out.map((item) => writeJson(item, indent, level + 1)), indent, level);
  const colon = indent > 0 ? ": " : ":";
  return enclosed("{", "}", isOutMap(out) ? sorted(out).map(([key, value]) => jsonString(key) + colon + writeJson(value, indent, level + 1)) : [], indent, level);
}

const sorted = ({ sorted: isSorted, entries }: OutMap): OutMap["entries"] => (isSorted ? entries.toSorted(([a], [b]) => (a < b ? -1 : 1)) : entries);

function enclosed(open: string, close: string, parts: readonly string[], indent: number, level: number): string {
  if (parts.length === 0) return open + close;
  if (indent === 0) return open + parts.join(",") + close;
  const pad = " ".repeat(indent * level);
  const inner = pad + " ".repeat(indent);
  return `${open}\n${parts.map((part) => inner + part).join(",\n")}\n${pad}${close}`;
}

const jsonString = (text: string): string => JSON.stringify(text).replace(HTML, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
