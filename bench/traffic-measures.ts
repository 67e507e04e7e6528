/** What goes through a published port, from container to container, and out: bytes, round trips and new connections. */
import { Live } from "../test/processes.ts";
import { IMAGE, LABEL, must, type Side } from "./engines.ts";
import type { Measure } from "./measures.ts";
import { CLIENT_IP, ENGINE_IP, neighbour } from "./neighbour.ts";

const [SERVER, CLIENT] = ["hb-server", "hb-client"];
const PUBLISHED = 24_000;
const PORT = 5000;
const ROUND_TRIPS = 20_000;
const CONNECTIONS = 2000;

type Way = "through a published port" | "between containers" | "out of a container";
const WAYS: readonly Way[] = ["through a published port", "between containers", "out of a container"];
type Load = "bytes" | "round trips" | "connections";

const LISTENER = `import socket
listening = socket.create_server(("", ${PORT}), backlog=128); print("listening", flush=True)
`;
const SERVERS: Readonly<Record<Load, string>> = {
  bytes: `${LISTENER}client, _ = listening.accept(); buffer = bytearray(1 << 20)
while client.recv_into(buffer): pass
client.sendall(b"k")`,
  "round trips": `${LISTENER}client, _ = listening.accept(); client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
while data := client.recv(64): client.sendall(data)`,
  connections: `${LISTENER}while True:
  client, _ = listening.accept(); client.sendall(b"k"); client.close()`,
};
/** Prints the milliseconds that it took, without its own start. */
const ASKER = `import socket, sys, time
address, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
begin = time.perf_counter()
`;
const ASKERS: Readonly<Record<Load, string>> = {
  bytes: `${ASKER}server = socket.create_connection((address, port)); block = bytes(1 << 20)
for _ in range(count): server.sendall(block)
server.shutdown(socket.SHUT_WR); server.recv(1); print((time.perf_counter() - begin) * 1000)`,
  "round trips": `${ASKER}server = socket.create_connection((address, port)); server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for _ in range(count): server.sendall(b"x"); server.recv(64)
print((time.perf_counter() - begin) * 1000)`,
  connections: `${ASKER}for _ in range(count):
  server = socket.create_connection((address, port)); server.recv(1); server.close()
print((time.perf_counter() - begin) * 1000)`,
};

const inspect = async (side: Side, name: string, format: string): Promise<string> => (await must([...side.command, "inspect", "--format", format, name])).trim();
const inNetworkOf = (pid: number | string): string[] => ["nsenter", `--net=/proc/${pid}/ns/net`, "--"];

async function load(side: Side, way: Way, what: Load, count: number): Promise<number> {
  using host = await neighbour(side);
  const pids = { server: await inspect(side, SERVER, "{{.State.Pid}}"), client: await inspect(side, CLIENT, "{{.State.Pid}}") };
  const from = way === "through a published port" ? host.pid : pids.client;
  const to = way === "out of a container" ? host.pid : pids.server;
  const address = way === "through a published port" ? ENGINE_IP : way === "out of a container" ? CLIENT_IP : await inspect(side, SERVER, "{{.NetworkSettings.IPAddress}}");
  using server = Live.spawn([...inNetworkOf(to), "python3", "-c", SERVERS[what]]);
  await server.until("listening");
  return Number(await must([...inNetworkOf(from), "python3", "-c", ASKERS[what], address, String(way === "through a published port" ? PUBLISHED : PORT), String(count)]));
}

export function trafficMeasures(gigabytes: number): Measure[] {
  const containers = {
    prepare: async (side: Side): Promise<void> => {
      const run = (name: string, ...flags: string[]): Promise<string> => must([...side.command, "run", "--label", LABEL, "-d", "--name", name, ...flags, IMAGE, "sleep", "100000"]);
      await run(SERVER, "-p", `${PUBLISHED}:${PORT}`);
      await run(CLIENT);
    },
    release: async (side: Side): Promise<void> => void (await must([...side.command, "rm", "-f", SERVER, CLIENT])),
  };
  const loads: readonly (readonly [name: string, what: Load, count: number])[] = [
    [`${gigabytes} GB`, "bytes", gigabytes * 1024],
    [`${ROUND_TRIPS.toLocaleString("en")} round trips`, "round trips", ROUND_TRIPS],
    [`${CONNECTIONS.toLocaleString("en")} connections`, "connections", CONNECTIONS],
  ];
  return loads.flatMap(([name, what, count]) => WAYS.map((way) => ({ name: `${name} ${way}`, unit: "ms", goal: 1, repetitions: 5, quickRepetitions: 2, ...containers, measure: (side: Side) => load(side, way, what, count) }) satisfies Measure));
}
