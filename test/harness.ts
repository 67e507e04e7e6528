/**
 * An engine of one's own: data root, run root, socket, network namespace, bridge and cgroup parent, so that test files run
 * side by side and beside a user's engine.
 *
 *   const engine = await startEngine();
 *   const { code, stdout } = await engine.hako("run", "--rm", BUSYBOX, "echo", "hi");
 *   await engine[Symbol.asyncDispose](); // fails when anything leaks
 */
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { busyboxTar } from "./images.ts";
import { containerCgroups, mountsBelow, openFiles, processesInNetworkOf, removeCgroups } from "./leaks.ts";
import { Live, type Result, run, type RunOptions } from "./processes.ts";
import { scratchFolder, sweepAbandoned } from "./scratch.ts";

export type { Result } from "./processes.ts";
export { Live, run } from "./processes.ts";

const PROGRAM = join(import.meta.dir, "..", "build", "hako");
export const HAKO = PROGRAM;
export const BUSYBOX = "busybox:test";
/** The real client, when the machine has one. */
export const DOCKER = Bun.which("docker");

export interface EngineOptions {
  /** An existing data root, which then outlives the engine. */
  readonly dataRoot?: string;
  readonly env?: Record<string, string>;
  /** Further flags of `hako daemon`. */
  readonly flags?: readonly string[];
  /** Import the busybox image as `busybox:test` (default true). */
  readonly busybox?: boolean;
}

export class TestEngine implements AsyncDisposable {
  #daemon: Live | undefined;
  readonly #holder: Live;
  readonly #options: EngineOptions;
  readonly dataRoot: string;
  readonly runRoot: string;
  readonly cgroupParent: string;

  constructor(options: EngineOptions, holder: Live) {
    this.#options = options;
    this.#holder = holder;
    this.runRoot = scratchFolder();
    this.dataRoot = options.dataRoot ?? join(this.runRoot, "data");
    this.cgroupParent = this.runRoot.slice("/tmp/".length);
    mkdirSync(this.dataRoot, { recursive: true });
  }

  get socket(): string {
    return join(this.runRoot, "hako.sock");
  }

  get host(): string {
    return `unix://${this.socket}`;
  }

  /** The engine's process. */
  get pid(): number {
    if (!this.#daemon) throw new Error("the engine is not running");
    return this.#daemon.pid;
  }

  get log(): string {
    return this.#daemon?.output ?? "";
  }

  /** Waits until the engine has logged this, after so much of its log. */
  async logged(expected: RegExp, from = 0): Promise<void> {
    await this.#daemon?.until(expected, 60_000, from);
  }

  /** The command that starts an engine here; `extra` comes last. */
  daemonCommand(...extra: string[]): string[] {
    const settings = ["--data-root", this.dataRoot, "--run-root", this.runRoot, "-H", this.host, "--bridge", "hakot0", "--cgroup-parent", this.cgroupParent, "--ready-fd", "1"];
    return ["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, "--", PROGRAM, "daemon", ...settings, ...extra];
  }

  async start(): Promise<void> {
    this.#daemon = Live.spawn(this.daemonCommand(...(this.#options.flags ?? [])), this.#options.env);
    await this.#daemon.until(/^ready$/m, 60_000);
  }

  /** `hako …` against this engine. */
  async hako(...args: string[]): Promise<Result> {
    return await this.hakoWith({}, ...args);
  }

  async hakoWith(options: RunOptions, ...args: string[]): Promise<Result> {
    return await run(this.command(...args), options);
  }

  /** Standard output of a command that must succeed, without the last line's end. */
  async ok(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.hako(...args);
    if (code !== 0) throw new Error(`hako ${args.join(" ")}: exit code ${code}\nstdout: ${stdout}\nstderr: ${stderr}\nengine: ${this.log.slice(-2000)}`);
    return stdout.replace(/\n$/, "");
  }

  command(...args: string[]): string[] {
    return [PROGRAM, "-H", this.host, ...args];
  }

  live(...args: string[]): Live {
    return Live.spawn(this.command(...args));
  }

  terminal(...args: string[]): Live {
    return Live.terminal(this.command(...args));
  }

  /** The real docker client against this engine. */
  async docker(...args: string[]): Promise<Result> {
    if (!DOCKER) throw new Error("there is no docker client on this machine");
    return await run([DOCKER, "-H", this.host, ...args]);
  }

  async api(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    const init: RequestInit & { unix: string } = { method, unix: this.socket, headers };
    if (body !== undefined) {
      init.body = typeof body === "string" ? body : JSON.stringify(body);
      init.headers = { "Content-Type": "application/json", ...headers };
    }
    return await fetch(`http://localhost/v1.51${path}`, init);
  }

  /** Runs a command in the engine's network namespace. */
  async inNetwork(...command: string[]): Promise<Result> {
    return await run(["nsenter", `--net=/proc/${this.#holder.pid}/ns/net`, "--", ...command]);
  }

  get networkHolder(): number {
    return this.#holder.pid;
  }

  /** The crash: no warning, no clean-up. */
  async kill9(): Promise<void> {
    this.#daemon?.signal("SIGKILL");
    await this.#daemon?.exited;
    this.#daemon = undefined;
  }

  /** Waits, without the engine, until the monitors have written how these containers ended. */
  async ended(...ids: string[]): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!ids.every((id) => existsSync(join(this.dataRoot, "containers", id, "exit")))) {
      if (Date.now() > deadline) throw new Error(`one of ${ids.join(", ")} has not ended`);
      await Bun.sleep(20);
    }
  }

