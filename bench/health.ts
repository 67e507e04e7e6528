/**
 * What health checks cost: containers that are each checked every 30 s, in percent of one core; the engine's own time, and that of
 * the monitors and test programs that it starts and reaps.
 *
 *   bun bench/health.ts [--containers 300] [--seconds 60] [--test shell|program|http|tcp|none]
 */
import { parseArgs } from "node:util";
import { BUSYBOX, startEngine, type TestEngine } from "../test/harness.ts";
import { processorTime } from "./processor-time.ts";

const { values: flags } = parseArgs({
  args: process.argv.slice(2),
  options: { containers: { type: "string", default: "300" }, seconds: { type: "string", default: "60" }, test: { type: "string", default: "shell" } },
});
const containers = Number(flags.containers);
const seconds = Number(flags.seconds);
const STARTED_AT_ONCE = 10;
const SETTLING_MS = 3000;
const TESTS: Record<string, string[]> = { shell: ["CMD-SHELL", "true"], program: ["CMD", "true"], http: ["HTTP", "8080"], tcp: ["TCP", "8080"], none: ["NONE"] };
const Healthcheck = { Test: TESTS[flags.test] ?? TESTS["shell"], Interval: 30e9 };

async function startContainer(engine: TestEngine): Promise<void> {
  const { Id } = (await (await engine.api("POST", "/containers/create", { Image: BUSYBOX, Cmd: ["httpd", "-f", "-p", "8080", "-h", "/etc"], Healthcheck, HostConfig: { NetworkMode: "none" } })).json()) as { Id: string };
  await engine.api("POST", `/containers/${Id}/start`);
}

await using engine = await startEngine();
for (let started = 0; started < containers; started += STARTED_AT_ONCE) await Promise.all(Array.from({ length: Math.min(STARTED_AT_ONCE, containers - started) }, () => startContainer(engine)));
await Bun.sleep(SETTLING_MS);
const [before, from] = [processorTime(engine.pid), performance.now()];
await Bun.sleep(seconds * 1000);
const after = processorTime(engine.pid);
const share = (part: "own" | "children"): string => (((after[part] - before[part]) / (performance.now() - from)) * 100_000).toFixed(2);
console.log(`${containers} containers checked every 30 s (${flags.test}), ${seconds} s: engine ${share("own")} % of one core, what it starts ${share("children")} %`);
