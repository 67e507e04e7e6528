/** The real buildx builds with its docker driver: BuildKit's own protocol, on connections that HTTP has let go of. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Buildx, DOCKER_BUILDX } from "../docker-buildx.ts";
import { BUSYBOX, run, startEngine, type TestEngine } from "../harness.ts";

const folder = mkdtempSync("/tmp/hk-buildx-");
const context = join(folder, "context");
let engine: TestEngine;
let buildx: Buildx;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!DOCKER_BUILDX)("buildx", () => {
  beforeAll(async () => {
    engine = await startEngine();
    buildx = new Buildx(engine, folder);
    mkdirSync(join(context, "sub"), { recursive: true });
    for (const [name, text] of [["a.txt", "a\n"], ["sub/b.txt", "b\n"], ["left.log", "out\n"], [".dockerignore", "*.log\n"]] as const) writeFileSync(join(context, name), text);
    symlinkSync("a.txt", join(context, "link"));
    chmodSync(join(context, "a.txt"), 0o754);
  }, 120_000);
  afterAll(async () => engine[Symbol.asyncDispose](), 120_000);

  /** `buildx build` of these lines. */
  const build = async (dockerfile: string, args: readonly string[] = [], options: { readonly stdin?: string } = {}): Promise<{ code: number; output: string }> => {
    writeFileSync(join(folder, "Dockerfile"), dockerfile);
    const { code, stdout, stderr } = await buildx.run(["build", "-f", join(folder, "Dockerfile"), ...args, context], options);
    return { code, output: stdout + stderr };
  };
  const built = async (dockerfile: string, args: readonly string[] = []): Promise<string> => {
    const { code, output } = await build(dockerfile, args);
    if (code !== 0) throw new Error(output);
    return output;
  };

  test("the engine is a builder, with its version and platform", async () => {
    const shown = await buildx.ok(["inspect"]);
    expect(shown).toMatch(/Driver: +docker\n/);
    expect(shown).toMatch(/Status: +running\n/);
    expect(shown).toMatch(/Platforms: +linux\//);
    expect(shown.match(/^GC Policy rule#\d:$/gm)).toHaveLength(4);
  });

  test("an image of FROM, RUN and COPY, with progress; what is ignored does not come", async () => {
    const lines = `FROM ${BUSYBOX}\nARG WHO\nRUN echo hello $WHO > /hi && cat /hi\nCOPY . /src\nCMD ["cat", "/hi"]\n`;
    const output = await built(lines, ["-t", "built:1", "--build-arg", "WHO=you", "--label", "of=buildx", "--iidfile", join(folder, "id")]);
    expect(output).toMatch(/#\d+ \[2\/3\] RUN echo hello you > \/hi && cat \/hi\n/);
    expect(output).toMatch(/#\d+ [0-9.]+ hello you\n/);
    expect(await engine.ok("run", "--rm", "built:1")).toBe("hello you");
    expect(await engine.ok("run", "--rm", "built:1", "sh", "-c", "cd /src; find . | sort; stat -c %a a.txt; readlink link")).toBe(".\n./.dockerignore\n./a.txt\n./link\n./sub\n./sub/b.txt\n754\na.txt");
    expect(await engine.ok("image", "inspect", "--format", "{{.Id}} {{.Config.Labels.of}}", "built:1")).toBe(`${readFileSync(join(folder, "id"), "utf8")} buildx`);
    const again = await built(lines, ["-t", "built:1", "--build-arg", "WHO=you", "--label", "of=buildx"]);
    expect(again.match(/CACHED/g)?.length).toBe(3);
  });

  test("a file that changed comes again, and only it", async () => {
    const lines = `FROM ${BUSYBOX}\nCOPY sub /sub\nCMD ["cat", "/sub/b.txt", "/sub/c.txt"]\n`;
    writeFileSync(join(context, "sub/c.txt"), "c\n".repeat(1_000_000));
    await built(lines, ["-t", "changing"]);
    writeFileSync(join(context, "sub/b.txt"), "changed\n");
    writeFileSync(join(context, "sub/c.txt"), "c\n");
    const output = await built(lines, ["-t", "changing"]);
    expect(await engine.ok("run", "--rm", "changing")).toBe("changed\nc");
    expect(output).toMatch(/transferring context: \d+B/);
  });

  test("secrets and what is not there; nothing of a secret stays", async () => {
    writeFileSync(join(folder, "secret"), "hush");
    const output = await built(`FROM ${BUSYBOX}\nRUN --mount=type=secret,id=known wc -c < /run/secrets/known\nRUN --mount=type=secret,id=unknown test ! -e /run/secrets/unknown\n`, ["--secret", `id=known,src=${join(folder, "secret")}`, "-t", "secret"]);
    expect(output).toMatch(/ 4\n/);
    const { code, output: refused } = await build(`FROM ${BUSYBOX}\nRUN --mount=type=secret,id=unknown,required=true true\n`);
    expect(code).toBe(1);
    expect(refused).toContain("secret unknown: not found");
  });

  test("the result as a folder, with modes and links, and as archives", async () => {
    const lines = `FROM ${BUSYBOX} AS made\nRUN mkdir -p /out/d/e && echo x > /out/d/e/f && ln -s f /out/d/e/l && ln /out/d/e/f /out/hard && dd if=/dev/zero of=/out/big bs=1M count=3 && chmod 4755 /out/big\nFROM scratch\nCOPY --from=made /out /\n`;
    await built(lines, ["-o", join(folder, "files")]);
    const files = (name: string): string => join(folder, "files", name);
    expect([lstatSync(files("big")).size, lstatSync(files("big")).mode & 0o7777]).toEqual([3 * 1024 * 1024, 0o4755]);
    expect([readFileSync(files("d/e/f"), "utf8"), readlinkSync(files("d/e/l"))]).toEqual(["x\n", "f"]);
    expect(lstatSync(files("hard")).ino).toBe(lstatSync(files("d/e/f")).ino);
    await built(lines, ["-o", `type=tar,dest=${join(folder, "files.tar")}`]);
    expect((await run(["tar", "-tf", join(folder, "files.tar")])).stdout.split("\n")).toContain("d/e/f");
    await built(lines, ["-t", "archived:1", "-o", `type=docker,dest=${join(folder, "image.tar")}`]);
    expect(await engine.ok("load", "-i", join(folder, "image.tar"))).toContain("Loaded image: archived:1");
    await built("FROM scratch\nARG TARGETARCH\nCOPY a.txt /$TARGETARCH\n", ["--platform", "linux/amd64,linux/arm64", "-t", "index:1", "-o", `type=oci,dest=${join(folder, "oci.tar")}`, "-o", join(folder, "each")]);
    expect((await run(["tar", "-tf", join(folder, "oci.tar")])).stdout).toContain("index.json");
    expect([readFileSync(join(folder, "each/linux_amd64/amd64"), "utf8"), readFileSync(join(folder, "each/linux_arm64/arm64"), "utf8")]).toEqual(["a\n", "a\n"]);
  });

  test("what fails is shown with its output, its place and in Docker's words", async () => {
    const failed = await build(`FROM ${BUSYBOX}\nRUN echo before; exit 7\n`);
    expect(failed.code).toBe(1);
    expect(failed.output).toContain("before");
    expect(failed.output).toContain("   2 | >>> RUN echo before; exit 7\n");
    expect(failed.output).toContain('ERROR: failed to build: failed to solve: process "/bin/sh -c echo before; exit 7" did not complete successfully: exit code: 7');
    const wrong = await build("FROM scratch\nRUNN x\n");
    expect(wrong.output).toContain("ERROR: failed to build: failed to solve: dockerfile parse error on line 2: unknown instruction: RUNN (did you mean RUN?)");
    const missing = await build("FROM scratch\nCOPY nothing /\n");
    expect(missing.output).toMatch(/ERROR: failed to build: failed to solve: failed to compute cache key: .*"\/nothing": not found/);
  });

  test("the checks, without building", async () => {
    const { code, output } = await build("FROM scratch AS Upper\nCOPY a.txt /\n", ["--check"]);
    expect(code).toBe(1);
    expect(output).toContain("WARNING: StageNameCasing");
    const stopped = await build("FROM $base\n", ["--check"]);
    expect(stopped.code).toBe(1);
    expect(stopped.output).toContain("WARNING: UndefinedArgInFrom - https://docs.docker.com/go/dockerfile/rule/undefined-arg-in-from/\nFROM argument 'base' is not declared\n");
    expect(stopped.output).toContain("ERROR: base name ($base) should not be blank\n");
    expect((await build("FROM scratch AS one\nFROM scratch AS two\n", ["--call", "targets"])).output).toMatch(/one[^]*two \(default\)/);
  });

  test("a Dockerfile by standard input, an archive by it, and further contexts", async () => {
    expect((await buildx.run(["build", "-t", "stdin:1", "-"], { stdin: `FROM ${BUSYBOX}\nCMD ["echo", "typed"]\n` })).code).toBe(0);
    expect(await engine.ok("run", "--rm", "stdin:1")).toBe("typed");
    writeFileSync(join(folder, "Dockerfile.sent"), `FROM ${BUSYBOX}\nCOPY a.txt /a\nCMD ["cat", "/a"]\n`);
    await run(["tar", "-C", context, "-cf", join(folder, "sent.tar"), "a.txt"]);
    await run(["tar", "-C", folder, "-rf", join(folder, "sent.tar"), "Dockerfile.sent"]);
    const sent = await run([DOCKER_BUILDX ?? "", "build", "-t", "sent:1", "-f", "Dockerfile.sent", "-"], { stdin: readFileSync(join(folder, "sent.tar")), env: { DOCKER_HOST: engine.host, DOCKER_CONFIG: join(folder, "docker-config") } });
    expect({ code: sent.code, error: sent.code === 0 ? "" : sent.stderr }).toEqual({ code: 0, error: "" });
    expect(await engine.ok("run", "--rm", "sent:1")).toBe("a");
    await built("FROM base\nCOPY --from=more b.txt /more\nCMD [\"cat\", \"/more\"]\n", ["--build-context", `base=docker-image://${BUSYBOX}`, "--build-context", `more=${join(context, "sub")}`, "-t", "contexts:1"]);
    expect(await engine.ok("run", "--rm", "contexts:1")).toBe("changed");
  });

  test("several targets at once", async () => {
    writeFileSync(join(folder, "docker-bake.json"), JSON.stringify({ group: { default: { targets: ["one", "two"] } }, target: Object.fromEntries(["one", "two"].map((name) => [name, { context, tags: [`baked:${name}`], "dockerfile-inline": `FROM ${BUSYBOX}\nRUN echo ${name} > /n\nCMD ["cat", "/n"]\n` }])) }));
    await buildx.ok(["bake", "-f", join(folder, "docker-bake.json"), "--allow", `fs.read=${folder}`]);
    expect([await engine.ok("run", "--rm", "baked:one"), await engine.ok("run", "--rm", "baked:two")]).toEqual(["one", "two"]);
  });

  test("a target that builds upon others", async () => {
    const target = (lines: string, on?: string) => ({ context, "dockerfile-inline": lines, ...(on !== undefined && { contexts: { base: `target:${on}` } }) });
    const targets = { first: target(`FROM ${BUSYBOX}\nRUN echo first > /n\nENV OF=first\n`), second: target("FROM base\nRUN echo $OF second >> /n\n", "first"), last: { ...target("FROM base\nCMD [\"cat\", \"/n\"]\n", "second"), tags: ["linked:1"] } };
    writeFileSync(join(folder, "docker-bake.json"), JSON.stringify({ target: targets }));
    await buildx.ok(["bake", "-f", join(folder, "docker-bake.json"), "--allow", `fs.read=${folder}`, "last"]);
    expect(await engine.ok("run", "--rm", "linked:1")).toBe("first\nfirst second");
    expect(await engine.ok("images", "--format", "{{.Repository}}")).not.toContain("invalid");
  });

  test("an interrupted build ends its steps", async () => {
    writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX}\nRUN echo begun; sleep 4321\n`);
    const live = buildx.live("build", "-f", join(folder, "Dockerfile"), context);
    await live.until(/ begun\n/, 60_000);
    process.kill(live.pid, "SIGINT");
    expect(await live.exited).not.toBe(0);
    for (let looks = 0; (await run(["pgrep", "-f", "^sleep 4321$"])).code === 0; looks++) {
      if (looks > 100) throw new Error("the step's process is still there");
      await new Promise((resolve) => setImmediate(resolve));
    }
  });

  test("a cache in a folder of the client's, which hako build reads too, and the other way round", async () => {
    const lines = `FROM ${BUSYBOX} AS made\nRUN cat /proc/sys/kernel/random/uuid > /made\nFROM ${BUSYBOX}\nRUN cat /proc/sys/kernel/random/uuid > /own\nCOPY --from=made /made /\nCMD cat /made /own\n`;
    const shown = async (name: string): Promise<string> => await engine.ok("run", "--rm", name);
    const [cache, other] = [join(folder, "cache"), join(folder, "other-cache")];
    await built(lines, ["-t", "cached:1", "--cache-to", `type=local,dest=${cache},mode=max`]);
    const first = await shown("cached:1");
    await buildx.ok(["prune", "-af"]);
    expect(await built(lines, ["-t", "cached:2", "--cache-from", `type=local,src=${cache}`])).toMatch(/importing cache manifest from local:/);
    await buildx.ok(["prune", "-af"]);
    writeFileSync(join(folder, "Dockerfile"), lines);
    await engine.ok("build", "-f", join(folder, "Dockerfile"), "-t", "cached:3", "--cache-from", `type=local,src=${cache}`, "--cache-to", `type=local,dest=${other},mode=max`, context);
    await buildx.ok(["prune", "-af"]);
    await built(lines, ["-t", "cached:4", "--cache-from", `type=local,src=${other}`]);
    for (const name of ["cached:2", "cached:3", "cached:4"]) expect({ name, shown: await shown(name) }).toEqual({ name, shown: first });
    // One more tag in the same folder, and one that is not there.
    await built(lines, ["--cache-to", `type=local,dest=${cache},tag=more`]);
    expect((JSON.parse(readFileSync(join(cache, "index.json"), "utf8")) as { readonly manifests: readonly unknown[] }).manifests).toHaveLength(2);
    expect(await built(lines, ["--cache-from", `type=local,src=${join(folder, "nowhere")}`])).not.toContain("importing cache");
  }, 90_000);

  test("an OCI layout as the result, and as a context", async () => {
    const layout = join(folder, "layout");
    await built(`FROM scratch\nARG TARGETARCH\nCOPY a.txt /of-$TARGETARCH\n`, ["--platform", "linux/amd64,linux/arm64", "-t", "laid:1", "-o", `type=oci,dest=${layout},tar=false`]);
    const { manifests: [descriptor] } = JSON.parse(readFileSync(join(layout, "index.json"), "utf8")) as { readonly manifests: readonly { readonly digest: string }[] };
    const lines = `FROM ${BUSYBOX}\nCOPY --from=laid / /laid\nCMD ["ls", "/laid"]\n`;
    for (const [name, place] of [["by-tag", `${layout}:1`], ["by-digest", `${layout}@${descriptor?.digest}`]] as const) {
      await built(lines, ["-t", name, "--build-context", `laid=oci-layout://${place}`]);
      expect(await engine.ok("run", "--rm", name)).toBe(`of-${process.arch === "arm64" ? "arm64" : "amd64"}`);
    }
    const missing = await build(lines, ["--build-context", `laid=oci-layout://${layout}@sha256:${"0".repeat(64)}`]);
    expect(missing.code).toBe(1);
    expect(missing.output).toMatch(/content sha256:0+: not found/);
  }, 60_000);

  test("builds are remembered: listed, shown, their logs followed, forgotten", async () => {
    await buildx.ok(["history", "rm", "--all"]);
    const metadata = join(folder, "metadata.json");
    await built(`FROM ${BUSYBOX}\nARG WHO\nRUN echo remembered $WHO\n`, ["--build-arg", "WHO=me", "--metadata-file", metadata]);
    expect((await build(`FROM ${BUSYBOX}\nRUN echo before; exit 9\n`)).code).toBe(1);
    const { "buildx.build.ref": ref = "", "buildx.build.provenance": provenance } = JSON.parse(readFileSync(metadata, "utf8")) as { readonly "buildx.build.ref"?: string; readonly "buildx.build.provenance"?: { readonly materials: readonly { readonly uri: string }[] } };
    expect(provenance?.materials[0]?.uri).toStartWith("pkg:docker/busybox@test");
    const id = ref.slice(ref.lastIndexOf("/") + 1);
    const listed = (await buildx.ok(["history", "ls", "--format", "json"])).trim().split("\n").map((line) => JSON.parse(line) as { readonly ref: string; readonly status: string });
    expect(listed.map(({ status }) => status)).toEqual(["Error", "Completed"]);
    expect(listed[1]?.ref).toBe(ref);
    expect(JSON.parse(await buildx.ok(["history", "inspect", id, "--format", "json"]))).toMatchObject({ Ref: id, Status: "completed", BuildArgs: [{ Name: "WHO", Value: "me" }], Materials: [{ URI: expect.stringContaining("busybox") }], Attachments: [{ Type: "https://slsa.dev/provenance/v0.2" }] });
    expect(await buildx.ok(["history", "logs", id])).toMatch(/#\d+ [0-9.]+ remembered me\n/);
    const failed = await buildx.ok(["history", "inspect"]);
    expect(failed).toContain('process "/bin/sh -c echo before; exit 9" did not complete successfully: exit code: 9');
    expect(failed).toContain("   2 | >>> RUN echo before; exit 9\n");
    expect(failed).toMatch(/Logs:\n> => \[2\/2\] RUN echo before; exit 9:\n> before\n/);
    expect(JSON.parse(await buildx.ok(["history", "inspect", "attachment", "--type", "provenance", id]))).toMatchObject({ buildType: "https://mobyproject.org/buildkit@v1", invocation: { parameters: { args: { "build-arg:WHO": "me" } } } });
    await buildx.ok(["history", "export", "-o", join(folder, "exported.dockerbuild"), id]);
    await buildx.ok(["history", "rm", id]);
    expect((await buildx.run(["history", "rm", id])).stderr).toBe(`ERROR: lease "ref_${id}": not found\n`);
    expect((await buildx.run(["history", "logs", id])).stderr).toBe(`ERROR: no record found for ref "${id}"\n`);
  }, 60_000);

  test("the log of a build that goes on is followed to its end", async () => {
    await buildx.ok(["history", "rm", "--all"]);
    writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX}\nRUN --mount=type=cache,target=/gate echo waiting; until test -e /gate/open; do sleep 0.1; done; echo opened\n`);
    const live = buildx.live("build", "-f", join(folder, "Dockerfile"), context);
    await live.until(/ waiting\n/, 30_000);
    expect(await buildx.ok(["history", "ls"])).toMatch(/ Running .*\+/);
    const logs = buildx.live("history", "logs");
    await logs.until(/ waiting\n/, 30_000);
    await built(`FROM ${BUSYBOX}\nRUN --mount=type=cache,target=/gate touch /gate/open\n`);
    expect([await live.exited, await logs.exited]).toEqual([0, 0]);
    expect(logs.output).toMatch(/ opened\n/);
  }, 60_000);

  test("what builds keep is listed and pruned", async () => {
    expect(await buildx.ok(["du"])).toMatch(/Total:\s/);
    expect((await buildx.ok(["du", "--verbose", "--filter", "description~=echo.remembered"])).match(/^Description: .*$/gm)).toHaveLength(1);
    expect(await buildx.ok(["prune", "-f", "--filter", "id=none-is-called-so"])).toMatch(/Total:\s+0B/);
    await buildx.ok(["prune", "-af"]);
    expect(await buildx.ok(["du"])).toMatch(/Total:\s+0B/);
  });
});
