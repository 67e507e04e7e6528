/** Fields, places and words of the parser that the table of the language does not show. */
import { describe, expect, test } from "bun:test";
import { applyToConfig, checkDockerfile, detectSyntax, DockerfileError, environmentOf, EXPANDED_FIELDS, expandInstruction, InstructionError, instructionTitle, parseDockerfile, parseTrigger, runCommand, StageScope, type Instruction, type RunInstruction } from "../../src/dockerfile/mod.ts";

const parsed = (text: string): Instruction => {
  const [only] = parseDockerfile(`FROM scratch\n${text}`).stages[0]?.instructions ?? [];
  if (only === undefined) throw new Error("nothing was parsed");
  return only;
};

function failure(text: string): DockerfileError {
  try {
    parseDockerfile(text);
  } catch (error) {
    if (error instanceof DockerfileError) return error;
  }
  throw new Error("no DockerfileError");
}

describe("the fields of an instruction", () => {
  const transfer = { sources: ["a"], files: [], destination: "b", chown: "", chmod: "", link: false, exclude: [] };
  test.each<[string, object]>([
    ["ADD --keep-git-dir --checksum=x --unpack=false a b", { kind: "add", ...transfer, checksum: "x", keepGitDir: true, unpack: false }],
    ["add a b", { kind: "add", keyword: "add", ...transfer, checksum: "" }],
    ['ARG a b="x y" c=', { args: [{ name: "a" }, { name: "b", defaultValue: '"x y"' }, { name: "c", defaultValue: "" }] }],
    ["CMD a  b", { command: { form: "shell", text: "a  b" } }],
    ['CMD ["a", "b c"]', { command: { form: "exec", args: ["a", "b c"] } }],
    ["COPY --from=x --chown=1:2 --chmod=u+x --link --parents --exclude=*.o --exclude=y a b", { kind: "copy", ...transfer, from: "x", chown: "1:2", chmod: "u+x", link: true, parents: true, exclude: ["*.o", "y"] }],
    ['COPY ["a", "b"]', { kind: "copy", ...transfer, parents: false }],
    ["COPY --link=false a b", { link: false }],
    ["ENTRYPOINT []", { command: { form: "exec", args: [] } }],
    ["ENV a=1 b=2", { pairs: [{ key: "a", value: "1", legacy: false }, { key: "b", value: "2", legacy: false }] }],
    ["ENV a b c", { pairs: [{ key: "a", value: "b c", legacy: true }] }],
    ["EXPOSE 9 80 10/udp", { ports: ["10/udp", "80", "9"] }],
    ["HEALTHCHECK --interval=1m30s --start-interval=1.5s --retries=2 CMD a b", { health: { Test: ["CMD-SHELL", "a b"], Interval: 90e9, StartInterval: 1.5e9, Retries: 2 } }],
    ["HEALTHCHECK NONE", { health: { Test: ["NONE"] } }],
    ["MAINTAINER me and you", { maintainer: "me and you" }],
    ["ONBUILD   run  x \\\n y", { expression: "run  x  y" }],
    ["RUN --network=host --security=insecure --device=a/b=c,required x", { network: "host", security: "insecure", devices: [{ name: "a/b=c", required: true }], command: { form: "shell", text: "x" } }],
    ["RUN --mount=type=cache,target=/x --mount=from=a,target=/y z", { mountFlags: [{ text: "type=cache,target=/x" }, { text: "from=a,target=/y", from: "a" }] }],
    ['SHELL ["a", "-c"]', { shell: ["a", "-c"] }],
    ["STOPSIGNAL 9", { signal: "9" }],
    ["USER a b", { user: "a b" }],
    ["VOLUME /a /b", { paths: ["/a", "/b"] }],
    ["WORKDIR /a b", { path: "/a b" }],
  ])("%s", (text, fields) => {
    expect(parsed(text)).toMatchObject(fields);
  });
});

