/** What is measured: each takes one side and returns one figure in its unit. */
import { IMAGE, LABEL, must, timed, type Side } from "./engines.ts";
import { HttpConnection } from "./http-connection.ts";
import { median } from "./median.ts";

export interface Measure {
  readonly name: string;
  readonly unit: "ms" | "µs" | "MB" | "KB";
  /** Ours over theirs, at most. */
  readonly goal: number;
  /** Ours, at most, where that is what counts. */
  readonly atMost?: number;
  /** Ours at most, in its unit, where that is the goal. */
  readonly most?: number;
  readonly repetitions: number;
  readonly quickRepetitions: number;
  /** Sides keep what a measure needs (a running container) from `prepare` to `release`. */
  prepare?(side: Side): Promise<void>;
  measure(side: Side): Promise<number>;
  release?(side: Side): Promise<void>;
}

const RUN = ["run", "--label", LABEL];
const cli = (side: Side, ...args: string[]): string[] => [...side.command, ...args];
const start = (side: Side, name: string, ...args: string[]): Promise<string> => must(cli(side, ...RUN, "-d", "--name", name, "--network", "none", IMAGE, ...args));
const remove = async (side: Side, ...names: string[]): Promise<void> => {
  await must(cli(side, "rm", "-f", ...names));
};

async function withConnection(side: Side): Promise<number> {
  using connection = await HttpConnection.open(side.socket);
  const expect = async (status: number, method: string, path: string, body?: unknown): Promise<string> => {
    const answer = await connection.request(method, `/v1.47${path}`, body);
    if (answer.status !== status) throw new Error(`${side.name}: ${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text;
  };
  await expect(200, "GET", "/_ping");
  const begin = performance.now();
  const created = JSON.parse(await expect(201, "POST", "/containers/create", { Image: IMAGE, Cmd: ["true"], Labels: { [LABEL]: "" } })) as { Id: string };
  await expect(204, "POST", `/containers/${created.Id}/start`);
  await expect(200, "POST", `/containers/${created.Id}/wait`);
  await expect(204, "DELETE", `/containers/${created.Id}`);
  return performance.now() - begin;
}

const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `hb-${i}`);

async function idleContainers(side: Side, count: number): Promise<void> {
  const wanted = names(count);
  for (let i = 0; i < wanted.length; i += 10) await Promise.all(wanted.slice(i, i + 10).map((name) => start(side, name, "sleep", "100000")));
}

export function measures(logMegabytes: number): Measure[] {
  const writer = ["sh", "-c", `yes 'the quick brown fox jumps over the lazy dog, the quick brown fox jumps over the lazy dog 0123' | head -c ${logMegabytes << 20}`];
  const withBox = {
    prepare: async (side: Side) => void (await start(side, "hb-box", "sleep", "100000")),
    release: (side: Side) => remove(side, "hb-box"),
  };
  return [
    { name: "engine with no container, RSS", unit: "MB", goal: 1, repetitions: 1, quickRepetitions: 1, measure: async (side) => side.engineRssKiB() / 1024 },
    { name: "`run --rm busybox true`, bridge", unit: "ms", goal: 1 / 8, repetitions: 15, quickRepetitions: 5, measure: (side) => timed(cli(side, ...RUN, "--rm", IMAGE, "true")) },
    { name: "`run --rm busybox true`, `--network none`", unit: "ms", goal: 1 / 8, repetitions: 15, quickRepetitions: 5, measure: (side) => timed(cli(side, ...RUN, "--rm", "--network", "none", IMAGE, "true")) },
    { name: "`exec c true`", unit: "ms", goal: 1 / 8, repetitions: 20, quickRepetitions: 7, ...withBox, measure: (side) => timed(cli(side, "exec", "hb-box", "true")) },
    { name: "API create, start, wait, delete", unit: "ms", goal: 1 / 15, repetitions: 15, quickRepetitions: 5, measure: withConnection },
    { name: "50 `run --rm` at once", unit: "ms", goal: 1 / 8, repetitions: 3, quickRepetitions: 1, measure: fiftyAtOnce },
    { name: "50 containers started at once, over the API", unit: "ms", goal: 1 / 8, repetitions: 3, quickRepetitions: 1, measure: fiftyOverAPI },
    { name: "`rm -f` of a running container", unit: "ms", goal: 1 / 8, repetitions: 10, quickRepetitions: 4, measure: removeRunning },
    { name: "`ps`, 10 running", unit: "ms", goal: 1, repetitions: 15, quickRepetitions: 5, prepare: (side) => idleContainers(side, 10), measure: (side) => timed(cli(side, "ps")), release: (side) => remove(side, ...names(10)) },
    { name: "`inspect`", unit: "ms", goal: 1, repetitions: 15, quickRepetitions: 5, ...withBox, measure: (side) => timed(cli(side, "inspect", "hb-box")) },
    { name: "memory beside an idle container, PSS", unit: "KB", goal: 1 / 8, repetitions: 1, quickRepetitions: 1, prepare: (side) => idleContainers(side, 10), measure: async (side) => side.monitorsPssKiB() / 10, release: (side) => remove(side, ...names(10)) },
    { name: `container writes ${logMegabytes} MB to stdout`, unit: "ms", goal: 1, repetitions: 2, quickRepetitions: 1, measure: (side) => writing(side, writer) },
    { name: `\`logs\` of ${logMegabytes} MB`, unit: "ms", goal: 1 / 5, repetitions: 2, quickRepetitions: 1, prepare: (side) => written(side, writer), measure: (side) => timed(cli(side, "logs", "hb-log")), release: (side) => remove(side, "hb-log") },
  ];
}

