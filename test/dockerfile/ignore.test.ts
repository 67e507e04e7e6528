/** .dockerignore: what of a tree is left, compared with what Docker copies where there is one. */
import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Glob } from "bun";
import { ignoreMatcher, InstructionError, parseIgnore } from "../../src/dockerfile/mod.ts";
import { dockerBuildOf, peer, WHY_NOT } from "./docker-build.ts";
import { IGNORED, TREE } from "./ignore-table.ts";

/** As a builder walks: folders that are skipped are not entered. */
function kept(ignore: string): string[] {
  const matcher = parseIgnore(ignore);
  const walked = TREE.filter((path) => {
    const names = path.split("/");
    return !names.slice(0, -1).some((_, index) => matcher.skips(names.slice(0, index + 1).join("/")));
  });
  const left = walked.filter((path) => !matcher.ignores(path));
  expect(TREE.filter((path) => !matcher.ignores(path))).toEqual(left);
  return left;
}

describe(".dockerignore", () => {
  test.each(IGNORED.map(({ ignore, left }) => [JSON.stringify(ignore), ignore, left] as const))("%s", (_, ignore, left) => {
    expect(kept(ignore)).toEqual([...left]);
  });

  test.each([
    ["!", 'illegal exclusion pattern: "!"'],
    ["a[", "failed parsing patterns: syntax error in pattern: a["],
    ["a[]b", "failed parsing patterns: syntax error in pattern: a[]b"],
    ["a\\", "failed parsing patterns: syntax error in pattern: a\\"],
  ])("%s is no pattern", (ignore, message) => {
    expect(() => parseIgnore(ignore)).toThrow(new InstructionError(message));
  });

  test("an empty one keeps everything, and the root is never left out", () => {
    expect(parseIgnore("# nothing\n\n").isEmpty).toBe(true);
    expect(parseIgnore("*\n**").ignores(".")).toBe(false);
  });

  test("mayContainIncluded() is true only where an exception may reach", () => {
    const matcher = ignoreMatcher(["*", "!src/*/keep", "!**/*.md", "!docs"]);
    expect(matcher.mayContainIncluded("src")).toBe(true);
    const narrow = ignoreMatcher(["*", "!src/*/keep", "!docs"]);
    expect(["src", "src/a", "src/a/keep", "lib", "docs", "docs/a"].map((folder) => narrow.mayContainIncluded(folder))).toEqual([true, true, false, false, false, false]);
  });

  test("patterns of many stars are answered", () => {
    const matcher = ignoreMatcher([`**/${"*a".repeat(500)}b`, `${"**/a/".repeat(200)}b`, "[a-z]".repeat(500)]);
    expect(matcher.ignores(`${"a/".repeat(500)}${"a".repeat(3000)}`)).toBe(false);
  });
});

async function theirs(ignore: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "hk-ignore-"));
  try {
    for (const path of TREE) {
      mkdirSync(dirname(join(folder, "context", path)), { recursive: true });
      writeFileSync(join(folder, "context", path), "");
    }
    writeFileSync(join(folder, "context/.dockerignore"), ignore);
    writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY . /\n");
    const { code, stderr } = await dockerBuildOf(join(folder, "context"), ["--progress=plain", "-f", join(folder, "Dockerfile"), "--output", `type=local,dest=${join(folder, "out")}`]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const found = new Set(new Glob("**/*").scanSync({ cwd: join(folder, "out"), dot: true }));
    return TREE.filter((path) => found.has(path));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (peer === undefined) test.skip(`.dockerignore, as Docker reads it (${WHY_NOT})`, () => {});
else {
  describe(".dockerignore, as Docker reads it", () => {
    test.each(IGNORED.map(({ ignore, left }) => [JSON.stringify(ignore), ignore, left] as const))("%s", async (_, ignore, left) => expect(await theirs(ignore)).toEqual([...left]), 60_000);
  });
}
