/** `bake`: several targets of definition files and Compose files, built at once. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, HAKO, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { until } from "../until.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = scratchFolder();
  mkdirSync(join(folder, "app"));
  writeFileSync(join(folder, "app/Dockerfile"), `FROM ${BUSYBOX}\nARG V=none\nRUN echo "app $V" >/app\nCMD ["cat", "/app"]\n`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

async function bake(files: Readonly<Record<string, string>>, ...args: string[]): Promise<Result> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return await engine.hakoWith({ cwd: folder }, "buildx", "bake", ...Object.keys(files).map((name) => `--file=${name}`), "--progress=plain", ...args);
}

const printed = (image: string): Promise<string> => engine.ok("run", "--rm", "--network", "none", image);
const imageIds = async (): Promise<string[]> => (await engine.ok("images", "-aq", "--no-trunc")).split("\n").sort();

describe("targets that build on each other", () => {
  const linked = `
    group "default" { targets = ["top"] }
    target "base" {
      context = "app"
      args = { V = "base" }
    }
    target "top" {
      contexts = { below = "target:base" }
      dockerfile-inline = "FROM below\\nRUN cat /app >/top && echo top >>/top\\nCMD [\\"cat\\", \\"/top\\"]"
      tags = ["top:1"]
    }`;

  test("what is below is built first, and no image of it stays", async () => {
    const before = await imageIds();
    const { code, stderr } = await bake({ "linked.hcl": linked });
    expect(stderr.slice(-1000) + code).toEndWith("0");
    expect(stderr).toMatch(/\[base 2\/2\] RUN/);
    expect(await printed("top:1")).toBe("app base\ntop");
    const made = (await imageIds()).filter((id) => !before.includes(id));
    expect(made).toEqual([await engine.ok("image", "inspect", "--format", "{{.Id}}", "top:1")]);
  });

  test("one that is wanted itself has its name, and serves all the same", async () => {
    const { code } = await bake({ "linked.hcl": linked.replace('"top"]', '"top", "base"]').replace('args = { V = "base" }', 'args = { V = "both" }\n tags = ["base:1"]') });
    expect(code).toBe(0);
    expect([await printed("base:1"), await printed("top:1")]).toEqual(["app both", "app both\ntop"]);
  });

  test("a bake that is killed leaves no image", async () => {
    const before = await imageIds();
    const slow = linked.replace("RUN cat /app", "RUN touch /begun; sleep 100; cat /app").replace("top:1", "top:slow").replace('"base" }', '"killed" }');
    writeFileSync(join(folder, "slow.hcl"), slow);
    using live = engine.live("buildx", "bake", "--progress=plain", `--set=base.context=${join(folder, "app")}`, `--set=top.context=${folder}`, "-f", join(folder, "slow.hcl"));
    await live.until(/\[top 2\/2\] RUN/);
    live.signal("SIGKILL");
    await live.exited;
    await until(async () => (await imageIds()).length === before.length, "the end of the build");
    expect(await imageIds()).toEqual(before);
  });
});

test("a matrix makes one image of each", async () => {
  const { code, stderr } = await bake({
    "matrix.hcl": `target "each" {
      name = "each-\${v}"
      matrix = { v = ["one", "two"] }
      context = "app"
      args = { V = v }
      tags = ["each:\${v}"]
    }
    group "default" { targets = ["each"] }`,
  });
  expect(stderr.slice(-1000) + code).toEndWith("0");
  expect([await printed("each:one"), await printed("each:two")]).toEqual(["app one", "app two"]);
});

test("--set has the last word, --print builds nothing", async () => {
  const definition = 'target "default" {\n context = "app"\n args = { V = "file" }\n tags = ["set:1"]\n}';
  const shown = await bake({ "set.hcl": definition }, "--print", "--set", "default.args.V=line");
  expect(JSON.parse(shown.stdout)).toEqual({ group: { default: { targets: ["default"] } }, target: { default: { context: "app", dockerfile: "Dockerfile", args: { V: "line" }, tags: ["set:1"] } } });
  expect((await engine.hako("image", "inspect", "set:1")).code).toBe(1);
  expect((await bake({ "set.hcl": definition }, "--set", "*.args.V=line", "--metadata-file", "meta.json")).code).toBe(0);
  expect(await printed("set:1")).toBe("app line");
  const metadata = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as Record<string, Record<string, unknown>>;
  expect(metadata["default"]?.["image.name"]).toContain("set:1");
  expect(metadata["default"]?.["containerimage.config.digest"]).toBe(await engine.ok("image", "inspect", "--format", "{{.Id}}", "set:1"));
});

describe("a Compose file as definition", () => {
  const compose = `
name: baked
services:
  web:
    build:
      context: app
      args: { V: compose }
      x-bake:
        tags: ["web:x", "web:y"]
        no-cache: true
        cache-to: type=local,dest=./cache
  db: { image: nothing-to-build }
`;

  test("its services are targets; x-bake says what Compose has no key for", async () => {
    const shown = await bake({ "compose.yaml": compose }, "--print");
    expect(JSON.parse(shown.stdout)).toMatchObject({ group: { default: { targets: ["web"] } }, target: { web: { args: { V: "compose" }, tags: ["web:x", "web:y"], "no-cache": true, "cache-to": [{ type: "local", dest: "./cache" }] } } });
    const { code, stderr } = await bake({ "compose.yaml": compose });
    expect(stderr.slice(-1000) + code).toEndWith("0");
    expect([await printed("web:x"), await printed("web:y")]).toEqual(["app compose", "app compose"]);
    expect(existsSync(join(folder, "cache/index.json"))).toBe(true);
  });

  test("--list names its targets", async () => {
    const { stdout, stderr } = await bake({ "compose.yaml": compose }, "--list=targets");
    expect(stdout + stderr).toMatch(/^TARGET\s+DESCRIPTION\ndefault\s+web\nweb\s*\n$/);
  });
});

test("--list=variables has their defaults", async () => {
  const { stdout } = await bake({ "list.hcl": 'variable "TAG" {\n default = "latest"\n description = "what to call it"\n}\ntarget "default" { tags = ["x:${TAG}"] }' }, "--list=variables");
  expect(stdout).toMatch(/TAG\s+latest\s+what to call it/);
});

test("--call=check looks at every Dockerfile and builds none", async () => {
  writeFileSync(join(folder, "odd.Dockerfile"), `from ${BUSYBOX}\nRUN true\n`);
  const { code, stdout } = await bake({ "check.hcl": 'group "default" { targets = ["a", "b"] }\ntarget "a" {\n context = "app"\n}\ntarget "b" { dockerfile = "odd.Dockerfile" }' }, "--call=check");
  expect(stdout).toContain("ConsistentInstructionCasing");
  expect(stdout).toContain("a\n");
  expect(code).toBe(1);
});

test("the first failure is told, and cancels the others", async () => {
  const { code, stderr } = await bake({
    "fail.hcl": `group "default" { targets = ["bad", "slow"] }
      target "bad" { dockerfile-inline = "FROM ${BUSYBOX}\\nRUN echo why >&2; exit 3" }
      target "slow" { dockerfile-inline = "FROM ${BUSYBOX}\\nRUN sleep 1000" }`,
  });
  expect(code).toBe(1);
  expect(stderr).toContain("why");
  expect(stderr).toMatch(/ERROR: target bad: .*did not complete successfully: exit code: 3/);
});

test("what a definition asks for beyond a plain build the user grants", async () => {
  const definition = { "privileged.hcl": 'target "asking" {\n entitlements = ["security.insecure", "network.host"]\n context = "app"\n output = ["type=cacheonly"]\n}\ntarget "hosts" {\n network = "host"\n context = "app"\n output = ["type=cacheonly"]\n}\n' };
  const refused = await bake(definition, "asking");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain('possibly insecure capabilities:\n\n - Running build containers that can access host network\n - Running privileged containers that can make system changes\n\nPass "--allow=network.host --allow=security.insecure" to grant requested privileges.\n');
  expect(refused.stderr).toContain("ERROR: additional privileges requested\n");
  expect((await bake(definition, "asking", "--allow=security.insecure")).stderr).toContain('Pass "--allow=network.host" to');
  expect((await bake(definition, "hosts")).code).toBe(1);
  expect(await bake(definition, "asking", "hosts", "--allow=network.host", "--allow=security.insecure")).toMatchObject({ code: 0 });
});

describe("a definition from elsewhere", () => {
  const inside = (...command: string[]): string[] => ["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", ...command];
  const remote = async (...args: string[]): Promise<Result> => await run(inside(HAKO, "-H", engine.host, "buildx", "bake", "--progress=plain", ...args), { cwd: folder });
  let server: Live;
  let at: string;
  beforeAll(async () => {
    const sources = join(folder, "sources");
    const work = join(sources, "work");
    mkdirSync(join(work, "sub"), { recursive: true });
    writeFileSync(join(work, "Dockerfile"), "FROM scratch\nCOPY . /\n");
    writeFileSync(join(work, "sub/Dockerfile"), "FROM scratch\nCOPY only /of-sub\n");
    writeFileSync(join(work, "sub/only"), "of sub");
    writeFileSync(join(work, "docker-bake.hcl"), 'target "default" { output = ["out"] }\ntarget "sub" {\n context = "./sub"\n output = ["out-sub"]\n}\ntarget "here" {\n context = BAKE_CMD_CONTEXT\n dockerfile = "cwd://of-here"\n output = ["out-here"]\n}\ntarget "thief" { secret = ["id=x,src=/etc/passwd"] }\n');
    const script = 'cd "$0" && git init -q -b main && git add . && git -c user.name=t -c user.email=t@example.com commit -q -m x && git clone -q --bare . ../repo.git';
    expect(await run(["sh", "-c", script, work])).toMatchObject({ code: 0, stderr: "" });
    server = Live.spawn(inside(process.execPath, join(import.meta.dir, "source-server.ts"), sources));
    at = (await server.until(/^http:\/\/\S+$/m)).trim();
  });
  afterAll(() => server[Symbol.dispose]());

  test("builds its repository, folders of that, and what is here", async () => {
    writeFileSync(join(folder, "of-here"), "FROM scratch\nCOPY here.txt /\n");
    writeFileSync(join(folder, "here.txt"), "here");
    const { code, stderr } = await remote(`${at}/repo.git`, "default", "sub", "here");
    expect(stderr.slice(-1000) + code).toEndWith("0");
    expect(readFileSync(join(folder, "out/sub/only"), "utf8")).toBe("of sub");
    expect(readFileSync(join(folder, "out-sub/of-sub"), "utf8")).toBe("of sub");
    expect(readFileSync(join(folder, "out-here/here.txt"), "utf8")).toBe("here");
  });

  test("shows what it builds", async () => {
    const { stdout } = await remote(`${at}/repo.git#main`, "--print", "default", "sub");
    expect(JSON.parse(stdout)).toMatchObject({ target: { default: { context: `${at}/repo.git#main` }, sub: { context: "sub" } } });
    expect((await remote(`${at}/work/docker-bake.hcl`, "--print")).stdout).toContain('"context": "."');
    expect((await remote(`${at}/nosuch.git`)).stderr).toContain("failed to access repository");
    expect((await remote(`${at.replace("//", "//user:secret@")}/nosuch.git`)).stderr).toContain(`failed to access repository at ${at}/nosuch.git:`);
    expect((await remote(`${at}/repo.git`, "-f", "nosuch.hcl")).stderr).toContain("nosuch.hcl: no such file or directory");
  });

  test("reads nothing outside of the folder that was not granted", async () => {
    const { code, stderr } = await remote(`${at}/repo.git`, "thief");
    expect([code, stderr]).toEqual([1, expect.stringContaining("--allow=fs.read=/etc/passwd")]);
    expect((await remote(`${at}/repo.git`, "thief", "--allow=fs.read=/etc")).stderr).not.toContain("--allow=");
  });

  test.each([
    ["a secret's name alone", 'secret = ["id=/etc/hostname"]', "read=/etc/hostname"],
    ["a Dockerfile beside the context", 'dockerfile = "../../../../../../../../etc/hostname"', "read=/etc/hostname"],
    ["a link of this folder", 'context = "linked"', "read=/etc"],
    ["a folder behind a link", 'output = ["linked/made"]', "write=/etc/made"],
  ])("by %s neither", async (_, text, wanted) => {
    rmSync(join(folder, "linked"), { force: true });
    symlinkSync("/etc", join(folder, "linked"));
    writeFileSync(join(folder, "sources/work/outside.hcl"), `target "default" {\n ${text}\n}\n`);
    const { code, stderr } = await remote(`${at}/work/outside.hcl`);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`--allow=fs.${wanted}\n`)]);
  });
});

test("BUILDX_BAKE_FILE names files where no flag does; a mistake is shown with its line", async () => {
  writeFileSync(join(folder, "named.hcl"), 'target "default" {\n tags = ["a:${nosuch}"]\n}\n');
  const { code, stderr } = await engine.hakoWith({ cwd: folder, env: { BUILDX_BAKE_FILE: "named.hcl" } }, "buildx", "bake", "--print");
  expect(code).toBe(1);
  expect(stderr).toContain('   2 | >>>  tags = ["a:${nosuch}"]\n');
  expect(stderr).toContain('ERROR: named.hcl:2,15: Unknown variable; There is no variable named "nosuch".');
});
