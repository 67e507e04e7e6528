/** Published ports: what they cost, and what goes through them. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { memoryOf } from "../test/leaks.ts";
import { IMAGE, LABEL, must, timed, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const BOX = "hb-ports";
const PORTS = 100;
const FIRST_PORT = 24_000;
const WARM_UPS = 4;
/** Until an engine has cleared up after a request. */
const SETTLED_MS = 500;

const cli = (side: Side, ...args: string[]): string[] => [...side.command, ...args];
const flags = (count: number): string[] => Array.from({ length: count }, (_, at) => ["-p", `${FIRST_PORT + at}:${5000 + at}`]).flat();
const run = (name: string, side: Side, count: number): string[] => cli(side, "run", "--label", LABEL, "-d", "--name", name, ...flags(count), IMAGE, "sleep", "100000");
const remove = async (side: Side): Promise<void> => void (await must(cli(side, "rm", "-f", BOX)));

/** The engine's processes and all that stands in its network beside them: Docker has one proxy per port and family. */
function engineKiB(side: Side): number {
  const network = readlinkSync(`/proc/${side.networkPid()}/ns/net`);
  const proxies = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("docker-proxy") && readlinkSync(`/proc/${pid}/ns/net`) === network;
    } catch {
      return false; // it ended while we looked
    }
  });
  return side.engineRssKiB() + proxies.reduce((total, pid) => total + memoryOf(Number(pid)).pssKiB, 0);
}

export function publishMeasures(): Measure[] {
  const removing = async (side: Side): Promise<number> => {
    await must(run(BOX, side, PORTS));
    return await timed(cli(side, "rm", "-f", BOX));
  };
  const running = async (side: Side, count: number): Promise<number> => {
    const elapsed = await timed(run(BOX, side, count));
    await remove(side);
    return elapsed;
  };
  const memory = async (side: Side): Promise<number> => {
    // The first of them grow an engine's heap, whatever it is for; what is asked is what stays for as long as the ports do.
    for (let turn = 0; turn < WARM_UPS; turn++) await running(side, PORTS);
    await Bun.sleep(SETTLED_MS);
    const before = engineKiB(side);
    await must(run(BOX, side, PORTS));
    await Bun.sleep(SETTLED_MS);
    const after = engineKiB(side);
    await remove(side);
    return after - before;
  };
  return [
    { name: "`run -d -p`, 1 port", unit: "ms", goal: 1 / 8, repetitions: 10, quickRepetitions: 4, measure: (side) => running(side, 1) },
    { name: `\`run -d -p\`, ${PORTS} ports`, unit: "ms", goal: 1 / 20, repetitions: 5, quickRepetitions: 2, measure: (side) => running(side, PORTS) },
    { name: `\`rm -f\` of a container with ${PORTS} ports`, unit: "ms", goal: 1 / 20, repetitions: 5, quickRepetitions: 2, measure: removing },
    { name: `memory for ${PORTS} ports`, unit: "KB", goal: 1 / 250, repetitions: 3, quickRepetitions: 1, measure: memory },
  ];
}
