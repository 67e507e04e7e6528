/** The real docker-compose: where the machine has it, or where setup/packages.sh has put it. */
import { findPlugin } from "./docker-plugins.ts";
import type { TestEngine } from "./harness.ts";
import { run, type Result, type RunOptions } from "./processes.ts";

/** Its path; undefined where there is none (or version 1 alone). */
export const DOCKER_COMPOSE = findPlugin("docker-compose", process.env["DOCKER_COMPOSE"]);

if (!DOCKER_COMPOSE) console.warn("there is no docker-compose 2 on this machine, nor could one be fetched: tests with it are left out");

/** `docker-compose …` against an engine; its classic builder needs nothing of BuildKit's sessions. */
export async function dockerCompose(engine: Pick<TestEngine, "host">, args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Result> {
  if (!DOCKER_COMPOSE) throw new Error("there is no docker-compose on this machine");
  return await run([DOCKER_COMPOSE, ...args], { ...options, env: { DOCKER_HOST: engine.host, DOCKER_BUILDKIT: "0", ...env } });
}
