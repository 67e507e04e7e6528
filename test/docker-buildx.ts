/** The real buildx: where the machine has it, or where setup/packages.sh has put it. */
import { join } from "node:path";
import { findPlugin } from "./docker-plugins.ts";
import type { TestEngine } from "./harness.ts";
import { Live, run, type Result, type RunOptions } from "./processes.ts";

/** Its path; undefined where there is none. */
export const DOCKER_BUILDX = findPlugin("docker-buildx", process.env["DOCKER_BUILDX"]);

if (!DOCKER_BUILDX) console.warn("there is no docker-buildx on this machine, nor could one be fetched: tests with it are left out");

/** buildx against an engine, with a configuration of its own below `folder`. */
export class Buildx {
  readonly #env: Record<string, string>;

  constructor(engine: Pick<TestEngine, "host">, folder: string) {
    this.#env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: join(folder, "docker-config"), BUILDKIT_PROGRESS: "plain", NO_COLOR: "1" };
  }

  async run(args: readonly string[], options: RunOptions = {}): Promise<Result> {
    return await run([this.#program, ...args], { ...options, env: { ...this.#env, ...options.env } });
  }

  /** What a command that must succeed prints, errors and progress too. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    if (code !== 0) throw new Error(`buildx ${args.join(" ")}: exit code ${code}\n${stdout}\n${stderr}`);
    return stdout + stderr;
  }

  live(...args: string[]): Live {
    return Live.spawn([this.#program, ...args], this.#env);
  }

  get #program(): string {
    if (!DOCKER_BUILDX) throw new Error("there is no docker-buildx on this machine");
    return DOCKER_BUILDX;
  }
}