  /** Ends the engine as an administrator does. */
  async stop(): Promise<number> {
    const daemon = this.#daemon;
    if (!daemon) return 0;
    daemon.signal("SIGTERM");
    const code = await daemon.exitCode(60_000);
    this.#daemon = undefined;
    return code;
  }

  async restart(): Promise<void> {
    await this.kill9();
    await this.start();
  }

  async importTar(path: string, reference: string, ...flags: string[]): Promise<void> {
    await this.ok("import", ...flags, path, reference);
  }

  /** Removes every container. */
  async clear(): Promise<void> {
    const ids = (await this.ok("ps", "-aq", "--no-trunc")).split("\n").filter((id) => id !== "");
    if (ids.length > 0) await this.ok("rm", "-f", ...ids);
  }

  /** Shims, cgroups, interfaces and mounts that no container accounts for; empty when all is well. */
  async leaks(): Promise<string[]> {
    const daemon = this.#daemon?.pid;
    const expected = new Set([this.#holder.pid, daemon]);
    const processes = processesInNetworkOf(this.#holder.pid).filter(({ pid, command }) => !expected.has(pid) && !/\bnft\b|\bhako (?:daemon|__)/.test(command) && !(daemon !== undefined && isSpareShim(pid, command)));
    const links = (await this.inNetwork("ip", "-o", "link")).stdout.split("\n").map((line) => line.split(": ")[1] ?? "");
    return [
      ...processes.map(({ pid, command }) => `process ${pid}: ${command}`),
      ...containerCgroups(this.cgroupParent).map((path) => `cgroup ${path}`),
      ...links.filter((name) => name.includes("@")).map((name) => `interface ${name}`),
      ...mountsBelow(this.runRoot, this.dataRoot).map((line) => `mount ${line}`),
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const problems: string[] = [];
    try {
      if (!this.#daemon) await this.start();
      await this.clear();
      problems.push(...(await this.settledLeaks()));
      const code = await this.stop();
      problems.push(...(await this.settledLeaks()));
      if (code !== 0) problems.push(`the engine ended with exit code ${code}: ${this.log.slice(-2000)}`);
    } catch (error) {
      problems.push(String(error));
    }
    for (const { pid } of processesInNetworkOf(this.#holder.pid)) {
      if (pid !== this.#holder.pid) process.kill(pid, "SIGKILL");
    }
    this.#holder.endInput();
    await this.#holder.exitCode().catch(() => this.#holder[Symbol.dispose]());
    problems.push(...removeCgroups(this.cgroupParent).map((path) => `cgroup ${path}`));
    rmSync(this.runRoot, { recursive: true, force: true });
    if (problems.length > 0) throw new Error(`the engine left something behind:\n${problems.join("\n")}`);
  }

  /** The kernel frees cgroups and interfaces a moment after the last process is gone; an ended shim nobody listens to waits a second for one. */
  async settledLeaks(timeoutMs = 60_000): Promise<string[]> {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = await this.leaks();
      if (found.length === 0 || Date.now() > deadline) return found;
      await Bun.sleep(50);
    }
  }
}

/** One that waits for a container has its standard streams and the socket to the engine, and nothing else. */
const isSpareShim = (pid: number, command: string): boolean => command.startsWith("hako-shim") && openFiles(pid) === 4;

let swept: Promise<void> | undefined;

export async function startEngine(options: EngineOptions = {}): Promise<TestEngine> {
  if (!existsSync(PROGRAM)) throw new Error("build/hako is missing: run `npm test` or `npm run setup`");
  await (swept ??= sweepAbandoned());
  // The namespace lives as long as this process: the holder ends with its standard input.
  const holder = Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
  await holder.until("ready");
  const engine = new TestEngine(options, holder);
  await engine.start();
  if (options.busybox !== false) await engine.importTar(await busyboxTar(), BUSYBOX);
  return engine;
}
