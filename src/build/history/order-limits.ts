import type { BuildOrder } from "./kept-build.ts";
import type { BuildTitle } from "./recording.ts";

const MAX_VALUE_CHARACTERS = 2048;
/** Of all names and values of one list. */
const MAX_LIST_CHARACTERS = 64 * 1024;
const MAX_EXPORTERS = 8;
/** What the client can do itself, and nobody is shown. */
const UNSHOWN: ReadonlySet<string> = new Set(["frontend.caps"]);

type Attrs = Readonly<Record<string, string>>;

/** As much of it as a list can hold, without passwords in addresses. */
export function boundedOrder({ frontend, attrs, exporters }: BuildOrder): BuildOrder {
  return { frontend: cut(frontend), attrs: bounded(attrs), exporters: exporters.slice(0, MAX_EXPORTERS).map(({ type, attrs: each }) => ({ type: cut(type), attrs: bounded(each) })) };
}

export const boundedTitle = ({ name, context, dockerfile, target }: BuildTitle): BuildTitle => ({ name: cut(name), context: cut(withoutCredentials(context)), dockerfile: cut(dockerfile), target: cut(target) });

const cut = (text: string): string => text.slice(0, MAX_VALUE_CHARACTERS);

function bounded(attrs: Attrs): Attrs {
  let left = MAX_LIST_CHARACTERS;
  const kept = Object.entries(attrs).filter(([name, value]) => {
    const length = name.length + value.length;
    if (UNSHOWN.has(name) || length > MAX_VALUE_CHARACTERS || length > left) return false;
    left -= length;
    return true;
  });
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutCredentials(value)]));
}

/** BuildKit's sign for what is left out. */
const withoutCredentials = (text: string): string => text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]+@/i, "$1xxxxx:xxxxx@");
