/** Patterns of .dockerignore (moby's patternmatcher): `*` and `?` stop at a slash, `**` does not, `[a-z]` and escapes as in Go's filepath.Match. */

type Token =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "one" }
  | { readonly kind: "class"; readonly negated: boolean; readonly ranges: readonly (readonly [string, string])[] }
  | { readonly kind: "star" }
  /** Nothing, or anything up to a slash: `**` with or without a slash behind it. */
  | { readonly kind: "folders" }
  /** Anything: `**` at the end. */
  | { readonly kind: "rest" };

export type Match = (path: string) => boolean;

/** A test of whole paths that takes at most length × length steps. @throws Error for a broken class or escape */
export function compilePattern(pattern: string): Match {
  const tokens = tokensOf(pattern);
  const [first, second] = tokens;
  if (tokens.every((token) => token.kind === "text")) return (path) => path === (first?.kind === "text" ? first.text : "");
  if (first?.kind === "folders" && pattern.startsWith("**") && tokens.length === 2 && second?.kind === "text") return endsWith(pattern.startsWith("**/"), second.text);
  if (first?.kind === "text" && second?.kind === "rest" && tokens.length === 2) return (path) => path.startsWith(first.text);
  if (first?.kind === "rest") return () => true;
  const head = first?.kind === "text" ? first.text : "";
  const last = tokens.at(-1);
  const tail = last?.kind === "text" ? last.text : "";
  const inner = tokens.reduce((longest, token) => (token.kind === "text" && token.text.length > longest.length ? token.text : longest), "");
  // Most paths fall through at the first question, which the runtime answers much faster than the walk.
  return (path) => path.startsWith(head) && path.endsWith(tail) && path.includes(inner) && matches(tokens, path);
}

/** Leading `**` before plain text is a question of how the path ends; with a slash, of whole names. */
function endsWith(wholeName: boolean, text: string): Match {
  return wholeName ? (path) => path === text || path.endsWith(`/${text}`) : (path) => path.endsWith(text);
}

function tokensOf(pattern: string): Token[] {
  const tokens: Token[] = [];
  let text = "";
  const push = (token: Token): void => {
    if (text !== "") tokens.push({ kind: "text", text });
    text = "";
    tokens.push(token);
  };
  let at = 0;
  while (at < pattern.length) {
    const ch = pattern[at] ?? "";
    if (pattern.startsWith("**", at)) {
      at += pattern[at + 2] === "/" ? 3 : 2;
      push({ kind: at >= pattern.length ? "rest" : "folders" });
    } else if (ch === "[") {
      const { token, end } = classAt(pattern, at);
      push(token);
      at = end;
    } else if (ch === "*" || ch === "?") {
      push({ kind: ch === "*" ? "star" : "one" });
      at++;
    } else {
      if (ch === "\\" && at + 1 >= pattern.length) throw new Error("syntax error in pattern");
      if (ch === "\\") at++;
      text += pattern[at] ?? "";
      at++;
    }
  }
  if (text !== "") tokens.push({ kind: "text", text });
  return tokens;
}

function classAt(pattern: string, start: number): { token: Token; end: number } {
  let at = start + 1;
  const negated = pattern[at] === "^";
  if (negated) at++;
  const ranges: [string, string][] = [];
  const character = (): string => {
    if (pattern[at] === "\\") at++;
    const code = pattern.codePointAt(at);
    if (code === undefined) throw new Error("syntax error in pattern");
    const text = String.fromCodePoint(code);
    at += text.length;
    return text;
  };
  while (pattern[at] !== "]" || ranges.length === 0) {
    if (pattern[at] === undefined || pattern[at] === "-" || (pattern[at] === "]" && ranges.length === 0)) throw new Error("syntax error in pattern");
    const low = character();
    if (pattern[at] === "-") {
      at++;
      if (pattern[at] === "-" || pattern[at] === "]") throw new Error("syntax error in pattern");
      ranges.push([low, character()]);
    } else ranges.push([low, low]);
  }
  return { token: { kind: "class", negated, ranges }, end: at + 1 };
}

/**
 * Goes through the path once; where it fails it goes back to the last star, and when that has reached a slash to the last `**`.
 * An earlier wildcard never needs another try: whatever it could leave to match, a later one can have too.
 */
function matches(tokens: readonly Token[], path: string): boolean {
  let token = 0;
  let at = 0;
  let star: readonly [number, number] | undefined;
  let folders: readonly [number, number] | undefined;
  for (;;) {
    const current = tokens[token];
    if (current === undefined && at === path.length) return true;
    if (current?.kind === "rest") return true;
    if (current?.kind === "star") {
      star = [++token, at];
      continue;
    }
    if (current?.kind === "folders") {
      folders = [++token, at];
      star = undefined;
      continue;
    }
    const width = current === undefined ? 0 : widthAt(current, path, at);
    if (width > 0) {
      token++;
      at += width;
      continue;
    }
    if (star !== undefined && star[1] < path.length && path[star[1]] !== "/") {
      star = [star[0], star[1] + 1];
      [token, at] = star;
      continue;
    }
    const slash = folders === undefined ? -1 : path.indexOf("/", folders[1]);
    if (folders === undefined || slash < 0) return false;
    folders = [folders[0], slash + 1];
    [token, at] = folders;
    star = undefined;
  }
}

/** How much of the path a token takes; 0 when it does not fit. */
function widthAt(token: Token, path: string, at: number): number {
  if (token.kind === "text") return path.startsWith(token.text, at) ? token.text.length : 0;
  const code = path.codePointAt(at);
  if (code === undefined) return 0;
  const ch = String.fromCodePoint(code);
  if (token.kind === "one") return ch === "/" ? 0 : ch.length;
  if (token.kind !== "class") return 0;
  const inside = token.ranges.some(([low, high]) => low <= ch && ch <= high);
  return inside === token.negated ? 0 : ch.length;
}