describe("heredocs", () => {
  test("have a name, a content, and say whether tabs and variables are to be replaced", () => {
    const { heredocs } = parsed("RUN <<A 3<<-'B' cat\n$a\nA\n\t$b\n\tB\n") as RunInstruction;
    expect(heredocs).toEqual([
      { name: "A", content: "$a\n", expand: true, chomp: false, descriptor: 0 },
      { name: "B", content: "\t$b\n", expand: false, chomp: true, descriptor: 3 },
    ]);
  });

  test("of COPY are files", () => {
    expect(parsed("COPY <<-A x <<'B' /d\n\ta\n\tA\nb\nB\n")).toMatchObject({ sources: ["x"], destination: "/d", files: [{ name: "A", content: "a\n", expand: true }, { name: "B", content: "b\n", expand: false }] });
  });

  test.each<[string, string[], string | undefined]>([
    ["RUN echo hi", ["/bin/sh", "-c", "echo hi"], undefined],
    ['RUN ["a", "b c"]', ["a", "b c"], undefined],
    ["RUN <<E\na\nb\nE", ["/bin/sh", "-c", "a\nb\n"], undefined],
    ["RUN <<-E\n\ta\n\tE", ["/bin/sh", "-c", "a\n"], undefined],
    ["RUN cat <<E\na\nE", ["/bin/sh", "-c", "cat <<E\na\nE"], undefined],
    ["RUN <<E\n#!/usr/bin/python\nx\nE", ["/bin/sh", "-c", "/dev/pipes/E"], "#!/usr/bin/python\nx\n"],
  ])("runCommand() of %j", (text, args, script) => {
    const command = runCommand(parsed(text) as RunInstruction, []);
    expect(command.args).toEqual(args);
    expect(command.script?.content).toBe(script as string);
  });
});

describe("mounts", () => {
  const expanded = (mount: string): object | undefined => {
    const { instruction } = expandInstruction(parsed(`RUN --mount=${mount} x`), environmentOf(["t=/t"]));
    return instruction.kind === "run" ? instruction.mounts[0] : undefined;
  };
  test.each<[string, object]>([
    ["target=/x", { type: "bind", source: "", target: "/x", readOnly: true }],
    ["type=bind,from=a,source=s,dst=$t,rw", { type: "bind", from: "a", source: "s", target: "/t", readOnly: false }],
    ["type=bind,target=/x,readonly=false", { type: "bind", source: "", target: "/x", readOnly: false }],
    ["type=cache,target=/x/", { type: "cache", id: "/x", source: "", target: "/x/", sharing: "shared", readOnly: false }],
    ["type=cache,id=i,target=/x,sharing=LOCKED,mode=0700,uid=1,gid=2,ro,from=a", { type: "cache", id: "i", from: "a", source: "", target: "/x", sharing: "locked", readOnly: true, mode: 0o700, uid: 1, gid: 2 }],
    ["type=tmpfs,target=/x,size=1.5g", { type: "tmpfs", target: "/x", sizeBytes: 1.5 * 2 ** 30, readOnly: false }],
    ["type=secret,id=a/b", { type: "secret", id: "a/b", target: "/run/secrets/b", required: false }],
    ["type=secret,target=/x/y", { type: "secret", id: "y", target: "/x/y", required: false }],
    ["type=secret,src=a,env=E,required", { type: "secret", id: "a", env: "E", required: true }],
    ["type=secret,id=a,env=E,target=/x", { type: "secret", id: "a", env: "E", target: "/x", required: false }],
    ["type=ssh", { type: "ssh", id: "default", required: false }],
    ["type=ssh,id=i,target=/s,mode=0666,required=true", { type: "ssh", id: "i", target: "/s", mode: 0o666, required: true }],
  ])("%s", (mount, fields) => {
    expect(expanded(mount)).toEqual(fields);
  });
});

