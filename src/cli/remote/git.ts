import { mkdirSync, realpathSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Failure } from "../failure.ts";

const COMMIT = /^[0-9a-f]{40}/;
/** Enough for what git says of a failure, and for the lines of one name. */
const MAX_OUTPUT_BYTES = 1 << 20;

interface GitEnd {
  readonly code: number;
  readonly stdout: string;
  /** Both outputs. */
  readonly said: string;
}

/**
 * The commit that a name of a repository stands for; "" is its HEAD. It is the user's own git that asks, with the user's keys.
 * @param shown the address as the user wrote it
 * @throws Failure in docker-compose's words
 */
export async function resolveRef(remote: string, ref: string, shown: string): Promise<string> {
  if (/^[0-9a-f]{40}$/.test(ref)) return ref;
  const { code, stdout, said } = await git(["ls-remote", "--exit-code", "--", remote, ref || "HEAD"]);
  if (code === 2) throw new Failure(`repository does not contain ref ${withoutCredentials(shown)}, output: ${JSON.stringify(said)}: exit status 2`);
  if (code !== 0) throw new Failure(`failed to access repository at ${withoutCredentials(remote)}:\n ${said}`);
  const [commit] = COMMIT.exec(stdout) ?? [];
  if (commit === undefined) throw new Failure(`unexpected git command output: ${JSON.stringify(stdout.slice(0, 200))}`);
  return commit;
}

/** Makes a folder with a commit's files, all of them or none. @throws Failure */
export async function checkOut(remote: string, commit: string, folder: string): Promise<void> {
  const work = `${folder}.${process.pid}`;
  mkdirSync(dirname(folder), { recursive: true, mode: 0o700 });
  try {
    rmSync(work, { recursive: true, force: true });
    mkdirSync(work, { mode: 0o700 });
    for (const args of [["init", "-q"], ["remote", "add", "origin", remote], ["fetch", "-q", "--depth=1", "origin", commit], ["-c", "advice.detachedHead=false", "checkout", "-q", commit]]) {
      const { code, said } = await git(["-C", work, ...args]);
      if (code !== 0) throw new Failure(`failed to check out ${withoutCredentials(remote)}: git ${args[0]}: exit status ${code}\n${said.trim()}`);
    }
    renameSync(work, folder);
  } catch (error) {
    rmSync(work, { recursive: true, force: true });
    // Another command has done the same meanwhile.
    if (error instanceof Error && "code" in error && (error.code === "ENOTEMPTY" || error.code === "EEXIST")) return;
    throw error;
  }
}

/**
 * A path of a checkout that leads nowhere else, as a link in it could.
 * @param shown what it is called where it is not there
 * @throws Failure in docker-compose's words
 */
export function placeIn(folder: string, path: string, shown = join(folder, path)): string {
  const place = join(folder, path);
  if (place !== folder && !place.startsWith(`${folder}/`)) throw new Failure(`git subdirectory path traversal detected: ${path}`);
  try {
    if (!`${realpathSync(place)}/`.startsWith(`${realpathSync(folder)}/`)) throw new Failure(`git subdirectory escapes base directory: ${path}`);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(`stat ${shown}: no such file or directory`);
  }
  return place;
}

/** As git shows an address: messages end up in logs. */
const withoutCredentials = (address: string): string => address.replace(/^(https?:\/\/)[^/?#]*@/i, "$1");

async function git(args: readonly string[]): Promise<GitEnd> {
  if (!Bun.which("git", { PATH: process.env["PATH"] ?? "" })) throw new Failure("there is no git on this machine, which repositories are read with: install it, or fetch the files first");
  const silent = { GIT_TERMINAL_PROMPT: process.env["GIT_TERMINAL_PROMPT"] || "0", ...(!process.env["GIT_SSH"] && !process.env["GIT_SSH_COMMAND"] && { GIT_SSH_COMMAND: "ssh -o ControlMaster=no -o BatchMode=yes" }) };
  const child = Bun.spawn(["git", ...args], { env: { ...process.env, ...silent }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([collected(child.stdout), collected(child.stderr), child.exited]);
  return { code, stdout, said: stdout + stderr };
}

async function collected(stream: ReadableStream<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of stream) {
    if (bytes < MAX_OUTPUT_BYTES) pieces.push(piece);
    bytes += piece.length;
  }
  return Buffer.concat(pieces).toString("utf8");
}
