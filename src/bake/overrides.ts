import { EngineError } from "../base/mod.ts";
import { isTargetKey, KEYS, mergeTargets, type Target, type TargetKey } from "./target.ts";

/** One `--set`: which targets, what of them, to which value. */
export interface Override {
  readonly pattern: RegExp;
  readonly key: string;
  readonly value: string;
  readonly adds: boolean;
}

/** Names of `--set` that are not those of the file. */
const ALIASES: Readonly<Record<string, TargetKey>> = { platform: "platforms", outputs: "output", secrets: "secret", tag: "tags", annotation: "annotations" };
const LISTS: ReadonlySet<TargetKey> = new Set(["annotations", "attest", "tags", "cache-from", "cache-to", "secret", "ssh", "platforms", "output", "no-cache-filter", "ulimits", "entitlements"]);

/** `app*.args.x=1`, `*.tags+=more`. @throws EngineError InvalidParameter */
export function parseOverride(text: string): Override {
  const at = text.indexOf("=");
  const left = at < 0 ? text : text.slice(0, at);
  const adds = at > 0 && left.endsWith("+");
  const path = adds ? left.slice(0, -1) : left;
  const dot = path.indexOf(".");
  if (dot <= 0 || (at < 0 && !path.includes(".args."))) throw new EngineError("InvalidParameter", `invalid override ${text}, expected target.name=value`);
  return { pattern: wildcards(path.slice(0, dot)), key: path.slice(dot + 1), value: at < 0 ? "" : text.slice(at + 1), adds };
}

function wildcards(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+^${}()|\\[\]]/g, "\\$&").replace(/\*+/g, ".*").replace(/\?/g, ".")}$`);
}

/** What several overrides make of a target; those of one list come together. @throws EngineError InvalidParameter */
export function overridden(target: Target, name: string, overrides: readonly Override[]): Target {
  let result = target;
  const replaced = new Set<TargetKey>();
  for (const override of overrides.filter(({ pattern }) => pattern.test(name))) result = applied(result, name, override, replaced);
  return result;
}

function applied(target: Target, name: string, { key, value, adds }: Override, replaced: Set<TargetKey>): Target {
  if (key === "push" || key === "load") return value === "true" || value === "1" ? { ...target, output: withExport(target.output ?? [], key) } : target;
  const dot = key.indexOf(".");
  const head = dot < 0 ? key : key.slice(0, dot);
  const field = ALIASES[head] ?? head;
  if (!isTargetKey(field)) throw new EngineError("InvalidParameter", `unknown key: ${key}`);
  if (dot >= 0) return mergeTargets(target, { [field]: { [key.slice(dot + 1)]: value } } as Target);
  const read = KEYS[field].read(LISTS.has(field) ? [value] : value, `target.${name}.${field}`);
  if (!LISTS.has(field)) return { ...target, [field]: read };
  // The first value of a list takes the place of what the file says, the others join it.
  const joins = adds || replaced.has(field);
  replaced.add(field);
  const before = (joins ? target[field] : undefined) ?? [];
  return { ...target, [field]: [...(before as readonly unknown[]), ...(read as readonly unknown[])] };
}

/** `--push` and `--load` say where the image goes, whatever else is made of it. */
function withExport(output: NonNullable<Target["output"]>, way: "push" | "load"): NonNullable<Target["output"]> {
  if (way === "load") return output.some(({ type, dest }) => type === "docker" && dest === undefined) ? output : [...output, { type: "docker" }];
  const image = output.findIndex(({ type }) => type === "image" || type === "registry");
  if (image < 0) return [...output, { push: "true", type: "image" }];
  return output.map((fields, index) => (index === image && fields["type"] === "image" ? { ...fields, push: "true" } : fields));
}
