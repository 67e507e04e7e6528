/** Builds by the classic form of the API with the real docker client: what stays of them, and what does not. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, DOCKER, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { until } from "../until.ts";

const folders: string[] = [];
let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(async () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
}, 120_000);

function context(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync("/tmp/hk-context-");
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const command = (...args: string[]): string[] => [DOCKER ?? "docker", "-H", engine.host, "build", ...args];
const build = (...args: string[]): Promise<Result> => run(command(...args), { env: { DOCKER_BUILDKIT: "0" } });
const uploads = (): string[] => (existsSync(join(engine.dataRoot, "build/uploads")) ? readdirSync(join(engine.dataRoot, "build/uploads")) : []);

/** Known among all processes of the machine. */
const FOREVER = 1_000_000 + process.pid;
const noneSleeps = async (): Promise<boolean> => (await run(["pgrep", "-f", `^sleep ${FOREVER}$`])).stdout === "";

async function built(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await build("-q", ...args);
  if (code !== 0) throw new Error(stderr);
  return stdout.trim();
}

test.skipIf(!DOCKER)("the modern language works in the classic form", async () => {
  const folder = context({
    Dockerfile: `# syntax=docker/dockerfile:1\nFROM ${BUSYBOX} AS one\nARG TARGETARCH\nRUN --mount=type=cache,target=/cache --mount=type=bind,target=/context <<EOT\ncat /context/dir/file > /out\necho $TARGETARCH >> /out\nEOT\nFROM ${BUSYBOX} AS unused\nRUN exit 1\nFROM scratch\nCOPY --link --chmod=600 --chown=5:6 --from=one /out /out\nCOPY <<EOT /inline\nhere\nEOT\n`,
    "dir/file": "from the context\n",
  });
  const id = await built(folder);
  const archive = await run(["sh", "-c", `${DOCKER} -H ${engine.host} create ${id} x | xargs -I{} sh -c '${DOCKER} -H ${engine.host} export {} | tar -xO out inline; ${DOCKER} -H ${engine.host} rm {} >&2'`]);
  expect(archive.stdout.split("\n").sort()).toEqual(["", process.arch === "arm64" ? "arm64" : "amd64", "from the context", "here"]);
});

test.skipIf(!DOCKER)("a Dockerfile outside of the context", async () => {
  const folder = context({ "a/file": "inside\n" });
  const other = context({ Dockerfile: `FROM ${BUSYBOX}\nCOPY a/file /file\n` });
  const id = await built("-f", join(other, "Dockerfile"), folder);
  expect(await engine.ok("run", "--rm", id, "cat", "/file")).toBe("inside");
});

test("the Dockerfile and .dockerignore are out of the context where .dockerignore has them; the rest is the client's to leave out", async () => {
  const build = async (dockerfile: string, ignored: string): Promise<string> => {
    const folder = context({ [dockerfile]: `FROM ${BUSYBOX}\nCOPY . /context\n`, ".dockerignore": ignored, "sub/kept": "" });
    await run(["tar", "-C", folder, "-cf", `${folder}.tar`, "."]);
    folders.push(`${folder}.tar`);
    const archive = await Bun.file(`${folder}.tar`).bytes();
    const answer = await fetch(`http://localhost/v1.51/build?q=1&dockerfile=${encodeURIComponent(dockerfile)}`, { unix: engine.socket, method: "POST", headers: { "Content-Type": "application/x-tar" }, body: archive } as RequestInit);
    const id = /sha256:[0-9a-f]{64}/.exec(await answer.text())?.[0] ?? "";
    return await engine.ok("run", "--rm", id, "sh", "-c", "cd /context && find . -type f | sort");
  };
  expect(await build("Dockerfile", "Dockerfile\n.dockerignore\nsub\n")).toBe("./sub/kept");
  expect(await build("sub/Other", "sub/O*\n[\n")).toBe("./.dockerignore\n./sub/Other\n./sub/kept");
  expect(await build("sub/Other", "sub/O*\n")).toBe("./.dockerignore\n./sub/kept");
});

