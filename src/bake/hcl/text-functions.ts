import { posix } from "node:path";
import type { At } from "./ast.ts";
import type { HclFunction } from "./evaluate.ts";
import { DefinitionError } from "./scanner.ts";
import { asJson, listOf, numberOf, textOf, type Value } from "./value.ts";

const MAX_PATTERN_CHARACTERS = 1000;

const text = (change: (...texts: string[]) => Value): HclFunction => (args, at) => change(...args.map((arg) => textOf(arg, at)));

export const textFunctions: Readonly<Record<string, HclFunction>> = {
  basename: text((path = "") => (path === "" ? "." : /^\/+$/.test(path) ? "/" : path.replace(/\/+$/, "").replace(/^.*\//, ""))),
  chomp: text((line = "") => line.replace(/[\r\n]+$/, "")),
  dirname: text((path = "") => (path.includes("/") ? posix.normalize(path.replace(/[^/]*$/, "")).replace(/(?<=.)\/$/, "") : ".")),
  format: (args, at) => formatted(textOf(args[0] ?? null, at), args.slice(1), at),
  formatdate: (args, at) => formatDate(textOf(args[0] ?? null, at), textOf(args[1] ?? null, at), at),
  formatlist: (args, at) => formatList(args, at),
  indent: (args, at) => textOf(args[1] ?? null, at).replace(/\n/g, `\n${" ".repeat(Math.max(0, Math.min(numberOf(args[0] ?? 0, at), 1000)))}`),
  join: (args, at) => args.slice(1).flatMap((list) => listOf(list, at).map((item) => textOf(item, at))).join(textOf(args[0] ?? null, at)),
  lower: text((value = "") => value.toLowerCase()),
  regex: (args, at) => matched(textOf(args[0] ?? null, at), textOf(args[1] ?? null, at), at),
  regex_replace: (args, at) => textOf(args[0] ?? null, at).replace(pattern(args[1] ?? null, at, "g"), textOf(args[2] ?? null, at).replace(/\$\{(\w+)\}/g, "$$$1")),
  regexall: (args, at) => [...textOf(args[1] ?? null, at).matchAll(pattern(args[0] ?? null, at, "g"))].map((found) => captured(found)),
  regexreplace: (args, at) => textFunctions["regex_replace"]?.(args, at) ?? null,
  replace: text((value = "", search = "", put = "") => value.split(search).join(put)),
  reverse: text((value = "") => charactersOf(value).reverse().join("")),
  sanitize: text((value = "") => value.replace(/[^A-Za-z0-9_-]/g, "_")),
  split: text((separator = "", value = "") => value.split(separator)),
  strlen: text((value = "") => charactersOf(value).length),
  substr: (args, at) => substring(textOf(args[0] ?? null, at), numberOf(args[1] ?? 0, at), numberOf(args[2] ?? 0, at)),
  title: text((value = "") => value.replace(/(^|[\s\0-/:-@[-^`{-~])(\p{L})/gu, (_, before: string, letter: string) => before + letter.toUpperCase())),
  trim: text((value = "", cut = "") => trimSet(value, cut)),
  trimprefix: text((value = "", prefix = "") => (value.startsWith(prefix) ? value.slice(prefix.length) : value)),
  trimspace: text((value = "") => value.trim()),
  trimsuffix: text((value = "", suffix = "") => (suffix !== "" && value.endsWith(suffix) ? value.slice(0, -suffix.length) : value)),
  // A letter stays one letter.
  upper: text((value = "") => [...value].map((letter) => ([...letter.toUpperCase()].length === 1 ? letter.toUpperCase() : letter)).join("")),
  urlencode: text((value = "") => encodeURIComponent(value).replace(/%20/g, "+").replace(/[!*'()]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)),
};

const CLUSTERS = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** As people count them: a letter with its accents is one. */
const charactersOf = (value: string): string[] => [...CLUSTERS.segment(value)].map(({ segment }) => segment);

function trimSet(value: string, cut: string): string {
  const characters = new Set(cut);
  const all = [...value];
  let start = 0;
  let end = all.length;
  while (start < end && characters.has(all[start] ?? "")) start++;
  while (end > start && characters.has(all[end - 1] ?? "")) end--;
  return all.slice(start, end).join("");
}

function substring(value: string, offset: number, length: number): string {
  const all = charactersOf(value);
  const start = offset < 0 ? all.length + offset : offset;
  return all.slice(start, length < 0 ? undefined : start + length).join("");
}

function pattern(value: Value, at: At, flags = ""): RegExp {
  const source = textOf(value, at);
  if (source.length > MAX_PATTERN_CHARACTERS) throw new DefinitionError(at, "the regular expression is too long");
  try {
    return new RegExp(source.replace(/\(\?P</g, "(?<"), `${flags}u`);
  } catch (error) {
    throw new DefinitionError(at, `not a regular expression: ${(error as SyntaxError).message}`);
  }
}

function matched(source: string, value: string, at: At): Value {
  const found = pattern(source, at).exec(value);
  if (!found) throw new DefinitionError(at, "pattern did not match any part of the given string");
  return captured(found);
}

/** Named groups make an object, numbered ones a list, none the match itself. */
function captured(found: RegExpExecArray | RegExpMatchArray): Value {
  if (found.groups) return { ...found.groups };
  return found.length > 1 ? found.slice(1).map((group) => group ?? null) : found[0];
}

function formatted(template: string, values: readonly Value[], at: At): string {
  let next = 0;
  return template.replace(/%([-+ 0#]*)(\d+)?(?:\.(\d+))?([%a-zA-Z])/g, (whole, flags: string, width: string | undefined, precision: string | undefined, verb: string) => {
    if (verb === "%") return "%";
    const value = values[next++];
    if (value === undefined) throw new DefinitionError(at, `format: not enough arguments for "${whole}"`);
    const shown = verbText(verb, value, precision, at);
    const sign = typeof value === "number" && value >= 0 && "bdeEfgGoxX".includes(verb) ? (flags.includes("+") ? "+" : flags.includes(" ") ? " " : "") : "";
    return padded(sign + shown, flags, Number(width ?? 0));
  });
}

function verbText(verb: string, value: Value, precision: string | undefined, at: At): string {
  switch (verb) {
    case "s": return precision === undefined ? textOf(value, at) : [...textOf(value, at)].slice(0, Number(precision)).join("");
    case "q": return JSON.stringify(textOf(value, at));
    case "d": return String(Math.trunc(numberOf(value, at)));
    case "f": return numberOf(value, at).toFixed(Math.min(100, Number(precision ?? 6)));
    case "e":
    case "E": return exponential(numberOf(value, at), Number(precision ?? 6), verb);
    case "g":
    case "G": return general(numberOf(value, at), precision, verb);
    case "x": return Math.trunc(numberOf(value, at)).toString(16);
    case "X": return Math.trunc(numberOf(value, at)).toString(16).toUpperCase();
    case "o": return Math.trunc(numberOf(value, at)).toString(8);
    case "b": return Math.trunc(numberOf(value, at)).toString(2);
    case "t": return textOf(value, at);
    case "v": return typeof value === "object" && value !== null ? asJson(value) : value === null ? "null" : textOf(value, at);
    default: throw new DefinitionError(at, `format: there is no verb %${verb}`);
  }
}

/** Go's exponents have a sign and two digits. */
function exponential(value: number, digits: number, verb: string): string {
  const text = value.toExponential(Math.min(100, digits)).replace(/e([+-])(\d)$/, "e$10$2");
  return verb === "E" ? text.toUpperCase() : text;
}

function general(value: number, precision: string | undefined, verb: string): string {
  const exponent = value === 0 ? 0 : Math.floor(Math.log10(Math.abs(value)));
  const most = precision === undefined ? 21 : Math.max(1, Number(precision));
  if (exponent >= -4 && exponent < most) return String(precision === undefined ? value : Number(value.toPrecision(Math.min(100, most))));
  const digits = precision === undefined ? (value.toExponential().split("e")[0] ?? "").replace(/[-.]/g, "").length - 1 : most - 1;
  return exponential(value, digits, verb === "G" ? "E" : "e");
}

function padded(value: string, flags: string, width: number): string {
  const wide = Math.min(width, 1000);
  if (flags.includes("-")) return value.padEnd(wide);
  return flags.includes("0") ? value.padStart(wide, "0") : value.padStart(wide);
}

function formatList([template = "", ...lists]: readonly Value[], at: At): Value {
  const length = Math.max(0, ...lists.map((list) => (Array.isArray(list) ? list.length : 0)));
  return Array.from({ length }, (_, index) => formatted(textOf(template, at), lists.map((list) => (Array.isArray(list) ? ((list as readonly Value[])[index] ?? null) : list)), at));
}

const DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];

function formatDate(layout: string, instant: string, at: At): string {
  const [, zone = "Z"] = /(Z|[-+]\d\d:\d\d)$/.exec(instant) ?? [];
  const offsetMinutes = zone === "Z" ? 0 : (zone.startsWith("-") ? -1 : 1) * (Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4)));
  // Its own zone's clock, read as if it were UTC's.
  const date = new Date(Date.parse(instant) + offsetMinutes * 60_000);
  if (Number.isNaN(date.getTime())) throw new DefinitionError(at, `formatdate: "${instant}" is no time of RFC 3339`);
  const two = (value: number): string => String(value).padStart(2, "0");
  const hour = date.getUTCHours();
  const parts: Readonly<Record<string, string>> = {
    YYYY: String(date.getUTCFullYear()), YY: two(date.getUTCFullYear() % 100),
    MMMM: MONTHS[date.getUTCMonth()] ?? "", MMM: (MONTHS[date.getUTCMonth()] ?? "").slice(0, 3), MM: two(date.getUTCMonth() + 1), M: String(date.getUTCMonth() + 1),
    DD: two(date.getUTCDate()), D: String(date.getUTCDate()), EEEE: DAYS[date.getUTCDay()] ?? "", EEE: (DAYS[date.getUTCDay()] ?? "").slice(0, 3),
    hh: two(hour), h: String(hour), HH: two(hour % 12 || 12), H: String(hour % 12 || 12), AA: hour < 12 ? "AM" : "PM", aa: hour < 12 ? "am" : "pm",
    mm: two(date.getUTCMinutes()), m: String(date.getUTCMinutes()), ss: two(date.getUTCSeconds()), s: String(date.getUTCSeconds()), ZZZZZ: zone === "Z" ? "+00:00" : zone, ZZZZ: zone === "Z" ? "+0000" : zone.replace(":", ""), ZZZ: offsetMinutes === 0 ? "UTC" : zone.replace(":", ""), Z: offsetMinutes === 0 ? "Z" : zone,
  };
  return layout.replace(/'((?:[^']|'')*)'|([A-Za-z])\2*/g, (token, quoted: string | undefined) => {
    if (quoted !== undefined) return quoted.replace(/''/g, "'");
    const part = parts[token];
    if (part === undefined) throw new DefinitionError(at, `formatdate: there is no "${token}"`);
    return part;
  });
}
