import type { LoggedContainer } from "./container.ts";
import { refuse, type LogOptions } from "./option-values.ts";

/**
 * What the options labels, labels-regex, env and env-regex pick of a container, by name in order. A name that both have is the
 * variable's. `keyOf` turns a name into what the destination allows.
 */
export function extraAttributes({ labels, env }: LoggedContainer, options: LogOptions, keyOf: (name: string) => string = (name) => name): Record<string, string> {
  const picked = new Map<string, string>();
  const pick = (members: Iterable<readonly [string, string]>, names: string | undefined, pattern: string | undefined): void => {
    const wanted = new Set((names ?? "").split(",").filter(Boolean));
    const matcher = pattern ? compile(pattern) : undefined;
    for (const [name, value] of members) if (wanted.has(name) || matcher?.test(name)) picked.set(keyOf(name), value);
  };
  pick(Object.entries(labels), options["labels"], options["labels-regex"]);
  pick(env.map(split), options["env"], options["env-regex"]);
  return Object.fromEntries([...picked].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

function split(variable: string): readonly [string, string] {
  const equals = variable.indexOf("=");
  return equals < 0 ? [variable, ""] : [variable.slice(0, equals), variable.slice(equals + 1)];
}

/** The patterns are RE2's, which JavaScript's engine mostly shares. @throws EngineError in Docker's words where it has some */
function compile(pattern: string): RegExp {
  if (pattern.length > 4096) refuse("error parsing regexp: expression too large");
  try {
    return new RegExp(pattern);
  } catch {
    const missing = /^(?:[^()\\]|\\.)*\((?:[^()\\]|\\.)*$/.test(pattern);
    return refuse(`error parsing regexp: ${missing ? "missing closing )" : "invalid syntax"}: \`${pattern}\``);
  }
}
