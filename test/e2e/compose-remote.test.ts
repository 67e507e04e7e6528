/** Projects whose files are in repositories and registries. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BUSYBOX, HAKO, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { ownRegistry, type Beside } from "./registry-processes.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let registry: Beside;
let server: Live;
let at: string;
let commit: string;
beforeAll(async () => {
  engine = await startEngine();
  registry = await ownRegistry(engine);
  const sources = join(engine.runRoot, "sources");
  const work = join(sources, "work");
  put(join(work, "compose.yaml"), `services:\n  web: { image: ${BUSYBOX}, command: ["echo", "from \${PLACE:-a repository}"], volumes: ["./data:/data"] }\n`);
  put(join(work, "sub/compose.yaml"), `services:\n  sub: { image: ${BUSYBOX}, env_file: sub.env }\n`);
  put(join(work, "sub/sub.env"), "OF_SUB=1\n");
  symlinkSync("/etc", join(work, "elsewhere"));
  const script = 'cd "$0" && git init -q -b main && git add . && git -c user.name=t -c user.email=t@example.com commit -q -m x && git tag v1 && git rev-parse HEAD && git clone -q --bare . ../repo.git';
  const { stdout, stderr, code } = await run(["sh", "-c", script, work]);
  expect([code, stderr]).toEqual([0, ""]);
  commit = stdout.trim();
  server = Live.spawn(inside(process.execPath, join(import.meta.dir, "source-server.ts"), sources));
  at = `${(await server.until(/^http:\/\/\S+$/m)).trim()}/repo.git`;
});
afterAll(async () => {
  server[Symbol.dispose]();
  await registry[Symbol.asyncDispose]();
  await engine[Symbol.asyncDispose]();
});

function put(path: string, text: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const inside = (...command: string[]): string[] => ["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", ...command];

/** A user's home with nothing in it, and `hako compose` there. */
class Home {
  readonly folder = scratchFolder();
  readonly cache = join(this.folder, ".cache/docker-compose");

  async compose(args: readonly string[], { env = {}, stdin = "" }: { env?: Record<string, string>; stdin?: string } = {}): Promise<Result> {
    return await run(inside(HAKO, "-H", engine.host, "compose", ...args), { cwd: this.folder, stdin, env: { HOME: this.folder, ...env }, timeoutMs: 100_000 });
  }
}

test("a project in a repository is read from the cache's copy of its commit", async () => {
  const home = new Home();
  const copy = join(home.cache, commit);
  const shown = await home.compose(["-p", "remote", "-f", at, "config"]);
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  expect(shown.stdout).toContain(`source: ${copy}/data`);
  const sub = await home.compose(["-f", `${at}#main:sub`, "config"]);
  expect(sub).toMatchObject({ code: 0, stdout: expect.stringContaining('OF_SUB: "1"') });
  expect(await home.compose(["-f", `${at}?ref=v1&subdir=sub/compose.yaml`, "config", "--services"])).toMatchObject({ code: 0, stdout: "sub\n" });
  expect(readdirSync(home.cache)).toEqual([commit]);
});

test("include and extends take files from a repository", async () => {
  const home = new Home();
  const file = put(join(home.folder, "compose.yaml"), `name: both\ninclude: ["${at}#v1:sub"]\nservices:\n  own:\n    extends: { file: "${at}", service: web }\n`);
  const { stdout, code } = await home.compose(["-f", file, "config"]);
  expect(code).toBe(0);
  expect(stdout).toContain('OF_SUB: "1"');
  expect(stdout).toContain(`source: ${home.cache}/${commit}/data`);
});

test("what a repository does not have, and where it may not lead, is told", async () => {
  const home = new Home();
  const failing = async (address: string, env = {}) => (await home.compose(["-f", address, "config"], { env })).stderr;
  expect(await failing(`${at}#nosuch`)).toContain(`repository does not contain ref ${at}#nosuch`);
  expect(await failing(`${at}#main:../x`)).toContain("git subdirectory path traversal detected: ../x");
  expect(await failing(`${at}#main:elsewhere/passwd`)).toContain("git subdirectory escapes base directory: elsewhere/passwd");
  expect(await failing(at, { COMPOSE_EXPERIMENTAL_GIT_REMOTE: "0" })).toContain('git remote resource is disabled by "COMPOSE_EXPERIMENTAL_GIT_REMOTE"');
  expect(await failing(`${at.replace("repo.git", "none.git")}`)).toContain("failed to access repository at");
  expect(await failing(at.replace("repo.git", "compose.yaml"))).toContain("remote compose files are not supported");
});

test("up asks before it runs what is from elsewhere, with the variables that it takes", async () => {
  const home = new Home();
  const refused = await home.compose(["-p", "remote", "-f", at, "up", "-d"]);
  expect(refused).toMatchObject({ code: 1, stderr: "operation cancelled by user\n" });
  expect(refused.stdout).toContain(`Your compose stack "${at}" is stored in "${home.cache}/${commit}"\n`);
  expect(refused.stdout).toContain("VARIABLE   VALUE          SOURCE         REQUIRED   DEFAULT\nPLACE      a repository   compose file   no         a repository\n");
  expect((await home.compose(["-p", "remote", "-f", at, "up", "-d"], { env: { PLACE: "here" }, stdin: "n\n" })).stdout).toContain("PLACE      here    environment");
  expect(await home.compose(["-p", "remote", "-f", at, "up", "--no-log-prefix", "-y"])).toMatchObject({ code: 0, stdout: expect.stringContaining("from a repository\n") });
  expect(await home.compose(["-p", "remote", "-f", at, "down"])).toMatchObject({ code: 0 });
});

