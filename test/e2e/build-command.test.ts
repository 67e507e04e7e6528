/** `hako build` and its family as people use them, with the engine at the other end of the connection. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, HAKO, Live, startEngine, type TestEngine } from "../harness.ts";
import { run } from "../processes.ts";
import { until } from "../until.ts";

let engine: TestEngine;
let scratch: string;
beforeAll(async () => {
  engine = await startEngine();
  scratch = mkdtempSync(join(engine.runRoot, "build-"));
});
// A worker for files that nobody needs any more ends after some seconds.
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

function project(files: Record<string, string>): string {
  const folder = mkdtempSync(join(scratch, "p-"));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, path, ".."), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

const IMAGE_ID = /^sha256:[0-9a-f]{64}\n$/;
const timeless = (text: string): string => text.replace(/\d+\.\d+s?/g, "T").replace(/sha256:[0-9a-f]{64}/g, "ID");

describe("hako build", () => {
  test("makes an image of a folder, leaving out what .dockerignore names", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY . /ctx\nRUN ls -A /ctx >/list\nCMD ["cat","/list"]\n`, ".dockerignore": "*.log\nsecret\n!secret/keep\n", a: "1", "b.log": "2", "secret/x": "3", "secret/keep": "4" });
    expect((await engine.hako("build", "-q", "-t", "ignored", folder)).stdout).toMatch(IMAGE_ID);
    expect(await engine.ok("run", "--rm", "ignored")).toBe(".dockerignore\nDockerfile\na\nsecret");
  });

  test("prints steps as BuildKit does", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo hi; echo there >&2\n` });
    const { code, stderr } = await engine.hako("build", "--progress", "plain", folder);
    expect(code).toBe(0);
    const text = timeless(stderr);
    expect(text).toStartWith('#0 building with "default" instance using docker driver\n\n#1 [internal] load build definition from Dockerfile\n#1 transferring dockerfile: ');
    expect(text).toContain(`] RUN echo hi; echo there >&2\n`);
    expect(text).toMatch(/\n#(\d+) T hi\n#\1 T there\n#\1 DONE T\n/);
    expect(text).toMatch(/\n#\d+ exporting to image\n(#.*\n)*#\d+ writing image ID done\n(#.*\n)*#\d+ DONE T\n$/);
    const again = await engine.hako("build", "--progress", "plain", folder);
    expect(again.stderr).toMatch(/#(\d+) \[2\/2\] RUN echo hi; echo there >&2\n#\1 CACHED\n/);
  });

  test("what cannot be parsed has been loaded all the same", async () => {
    const folder = project({ Dockerfile: "FROM scratch as named\nCOPY \u001b]0;title\u0007\n" });
    const { code, stderr } = await engine.hako("build", "--progress", "plain", folder);
    expect(code).toBe(1);
    expect(timeless(stderr)).toContain("#1 transferring dockerfile: 38B done\n#1 DONE T\nDockerfile:2\n");
    expect(stderr).toContain("ERROR: failed to build: failed to solve: dockerfile parse error on line 2: COPY requires at least two arguments");
    const check = await engine.hako("build", "--check", folder);
    expect(check.code).toBe(1);
    expect(check.stdout).toMatch(/^Check complete, 1 warning has been found!\n\nWARNING: FromAsCasing - /);
    expect(check.stdout).toContain("\nERROR: dockerfile parse error on line 2: COPY requires at least two arguments");
    // eslint-disable-next-line no-control-regex
    expect(check.stdout + check.stderr + stderr).not.toMatch(/[\u001b\u0007]/);
  });

  test("stages take only from those before them", async () => {
    const failure = async (Dockerfile: string): Promise<string> => (await engine.hako("build", project({ Dockerfile }))).stderr;
    expect(await failure("FROM scratch AS a\nCOPY --from=b /x /y\nFROM scratch AS b\nFROM a\n")).toContain('failed to solve: cannot copy from stage "b", it needs to be defined before current stage "a"');
    expect(await failure("FROM scratch AS a\nRUN --mount=from=b,target=/x true\nFROM scratch AS b\nFROM a\n")).toContain('failed to solve: cannot mount from stage "b" to "/x", stage needs to be defined before current command');
  });

  test("the frontends of docker/dockerfile are served by the engine itself, others refused", async () => {
    const outcome = async (line: string, ...args: string[]): Promise<string> => (await engine.hako("build", "-q", ...args, project({ Dockerfile: `${line}FROM scratch\nLABEL a=b\n` }))).stderr;
    for (const syntax of ["docker/dockerfile:1", "docker/dockerfile:1.7-labs", `docker/dockerfile:1@sha256:${"a".repeat(64)}`, "docker.io/docker/dockerfile", "mirror.example:5000/docker/dockerfile:1.20", "docker/dockerfile-upstream:master"]) expect(await outcome(`# syntax=${syntax}\n`)).toBe("");
    expect(await outcome("# syntax=example/frontend:2\n")).toContain("the frontend example/frontend:2 is not supported: this engine reads the language of docker/dockerfile:1 itself");
    expect(await outcome("# syntax=example/frontend\n", "--build-arg", "BUILDKIT_SYNTAX=docker/dockerfile:1")).toBe("");
    expect(await outcome("", "--build-arg", "BUILDKIT_SYNTAX=example/other")).toContain("the frontend example/other is not supported");
    expect(await outcome("", "--build-context", "x=target:y")).toBe("ERROR: failed to build: failed to find target y for context x\n");
  });

  test("tells at the end what failed, with its output and its place", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo fine\nRUN echo out; echo err >&2; exit 3\n` });
    const { code, stderr } = await engine.hako("build", "--progress", "plain", folder);
    expect(code).toBe(1);
    expect(timeless(stderr)).toEndWith(
      [
        "------",
        " > [3/3] RUN echo out; echo err >&2; exit 3:",
        "T out",
        "T err",
        "------",
        "Dockerfile:3",
        "--------------------",
        `   1 |     FROM ${BUSYBOX}`,
        "   2 |     RUN echo fine",
        "   3 | >>> RUN echo out; echo err >&2; exit 3",
        "   4 |     ",
        "--------------------",
        'ERROR: failed to build: failed to solve: process "/bin/sh -c echo out; echo err >&2; exit 3" did not complete successfully: exit code: 3\n',
      ].join("\n"),
    );
  });

  test("what a step prints does not speak to the terminal", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nRUN printf '\\033]0;title\\007\\033[2Jbad\\033[31mred\\033[0m\\n'\n` });
    const { stderr } = await engine.hako("build", "--progress", "plain", folder);
    // eslint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/\u001b[^[]|\u001b\[2J|\u0007/);
    expect(stderr).toContain("\u001b[31mred\u001b[0m");
  });

  test("takes the Dockerfile from elsewhere, from standard input, and whole contexts from there", async () => {
    const folder = project({ f: "content" });
    const outside = join(scratch, "Outside.dockerfile");
    writeFileSync(outside, `FROM ${BUSYBOX}\nCOPY f /f\n`);
    const fromFile = await engine.ok("build", "-q", "-f", outside, folder);
    const { stdout: fromStdin } = await engine.hakoWith({ stdin: readFileSync(outside) }, "build", "-q", "-f", "-", folder);
    expect(fromStdin.trim()).toBe(fromFile.trim());
    const { stdout: withoutContext } = await engine.hakoWith({ stdin: `FROM ${BUSYBOX}\nRUN true\n` }, "build", "-q", "-");
    expect(withoutContext).toMatch(IMAGE_ID);
    writeFileSync(join(folder, "Dockerfile"), readFileSync(outside));
    await run(["tar", "-C", folder, "-czf", join(scratch, "context.tgz"), "."]);
    const { stdout: fromTar } = await engine.hakoWith({ stdin: readFileSync(join(scratch, "context.tgz")) }, "build", "-q", "-");
    expect(fromTar.trim()).toBe(fromFile.trim());
  });

  test("arguments, secrets, named contexts and targets", async () => {
    const folder = project({
      Dockerfile: `FROM ${BUSYBOX} AS one\nARG A=none\nARG FROM_ENV\nRUN --mount=type=secret,id=s --mount=type=secret,id=e,env=E echo "$A $FROM_ENV $(cat /run/secrets/s) $E" >/said\nCOPY --from=other /x /x\nFROM one\nRUN exit 1\n`,
      secret: "from a file",
    });
    const other = project({ x: "named" });
    const { code, stderr } = await engine.hakoWith(
      { env: { FROM_ENV: "variable", SECRET: "from a variable" } },
      "build", "-t", "given", "--target", "one", "--build-arg", "A=argument", "--build-arg", "FROM_ENV", "--secret", `id=s,src=${join(folder, "secret")}`, "--secret", "id=e,env=SECRET", "--build-context", `other=${other}`, folder,
    );
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(await engine.ok("run", "--rm", "given", "cat", "/said", "/x")).toBe("argument variable from a file from a variable\nnamed");
    expect(await engine.ok("history", "--no-trunc", "given")).not.toContain("from a file");
  });

  test("writes its results where they are asked for", async () => {
    const folder = project({ Dockerfile: "FROM scratch\nCOPY f /dir/f\n", f: "content" });
    const [into, tar, iid, metadata] = ["into", "result.tar", "iid", "metadata"].map((name) => join(scratch, name)) as [string, string, string, string];
    await engine.ok("build", "-q", "-o", into, folder);
    expect(readFileSync(join(into, "dir/f"), "utf8")).toBe("content");
    await engine.ok("build", "-q", "-o", `type=tar,dest=${tar}`, folder);
    expect((await run(["tar", "-tf", tar])).stdout).toContain("dir/f\n");
    await engine.ok("build", "-q", "-o", `type=oci,dest=${tar}`, folder);
    expect((await run(["tar", "-tf", tar])).stdout).toContain("oci-layout\n");
    const { stdout } = await engine.hako("build", "-q", "--iidfile", iid, "--metadata-file", metadata, "-t", "noted", folder);
    expect(readFileSync(iid, "utf8")).toBe(stdout.trim());
    expect(JSON.parse(readFileSync(metadata, "utf8"))).toMatchObject({ "containerimage.config.digest": stdout.trim(), "image.name": "docker.io/library/noted:latest" });
  });

  test("--check and --call answer without building", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX} as base\nRUN exit 1\n` });
    const check = await engine.hako("build", "--check", folder);
    expect([check.code, check.stdout.split("\n").slice(0, 3)]).toEqual([1, ["Check complete, 1 warning has been found!", "", "WARNING: FromAsCasing - https://docs.docker.com/go/dockerfile/rule/from-as-casing/"]]);
    const targets = await engine.hako("build", "--call", "targets,format=json", folder);
    expect(JSON.parse(targets.stdout)).toMatchObject({ targets: [{ name: "base", default: true }] });
  });

  test("ctrl-c ends the steps and says so once", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo begun; sleep 4321\n` });
    using building = Live.spawn([HAKO, "-H", engine.host, "build", "--progress", "plain", folder]);
    await building.until(/ begun\n/);
    building.signal("SIGINT");
    expect(await building.exited).toBe(130);
    expect(building.output).toEndWith("CANCELED\nERROR: failed to build: failed to solve: Canceled: context canceled\n");
    await until(async () => (await run(["pgrep", "-f", "^sleep 4321"])).code === 1, "the end of the step");
  });

  test("a second build sends what has changed", async () => {
    const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY . /ctx\nCMD ["cat","/ctx/a"]\n`, a: "first", big: "x".repeat(300_000) });
    const sent = (stderr: string): number => {
      const [, value = "0", unit = "B"] = /transferring context: ([\d.]+)([kM]?B).*\n(?:#.*\n)*?#\d+ DONE/.exec(stderr.slice(stderr.indexOf("load build context"))) ?? [];
      return Number(value) * (unit === "MB" ? 1e6 : unit === "kB" ? 1000 : 1);
    };
    const first = await engine.hako("build", "--progress", "plain", "-t", "changing", folder);
    expect(sent(first.stderr)).toBeGreaterThan(300_000);
    writeFileSync(join(folder, "a"), "second one");
    const second = await engine.hako("build", "--progress", "plain", "-t", "changing", folder);
    expect(sent(second.stderr)).toBeLessThan(10_000);
    expect(await engine.ok("run", "--rm", "changing")).toBe("second one");
  });

  test.each([
    [["-t", "UPPER", "."], 'ERROR: failed to build: invalid tag "UPPER": repository name must be lowercase'],
    [["/nonexistent"], 'ERROR: failed to build: unable to prepare context: path "/nonexistent" not found'],
    [["--progress", "foo", "."], "ERROR: invalid progress mode foo"],
    [["--network", "foo", "."], 'ERROR: failed to build: network mode "foo" not supported by buildkit - you can define a custom network for your builder using the network driver-opt in buildx create'],
    [["--secret", "id=x,src=nope", "."], "ERROR: failed to build: failed to stat nope: stat nope: no such file or directory"],
    [["--secret", "foo", "."], "ERROR: invalid field 'foo' must be a key=value pair"],
    [["--ssh", "x=nope", "."], 'ERROR: failed to build: failed to convert agent config {x [nope] false}: failed to convert agent config for ID: "x": stat nope: no such file or directory'],
    [["--push", "."], "ERROR: failed to build: tag is needed when pushing to registry"],
    [["--allow", "foo", "."], "ERROR: failed to build: unknown entitlement foo"],
    [["--platform", "foo/bar/baz/x", "."], 'ERROR: failed to build: "foo/bar/baz/x": cannot parse platform specifier: invalid argument'],
    [["--attest", "foo", "."], "ERROR: invalid value foo"],
    [["--annotation", "foo", "."], 'ERROR: failed to build: parse annotations: invalid annotation "foo", expected key=value'],
    [["--annotation", "foo:a=b", "."], 'ERROR: failed to build: parse annotations: unknown annotation type "foo"'],
    [["-f", "-", "-"], "ERROR: failed to build: invalid argument: can't use stdin for both build context and dockerfile"],
    [["--build-context", "foo", "."], "ERROR: invalid context value: foo, expected key=value"],
    [["--build-context", "foo=/nope", "."], "ERROR: failed to build: failed to get build context foo: stat /nope: no such file or directory"],
    [["-o", "type=local", "."], "ERROR: failed to build: dest is required for local exporter"],
    [["-o", "type=local,dest=-", "."], "ERROR: failed to build: dest cannot be stdout for local exporter"],
    [["--label", "=x", "."], 'ERROR: invalid key-value pair "=x": empty key'],
    [["--add-host", "foo:bar", "."], "ERROR: failed to build: invalid host foo:bar"],
  ])("%p is refused in docker's words", async (args, message) => {
    const { code, stderr } = await engine.hakoWith({ cwd: scratch }, "build", ...args);
    expect([code, stderr]).toEqual([1, `${message}\n`]);
  });

  test("a Dockerfile that is not there", async () => {
    const { code, stderr } = await engine.hako("build", "--progress", "plain", "-f", join(scratch, "nope"), scratch);
    expect([code, stderr.split("\n").at(-2)]).toEqual([1, "ERROR: failed to build: failed to solve: failed to read dockerfile: open nope: no such file or directory"]);
  });
});

test("builder: history, du and prune", async () => {
  const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo remembered\n` });
  await engine.ok("buildx", "history", "rm", "--all");
  await engine.ok("build", "-q", folder);
  const [ref = "", ...others] = (await engine.ok("buildx", "history", "ls", "--format", "{{.Ref}}")).split("\n");
  expect(others).toEqual([]);
  expect((await engine.hako("buildx", "history", "logs", ref)).stderr).toContain(" remembered\n");
  expect(await engine.ok("buildx", "history", "inspect", ref)).toContain(`Ref:\t\t${ref}\n`);
  expect((await engine.hako("buildx", "history", "rm", "nope")).stderr).toBe('ERROR: no record found for ref "nope"\n');
  await engine.ok("buildx", "history", "rm", ref);
  expect(await engine.ok("buildx", "history", "ls", "--format", "{{.Ref}}")).toBe("");
  expect(await engine.ok("buildx", "du")).toStartWith("ID ");
  expect(readdirSync(join(engine.dataRoot, "build/contexts")).length).toBeGreaterThan(0);
  expect(await engine.ok("builder", "prune", "-af")).toContain("Total:\t");
  expect(readdirSync(join(engine.dataRoot, "build/contexts")).filter((name) => !name.startsWith("gone-"))).toEqual([]);
  expect((await engine.hako("buildx", "ls", "--format", "{{.Name}}")).stdout).toBe("default\ndefault\n");
  expect((await engine.hako("--debug", "buildx", "inspect", "nope")).stderr).toBe('ERROR: no builder "nope" found\n');
});

test("an engine that was killed takes contexts up as they were", async () => {
  const folder = project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY . /ctx\n`, a: "1" });
  const before = await engine.ok("build", "-q", folder);
  await engine.kill9();
  await engine.start();
  expect(await engine.ok("build", "-q", folder)).toBe(before);
  rmSync(join(folder, "a"));
  expect(await engine.ok("build", "-q", folder)).not.toBe(before);
  expect(existsSync(join(engine.dataRoot, "build/contexts"))).toBe(true);
});
