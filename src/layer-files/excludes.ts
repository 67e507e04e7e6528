export type Excluder = (path: string, isFolder: boolean) => "no" | "yes" | "butLookInside";

interface Rule {
  readonly expression: RegExp;
  readonly exception: boolean;
}

/** --exclude: patterns as in .dockerignore, about paths relative to the source; undefined when nothing is excluded. */
export function excluderOf(patterns: readonly string[]): Excluder | undefined {
  if (patterns.length === 0) return undefined;
  const rules = patterns.map(ruleOf);
  const exceptions = rules.some(({ exception }) => exception);
  return (path) => {
    const text = Buffer.from(path, "latin1").toString("utf8");
    if (!isExcluded(rules, text)) return "no";
    return exceptions ? "butLookInside" : "yes";
  };
}

/** The last rule that matches the path or a folder above it decides. */
function isExcluded(rules: readonly Rule[], path: string): boolean {
  let excluded = false;
  for (const { expression, exception } of rules) if (exception === excluded && expression.test(path)) excluded = !exception;
  return excluded;
}

function ruleOf(pattern: string): Rule {
  const exception = pattern.startsWith("!");
  const text = (exception ? pattern.slice(1) : pattern).replace(/^\/+|\/+$/g, "");
  let source = "";
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    if (text.startsWith("**/", at)) {
      source += "(?:.*/)?";
      at += 2;
    } else if (text.startsWith("**", at)) {
      source += ".*";
      at += 1;
    } else if (char === "*") source += "[^/]*";
    else if (char === "?") source += "[^/]";
    else if (char === "\\" && at + 1 < text.length) source += escaped(text[++at] ?? "");
    else source += escaped(char);
  }
  // What lies in an excluded folder is excluded with it.
  return { expression: new RegExp(`^${source}(?:/.*)?$`, "su"), exception };
}

const escaped = (char: string): string => char.replace(/[\\^$.*+?()[\]{}|/]/, "\\$&");
