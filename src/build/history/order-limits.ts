import type { BuildOrder } from "./kept-build.ts";

const MAX_ATTRS = 300;
const MAX_VALUE_CHARACTERS = 2048;
/** What the client can do itself, and nobody is shown. */
const UNSHOWN: ReadonlySet<string> = new Set(["frontend.caps"]);

type Attrs = Readonly<Record<string, string>>;

/** As much of it as a list can hold, without passwords in addresses. */
export function boundedOrder({ frontend, attrs, exporters }: BuildOrder): BuildOrder {
  return { frontend: frontend.slice(0, MAX_VALUE_CHARACTERS), attrs: bounded(attrs), exporters: exporters.slice(0, MAX_ATTRS).map(({ type, attrs: each }) => ({ type, attrs: bounded(each) })) };
}

const bounded = (attrs: Attrs): Attrs =>
  Object.fromEntries(Object.entries(attrs).filter(([name, value]) => !UNSHOWN.has(name) && name.length + value.length <= MAX_VALUE_CHARACTERS).slice(0, MAX_ATTRS).map(([name, value]) => [name, withoutCredentials(value)]));

/** BuildKit's sign for what is left out. */
export const withoutCredentials = (text: string): string => text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/i, "$1xxxxx:xxxxx@");
