/** Making networks, connecting to them, and what a published port adds to a start; over one kept connection of the API. */
import { IMAGE, LABEL, must, type Side } from "./engines.ts";
import { HttpConnection } from "./http-connection.ts";
import type { Measure } from "./measures.ts";
import { median } from "./median.ts";
import { CLIENT_IP, ENGINE_IP, neighbour } from "./neighbour.ts";

const NETWORK = "hb-network";
const BOX = "hb-connected";
const PAIRS = 8;
const FIRST_PORT = 20_000;

export class Api implements Disposable {
  readonly #connection: HttpConnection;
  readonly #side: Side;

  private constructor(side: Side, connection: HttpConnection) {
    this.#side = side;
    this.#connection = connection;
  }

  static async of(side: Side): Promise<Api> {
    const api = new Api(side, await HttpConnection.open(side.socket));
    await api.ask(200, "GET", "/_ping");
    return api;
  }

  async ask(expected: number, method: string, path: string, body?: unknown): Promise<string> {
    const { status, text } = await this.#connection.request(method, `/v1.47${path}`, body);
    if (status !== expected) throw new Error(`${this.#side.name}: ${method} ${path}: ${status} ${text}`);
    return text;
  }

  async create(name: string, hostConfig: Record<string, unknown> = {}): Promise<string> {
    return (JSON.parse(await this.ask(201, "POST", `/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["sleep", "100000"], Labels: { [LABEL]: "" }, HostConfig: hostConfig })) as { Id: string }).Id;
  }

  remove(name: string): Promise<string> {
    return this.ask(204, "DELETE", `/containers/${name}?force=1`);
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}

export const timedAsync = async (act: () => Promise<unknown>): Promise<number> => {
  const begin = performance.now();
  await act();
  return performance.now() - begin;
};
const published = (hostPort: number, containerPort = 80): Record<string, unknown> => ({ PortBindings: { [`${containerPort}/tcp`]: [{ HostPort: String(hostPort) }] } });

async function createAndRemove(side: Side): Promise<number> {
  using api = await Api.of(side);
  return await timedAsync(async () => {
    await api.ask(201, "POST", "/networks/create", { Name: NETWORK, Labels: { [LABEL]: "" } });
    await api.ask(204, "DELETE", `/networks/${NETWORK}`);
  });
}

async function connect(side: Side): Promise<number> {
  using api = await Api.of(side);
  const elapsed = await timedAsync(() => api.ask(200, "POST", `/networks/${NETWORK}/connect`, { Container: BOX }));
  await api.ask(200, "POST", `/networks/${NETWORK}/disconnect`, { Container: BOX });
  return elapsed;
}

/** The median of starts with a port less that of starts without, in turn. */
async function portAdds(side: Side): Promise<number> {
  using api = await Api.of(side);
  const samples: Record<"with" | "without", number[]> = { with: [], without: [] };
  for (let at = 0; at < PAIRS * 2; at++) {
    const kind = at % 2 === 0 ? "with" : "without";
    const id = await api.create("hb-adds", kind === "with" ? published(FIRST_PORT) : {});
    samples[kind].push(await timedAsync(() => api.ask(204, "POST", `/containers/${id}/start`)));
    await api.remove(id);
  }
  return median(samples.with) - median(samples.without);
}

export function networkMeasures(): Measure[] {
  const connected = {
    prepare: async (side: Side): Promise<void> => {
      using api = await Api.of(side);
      await api.ask(201, "POST", "/networks/create", { Name: NETWORK, Labels: { [LABEL]: "" } });
      await api.ask(204, "POST", `/containers/${await api.create(BOX)}/start`);
    },
    release: async (side: Side): Promise<void> => {
      using api = await Api.of(side);
      await api.remove(BOX);
      await api.ask(204, "DELETE", `/networks/${NETWORK}`);
    },
  };
  return [
    { name: "API network create, rm", unit: "ms", goal: 1 / 8, repetitions: 15, quickRepetitions: 5, measure: createAndRemove },
    { name: "API network connect of a running container", unit: "ms", goal: 1 / 5, repetitions: 15, quickRepetitions: 5, ...connected, measure: connect },
    { name: "what a published port adds to a start", unit: "ms", goal: 1, atMost: 3, repetitions: 5, quickRepetitions: 2, measure: portAdds },
  ];
}

/** Milliseconds of a start with a port, and of the first answer through that, with so many ports published besides. */
export async function portScaling(side: Side, many: number, repetitions: number): Promise<{ readonly name: string; readonly few: number; readonly many: number }[]> {
  using api = await Api.of(side);
  using host = await neighbour(side);
  const inClient = ["nsenter", `--net=/proc/${host.pid}/ns/net`, "--"];
  const look = async (): Promise<{ start: number; first: number }> => {
    const [starts, firsts]: [number[], number[]] = [[], []];
    for (let turn = 0; turn < repetitions; turn++) {
      // As many as are there, and then its own.
      const id = await api.create("hb-last", published(FIRST_PORT + many, 5000));
      starts.push(await timedAsync(() => api.ask(204, "POST", `/containers/${id}/start`)));
      const { State: { Pid: pid } } = JSON.parse(await api.ask(200, "GET", `/containers/${id}/json`)) as { State: { Pid: number } };
      firsts.push(Number(await must([...inClient, "python3", "-c", FIRST_PACKET, ENGINE_IP, String(FIRST_PORT + many), String(pid), CLIENT_IP])));
      await api.remove(id);
    }
    return { start: median(starts), first: median(firsts) };
  };
  const one = await look();
  const holders = 10;
  for (let holder = 0; holder < holders; holder++) {
    const ports = Array.from({ length: many / holders }, (_, at) => FIRST_PORT + holder * (many / holders) + at);
    const id = await api.create(`hb-holder-${holder}`, { PortBindings: Object.fromEntries(ports.map((port, at) => [`${1000 + at}/tcp`, [{ HostPort: String(port) }]])) });
    await api.ask(204, "POST", `/containers/${id}/start`);
  }
  const all = await look();
  for (let holder = 0; holder < holders; holder++) await api.remove(`hb-holder-${holder}`);
  return [
    { name: "start with a port", few: one.start, many: all.start },
    { name: "first answer through it", few: one.first, many: all.first },
  ];
}

/** Starts a server in a container's network and prints the milliseconds of one connection and answer. */
const FIRST_PACKET = `import os, socket, subprocess, sys, time
address, port, pid = sys.argv[1], int(sys.argv[2]), sys.argv[3]
server = subprocess.Popen(["nsenter", f"--net=/proc/{pid}/ns/net", "--", sys.executable, "-c", "import socket; s = socket.create_server(('', 5000)); print(1, flush=True); c, _ = s.accept(); c.sendall(b'k')"], stdout=subprocess.PIPE)
server.stdout.readline()
begin = time.perf_counter()
socket.create_connection((address, port)).recv(1)
print((time.perf_counter() - begin) * 1000)
server.wait()`;