describe("places", () => {
  test("of an instruction are those of its first and last character, heredocs included", () => {
    const { stages } = parseDockerfile("# x\n\n  FROM scratch \\\n  AS a\nRUN <<E\na\nE\n\tENV a=b");
    expect(stages[0]?.range).toEqual({ start: { line: 3, column: 3 }, end: { line: 4, column: 7 } });
    expect(stages[0]?.instructions.map(({ range }) => range)).toEqual([
      { start: { line: 5, column: 1 }, end: { line: 7, column: 2 } },
      { start: { line: 8, column: 2 }, end: { line: 8, column: 9 } },
    ]);
  });

  const rule = "-".repeat(20);
  test.each([
    ["a line in the middle", "FROM scratch\nENV a=1\nENV b=2\nFOO x\nENV c=3\nENV d=4\nENV e=5\n", `Dockerfile:4\n${rule}\n   2 |     ENV a=1\n   3 |     ENV b=2\n   4 | >>> FOO x\n   5 |     ENV c=3\n   6 |     ENV d=4\n${rule}\n`],
    ["the first", "FOO x\nFROM scratch\nENV a=b\n", `Dockerfile:1\n${rule}\n   1 | >>> FOO x\n   2 |     FROM scratch\n   3 |     ENV a=b\n${rule}\n`],
    ["the last", "FROM scratch\nENV a=1\nENV b=1\nENV c=1\nFOO x", `Dockerfile:5\n${rule}\n   3 |     ENV b=1\n   4 |     ENV c=1\n   5 | >>> FOO x\n${rule}\n`],
    ["several lines", "FROM scratch\nENV z=1\nFOO x \\\n y \\\n z\nENV a=b\nENV c=d\n", `Dockerfile:3\n${rule}\n   2 |     ENV z=1\n   3 | >>> FOO x \\\n   4 | >>>  y \\\n   5 | >>>  z\n   6 |     ENV a=b\n${rule}\n`],
  ])("excerpt() marks %s as BuildKit does", (_, text, excerpt) => {
    expect(failure(text).excerpt()).toBe(excerpt);
  });

  test.each([
    ["an instruction", "FROM scratch\n\tRUNN x\n", " |     \t^^^^\n"],
    ["a flag", "FROM scratch\nCOPY --chwn=1 a b\n", " |          ^^^^^^\n"],
    ["a word in a later line", "FROM scratch\nENV a=b \\\n  c\n", " |       ^\n"],
  ])("excerpt() with a caret marks %s", (_, text, row) => {
    const error = failure(text);
    expect(error.excerpt()).not.toContain("^");
    expect(error.excerpt({ caret: true })).toContain(row);
  });

  test("a line above 64 KiB is refused where it is", () => {
    const { message, firstLine } = failure(`FROM scratch\nENV a=${"x".repeat(70_000)}\n`);
    expect([message, firstLine]).toEqual(["dockerfile line greater than max allowed size of 65535", 2]);
  });

  test("more instructions than anybody writes are refused", () => {
    expect(failure(`FROM scratch\n${"ENV a=b\n".repeat(10_000)}`).message).toBe("the Dockerfile has more than 10000 instructions");
  });

  test("an empty file is refused", () => {
    expect(failure("").message).toBe("the Dockerfile cannot be empty");
  });
});

test.each([
  ["# syntax=docker/dockerfile:1\n", "docker/dockerfile:1"],
  ["#!/bin/x\n# syntax = a/b:c --opt\nFROM x\n", "a/b:c"],
  ["// syntax=a/b\nimport x\n", "a/b"],
  ['{"syntax": "a/b", "x": 1}', "a/b"],
  ["\ufeff# escape=`\n#SYNTAX=a/b\n", "a/b"],
  ["# hello\n# syntax=a/b\n", undefined],
  ["FROM x\n", undefined],
])("detectSyntax() of %j is %p", (text, syntax) => {
  expect(detectSyntax(text)).toBe(syntax as string);
});

test.each(["docker/dockerfile:1", "docker/dockerfile:1.7-labs", "docker.io/docker/dockerfile", "mirror.example.com:5000/docker/dockerfile-upstream:master"])("the frontend %s is the engine's own", (syntax) => {
  expect(parseDockerfile(`# syntax=${syntax}\nFROM scratch\n`).directives.syntax).toBe(syntax);
});

test("another frontend is refused in words", () => {
  const { message, firstLine } = failure("# escape=`\n# syntax=example.com/earthfile:1\nFROM scratch\n");
  expect([message, firstLine]).toEqual(["the frontend example.com/earthfile:1 is not supported: this engine reads the language of docker/dockerfile:1 itself; name that one, or none", 2]);
});

describe("instructionTitle()", () => {
  const environment = environmentOf(["a=1", "s=hidden"]);
  test.each([
    ["run echo $a $b 'q' \"$a\"", "RUN echo 1 $b 'q' \"1\""],
    ["RUN <<E\n\nfirst\nsecond\nE", "RUN <<E (first...)"],
    ["RUN <<E\nonly\nE", "RUN <<E (only)"],
    ["RUN cat <<E\nonly\nE", "RUN cat <<E"],
    ["RUN echo 'open", "RUN echo 'open"],
    ['COPY "$a" b /x', "COPY 1 b /x"],
    ["WORKDIR /$a/$b", "WORKDIR /1/"],
    ["RUN --mount=type=secret,id=s,env=s echo $s", "RUN --mount=type=secret,id=s,env=s echo ****"],
  ])("of %j", (text, title) => {
    expect(instructionTitle(expandInstruction(parsed(text), environment).instruction, environment)).toBe(title);
  });
});

describe("parseTrigger()", () => {
  const { source, stages } = parseDockerfile("FROM scratch\nFROM x AS y\n");
  const stage = stages[1] as (typeof stages)[number];

  test("gives the instruction the place of the FROM", () => {
    expect(parseTrigger("RUN <<E\na\nE", stage, source)).toMatchObject({ kind: "run", range: stage.range, heredocs: [{ content: "a\n" }] });
  });

  test.each([
    ["FOO x", "unknown instruction: FOO (did you mean FROM?)"],
    ["RUN a\nRUN b", "onbuild trigger should be a single expression"],
    ["", "file with no instructions"],
    ["RUN <<E", "unterminated heredoc"],
  ])("refuses %j", (expression, message) => {
    expect(() => parseTrigger(expression, stage, source)).toThrow(new DockerfileError(message, source, [stage.range]));
  });
});

