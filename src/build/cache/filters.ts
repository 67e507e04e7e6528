import { EngineError } from "../../base/mod.ts";
import type { CacheUsage } from "./usage.ts";

/** As `--filter` and the API write them; several values of one name: any of them. `until` is not about a record alone. */
export type CacheFilters = Readonly<Record<string, readonly string[]>>;

type Test = (usage: CacheUsage) => boolean;

const FIELDS: Readonly<Record<string, (usage: CacheUsage) => readonly string[]>> = {
  id: ({ id }) => [id],
  parent: ({ parents }) => parents,
  parents: ({ parents }) => parents,
  type: ({ kind }) => [kind],
  description: ({ description }) => [description],
};

const FLAGS: Readonly<Record<string, Test>> = {
  inuse: ({ inUse }) => inUse,
  mutable: ({ mutable }) => mutable,
  immutable: ({ mutable }) => !mutable,
  shared: ({ shared }) => shared,
  private: ({ shared }) => !shared,
};

/** `name=value`, `name==value`, `name~=pattern`, `name!=value`, or a flag. @throws EngineError InvalidParameter */
export function cacheFilter(filters: CacheFilters): Test {
  const tests = Object.entries(filters).filter(([name]) => !["until", "unused-for"].includes(name)).map(([name, values]) => testOf(name, values));
  return (usage) => tests.every((test) => test(usage));
}

function testOf(name: string, values: readonly string[]): Test {
  const flag = FLAGS[name];
  if (flag) {
    const wanted = values.every((value) => value === "" || value === "true" || value === "1");
    return (usage) => flag(usage) === wanted;
  }
  const [, field = "", operator = ""] = /^(.*?)([~!=]?)$/s.exec(name) ?? [];
  const read = FIELDS[field];
  if (!read) throw new EngineError("InvalidParameter", `invalid filter ${JSON.stringify(name.slice(0, 64))}`);
  const matches = values.map((value) => matcher(value, operator));
  return (usage) => matches.some((match) => match(read(usage)));
}

function matcher(value: string, operator: string): (texts: readonly string[]) => boolean {
  if (operator === "!") return (texts) => !texts.includes(value);
  if (operator !== "~") {
    const plain = value.replace(/^=/, "");
    return (texts) => texts.includes(plain);
  }
  try {
    const expression = new RegExp(value);
    return (texts) => texts.some((text) => expression.test(text));
  } catch {
    throw new EngineError("InvalidParameter", `invalid filter: ${JSON.stringify(value.slice(0, 128))} is no regular expression`);
  }
}