test.skipIf(!DOCKER)("the same inputs give the same image, built again or known", async () => {
  const folder = context({ Dockerfile: `FROM ${BUSYBOX}\nARG SOURCE_DATE_EPOCH\nCOPY f /f\nENV A=1\n`, f: "x" });
  const id = await built(folder);
  expect(await built(folder)).toBe(id);
  const args = ["--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1000000000", folder];
  const fixed = await built(...args);
  expect(await built(...args)).toBe(fixed);
  expect(JSON.parse(await engine.ok("image", "inspect", "--format", "{{json .Created}}", fixed))).toBe("2001-09-09T01:46:40Z");
});

test("with rewrite-timestamp, layers have no clock either; what is saved of them is what they are", async () => {
  const folder = context({ Dockerfile: `FROM ${BUSYBOX}\nRUN rm /bin/ash; mkdir /made; echo x > /made/x\nCOPY f /f\n`, f: "x" });
  const name = "rewritten:test";
  const args = ["build", "-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1000000000", "-o", `type=image,name=${name},rewrite-timestamp=true`, folder];
  const id = await engine.ok(...args);
  // The clock of files goes by seconds in archives.
  await Bun.sleep(1000 - (Date.now() % 1000));
  expect(await engine.ok(...args)).toBe(id);
  const saved = join(folder, "saved.tar");
  await engine.ok("save", "-o", saved, name);
  await engine.ok("image", "rm", name);
  expect(await engine.ok("load", "-i", saved)).toContain(name);
  expect(await engine.ok("run", "--rm", name, "sh", "-c", "stat -c %Y /made/x /made /f; ls /bin/ash 2>&1; true")).toBe("1000000000\n1000000000\n1000000000\nls: /bin/ash: No such file or directory");
});

test.skipIf(!DOCKER)("df lists what builds keep; prune removes it", async () => {
  const folder = context({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo kept > /kept\n` });
  const id = await built(folder);
  await engine.ok("image", "rm", id);
  const { BuildCache } = (await (await engine.api("GET", "/system/df?type=build-cache")).json()) as { BuildCache: { Type: string; Description: string; Shared: boolean; Size: number }[] };
  expect(BuildCache).toContainEqual(expect.objectContaining({ Type: "regular", Shared: false, Size: 5, Description: expect.stringContaining("echo kept > /kept") }));
  const pruned = (await (await engine.api("POST", "/build/prune?all=true")).json()) as { CachesDeleted: string[]; SpaceReclaimed: number };
  expect(pruned.SpaceReclaimed).toBeGreaterThanOrEqual(5);
  expect((await engine.api("POST", `/build/prune?filters=${encodeURIComponent('{"nosuch":["x"]}')}`)).status).toBe(400);
  expect((await build(folder)).stdout).toContain("---> Running in");
});

test.skipIf(!DOCKER)("a client that goes ends its build", async () => {
  const folder = context({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo begun; exec sleep ${FOREVER}\n` });
  await using client = Live.spawn(command(folder), { DOCKER_BUILDKIT: "0" });
  await client.until(/^begun$/m);
  expect(uploads()).toHaveLength(1);
  client.signal("SIGKILL");
  await until(() => uploads().length === 0);
  await until(noneSleeps);
});

test.skipIf(!DOCKER)("an engine that is killed in the middle leaves nothing; the next one goes on from what was finished", async () => {
  const folder = context({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo finished > /first\nRUN echo begun; exec sleep ${FOREVER}\n` });
  await using client = Live.spawn(command(folder), { DOCKER_BUILDKIT: "0" });
  await client.until(/^begun$/m);
  await engine.kill9();
  await engine.start();
  expect(uploads()).toEqual([]);
  await until(noneSleeps);
  writeFileSync(join(folder, "Dockerfile"), `FROM ${BUSYBOX}\nRUN echo finished > /first\nRUN echo other\n`);
  const { stdout } = await build(folder);
  expect(stdout).toContain("Step 2/3 : RUN echo finished > /first\n ---> Using cache\n");
});

