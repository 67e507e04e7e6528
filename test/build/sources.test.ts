/** Files that builds fetch: by HTTP and from git repositories, both served here. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fetchGit, resolveGitRef } from "../../src/build/sources/git.ts";
import { parseGitURL } from "../../src/dockerfile/git-url.ts";
import { fetchHttp, httpValidator } from "../../src/build/sources/http.ts";
import { isGitSource } from "../../src/dockerfile/mod.ts";
import type { Digest } from "../../src/spec/mod.ts";
import { run } from "../processes.ts";

const scratch = mkdtempSync("/tmp/hk-sources-");
const quiet = { status: () => undefined, log: () => undefined };
const direct = (): undefined => undefined;
const never = new AbortController().signal;
let made = 0;
let server: ReturnType<typeof Bun.serve>;
let commit = "";

beforeAll(async () => {
  const repository = join(scratch, "repo");
  mkdirSync(join(repository, "sub"), { recursive: true });
  writeFileSync(join(repository, "Dockerfile"), "FROM scratch\n");
  writeFileSync(join(repository, "sub/file"), "in a folder\n");
  symlinkSync("/etc", join(repository, "away"));
  const git = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(["git", "-C", repository, "-c", "user.name=test", "-c", "user.email=test@example.com", ...args], { env: { GIT_COMMITTER_DATE: "1000000000 +0000", GIT_AUTHOR_DATE: "1000000000 +0000" } });
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  };
  await git("init", "-q", "-b", "main");
  await git("add", ".");
  await git("commit", "-q", "-m", "first");
  await git("tag", "-a", "v1", "-m", "one");
  commit = await git("rev-parse", "HEAD");
  await git("update-server-info");
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      if (pathname === "/file") return new Response("content", { headers: { ETag: '"1"', "Last-Modified": "Sun, 09 Sep 2001 01:46:40 GMT" } });
      if (pathname === "/bare") return new Response("content");
      const path = join(scratch, pathname.replace(/^\/repo\.git/, "/repo/.git"));
      return existsSync(path) && statSync(path).isFile() ? new Response(Bun.file(path)) : new Response("no such file", { status: 404 });
    },
  });
});
afterAll(async () => {
  await server.stop(true);
  rmSync(scratch, { recursive: true, force: true });
});

const at = (path: string): string => `http://127.0.0.1:${server.port}${path}`;

function emptyFolder(): string {
  const folder = join(scratch, `layer${made++}`, "fs");
  mkdirSync(folder, { recursive: true });
  return folder;
}

test("a file is fetched with its time and mode, its checksum checked", async () => {
  const folder = emptyFolder();
  await fetchHttp({ kind: "http", url: at("/file"), fileName: "name", mode: 0o600 }, folder, quiet, direct, never);
  expect(readFileSync(join(folder, "name"), "utf8")).toBe("content");
  const { mode, mtimeMs } = lstatSync(join(folder, "name"));
  expect([mode & 0o777, mtimeMs]).toEqual([0o600, 1_000_000_000_000]);
  const wrong = { kind: "http", url: at("/file"), fileName: "name", mode: 0o600, checksum: `sha256:${"0".repeat(64)}` as Digest } as const;
  await expect(fetchHttp(wrong, emptyFolder(), quiet, direct, never)).rejects.toThrow(/^digest mismatch sha256:ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73: sha256:0{64}$/);
});

test("what the server says of a file is its validator; where it says nothing, it is another file each time", async () => {
  expect(await httpValidator(at("/file"), direct, never)).toBe(await httpValidator(at("/file"), direct, never));
  expect(await httpValidator(at("/bare"), direct, never)).not.toBe(await httpValidator(at("/bare"), direct, never));
});

test("a URL that answers with an error, and one that does not answer, are named", async () => {
  await expect(fetchHttp({ kind: "http", url: at("/none"), fileName: "x", mode: 0o600 }, emptyFolder(), quiet, direct, never)).rejects.toThrow(/^invalid response status 404$/);
  await expect(httpValidator("http://127.0.0.1:1/x", direct, never)).rejects.toThrow('failed to load cache key: Get "http://127.0.0.1:1/x": dial tcp 127.0.0.1:1: connect: connection refused');
});

test("names of a repository stand for commits", async () => {
  for (const ref of ["", "main", "v1", "refs/heads/main"]) expect(await resolveGitRef(at("/repo.git"), ref, never)).toBe(commit);
  await expect(resolveGitRef(at("/repo.git"), "nosuch", never)).rejects.toThrow("repository does not contain ref nosuch");
  await expect(resolveGitRef(`file://${scratch}/repo`, "main", never)).rejects.toThrow("transport 'file' not allowed");
});

test("a commit's files, of the commit's time, without .git unless asked for", async () => {
  const folder = emptyFolder();
  const source = { kind: "git", url: at("/repo.git"), ref: "main", commit, subfolder: "", keepGitFolder: false } as const;
  await fetchGit(source, folder, quiet, never);
  expect(readdirSync(folder).sort()).toEqual(["Dockerfile", "away", "sub"]);
  expect(lstatSync(join(folder, "sub/file")).mtimeMs).toBe(1_000_000_000_000);
  expect(readdirSync(join(folder, ".."))).toEqual(["fs"]);
  const part = emptyFolder();
  await fetchGit({ ...source, subfolder: "sub" }, part, quiet, never);
  expect(readdirSync(part)).toEqual(["file"]);
  const whole = emptyFolder();
  await fetchGit({ ...source, keepGitFolder: true }, whole, quiet, never);
  expect(readdirSync(whole)).toContain(".git");
  await expect(fetchGit({ ...source, subfolder: "nosuch" }, emptyFolder(), quiet, never)).rejects.toThrow('invalid subdir /nosuch: failed to lstat "nosuch"');
  await expect(fetchGit({ ...source, subfolder: "away" }, emptyFolder(), quiet, never)).rejects.toThrow('invalid subdir /away: away is no folder');
});

test.each([
  ["https://github.com/a/b.git", { remote: "https://github.com/a/b.git", ref: "", subfolder: "" }],
  ["https://github.com/a/b.git#v1:sub/folder", { remote: "https://github.com/a/b.git", ref: "v1", subfolder: "sub/folder" }],
  ["https://github.com/a/b.git?branch=dev&subdir=x", { remote: "https://github.com/a/b.git", ref: "refs/heads/dev", subfolder: "x" }],
  ["git@github.com:a/b.git#:x", { remote: "git@github.com:a/b.git", ref: "", subfolder: "x" }],
  ["github.com/a/b#main", { remote: "https://github.com/a/b", ref: "main", subfolder: "" }],
])("parseGitURL(%j)", (url, expected) => {
  expect(parseGitURL(url)).toMatchObject(expected);
});

test("isGitSource() and parseGitURL() refuse what would be an option or something else", () => {
  expect(["https://x/a.tar", "https://x/a.git.txt", "./a.git", "github.com/a/b"].some((url) => isGitSource(url))).toBe(false);
  expect(() => parseGitURL("https://x/a.git#--upload-pack=x")).toThrow("invalid git URL");
  expect(() => parseGitURL("https://x/a.git?nosuch=1")).toThrow('unexpected query "nosuch"');
});
