import { compareKeys } from "./key-order.ts";
import { formatFloat } from "./numbers.ts";
import { Float, Instant, isOutList, isOutMap, type Out, type OutMap } from "./out.ts";
import { doubleQuoted, singleQuoted, styleOf } from "./scalar-style.ts";

/** Longer keys are written in the explicit form. */
const MAX_SIMPLE_KEY = 128;

/** YAML as docker-compose writes it. @param step spaces per level */
export function writeYaml(out: Out, step = 2): string {
  if (isCollection(out)) return `${blockLines(out, 0, step).join("\n")}\n`;
  return `${inline(out, 0, step)}\n`;
}

const isCollection = (out: Out): out is OutMap | readonly Out[] => (isOutList(out) ? out.length > 0 : isOutMap(out) && out.entries.length > 0);

function blockLines(out: OutMap | readonly Out[], indent: number, step: number): string[] {
  const pad = " ".repeat(indent);
  if (isOutList(out)) {
    return out.flatMap((item) => {
      if (!isCollection(item)) return `${pad}- ${inline(item, indent, step)}`;
      const [first = "", ...others] = blockLines(item, indent + step, step);
      return [`${pad}-${" ".repeat(step - 1)}${first.trimStart()}`, ...others];
    });
  }
  return sorted(out).flatMap(([key, value]) => {
    const head = keyText(key, pad);
    return isCollection(value) ? [head.trimEnd(), ...blockLines(value, indent + step, step)] : `${head}${inline(value, indent, step)}`;
  });
}

const sorted = ({ sorted: isSorted, entries }: OutMap): OutMap["entries"] => (isSorted ? entries.toSorted(([a], [b]) => compareKeys(a, b)) : entries);

function keyText(key: string, pad: string): string {
  const text = textOf(key, 0, true);
  return text.length <= MAX_SIMPLE_KEY ? `${pad}${text}: ` : `${pad}? ${text}\n${pad}: `;
}

function inline(out: Out, indent: number, step: number): string {
  if (out === null) return "null";
  if (typeof out === "boolean") return String(out);
  if (typeof out === "number") return Number.isInteger(out) ? String(out) : formatFloat(out);
  if (typeof out === "string") return textOf(out, indent + step, false);
  if (out instanceof Float) return formatFloat(out.value);
  if (out instanceof Instant) return out.text;
  return isOutList(out) ? "[]" : "{}";
}

function textOf(text: string, indent: number, isKey: boolean): string {
  const style = styleOf(text, isKey);
  switch (style) {
    case "plain":
      return text;
    case "single":
      return singleQuoted(text);
    case "double":
      return doubleQuoted(text);
    case "literal":
      return literal(text, indent);
    default:
      return style satisfies never;
  }
}

function literal(text: string, indent: number): string {
  const pad = " ".repeat(indent);
  const hint = /^[ \n]/.test(text) ? "2" : "";
  const keep = !text.endsWith("\n") ? "-" : text === "\n" || text.endsWith("\n\n") ? "+" : "";
  const body = text.endsWith("\n") ? text.slice(0, -1) : text;
  return `|${hint}${keep}\n${body.split("\n").map((line) => (line === "" ? "" : pad + line)).join("\n")}`;
}
