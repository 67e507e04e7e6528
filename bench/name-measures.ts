/** Names on a network that a user made, asked for by a program in a container's network. */
import { join } from "node:path";
import { IMAGE, LABEL, must, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const NETWORK = "hb-names";
const LOOKUPS = join(import.meta.dir, "lookups.ts");

export function nameMeasures(count: number): Measure[] {
  const place = {
    prepare: async (side: Side): Promise<void> => {
      await must([...side.command, "network", "create", NETWORK]);
      for (const name of ["hb-asked", "hb-asking"]) await must([...side.command, "run", "--label", LABEL, "-d", "--name", name, "--network", NETWORK, IMAGE, "sleep", "100000"]);
    },
    release: async (side: Side): Promise<void> => {
      await must([...side.command, "rm", "-f", "hb-asked", "hb-asking"]);
      await must([...side.command, "network", "rm", NETWORK]);
    },
  };
  const measure = async (side: Side, figure: string): Promise<number> => {
    const pid = (await must([...side.command, "inspect", "--format", "{{.State.Pid}}", "hb-asking"])).trim();
    return Number(await must(["nsenter", "-t", pid, "-n", process.execPath, LOOKUPS, "hb-asked", String(count), figure]));
  };
  return [
    { name: "lookup of a container's name, median", unit: "µs", goal: 1, repetitions: 5, quickRepetitions: 2, ...place, measure: (side) => measure(side, "p50") },
    { name: "lookup of a container's name, 99th percentile", unit: "µs", goal: 1 / 2, repetitions: 5, quickRepetitions: 2, ...place, measure: (side) => measure(side, "p99") },
    { name: "10,000 lookups, 16 at once", unit: "ms", goal: 1, repetitions: 5, quickRepetitions: 2, ...place, measure: async (side) => 10_000_000 / (await measure(side, "rate")) },
  ];
}
