/** Patterns of `${x#p}`, `${x%p}` and `${x/p/r}`: `*`, `?` and escapes, no brackets; neither wildcard matches a line end. */

/** Comparisons a single substitution may take; real ones take a few thousand. */
const WORK_LIMIT = 20_000_000;

/** A literal character, or undefined for `?`. */
type Segment = readonly (string | undefined)[];

/** The runs between the stars: `a*b` is ["a", "b"], `*` is ["", ""]. @throws Error for an escape of anything but a wildcard */
function segmentsOf(pattern: string): Segment[] {
  const segments: (string | undefined)[][] = [[]];
  const characters = Array.from(pattern);
  for (let i = 0; i < characters.length; i++) {
    const ch = characters[i] ?? "";
    if (ch === "*") segments.push([]);
    else if (ch === "?") segments.at(-1)?.push(undefined);
    else if (ch !== "\\") segments.at(-1)?.push(ch);
    else if (characters[i + 1] === "}" || characters[i + 1] === "/") continue;
    else {
      const escaped = characters[++i];
      if (escaped !== "*" && escaped !== "?" && escaped !== "\\") throw new Error(`invalid escape '\\${escaped ?? "\ufffd"}'`);
      segments.at(-1)?.push(escaped);
    }
  }
  return segments;
}

class Search {
  #work = 0;

  constructor(readonly value: readonly string[], readonly segments: readonly Segment[]) {}

  /** Where a match that begins at `from` ends; undefined when there is none. */
  endOf(from: number, longest: boolean): number | undefined {
    const [first = [], ...rest] = this.segments;
    if (!this.#isAt(first, from)) return undefined;
    let end = from + first.length;
    for (const [index, segment] of rest.entries()) {
      const last = longest && index === rest.length - 1;
      const at = last ? this.#lastOf(segment, end) : this.#firstOf(segment, end);
      if (at === undefined) return undefined;
      end = at + segment.length;
    }
    return end;
  }

  /** The leftmost match, as long as it can be. */
  find(from: number): readonly [number, number] | undefined {
    const [first = []] = this.segments;
    for (let start = from; start + first.length <= this.value.length; start++) {
      const end = this.endOf(start, true);
      if (end !== undefined) return [start, end];
    }
    return undefined;
  }

  #isAt(segment: Segment, at: number): boolean {
    if (at + segment.length > this.value.length) return false;
    for (let i = 0; i < segment.length; i++) {
      if (++this.#work > WORK_LIMIT) throw new Error("it takes too long");
      const wanted = segment[i];
      const actual = this.value[at + i];
      if (wanted === undefined ? actual === "\n" : wanted !== actual) return false;
    }
    return true;
  }

  #firstOf(segment: Segment, from: number): number | undefined {
    for (let at = from; at + segment.length <= this.value.length; at++) {
      this.#work++;
      if (this.#isAt(segment, at)) return at;
      if (this.value[at] === "\n") return undefined;
    }
    return undefined;
  }

  #lastOf(segment: Segment, from: number): number | undefined {
    const lineEnd = this.value.indexOf("\n", from);
    const limit = Math.min(lineEnd < 0 ? this.value.length : lineEnd, this.value.length - segment.length);
    for (let at = limit; at >= from; at--) {
      this.#work++;
      if (this.#isAt(segment, at)) return at;
    }
    return undefined;
  }
}

/** The value without what the pattern matches at its start. @throws Error for a broken or too costly pattern */
export function removePrefix(value: string, pattern: string, longest: boolean): string {
  const characters = Array.from(value);
  const end = new Search(characters, segmentsOf(pattern)).endOf(0, longest);
  return end === undefined ? value : characters.slice(end).join("");
}

/** The same at its end: the mirror image of both. @throws Error */
export function removeSuffix(value: string, pattern: string, longest: boolean): string {
  const characters = Array.from(value);
  const mirrored = segmentsOf(pattern).map((segment) => segment.toReversed()).toReversed();
  const end = new Search(characters.toReversed(), mirrored).endOf(0, longest);
  return end === undefined ? value : characters.slice(0, characters.length - end).join("");
}

/** With the first match, or all of them, replaced. @throws Error for a broken or too costly pattern, and a result above the limit */
export function replacePattern(value: string, pattern: string, replacement: string, all: boolean, limit: number): string {
  const characters = Array.from(value);
  const search = new Search(characters, segmentsOf(pattern));
  const parts: string[] = [];
  let length = 0;
  let at = 0;
  let from = 0;
  for (let match = search.find(0); match !== undefined; match = search.find(from)) {
    const [start, end] = match;
    const emptyBehindMatch = start === end && start === at && parts.length > 0;
    if (!emptyBehindMatch) {
      parts.push(characters.slice(at, start).join(""), replacement);
      length += replacement.length;
      if (length > limit) throw new Error("the result is too long");
      at = end;
    }
    from = end > start ? end : end + 1;
    if (!all || from > characters.length) break;
  }
  parts.push(characters.slice(at).join(""));
  return parts.join("");
}
