/** BuildKit of a real Docker Engine: DOCKER_PEER names the engine (unix:///…), DOCKER_BUILDX the buildx program when it is not on the path as docker-buildx. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const peer = Bun.env["DOCKER_PEER"];
export const WHY_NOT = "set DOCKER_PEER=unix:///… to a Docker Engine 28, and DOCKER_BUILDX to its docker-buildx";

export interface Answer {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/** `docker buildx build` of a folder with these files. */
export async function dockerBuild(files: Readonly<Record<string, string>>, args: readonly string[]): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), "hk-language-"));
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
    return await dockerBuildOf(folder, args);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The same of a folder that is there already. */
export const dockerBuildOf = (folder: string, args: readonly string[]): Promise<Answer> => run([Bun.env["DOCKER_BUILDX"] ?? "docker-buildx", "build", ...args, folder]);

/** `docker …` against the peer. */
export const docker = (...args: readonly string[]): Promise<Answer> => run(["docker", "-H", peer ?? "", ...args]);

async function run(command: readonly string[]): Promise<Answer> {
  const child = Bun.spawn([...command], { env: { ...Bun.env, DOCKER_HOST: peer }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { stdout, stderr, code: await child.exited };
}
