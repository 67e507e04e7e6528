/** Builds from repositories and archives of the network, and ADD of both. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Live, run, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
let server: Live;
let scratch: string;
let at: string;
let commit: string;

beforeAll(async () => {
  engine = await startEngine({ busybox: false });
  scratch = join(engine.runRoot, "sources");
  const work = join(scratch, "work");
  mkdirSync(join(work, "sub"), { recursive: true });
  writeFileSync(join(work, "Dockerfile"), "FROM scratch\nCOPY . /\n");
  writeFileSync(join(work, "sub/Dockerfile"), "FROM scratch\nCOPY file /of-sub\n");
  writeFileSync(join(work, "sub/file"), "in a folder\n");
  const script = 'cd "$0/work" && git init -q -b main && git add . && git -c user.name=t -c user.email=t@example.com commit -q -m x && git tag v1 && git rev-parse HEAD && git clone -q --bare . ../repo.git && tar -czf ../context.tgz Dockerfile sub';
  const { stdout, stderr, code } = await run(["sh", "-c", script, scratch]);
  expect([code, stderr]).toEqual([0, ""]);
  commit = stdout.trim();
  writeFileSync(join(scratch, "file.txt"), "hi\n");
  server = Live.spawn(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", process.execPath, join(import.meta.dir, "source-server.ts"), scratch]);
  at = (await server.until(/^http:\/\/\S+$/m)).trim();
}, 120_000);
afterAll(async () => {
  server[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
}, 120_000);

/** The files that a build exports. */
async function built(...args: string[]): Promise<string> {
  const folder = mkdtempSync(join(scratch, "out-"));
  await engine.ok("build", "-q", "-o", folder, ...args);
  return folder;
}
const failure = async (...args: string[]): Promise<string> => (await engine.hako("build", "--progress", "plain", ...args)).stderr;
function dockerfile(text: string): string {
  const folder = mkdtempSync(join(scratch, "p-"));
  writeFileSync(join(folder, "Dockerfile"), text);
  return folder;
}

test("a repository is a context: by branch, tag, commit and folder", async () => {
  for (const ref of ["", "#main", "#v1", `#${commit}`]) expect(readdirSync(await built(`${at}/repo.git${ref}`)).sort()).toEqual(["Dockerfile", "sub"]);
  expect(readdirSync(await built(`${at}/repo.git#main:sub`))).toEqual(["of-sub"]);
  expect(readdirSync(await built("--build-arg", "BUILDKIT_CONTEXT_KEEP_GIT_DIR=1", `${at}/repo.git`))).toContain(".git");
}, 120_000);

test("an archive or a Dockerfile of a web server is one too", async () => {
  expect(readFileSync(join(await built(`${at}/context.tgz`), "sub/file"), "utf8")).toBe("in a folder\n");
  writeFileSync(join(scratch, "alone"), "FROM scratch\nCOPY <<EOF /here\nalone\nEOF\n");
  expect(readFileSync(join(await built(`${at}/alone`), "here"), "utf8")).toBe("alone\n");
  expect(readdirSync(await built("--build-context", `other=${at}/repo.git#:sub`, dockerfile("FROM scratch\nCOPY --from=other file /\n")))).toEqual(["file"]);
});

test("what is not there is told as BuildKit tells it", async () => {
  expect(await failure(`${at}/repo.git#nosuch`)).toEndWith('ERROR: failed to build: failed to solve: failed to read dockerfile: failed to load cache key: repository does not contain ref nosuch, output: ""\n');
  expect(await failure(`${at}/repo.git#nosuch`)).toContain(`#1 [internal] load git source ${at}/repo.git#nosuch\n#1 ERROR: repository does not contain ref nosuch, output: ""\n`);
  expect(await failure(`${at}/repo.git#main:nosub`)).toEndWith('ERROR: failed to build: failed to solve: failed to read dockerfile: invalid subdir /nosub: failed to lstat "nosub": statat nosub: no such file or directory\n');
  expect(await failure(`${at}/none.git`)).toContain(`ERROR: failed to build: failed to solve: failed to read dockerfile: failed to load cache key: error fetching default branch for repository ${at}/none.git: git stderr:\nfatal: `);
  expect(await failure(`${at}/none.tgz`)).toEndWith("ERROR: failed to build: failed to solve: failed to read downloaded context: failed to load cache key: invalid response status 404\n");
  expect(await failure("-f", "Other", `${at}/repo.git`)).toEndWith("ERROR: failed to build: failed to solve: failed to read dockerfile: open Other: no such file or directory\n");
}, 120_000);

test("ADD of a URL, with its checksum", async () => {
  const sum = new Bun.CryptoHasher("sha256").update("hi\n").digest("hex");
  expect(readFileSync(join(await built(dockerfile(`FROM scratch\nADD ${at}/file.txt /a/\nADD --checksum=sha256:${sum} ${at}/file.txt /b\n`)), "a/file.txt"), "utf8")).toBe("hi\n");
  const zero = "0".repeat(64);
  expect(await failure(dockerfile(`FROM scratch\nADD --checksum=sha256:${zero} ${at}/file.txt /b\n`))).toEndWith(`ERROR: failed to build: failed to solve: digest mismatch sha256:${sum}: sha256:${zero}\n`);
  expect(await failure(dockerfile(`FROM scratch\nADD ${at}/none.txt /b\n`))).toEndWith("ERROR: failed to build: failed to solve: failed to load cache key: invalid response status 404\n");
});

test("ADD of a repository, with and without its history", async () => {
  const [plain, kept] = [await built(dockerfile(`FROM scratch\nADD ${at}/repo.git#main:sub /x\n`)), await built(dockerfile(`FROM scratch\nADD --keep-git-dir ${at}/repo.git#v1 /x\n`))];
  expect(readdirSync(join(plain, "x")).sort()).toEqual(["Dockerfile", "file"]);
  expect([existsSync(join(kept, "x/.git/HEAD")), (await run(["git", "-c", "safe.directory=*", "-C", join(kept, "x"), "log", "--format=%H"])).stdout.trim()]).toEqual([true, commit]);
  const wrong = "0123456789".repeat(4);
  expect(await failure(dockerfile(`FROM scratch\nADD --checksum=${wrong} ${at}/repo.git#main /x\n`))).toEndWith(`ERROR: failed to build: failed to solve: expected checksum to match ${wrong}, got ${commit}\n`);
  expect(await failure(dockerfile(`FROM scratch\nADD ${at}/repo.git#nosuch /x\n`))).toEndWith('ERROR: failed to build: failed to solve: failed to load cache key: repository does not contain ref nosuch, output: ""\n');
}, 120_000);
