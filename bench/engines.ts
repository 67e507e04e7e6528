/** The two engines of a comparison, driven through their own command lines. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { busyboxTar } from "../test/images.ts";
import { memoryOf } from "../test/leaks.ts";
import { DOCKER, startEngine, type TestEngine } from "../test/harness.ts";
import { run, TEST_ENV } from "../test/processes.ts";

export const IMAGE = "hakobench:1";
export const LABEL = "hakobench";

export interface Side {
  readonly name: string;
  readonly socket: string;
  /** The command line with its connection flags. */
  readonly command: readonly string[];
  /** A process in the engine's network namespace. */
  networkPid(): number;
  /** Starts the engine anew, where that disturbs nobody. */
  restart(): Promise<void>;
  /** The engine's own processes. */
  enginePids(): readonly number[];
  /** Memory of the engine's own processes, RSS in KiB. */
  engineRssKiB(): number;
  /** Memory of what stands beside the containers' own processes, PSS in KiB, all containers together. */
  monitorsPssKiB(): number;
  [Symbol.asyncDispose](): Promise<void>;
}

interface Process {
  readonly pid: number;
  readonly command: string;
  readonly network: string;
}

function processes(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [{ pid: Number(name), command: readFileSync(`/proc/${name}/comm`, "utf8").trim(), network: readlinkSync(`/proc/${name}/ns/net`) }];
      } catch {
        return []; // it ended while we looked
      }
    });
}

const enginesOfDocker = (): Process[] => processes().filter(({ command }) => command === "dockerd" || command === "containerd");
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const rss = (found: readonly Process[]): number => sum(found.map(({ pid }) => memoryOf(pid).rssKiB));
const pss = (found: readonly Process[]): number => sum(found.map(({ pid }) => memoryOf(pid).pssKiB));

export async function ours(): Promise<Side> {
  const engine: TestEngine = await startEngine({ busybox: false });
  await engine.importTar(await busyboxTar(), IMAGE);
  return {
    name: "hako",
    socket: engine.socket,
    command: engine.command(),
    networkPid: () => engine.pid,
    restart: () => engine.restart(),
    enginePids: () => [engine.pid],
    engineRssKiB: () => memoryOf(engine.pid).rssKiB,
    monitorsPssKiB: () => {
      const network = readlinkSync(`/proc/${engine.pid}/ns/net`);
      return pss(processes().filter((found) => found.network === network && found.command === "hako-shim"));
    },
    [Symbol.asyncDispose]: async () => await engine[Symbol.asyncDispose](),
  };
}

export async function docker(host: string): Promise<Side> {
  const command = [DOCKER ?? "docker", "-H", host];
  await must([...command, "import", await busyboxTar(), IMAGE]);
  const clear = async (): Promise<void> => {
    const ids = (await must([...command, "ps", "-aq", "--filter", `label=${LABEL}`])).split("\n").filter(Boolean);
    if (ids.length > 0) await must([...command, "rm", "-f", ...ids]);
  };
  await clear();
  return {
    name: `Docker ${(await must([...command, "version", "--format", "{{.Server.Version}}"])).trim()}`,
    socket: host.replace(/^unix:\/\//, ""),
    command,
    networkPid: () => processes().find(({ command: name }) => name === "dockerd")?.pid ?? process.pid,
    restart: () => Promise.resolve(),
    enginePids: () => enginesOfDocker().map(({ pid }) => pid),
    engineRssKiB: () => rss(enginesOfDocker()),
    monitorsPssKiB: () => pss(processes().filter(({ command: name }) => name.startsWith("containerd-shim"))),
    [Symbol.asyncDispose]: async () => {
      await clear();
      await must([...command, "rmi", IMAGE]);
    },
  };
}

export async function must(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(command, { timeoutMs: 600_000 });
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}\n${stderr}`);
  return stdout;
}

/** Runs a command with its output thrown away and returns its milliseconds; a failure ends the run. */
export async function timed(command: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore", env: TEST_ENV });
  const code = await child.exited;
  const elapsed = performance.now() - start;
  if (code !== 0) throw new Error(`${command.join(" ")}: exit code ${code}`);
  return elapsed;
}
