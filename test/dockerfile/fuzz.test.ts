/** Whatever bytes come, the parser and the checks answer, soon, and fail in one way only. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { checkDockerfile, DockerfileError, environmentOf, expandWord, InstructionError, instructionTitle, parseAsFar, parseChanges, parseDockerfile, parseIgnore, WordError } from "../../src/dockerfile/mod.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };

const WORDS = [
  ..."FROM RUN COPY ADD ENV ARG LABEL CMD ENTRYPOINT HEALTHCHECK ONBUILD SHELL EXPOSE VOLUME USER WORKDIR STOPSIGNAL MAINTAINER from AS scratch a b x=y k=$a NONE CMD --mount=type=cache,target=/x --from=a --chown=1 --interval=1s -- \\ ` # $ ${ } ' \" << <<EOF <<-'E' EOF E [ ] , [\"a\",\"b\"] 80/tcp / .. # =".split(" "),
  ...["\n", "\n", "\r\n", "\t", " ", "\\\n", "`\n", "\0", "\ufeff", "é", "\u2028", "# escape=`\n", "# check=error=true\n", "${a:-", "${a##*", "${a//x/", "$a$a"],
];
const words = fc.array(fc.constantFrom(...WORDS), { maxLength: 60 }).chain((list) => fc.constantFrom("", " ").map((between) => list.join(between)));
const files = fc.oneof(words, fc.string({ unit: "binary", maxLength: 300 }), words.map((text) => `FROM scratch\n${text}`));

/** What was thrown must be of these kinds. */
function attempt<T>(work: () => T, ...kinds: readonly (new (...args: never[]) => Error)[]): T | undefined {
  try {
    return work();
  } catch (error) {
    if (kinds.some((kind) => error instanceof kind)) return undefined;
    throw error;
  }
}

test("parseDockerfile() and checkDockerfile() throw nothing but DockerfileError", () => {
  fc.assert(
    fc.property(files, fc.boolean(), (text, asBytes) => {
      attempt(() => parseDockerfile(asBytes ? Buffer.from(text) : text), DockerfileError);
      const outcome = attempt(() => parseAsFar(text), DockerfileError);
      if (outcome === undefined) return;
      attempt(() => checkDockerfile(outcome.dockerfile, { buildPlatform: PLATFORM, targetPlatform: PLATFORM }), DockerfileError);
      outcome.error?.excerpt();
      for (const { instructions } of outcome.dockerfile.stages) for (const instruction of instructions) instructionTitle(instruction, environmentOf(["a=1"]));
    }),
    { numRuns: 3000 },
  );
});

test("every range lies in the file, and the text of an instruction begins there", () => {
  fc.assert(
    fc.property(files, (text) => {
      const outcome = attempt(() => parseAsFar(text), DockerfileError);
      for (const { keyword, range } of outcome?.dockerfile.stages.flatMap((stage) => [stage, ...stage.instructions]) ?? []) {
        const lines = outcome?.dockerfile.source.lines ?? [];
        expect(range.end.line).toBeLessThanOrEqual(lines.length);
        const written = (lines[range.start.line - 1] ?? "").slice(range.start.column - 1);
        // An escape alone on its line begins an instruction whose words come below.
        expect([keyword[0], "\\", "`"]).toContain(written[0] ?? "");
      }
    }),
    { numRuns: 1000 },
  );
});

test("expandWord() throws nothing but WordError and grows no further than its limit", () => {
  const environment = environmentOf(["a=foo bar", "b=", `c=${"x".repeat(50)}`]);
  fc.assert(
    fc.property(fc.array(fc.constantFrom("$a", "${a}", "${", "}", "$", "b", "${c:-", "${c##", "${c//x/", "${d?", "*", "?", "\\", "'", '"', "/", " ", "<<", "é"), { maxLength: 40 }).map((parts) => parts.join("")), fc.constantFrom("word", "text", "display"), (word, mode) => {
      attempt(() => expandWord(word, environment, { mode: mode as "word" }), WordError);
    }),
    { numRuns: 3000 },
  );
});

