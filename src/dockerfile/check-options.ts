import { booleanOf } from "./boolean.ts";
import { directiveOf } from "./directives.ts";
import { InstructionError } from "./instruction-error.ts";
import { quoted, trim } from "./text.ts";

/** Which rules speak, and whether a warning fails the build. */
export interface CheckOptions {
  readonly skip: ReadonlySet<string> | "all";
  readonly experimental: ReadonlySet<string> | "all";
  readonly error: boolean;
}

export const NO_CHECK_OPTIONS: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };

/** `skip=RuleA,RuleB;error=true;experimental=all`, as behind `# check=` and in BUILDKIT_DOCKERFILE_CHECK. @throws InstructionError in Docker's words */
export function parseCheckOptions(text: string): CheckOptions {
  let options = NO_CHECK_OPTIONS;
  if (trim(text) === "") return options;
  const parts = trim(text).split(";");
  for (const part of [...parts.slice(0, 2), ...(parts.length > 2 ? [parts.slice(2).join(";")] : [])]) {
    const equals = part.indexOf("=");
    if (equals < 0) throw new InstructionError(`invalid check option ${quoted(part)}`);
    const key = trim(part.slice(0, equals));
    const value = trim(part.slice(equals + 1));
    if (key === "skip" || key === "experimental") options = { ...options, [key]: value === "all" ? "all" : new Set(value.split(",").map(trim)) };
    else if (key === "error") options = { ...options, error: flagOf(value, part) };
    else throw new InstructionError(`invalid check option ${quoted(key)}`);
  }
  return options;
}

function flagOf(value: string, part: string): boolean {
  const flag = booleanOf(value);
  if (flag === undefined) throw new InstructionError(`failed to parse check option ${quoted(part)}: strconv.ParseBool: parsing ${quoted(value)}: invalid syntax`);
  return flag;
}

/** With what a comment `# check=skip=Rule` directly above an instruction adds for it alone; a broken one adds nothing. */
export function withComments(options: CheckOptions, comments: readonly string[]): CheckOptions {
  const value = comments.map(directiveOf).find((directive) => directive?.name === "check")?.value;
  if (value === undefined) return options;
  try {
    const added = parseCheckOptions(value.split(" ")[0] ?? "");
    return { ...options, skip: united(options.skip, added.skip), experimental: united(options.experimental, added.experimental) };
  } catch (error) {
    if (error instanceof InstructionError) return options;
    throw error;
  }
}

function united(a: CheckOptions["skip"], b: CheckOptions["skip"]): CheckOptions["skip"] {
  return a === "all" || b === "all" ? "all" : new Set([...a, ...b]);
}

export function speaks({ name, experimental }: { readonly name: string; readonly experimental: boolean }, options: CheckOptions): boolean {
  if (experimental) return options.experimental === "all" || options.experimental.has(name);
  return options.skip !== "all" && !options.skip.has(name);
}