async function fiftyAtOnce(side: Side): Promise<number> {
  const begin = performance.now();
  await Promise.all(Array.from({ length: 50 }, () => timed(cli(side, ...RUN, "--rm", IMAGE, "true"))));
  return performance.now() - begin;
}

/** Fifty clients, each with a connection of its own: create and start; the removal is not counted. */
async function fiftyOverAPI(side: Side): Promise<number> {
  const connections = await Promise.all(Array.from({ length: 50 }, () => HttpConnection.open(side.socket)));
  const begin = performance.now();
  const ids = await Promise.all(connections.map(async (connection) => {
    const created = await connection.request("POST", "/v1.47/containers/create", { Image: IMAGE, Cmd: ["sleep", "100000"], Labels: { [LABEL]: "" } });
    const { Id } = JSON.parse(created.text) as { Id: string };
    const started = await connection.request("POST", `/v1.47/containers/${Id}/start`);
    if (started.status !== 204) throw new Error(`${side.name}: start: ${started.status} ${started.text}`);
    return Id;
  }));
  const elapsed = performance.now() - begin;
  for (const connection of connections) connection[Symbol.dispose]();
  await remove(side, ...ids);
  return elapsed;
}

async function removeRunning(side: Side): Promise<number> {
  await must(cli(side, ...RUN, "-d", "--name", "hb-gone", IMAGE, "sleep", "100000"));
  return await timed(cli(side, "rm", "-f", "hb-gone"));
}

async function written(side: Side, command: string[]): Promise<void> {
  await start(side, "hb-log", ...command);
  await must(cli(side, "wait", "hb-log"));
}

async function writing(side: Side, command: string[]): Promise<number> {
  const begin = performance.now();
  await written(side, command);
  const elapsed = performance.now() - begin;
  await remove(side, "hb-log");
  return elapsed;
}

/** Our own growth: each command's time with many idle containers over its time with ten. */
export async function scaling(side: Side, many: number, repetitions: number): Promise<{ name: string; few: number; many: number }[]> {
  const commands: [string, string[]][] = [
    ["run", cli(side, ...RUN, "--rm", IMAGE, "true")],
    ["ps", cli(side, "ps", "-q")],
    ["exec", cli(side, "exec", "hb-0", "true")],
  ];
  const medians = async (): Promise<number[]> => {
    const result: number[] = [];
    for (const [, command] of commands) {
      const samples: number[] = [];
      for (let i = 0; i < repetitions; i++) samples.push(await timed(command));
      result.push(median(samples));
    }
    return result;
  };
  await idleContainers(side, 10);
  const few = await medians();
  for (let i = 10; i < many; i += 10) await Promise.all(Array.from({ length: Math.min(10, many - i) }, (_, j) => start(side, `hb-${i + j}`, "sleep", "100000")));
  const lots = await medians();
  await remove(side, ...names(many));
  return commands.map(([name], i) => ({ name, few: few[i] ?? 0, many: lots[i] ?? 0 }));
}
