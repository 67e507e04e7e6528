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
/** Set on the command line alone. */
const ONLY_THERE: ReadonlySet<string> = new Set(["push", "load"]);
const BOOLEANS: ReadonlySet<TargetKey> = new Set(["no-cache", "pull"]);
const LISTS: ReadonlySet<TargetKey> = new Set(["annotations", "attest", "tags", "cache-from", "cache-to", "secret", "ssh", "platforms", "output", "no-cache-filter", "ulimits", "entitlements"]);

/** `app*.args.x=1`, `*.tags+=more`; `app.args.X` takes the environment's X. @returns nothing where that is not set @throws EngineError InvalidParameter */
export function parseOverride(text: string, { targets, environment }: { readonly targets: readonly string[]; readonly environment: Readonly<Record<string, string | undefined>> }): Override[] {
  const at = text.indexOf("=");
  const left = at < 0 ? text : text.slice(0, at);
  const adds = at > 0 && left.endsWith("+");
  const path = adds ? left.slice(0, -1) : left;
  const dot = path.indexOf(".");
  if (dot < 0) throw refused(`invalid override key ${path}, expected target.name`);
  const [target, key] = [path.slice(0, dot), path.slice(dot + 1)];
  const [head = "", ...names] = key.split(".");
  if (at < 0 && head !== "args") throw refused(`invalid override ${text}, expected target.name=value`);
  const pattern = wildcards(target);
  if (!targets.some((name) => pattern.test(name))) throw refused(`could not find any target matching '${target}'`);
  if ((head === "args" || head === "contexts") && names.length === 0) throw refused(`invalid key ${left}, ${head} requires name`);
  if ((head === "labels" || head === "extra-hosts") && names.length === 0) throw refused(`invalid format for ${head}, expecting ${head}.<${head === "labels" ? "name>=<value>" : "hostname>=<ip>"}`);
  const value = at < 0 ? environment[names.join(".")] : text.slice(at + 1);
  return value === undefined ? [] : [{ pattern, key, value, adds }];
}

const refused = (message: string): EngineError => new EngineError("InvalidParameter", message);

export function wildcards(pattern: string): RegExp {
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
  if (ONLY_THERE.has(key)) return value === "true" || value === "1" ? { ...target, output: withExport(target.output ?? [], key === "push" ? "push" : "load") } : target;
  const dot = key.indexOf(".");
  const head = dot < 0 ? key : key.slice(0, dot);
  const field = ALIASES[head] ?? head;
  if (!isTargetKey(field)) throw refused(`unknown key: ${head}`);
  if (dot >= 0) return mergeTargets(target, { [field]: { [key.slice(dot + 1)]: value } } as Target);
  if (BOOLEANS.has(field) && !/^(?:1|t|T|TRUE|true|True|0|f|F|FALSE|false|False)$/.test(value)) throw refused(`invalid value ${value} for boolean key ${field}`);
  const read = KEYS[field].read(LISTS.has(field) ? (value === "" ? [] : [value]) : value, `target.${name}.${field}`);
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