test("parseIgnore() throws nothing but InstructionError, and its matcher nothing at all", () => {
  const patterns = fc.array(fc.constantFrom("a", "b", "/", "*", "**", "?", "!", "[a-b]", "[", "]", "\\", "\n", "#", ".", " "), { maxLength: 30 }).map((parts) => parts.join(""));
  const paths = fc.array(fc.constantFrom("a", "b", "ab", "c.d"), { minLength: 1, maxLength: 5 }).map((names) => names.join("/"));
  fc.assert(
    fc.property(patterns, paths, (text, path) => {
      const matcher = attempt(() => parseIgnore(text), InstructionError);
      if (matcher === undefined) return;
      const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
      // A path that is kept lies in no folder that a walk would have skipped.
      if (folder !== "" && !matcher.ignores(path)) expect(matcher.skips(folder)).toBe(false);
    }),
    { numRuns: 5000 },
  );
});

const HOSTILE: readonly (readonly [string, string])[] = [
  ["values that double", `FROM scratch\nENV a0=xxxxxxxxxxxxxxxx\n${Array.from({ length: 64 }, (_, i) => `ENV a${i + 1}=$a${i}$a${i}`).join("\n")}\n`],
  ["nested substitutions", `FROM scratch\nENV a=${"${x:-".repeat(20_000)}\n`],
  ["a costly pattern", `FROM scratch\nENV a=${"a".repeat(60_000)}\nENV b=\${a//${"a?".repeat(15_000)}b/}\n`],
  ["many stars", `FROM scratch\nENV a=${"a".repeat(60_000)}\nENV b=\${a%%${"*a".repeat(10_000)}b}\n`],
  ["many continuation lines", `FROM scratch\nRUN ${"x \\\n".repeat(100_000)}y\n`],
  ["many comments", `${"# x\n".repeat(100_000)}FROM scratch\n`],
  ["many instructions", `FROM scratch\n${"ENV a=b\n".repeat(20_000)}`],
  ["ranges of ports", `FROM scratch\n${"EXPOSE 0-65535\n".repeat(9_000)}`],
  ["many stages", Array.from({ length: 5000 }, (_, i) => `FROM ${i === 0 ? "scratch" : `s${i - 1}`} AS s${i}\n`).join("")],
  ["ONBUILD in ONBUILD", `FROM scratch\n${"ONBUILD ".repeat(8_000)}RUN x\n`],
  ["deep JSON", `FROM scratch\nRUN ${"[".repeat(60_000)}\n`],
  ["many heredocs", `FROM scratch\nRUN ${"<<A ".repeat(2_000)}\n${"A\n".repeat(2_000)}`],
  ["many unknown variables", `FROM scratch\nENV ${Array.from({ length: 300 }, (_, i) => `v${i}=1`).join(" ")}\n${"ENV a=$nothing1$nothing2\n".repeat(300)}`],
  ["a mode of many clauses", `FROM scratch\nCOPY --chmod=${"u=rwx,".repeat(10_000)} a b\n`],
];

test.each(HOSTILE)("%s are answered", (_, text) => {
  const outcome = attempt(() => parseAsFar(text, { maxBytes: 16 << 20 }), DockerfileError);
  if (outcome !== undefined) attempt(() => checkDockerfile(outcome.dockerfile, { buildPlatform: PLATFORM, targetPlatform: PLATFORM }), DockerfileError);
});

test("a file above the limit is refused before it is read", () => {
  expect(() => parseDockerfile("x".repeat(100), { maxBytes: 99 })).toThrow("the Dockerfile is larger than 99 bytes");
});

test("parseChanges() throws nothing but InstructionError", () => {
  fc.assert(fc.property(words, (text) => void attempt(() => parseChanges(text, new Set(["env", "cmd"])), InstructionError)), { numRuns: 1000 });
});
