/** The table of the language, asked of our parser and checks, and of BuildKit where there is one. */
import { describe, expect, test } from "bun:test";
import { checkDockerfile, DockerfileError, parseAsFar, parseIgnore } from "../../src/dockerfile/mod.ts";
import { dockerBuild, peer, WHY_NOT } from "./docker-build.ts";
import { LANGUAGE, type LanguageCase } from "./language-table.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };

/** Rules of a violation come in any order from BuildKit. */
const sorted = (says: readonly string[]): string[] =>
  says.map((line) => line.replace(/(rules: )(.*)$/, (_, words: string, rules: string) => words + rules.split(", ").toSorted().join(", "))).toSorted();

function ours({ dockerfile, buildArgs = {}, target = "", ignore }: LanguageCase): string[] {
  try {
    const { dockerfile: parsed, error } = parseAsFar(dockerfile);
    const input = { buildPlatform: PLATFORM, targetPlatform: PLATFORM, buildArgs, target, ...(ignore !== undefined && { ignore: parseIgnore(ignore) }) };
    const result = checkDockerfile(parsed, input);
    const failure = error ?? result.error;
    return [
      ...result.warnings.map(({ range, rule, detail }) => `${range.start.line} ${rule}: ${detail}`),
      ...(failure ? [`${failure.firstLine ?? 0} error: ${failure.message}`] : []),
      ...(result.violation === undefined ? [] : [`0 error: ${result.violation}`]),
    ];
  } catch (error) {
    if (error instanceof DockerfileError) return [`${error.firstLine ?? 0} error: ${error.message}`];
    throw error;
  }
}

describe("the language", () => {
  test.each(LANGUAGE.map((item) => [item.name, item] as const))("%s", (_, item) => {
    expect(sorted(ours(item))).toEqual(sorted(item.says));
  });
});

interface LintResult {
  readonly warnings?: { ruleName: string; detail: string; location: { ranges: { start: { line: number } }[] } }[] | null;
  readonly buildError?: { message: string; location?: { ranges?: { start: { line: number } }[] } };
}

async function theirs({ dockerfile, buildArgs = {}, target, ignore }: LanguageCase): Promise<string[]> {
  const files = { Dockerfile: dockerfile, ...(ignore !== undefined && { ".dockerignore": ignore }) };
  const args = Object.entries(buildArgs).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);
  const { stdout, stderr } = await dockerBuild(files, ["--call=check,format=json", "--progress=quiet", ...args, ...(target === undefined ? [] : ["--target", target])]);
  if (stdout === "") return [stderr];
  const { warnings, buildError } = JSON.parse(stdout) as LintResult;
  const error = buildError === undefined ? [] : [`${buildError.location?.ranges?.[0]?.start.line ?? 0} error: ${buildError.message}`];
  return [...(warnings ?? []).map(({ ruleName, detail, location }) => `${location.ranges[0]?.start.line ?? 0} ${ruleName}: ${detail}`), ...error];
}

/** Without the place of the error, and without the warnings of the line that BuildKit gives up at: it has said some of them by then. */
function comparable(says: readonly string[], item: LanguageCase): string[] {
  const failed = item.says.find((line) => / error: /.test(line));
  const failedLine = failed?.split(" ", 1)[0] ?? "";
  const kept = sorted(says).filter((line) => / error: /.test(line) || failed === undefined || line.split(" ", 1)[0] !== failedLine);
  return item.peer === "other line" ? kept.map((line) => line.replace(/^[0-9]+ error:/, "error:")) : kept;
}

if (peer === undefined) test.skip(`the language, as BuildKit reads it (${WHY_NOT})`, () => {});
else {
  describe("the language, as BuildKit reads it", () => {
    test.concurrent.each(LANGUAGE.filter(({ peer: known }) => known !== "older").map((item) => [item.name, item] as const))(
      "%s",
      async (_, item) => {
        expect(comparable(await theirs(item), item)).toEqual(comparable(item.says, item));
      },
      60_000,
    );
  });
}