test("what publish has put into a registry is read from there, with what it extends and its env files", async () => {
  const home = new Home();
  const folder = join(home.folder, "shop");
  put(join(folder, "a.env"), "OF_FILE=1\n");
  put(join(folder, "base/common.yaml"), `services:\n  base: { image: ${BUSYBOX}, extends: { file: more.yaml, service: most } }\n`);
  put(join(folder, "base/more.yaml"), `services:\n  most: { image: ${BUSYBOX}, labels: { deep: "yes" } }\n`);
  const file = put(join(folder, "compose.yaml"), `name: shop\nservices:\n  web:\n    env_file: [a.env, { path: missing.env, required: false }]\n    extends: { file: "base/common.yaml", service: base }\n`);
  const over = put(join(folder, "over.yaml"), "services:\n  web:\n    labels: { over: 'yes' }\n");
  const address = `${registry.host}/shop:1`;
  expect(await home.compose(["-f", file, "publish", address])).toMatchObject({ code: 1, stderr: expect.stringContaining('service "web" has env_file declared.') });
  expect(await home.compose(["-f", file, "-f", over, "publish", "--with-env", "--yes", address])).toMatchObject({ code: 0, stderr: expect.stringContaining(`${address} published`) });
  const shown = await home.compose(["-f", `oci://${address}`, "config"]);
  expect(shown).toMatchObject({ code: 0, stderr: "" });
  for (const line of ['OF_FILE: "1"', 'deep: "yes"', 'over: "yes"']) expect(shown.stdout).toContain(line);
  const [digest = ""] = readdirSync(home.cache);
  expect(readFileSync(join(home.cache, digest, "compose.yaml"), "utf8")).toContain("\n---\n");
  expect(await home.compose(["-f", `oci://${registry.host}/nothing:1`, "config"])).toMatchObject({ code: 1, stderr: expect.stringContaining(`failed to pull OCI resource "${registry.host}/nothing:1"`) });
});

test("publish pushes what is built, and with --app takes the images along", async () => {
  const home = new Home();
  const image = `${registry.host}/built:1`;
  put(join(home.folder, "Dockerfile"), `FROM ${BUSYBOX}\n`);
  const file = put(join(home.folder, "compose.yaml"), `name: app\nservices:\n  web: { build: ., image: "${image}" }\n`);
  expect(await home.compose(["-f", file, "build"])).toMatchObject({ code: 0 });
  expect(await home.compose(["-f", file, "publish", "--app", `${registry.host}/app:1`])).toMatchObject({ code: 0 });
  const get = async (path: string): Promise<Result> => await run(inside("curl", "-sf", "-H", "Accept: application/vnd.oci.image.manifest.v1+json", "-H", "Accept: application/vnd.oci.image.index.v1+json", `http://${registry.host}/v2/${path}`));
  expect(await get("built/manifests/1")).toMatchObject({ code: 0 });
  const shown = await home.compose(["-f", `oci://${registry.host}/app:1`, "config", "--images"]);
  const [, digest = ""] = /@(sha256:\w+)/.exec(shown.stdout) ?? [];
  expect(await get(`app/manifests/${digest}`)).toMatchObject({ code: 0 });
});

test("an artifact with a file that leads elsewhere is refused, and nothing of it stays", async () => {
  const home = new Home();
  const upload = async (text: string): Promise<{ digest: string; size: number }> => {
    const digest = `sha256:${new Bun.CryptoHasher("sha256").update(text).digest("hex")}`;
    const place = await run(inside("curl", "-sf", "-X", "POST", "-D", "-", "-o", "/dev/null", `http://${registry.host}/v2/evil/blobs/uploads/`));
    const [, path = ""] = /^location: (\S+)/im.exec(place.stdout) ?? [];
    const url = new URL(path, `http://${registry.host}`);
    url.searchParams.set("digest", digest);
    expect(await run(inside("curl", "-sf", "-X", "PUT", "-H", "Content-Type: application/octet-stream", "--data-binary", "@-", url.href), { stdin: text })).toMatchObject({ code: 0 });
    return { digest, size: text.length };
  };
  const config = { mediaType: "application/vnd.oci.empty.v1+json", ...(await upload("{}")) };
  const layer = { mediaType: "application/vnd.docker.compose.envfile", ...(await upload("A=1\n")), annotations: { "com.docker.compose.envfile": "../../evil" } };
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.oci.image.manifest.v1+json", artifactType: "application/vnd.docker.compose.project", config, layers: [layer] });
  expect(await run(inside("curl", "-sf", "-X", "PUT", "-H", "Content-Type: application/vnd.oci.image.manifest.v1+json", "--data-binary", "@-", `http://${registry.host}/v2/evil/manifests/1`), { stdin: manifest })).toMatchObject({ code: 0 });
  expect(await home.compose(["-f", `oci://${registry.host}/evil:1`, "config"])).toMatchObject({ code: 1, stderr: expect.stringContaining("invalid OCI artifact") });
  expect([readdirSync(home.cache), existsSync(join(home.folder, ".cache/evil"))]).toEqual([[], false]);
});
