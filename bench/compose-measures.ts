/** Projects: `hako compose` on our engine beside docker-compose on Docker's, and docker-compose on either. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { DOCKER_COMPOSE } from "../test/docker-compose.ts";
import { TEST_ENV } from "../test/processes.ts";
import { IMAGE, LABEL, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const folder = join(tmpdir(), `hb-compose-${process.pid}`);
/** Ends on SIGTERM at once. */
const SERVICE = ["sh", "-c", "trap 'exit 0' TERM; sleep 100000 & wait"];

type Tool = (side: Side) => { readonly command: readonly string[]; readonly env: Readonly<Record<string, string>> };

const theReal: Tool = ({ socket }) => ({ command: [DOCKER_COMPOSE ?? "docker-compose"], env: { DOCKER_HOST: `unix://${socket}` } });
/** Ours on our engine, docker-compose on Docker's. */
const itsOwn: Tool = (side) => (side.name === "hako" ? { command: [...side.command, "compose"], env: {} } : theReal(side));

interface Run {
  readonly ms: number;
  readonly peakBytes: number;
}

async function compose(tool: Tool, side: Side, services: number, ...args: readonly string[]): Promise<Run> {
  const { command, env } = tool(side);
  const begin = performance.now();
  const child = Bun.spawn([...command, "-f", projectFile(services), ...args], { stdin: "ignore", stdout: "ignore", stderr: "pipe", env: { ...TEST_ENV, ...env } });
  const peak = peakOf(child.pid);
  const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()]);
  const ms = performance.now() - begin;
  if (code !== 0) throw new Error(`${[...command, ...args].join(" ")}: exit code ${code}\n${said}`);
  return { ms, peakBytes: await peak };
}

/** As it is seen every few milliseconds: what the kernel says at the end holds the parent's share at the fork. */
async function peakOf(pid: number): Promise<number> {
  for (let bytes = 0; ; await Bun.sleep(3)) {
    try {
      const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
      if (kib === undefined) return bytes;
      bytes = Number(kib) * 1024;
    } catch {
      return bytes;
    }
  }
}

/** One that the others depend on, on one network. */
function projectFile(count: number): string {
  const file = join(folder, `${count}.yaml`);
  mkdirSync(folder, { recursive: true });
  const service = (number: number): Record<string, unknown> => ({
    image: IMAGE, command: SERVICE, labels: { [LABEL]: "" }, environment: { NUMBER: String(number), MODE: "bench" }, restart: "unless-stopped",
    ...(number > 0 && { depends_on: ["s0"] }),
  });
  writeFileSync(file, stringify({ name: `hb${count}`, services: Object.fromEntries(Array.from({ length: count }, (_, number) => [`s${number}`, service(number)])) }));
  return file;
}

const release = (tool: Tool, services: number) => async (side: Side): Promise<void> => {
  await compose(tool, side, services, "down", "-t", "1");
  rmSync(folder, { recursive: true, force: true });
};

function upOf(services: number, tool: Tool, name: string, goal: number): Measure {
  return {
    name: `compose: ${name}`, unit: "ms", goal, repetitions: 5, quickRepetitions: 3,
    measure: async (side) => {
      await compose(tool, side, services, "down", "-t", "1");
      return (await compose(tool, side, services, "up", "-d")).ms;
    },
    release: release(tool, services),
  };
}

function downOf(services: number, goal: number): Measure {
  return {
    name: `compose: \`down\` of ${services} services`, unit: "ms", goal, repetitions: 5, quickRepetitions: 3,
    measure: async (side) => {
      await compose(itsOwn, side, services, "up", "-d");
      return (await compose(itsOwn, side, services, "down")).ms;
    },
    release: release(itsOwn, services),
  };
}

export function composeMeasures(): Measure[] {
  if (!DOCKER_COMPOSE) return [];
  const running = { prepare: async (side: Side) => void (await compose(itsOwn, side, 20, "up", "-d")), release: release(itsOwn, 20) };
  const megabytes = (bytes: number): number => bytes / 2 ** 20;
  return [
    upOf(5, itsOwn, "`up -d` of 5 services", 1 / 8),
    upOf(20, itsOwn, "`up -d` of 20 services", 1 / 8),
    { name: "compose: `up -d` of 20 services with nothing to do", unit: "ms", goal: 1 / 4, repetitions: 7, quickRepetitions: 3, ...running, measure: async (side) => (await compose(itsOwn, side, 20, "up", "-d")).ms },
    downOf(5, 1 / 8),
    downOf(20, 1 / 8),
    upOf(5, theReal, "docker-compose `up -d` of 5 services, on either engine", 1),
    upOf(20, theReal, "docker-compose `up -d` of 20 services, on either engine", 1),
    { name: "compose: `config` of 200 services", unit: "ms", goal: 1, most: 300, repetitions: 9, quickRepetitions: 5, measure: async (side) => (await compose(itsOwn, side, 200, "config", "-q")).ms },
    { name: "compose: memory of `config` of 200 services", unit: "MB", goal: 1, most: 120, repetitions: 3, quickRepetitions: 1, measure: async (side) => megabytes((await compose(itsOwn, side, 200, "config")).peakBytes) },
    { name: "compose: memory of `up -d` of 20 services", unit: "MB", goal: 1, most: 120, repetitions: 3, quickRepetitions: 1, ...running, measure: async (side) => megabytes((await compose(itsOwn, side, 20, "up", "-d", "--force-recreate", "-t", "1")).peakBytes) },
  ];
}
