/**
 * What open `stats` cost the engine: containers with a stream each, its processor time over a while, in percent of one core.
 *
 *   bun bench/stats.ts [--containers 100] [--seconds 20]
 */
import { connect, type Socket } from "node:net";
import { parseArgs } from "node:util";
import { BUSYBOX, startEngine, type TestEngine } from "../test/harness.ts";
import { processorTime } from "./processor-time.ts";

const { values: flags } = parseArgs({ args: process.argv.slice(2), options: { containers: { type: "string", default: "100" }, seconds: { type: "string", default: "20" } } });
const containers = Number(flags.containers);
const seconds = Number(flags.seconds);
const STARTED_AT_ONCE = 10;
const SETTLING_MS = 3000;

async function startContainer(engine: TestEngine): Promise<string> {
  const { Id } = (await (await engine.api("POST", "/containers/create", { Image: BUSYBOX, Cmd: ["sleep", "100000"] })).json()) as { Id: string };
  await engine.api("POST", `/containers/${Id}/start`);
  return Id;
}

/** Bytes are counted and thrown away. */
function openStream(engine: TestEngine, id: string, count: (bytes: number) => void): Socket {
  const socket = connect(engine.socket);
  socket.on("data", (bytes) => count(bytes.length));
  socket.write(`GET /v1.51/containers/${id}/stats?stream=1 HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}

async function share(engine: TestEngine): Promise<number> {
  const [before, from] = [processorTime(engine.pid).own, performance.now()];
  await Bun.sleep(seconds * 1000);
  return ((processorTime(engine.pid).own - before) / (performance.now() - from)) * 100_000;
}

await using engine = await startEngine();
const ids: string[] = [];
while (ids.length < containers) ids.push(...(await Promise.all(Array.from({ length: Math.min(STARTED_AT_ONCE, containers - ids.length) }, () => startContainer(engine)))));
await Bun.sleep(SETTLING_MS);
const idle = await share(engine);
let received = 0;
const sockets = ids.map((id) => openStream(engine, id, (bytes) => (received += bytes)));
await Bun.sleep(SETTLING_MS);
received = 0;
const watching = await share(engine);
for (const socket of sockets) socket.destroy();
console.log(`${containers} containers, ${containers} streams, ${seconds} s: ${watching.toFixed(2)} % of one core (${idle.toFixed(2)} % without streams), ${Math.round(received / 1024 / seconds)} KB/s sent`);
