/** The quick reader gives the library's tree, places and all, or nothing. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Node } from "../../src/compose/tree/node.ts";
import { readQuickly } from "../../src/compose/yaml/quick.ts";
import { readThoroughly } from "../../src/compose/yaml/thorough.ts";
import { CORPUS, corpusFiles } from "./asking.ts";
import { SCENARIOS } from "./scenarios.ts";

type Plain = null | string | number | boolean | readonly unknown[];

/** Without sources, with offsets. */
function plain(node: Node): Plain {
  const at = node.at?.offset ?? null;
  if (node.kind === "scalar") return [at, node.value, node.form ?? ""];
  if (node.kind === "sequence") return [at, node.items.map(plain)];
  return [at, [...node.entries].map(([key, value]) => [key, plain(value)])];
}

function expectSame(text: string): boolean {
  const source = { file: "x.yaml", text };
  const quick = readQuickly(source);
  if (!quick) return false;
  expect(readThoroughly(source).map(plain)).toEqual([plain(quick)]);
  return true;
}

const texts = [...corpusFiles().map((name) => [name, readFileSync(join(CORPUS, `${name}.yaml`), "utf8")] as const), ...Object.entries(SCENARIOS).flatMap(([name, { files }]) => Object.entries(files).filter(([path]) => /\.(?:yaml|yml|json)$/.test(path)).map(([path, text]) => [`${name}: ${path}`, text] as const))];

test.each(texts)("%s", (_, text) => void expectSame(text));

describe("is quick with", () => {
  test.each([
    ["nested blocks", "a:\n  b:\n    - c: 1\n      d: 2\n    - e\n  f:\n  - g\n  - - h\n    - i\nj:\n"],
    ["comments", "# top\na: 1 # one\nb: # two\n  # three\n  c: '#4' # five\n"],
    ["flow collections", "a: [1, -f, :x, ?y, --z, 'b', \"c\\n\", {d: e, f: [g]}, [], {}]\nb: {x: , y: null}\nc: {\"q\": 1}\n"],
    ["a block scalar", "a: |\n  one\n    two\n\n  # three\nb: |-\n  x\n\nc:\n  - |+\n    y\n\nd: 1\n"],
    ["anchors and merge keys", "a: &a\n  b: 1\nc: &c [1, 2]\nd: *a\ne:\n  <<: *a\n  f: *c\ng:\n  - *a\n  - {h: *c}\ni:\n  b: 2\n  <<: [*a, *d]\n".replace(", *d", "")],
    ["a mapping that is merged where it stands", "<<: {a: 1}\na: 2\n"],
    ["colons in texts", "a: b:c\nd: http://x/y\ne: - \n".replace("e: - \n", "")],
  ])("%s", (_, text) => expect(expectSame(text)).toBe(true));
});

describe("leaves to the library", () => {
  test.each(["a: *x\n", "a: &x [*x]\n", "a: &x 1\nb: &x [*x]\n", "a: &x 1\n<<: *x\n", "- &x a\n", "a: 1\n---\nb: 2\n", "a:\n\tb: 1\n", "a: one\n  two\n", "a: [1,\n 2]\n", "a: &x &y 1\n", "a: &x 1\nb: &y *x\n", "a: !reset 1\n", "a: >\n  x\n", "a: b: c\n", "a: 1\na: 2\n", "1: a\n", "a: 'it''s'\n", "a: [b: c]\n", "? a\n: b\n", "a: 1\n  b: 2\n", "  a: 1\nb: 2\n", "", "a: \"\\x41\"\n"])("%j", (text) => {
    expect(readQuickly({ file: "x.yaml", text })).toBeUndefined();
  });
});

test("of any text made of YAML's pieces, it says what the library says, or nothing", () => {
  const piece = fc.constantFrom("a", "b", "c: ", "d:", "- ", "-", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", ": ", " #", "# x", "'", '"', "-f", ":x", "[", "]", "{", "}", ", ", ",", "|", "|\n", ">", "1", "0x1", "~", "true", "2020-01-01", "\\n", "&a ", "&b ", "*b", "*a", "k: &a\n  b: c\n", "<<: *a\n", "*a ", "<<:", "!t ", "?", "%", "@", "é", " ", "k: v\n", "e: [1, x]\n", "f: {g: h}\n", "  ");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 24 }), (pieces) => {
      const text = pieces.join("");
      const quick = readQuickly({ file: "x.yaml", text });
      if (quick) expect(readThoroughly({ file: "x.yaml", text }).map(plain)).toEqual([plain(quick)]);
    }),
    { numRuns: 3000, seed: 7 },
  );
});