describe("EXPANDED_FIELDS names the fields whose variables expandInstruction() replaces", () => {
  test.each([
    "ADD --chown=$x --chmod=$x --checksum=$x --exclude=$x https://example.com/$x <<A $x\n$x\nA",
    "ARG $x=$x",
    "CMD $x",
    "COPY --from=$x --chown=$x --chmod=$x --exclude=$x $x <<A $x\n$x\nA",
    "ENTRYPOINT $x",
    "ENV $x=$x",
    "EXPOSE $x",
    "HEALTHCHECK CMD $x",
    "LABEL $x=$x",
    "MAINTAINER $x",
    "ONBUILD RUN $x",
    "RUN --mount=target=/$x echo $x",
    'SHELL ["$x"]',
    "STOPSIGNAL $x",
    "USER $x",
    "VOLUME $x",
    "WORKDIR $x",
  ])("%s", (text) => {
    const written = parsed(text);
    // 700 is a mode, a port, a name and a number of bytes alike; only the checksum of a download is none, and is left out.
    const given = written.kind === "add" ? { ...written, checksum: "" } : written;
    const { instruction } = expandInstruction(given, environmentOf(["x=700"]));
    const changed = Object.keys(instruction).filter((field) => !Bun.deepEquals(Reflect.get(instruction, field), Reflect.get(given, field)));
    expect(changed.toSorted()).toEqual([...EXPANDED_FIELDS[written.kind]].filter((field) => field !== "checksum").toSorted());
  });
});

test("checkDockerfile() of a build looks only at the stages that are built", () => {
  const dockerfile = parseDockerfile("FROM scratch AS a\nENV x y\nFROM scratch AS b\nENV x=$y\nFROM a\n");
  const platform = { os: "linux", architecture: "amd64" };
  const rules = (how: object): string[] => checkDockerfile(dockerfile, { buildPlatform: platform, targetPlatform: platform, ...how }).warnings.map(({ rule }) => rule);
  expect([rules({}), rules({ onlyNeeded: true }), rules({ target: "b" })]).toEqual([["LegacyKeyValueFormat", "UndefinedVar"], ["LegacyKeyValueFormat"], ["UndefinedVar"]]);
});

describe("StageScope", () => {
  const scope = (): StageScope => StageScope.ofImage(["PATH=/bin"], { globals: environmentOf(["g=global"]), buildArgs: { a: "given" } });
  const go = (lines: string[]): StageScope => {
    const begun = scope();
    for (const line of lines) begun.step(parsed(line));
    return begun;
  };

  test("args take the build's value, the default, or the global one, and ENV hides them", () => {
    expect(go(["ARG a=1 g h i=$a", "ENV i=env"]).args).toEqual([["a", "given"], ["g", "global"], ["h", ""], ["i", "env"]]);
  });

  test("a stage on top of another begins with its variables and does not change them", () => {
    const below = go(["ARG a", "ENV e=1"]);
    const above = below.derived();
    above.step(parsed("ENV e=$a$e f=2"));
    expect([below.environment.get("e"), above.environment.get("e"), below.environment.get("f"), above.args.length]).toEqual(["1", "given1", undefined, 1]);
  });

  test("variables that grow without end are refused", () => {
    const begun = go([`ENV a0=${"x".repeat(1000)}`]);
    expect(() => {
      for (let i = 0; i < 64; i++) begun.step(parsed(`ENV a${i + 1}=$a${i}$a${i}`));
    }).toThrow(InstructionError);
  });
});

test("applyToConfig() resets CMD by ENTRYPOINT only when CMD is not the stage's own", () => {
  const inherited = { Cmd: ["base"], Labels: { ["__proto__"]: "x" } };
  const entrypoint = expandInstruction(parsed('ENTRYPOINT ["e"]'), environmentOf([])).instruction;
  expect(applyToConfig(inherited, entrypoint).Cmd).toBeNull();
  expect(applyToConfig(inherited, entrypoint, { commandSet: true }).Cmd).toEqual(["base"]);
  const label = expandInstruction(parsed("LABEL __proto__=y"), environmentOf([])).instruction;
  expect(Object.entries(applyToConfig(inherited, label).Labels ?? {})).toEqual([["__proto__", "y"]]);
});
