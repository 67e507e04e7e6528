import { EngineError } from "../../base/mod.ts";
import type { CacheUsage } from "./usage.ts";

/** What a field says of a record; undefined where it says nothing. */
type Field = (usage: CacheUsage) => string | undefined;

const flag = (value: boolean): string | undefined => (value ? "true" : undefined);

const FIELDS: ReadonlyMap<string, Field> = new Map<string, Field>([
  ["id", ({ id }) => id],
  ["parents", ({ parents }) => parents.join(";") || undefined],
  ["description", ({ description }) => description || undefined],
  ["type", ({ kind }) => kind],
  ["inuse", ({ inUse }) => flag(inUse)],
  ["mutable", ({ mutable }) => flag(mutable)],
  ["immutable", ({ mutable }) => flag(!mutable)],
  ["shared", ({ shared }) => flag(shared)],
  ["private", ({ shared }) => flag(!shared)],
]);

const SELECTOR = /([A-Za-z][A-Za-z0-9_.]*)(?:(==|!=|~=)(?:"((?:[^"\\]|\\.)*)"|([^\s",]+)))?(,|$)/y;

/**
 * containerd's filters (pkg/filters): of a text `field`, `field==value`, `field!=value` and `field~=expression` by commas all hold, of several texts any.
 * A field that is not known says nothing. @throws EngineError InvalidParameter
 */
export function containerdFilter(texts: readonly string[]): (usage: CacheUsage) => boolean {
  const filters = texts.filter((text) => text !== "").map(parseFilter);
  return (usage) => filters.length === 0 || filters.some((selectors) => selectors.every((holds) => holds(usage)));
}

function parseFilter(text: string): readonly ((usage: CacheUsage) => boolean)[] {
  const selectors: ((usage: CacheUsage) => boolean)[] = [];
  for (let at = 0; ; ) {
    SELECTOR.lastIndex = at;
    const match = SELECTOR.exec(text);
    if (!match) throw new EngineError("InvalidParameter", `failed to parse filters [${text.slice(0, 256)}]: parse error at ${JSON.stringify(text.slice(at, at + 64))}: invalid argument`);
    const [whole, name = "", operator, quoted, plain = "", comma] = match;
    selectors.push(selectorOf(FIELDS.get(name) ?? (() => undefined), operator, quoted?.replace(/\\(.)/g, "$1") ?? plain));
    at += whole.length;
    if (comma === "") return selectors;
  }
}

function selectorOf(read: Field, operator: string | undefined, value: string): (usage: CacheUsage) => boolean {
  if (operator === undefined) return (usage) => read(usage) !== undefined;
  if (operator === "==") return (usage) => read(usage) === value;
  if (operator === "!=") return (usage) => read(usage) !== value;
  const expression = expressionOf(value);
  return (usage) => expression?.test(read(usage) ?? "") ?? false;
}

/** What is none matches nothing. */
function expressionOf(value: string): RegExp | undefined {
  try {
    return new RegExp(value);
  } catch {
    return undefined;
  }
}
