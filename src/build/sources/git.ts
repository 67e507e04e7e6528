import { lstat, lutimes, mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, posix } from "node:path";
import { EngineError } from "../../base/mod.ts";
import { runHostProgram, type HostProgramResult } from "../../linux/mod.ts";
import type { GitSource } from "../graph/op.ts";
import type { SourceProgress } from "../solver/ports.ts";

const TIMEOUT_MS = 10 * 60_000;
const COMMIT = /^[0-9a-f]{40}(?:[0-9a-f]{24})?$/;
/** Nothing that a repository, or this machine's configuration, says is run. */
const SETTINGS = ["-c", "protocol.allow=never", "-c", "protocol.https.allow=always", "-c", "protocol.http.allow=always", "-c", "protocol.git.allow=always", "-c", "protocol.ssh.allow=always", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false", "-c", "init.defaultBranch=main"];
const ENVIRONMENT = { GIT_TERMINAL_PROMPT: "0", GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", HOME: "/nonexistent", GIT_SSH_COMMAND: "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes", GIT_LFS_SKIP_SMUDGE: "1" };

/** What a name stands for in a repository; "" is its HEAD. @throws EngineError */
export async function resolveGitRef(remote: string, ref: string, signal: AbortSignal): Promise<string> {
  const about = ref === "" ? `error fetching default branch for repository ${remote}` : `failed to fetch remote ${remote}`;
  const { stdout } = await git(["ls-remote", "--", remote, ...(ref === "" ? ["HEAD"] : [ref, `${ref}^{}`])], about, "/", signal);
  const refs = new Map(stdout.split("\n").flatMap((line) => {
    const [commit = "", name = ""] = line.split("\t");
    return COMMIT.test(commit) ? [[name, commit] as const] : [];
  }));
  // An annotated tag stands for the commit that it is of.
  const wanted = ref === "" ? ["HEAD"] : [ref, `refs/heads/${ref}`, `refs/tags/${ref}`];
  const found = wanted.flatMap((name) => [refs.get(`${name}^{}`), refs.get(name)]).find((commit) => commit !== undefined);
  if (found === undefined) throw new EngineError("NotFound", `repository does not contain ref ${ref || "HEAD"}, output: ${JSON.stringify(stdout.slice(0, 200))}`);
  return found;
}

/** Fills an empty folder with a commit's files; all bear the time of the commit. */
export async function fetchGit({ url, ref, commit, subfolder, keepGitFolder }: GitSource, folder: string, progress: SourceProgress, signal: AbortSignal): Promise<void> {
  const work = join(dirname(folder), "git");
  const run = (...args: string[]): Promise<HostProgramResult> => git(args, `failed to fetch remote ${url}`, work, signal, (text) => progress.log(text));
  await mkdir(work, { mode: 0o700 });
  try {
    await run("init", "-q");
    await run("remote", "add", "origin", url);
    await fetchCommit(run, ref, commit);
    await run("checkout", "-q", "--force", "--detach", commit);
    await run("submodule", "update", "--init", "--recursive", "--depth=1");
    const seconds = Number((await run("show", "-s", "--format=%ct", commit)).stdout.trim()) || 0;
    if (!keepGitFolder) await rm(join(work, ".git"), { recursive: true, force: true });
    const source = await subfolderOf(work, subfolder);
    for (const name of await readdir(source)) await rename(join(source, name), join(folder, name));
    await setTimes(folder, seconds);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** A folder of the repository itself: a link in it may lead anywhere. */
async function subfolderOf(work: string, subfolder: string): Promise<string> {
  let path = work;
  for (const part of posix.join("/", subfolder).split("/").filter((name) => name !== "")) {
    path = join(path, part);
    const stat = await lstat(path).catch(() => undefined);
    const inside = posix.join("/", subfolder);
    if (!stat) throw new EngineError("NotFound", `invalid subdir ${inside}: failed to lstat ${JSON.stringify(inside.slice(1))}: statat ${inside.slice(1)}: no such file or directory`);
    if (!stat.isDirectory()) throw new EngineError("NotFound", `invalid subdir ${inside}: ${part} is no folder of the repository`);
  }
  return path;
}

/** Some servers hand out commits only by way of a name. */
async function fetchCommit(run: (...args: string[]) => Promise<HostProgramResult>, ref: string, commit: string): Promise<void> {
  try {
    await run("fetch", "-q", "--depth=1", "--no-tags", "origin", commit);
  } catch (error) {
    if (!(error instanceof EngineError) || error.kind === "NotImplemented") throw error;
    await run("fetch", "-q", "--tags", "origin", ...(ref === "" || COMMIT.test(ref) ? [] : [ref]));
  }
}

async function setTimes(folder: string, seconds: number): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await setTimes(path, seconds);
    await lutimes(path, seconds, seconds);
  }
}

/** @param about what failed if it does, as BuildKit says it */
async function git(args: readonly string[], about: string, folder: string, signal: AbortSignal, onErrorText?: (text: string) => void): Promise<HostProgramResult> {
  const result = await runHostProgram({ name: "git", args: [...SETTINGS, ...args], env: ENVIRONMENT, folder, signal, timeoutMs: TIMEOUT_MS, ...(onErrorText && { onErrorText }) });
  if (!result) throw new EngineError("NotImplemented", "there is no git on the engine's machine, which repositories are read with: install it there, or clone the repository and build from the folder");
  if (result.exitCode !== 0) throw new EngineError("InvalidParameter", `${about}: git stderr:\n${result.stderr.trim().split("\n").slice(-5).join("\n")}\n: exit status ${result.exitCode}`);
  return result;
}
