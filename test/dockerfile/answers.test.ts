/** What `docker build --call` answers, as JSON and as text, beside BuildKit where there is one. */
import { describe, expect, test } from "bun:test";
import { checkAnswer, checkDockerfile, outlineAnswer, outlineOf, parseAsFar, parseDockerfile, targetsAnswer, type CallAnswer } from "../../src/dockerfile/mod.ts";
import { dockerBuild, peer, WHY_NOT } from "./docker-build.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };

interface Asked {
  readonly name: string;
  readonly call: "check" | "outline" | "targets";
  readonly dockerfile: string;
  readonly target?: string;
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly text: string;
  readonly statusCode: number;
}

const WHOLE = `# V is the version
ARG V=1
ARG W=$V-w
ARG UNUSED
# base is where all begins
FROM scratch AS base
ARG V
# X is x
ARG X=$V-y
RUN --mount=type=secret,id=tok,required --mount=type=ssh echo
FROM base AS side
ARG Z=z
FROM base
ARG W NEW TARGETARCH
RUN --mount=type=secret,id=opt \\
  --mount=type=ssh,id=other,required echo
`;

const LINE = "-".repeat(20);
const ASKED: readonly Asked[] = [
  {
    name: "an outline",
    call: "outline",
    dockerfile: WHOLE,
    text: "BUILD ARG   VALUE   DESCRIPTION\nV           1       is the version\nW           1-w     \nX           1-y     is x\nNEW                 \n\nSECRET   REQUIRED\ntok      true\nopt      \n\nSSH       REQUIRED\ndefault   \nother     true\n\n",
    statusCode: 0,
  },
  { name: "an outline of a target", call: "outline", dockerfile: WHOLE, target: "base", buildArgs: { V: "2" }, text: "TARGET:      base\nDESCRIPTION: is where all begins\n\nBUILD ARG   VALUE   DESCRIPTION\nV           2       \nX           2-y     is x\n\nSECRET   REQUIRED\ntok      true\n\nSSH       REQUIRED\ndefault   \n\n", statusCode: 0 },
  { name: "an outline of nothing", call: "outline", dockerfile: "FROM scratch\nENV a=b\n", text: "", statusCode: 0 },
  { name: "targets", call: "targets", dockerfile: WHOLE, text: "TARGET    DESCRIPTION\nbase      is where all begins\nside      \n(default) \n", statusCode: 0 },
  { name: "targets that all have names", call: "targets", dockerfile: "FROM scratch AS a\n# bee is b\nFROM --platform=$BUILDPLATFORM scratch AS bee\n", text: "TARGET        DESCRIPTION\na             \nbee (default) is b\n", statusCode: 0 },
  { name: "a check without warnings", call: "check", dockerfile: "FROM scratch\n", text: "Check complete, no warnings found.\n", statusCode: 0 },
  {
    name: "a check with one",
    call: "check",
    dockerfile: "FROM scratch\nENV a \\\n b\n",
    text: `Check complete, 1 warning has been found!\n\nWARNING: LegacyKeyValueFormat - https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/\n"ENV key=value" should be used instead of legacy "ENV key value" format\nDockerfile:2\n${LINE}\n   1 |     FROM scratch\n   2 | >>> ENV a \\\n   3 | >>>  b\n   4 |     \n${LINE}\n`,
    statusCode: 1,
  },
  {
    name: "a check with several and an error",
    call: "check",
    dockerfile: "FROM scratch AS X\nENV a b\nENV c=d\nFOO\n",
    text: `Check complete, 1 warning has been found!\n\nWARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/\nStage name 'X' should be lowercase\nDockerfile:1\n${LINE}\n   1 | >>> FROM scratch AS X\n   2 |     ENV a b\n   3 |     ENV c=d\n${LINE}\n\nERROR: dockerfile parse error on line 4: unknown instruction: FOO (did you mean FROM?)\nDockerfile:4\n${LINE}\n   2 |     ENV a b\n   3 |     ENV c=d\n   4 | >>> FOO\n   5 |     \n${LINE}\n`,
    statusCode: 1,
  },
];

function ours({ call, dockerfile: text, target = "", buildArgs = {} }: Asked): CallAnswer {
  const input = { buildPlatform: PLATFORM, targetPlatform: PLATFORM, target, buildArgs };
  if (call === "targets") return targetsAnswer(parseDockerfile(text));
  if (call === "outline") return outlineAnswer(parseDockerfile(text), outlineOf(parseDockerfile(text), input));
  const { dockerfile, error } = parseAsFar(text);
  return checkAnswer(dockerfile, checkDockerfile(dockerfile, input), error);
}

const rows = ASKED.map((item) => [item.name, item] as const);

describe("docker build --call", () => {
  test.each(rows)("%s", (_, item) => {
    expect(ours(item)).toMatchObject({ text: item.text, statusCode: item.statusCode });
  });
});

/** Without the build definition that carried the file, and with every path as the bare name. */
const plain = (text: string): string => text.replace(/^[^\n]*?([^/\n]*Dockerfile:[0-9]+)$/gm, "$1");

async function compare(item: Asked): Promise<void> {
  const args = [...Object.entries(item.buildArgs ?? {}).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]), ...(item.target === undefined ? [] : ["--target", item.target])];
  const shown = await dockerBuild({ Dockerfile: item.dockerfile }, ["--progress=quiet", `--call=${item.call}`, ...args]);
  expect({ text: plain(shown.stdout + shown.stderr).trim(), code: shown.code }).toEqual({ text: item.text.trim(), code: item.statusCode });
  const { stdout } = await dockerBuild({ Dockerfile: item.dockerfile }, ["--progress=quiet", `--call=${item.call},format=json`, ...args]);
  const json = JSON.parse(stdout) as { sources?: { definition?: unknown }[] };
  for (const source of json.sources ?? []) if (typeof source === "object") delete source.definition;
  expect(JSON.parse(JSON.stringify(ours(item).json))).toEqual(json);
}

if (peer === undefined) test.skip(`docker build --call, as BuildKit answers (${WHY_NOT})`, () => {});
else {
  describe("docker build --call, as BuildKit answers", () => {
    test.each(rows)("%s", (_, item) => compare(item), 60_000);
  });
}
