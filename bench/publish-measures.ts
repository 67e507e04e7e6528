/** Published ports: what they cost, and what goes through them. */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { memoryOf } from "../test/leaks.ts";
import { Live } from "../test/processes.ts";
import { IMAGE, LABEL, must, timed, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";

const BOX = "hb-ports";
const PORTS = 100;
const FIRST_PORT = 24_000;
const CLIENT_IP = "198.18.77.2";
const ENGINE_IP = "198.18.77.1";

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

/** A host on a link of its own to the engine's, while it is not disposed of. */
async function neighbour(side: Side): Promise<Live> {
  const client = Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
  await client.until("ready");
  const inEngine = ["nsenter", `--net=/proc/${side.networkPid()}/ns/net`, "--", "ip"];
  const inClient = ["nsenter", `--net=/proc/${client.pid}/ns/net`, "--", "ip"];
  await must([...inEngine, "link", "add", "hb-outer", "type", "veth", "peer", "name", "hb-inner", "netns", String(client.pid)]);
  await must([...inEngine, "addr", "add", `${ENGINE_IP}/24`, "dev", "hb-outer"]);
  await must([...inEngine, "link", "set", "hb-outer", "up"]);
  await must([...inClient, "addr", "add", `${CLIENT_IP}/24`, "dev", "hb-inner"]);
  await must([...inClient, "link", "set", "hb-inner", "up"]);
  return client;
}

const SERVER = `import socket
listening = socket.create_server(("", 5000)); print("listening", flush=True)
client, _ = listening.accept(); buffer = bytearray(1 << 20)
while client.recv_into(buffer): pass
client.sendall(b"k")`;
const CLIENT = `import socket, sys
server = socket.create_connection(("${ENGINE_IP}", ${FIRST_PORT})); block = bytes(1 << 20)
for _ in range(int(sys.argv[1])): server.sendall(block)
server.shutdown(socket.SHUT_WR); server.recv(1)`;

/** A server in the container's network, asked from the neighbour. */
async function transfer(side: Side, megabytes: number): Promise<number> {
  using client = await neighbour(side);
  const pid = (await must(cli(side, "inspect", "--format", "{{.State.Pid}}", BOX))).trim();
  using server = Live.spawn(["nsenter", `--net=/proc/${pid}/ns/net`, "--", "python3", "-c", SERVER]);
  await server.until("listening");
  return await timed(["nsenter", `--net=/proc/${client.pid}/ns/net`, "--", "python3", "-c", CLIENT, String(megabytes)]);
}

export function publishMeasures(gigabytes: number): Measure[] {
  const withPort = { prepare: async (side: Side) => void (await must(run(BOX, side, 1))), release: remove };
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
    await running(side, PORTS);
    const before = engineKiB(side);
    await must(run(BOX, side, PORTS));
    const after = engineKiB(side);
    await remove(side);
    return after - before;
  };
  return [
    { name: "`run -d -p`, 1 port", unit: "ms", goal: 1 / 8, repetitions: 10, quickRepetitions: 4, measure: (side) => running(side, 1) },
    { name: `\`run -d -p\`, ${PORTS} ports`, unit: "ms", goal: 1 / 20, repetitions: 5, quickRepetitions: 2, measure: (side) => running(side, PORTS) },
    { name: `\`rm -f\` of a container with ${PORTS} ports`, unit: "ms", goal: 1 / 20, repetitions: 5, quickRepetitions: 2, measure: removing },
    { name: `memory for ${PORTS} ports`, unit: "KB", goal: 1 / 250, repetitions: 3, quickRepetitions: 1, measure: memory },
    { name: `${gigabytes} GB through a published port`, unit: "ms", goal: 1, repetitions: 3, quickRepetitions: 1, ...withPort, measure: (side) => transfer(side, gigabytes * 1024) },
  ];
}
