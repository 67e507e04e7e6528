/** Requests made up from a seed, against an engine that really does what they ask: none fails it, hangs, or leaves anything behind. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { routes } from "../../src/api/mod.ts";
import { mutatedJson, oddText, randomOf, type Random } from "../fuzz/odd-values.ts";
import { VALID_BODIES } from "../fuzz/valid-bodies.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

const SEED = Number(process.env["FUZZ_SEED"] ?? 20_260_101);
const BODIES = Number(process.env["FUZZ_BODIES"] ?? 500);
const QUERIES = 60;
const AT_ONCE = 24;
/** Far above what any of them takes: what has not begun to answer by then never will. */
const PATIENCE_MS = 60_000;
/** Sealed routes say so with 501; a swarm that is not there is a 503 in Docker's own words. */
const ALLOWED = new Set([501, 503]);
/** These ask a registry out there, which no test should do: their bodies go to a port that nobody listens on, their names nowhere. */
const ASKS_REGISTRY = ["POST /auth", "GET /distribution/{name}/json", "GET /images/search", "POST /images/{name}/push", "POST /images/create"];
/** What such a port, or such a name, answers is not the engine's failure. */
const UNREACHABLE = /(Get|Head|Post) \\?"https?:\/\/(127\.0\.0\.1|localhost):1\//;
/** These may take as long as a container does to end, or the registry to start, which is what they are for. */
const WAITS = ["POST /containers/{id}/wait", "POST /containers/{id}/stop", "POST /containers/{id}/restart", "GET /events", "POST /hako/registry/start", "POST /hako/registry/stop"];

let engine: TestEngine;
let running = "";
let resting = "";
beforeAll(async () => {
  engine = await startEngine();
  running = await engine.ok("run", "-d", "--network", "none", BUSYBOX, "sleep", "1000");
  resting = await engine.ok("create", "--network", "none", BUSYBOX, "true");
});
afterAll(async () => {
  // One of the bodies has started it.
  await engine.ok("registry", "stop");
  await engine[Symbol.asyncDispose]();
});

interface Sent {
  readonly name: string;
  readonly method: string;
  readonly target: string;
  readonly body?: string | undefined;
}

/** @returns what was wrong with the answer */
async function send({ name, method, target, body }: Sent): Promise<string | undefined> {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), PATIENCE_MS);
  try {
    const init: RequestInit & { unix: string } = { method, unix: engine.socket, signal: giveUp.signal, ...(body !== undefined && { body, headers: { "Content-Type": "application/json" } }) };
    const answer = await fetch(`http://localhost${target}`, init);
    if (answer.status === 201 && name === "POST /containers/create") return await startAndRemove(await answer.json(), body ?? "");
    if (answer.status >= 500 && !ALLOWED.has(answer.status)) {
      const text = await answer.text();
      return ASKS_REGISTRY.includes(name) && UNREACHABLE.test(text) ? undefined : `${answer.status} ${text} to ${method} ${target} ${body ?? ""}`;
    }
    await answer.body?.cancel();
    return undefined;
  } catch (error) {
    return `${String(error)} to ${method} ${target} ${body ?? ""}`;
  } finally {
    clearTimeout(timer);
  }
}

/** What could be created is also started, except where it would have a cgroup outside of this engine's. */
async function startAndRemove(answer: unknown, body: string): Promise<string | undefined> {
  const { Id } = answer as { Id: string };
  const elsewhere = (JSON.parse(body) as { HostConfig?: { CgroupParent?: unknown } | null }).HostConfig?.CgroupParent;
  const started = elsewhere ? undefined : await engine.api("POST", `/containers/${Id}/start`);
  const removed = await engine.api("DELETE", `/containers/${Id}?force=1&v=1`);
  const failed = [started, removed].find((reply) => reply !== undefined && reply.status >= 500);
  return failed && `${failed.status} ${await failed.text()} to ${failed.url} ${body}`;
}

async function sendAll(requests: readonly Sent[]): Promise<string[]> {
  const problems: string[] = [];
  const left = requests.values();
  const worker = async (): Promise<void> => {
    for (const request of left) {
      const problem = await send(request);
      if (problem !== undefined) problems.push(problem.slice(0, 1500));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return problems;
}

const openDescriptors = (): number => readdirSync(`/proc/${engine.pid}/fd`).length;

/** The path with something in its place: a container that is there, or nonsense. */
function filled(path: string, random: Random, mayRun: boolean): string {
  return path.replace(/\{\w+\}/, () => (random.chance(0.5) ? (mayRun && random.chance(0.5) ? running : resting) : encodeURIComponent(oddText(random).toWellFormed()).replace(/^\.{0,2}$/, "%20")));
}

async function bodiesOf(name: string, random: Random): Promise<Sent[]> {
  const valid = VALID_BODIES[name]?.(BUSYBOX) ?? {};
  const [method = "", path = ""] = name.split(" ");
  const execs = name === "POST /exec/{id}/start" ? await execIds(20) : [];
  return Array.from({ length: BODIES }, () => {
    const target = execs.length > 0 ? path.replace("{id}", random.pick(execs)) : filled(path, random, true);
    return { name, method, target: `/v1.51${target}`, body: name === "POST /auth" ? toNobody(mutatedJson(random, valid)) : mutatedJson(random, valid) };
  });
}

function toNobody(body: string): string {
  try {
    const value = JSON.parse(body) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value) ? JSON.stringify({ ...value, serveraddress: "127.0.0.1:1" }) : body;
  } catch {
    return body;
  }
}

async function execIds(count: number): Promise<string[]> {
  const answers = await Promise.all(Array.from({ length: count }, async () => await (await engine.api("POST", `/containers/${running}/exec`, { Cmd: ["true"] })).json()));
  return answers.map((answer) => (answer as { Id: string }).Id);
}

const withBody = [...new Set([...routes.filter(({ body }) => body !== undefined).map(({ method, path }) => `${method} ${path}`), ...Object.keys(VALID_BODIES)])];

test(`bodies from seed ${SEED}: no answer is a failure of the engine`, async () => {
  const before = openDescriptors();
  const problems: string[] = [];
  for (const [index, name] of withBody.entries()) problems.push(...(await sendAll(await bodiesOf(name, randomOf(SEED + index)))));
  expect(problems).toEqual([]);
  expect((await engine.api("GET", "/_ping")).status).toBe(200);
  expect((await engine.ok("ps", "-aq", "--no-trunc")).split("\n").sort()).toEqual([running, resting].sort());
  expect(openDescriptors()).toBeLessThan(before + 100);
}, 120_000);

test(`paths and queries from seed ${SEED}: no answer is a failure of the engine`, async () => {
  const random = randomOf(SEED);
  const requests = routes.flatMap(({ method, path, query }) =>
    Array.from({ length: QUERIES }, (): Sent => {
      const name = `${method} ${path}`;
      const values = Object.keys(query).filter(() => random.chance(0.6)).map((key) => `${key}=${encodeURIComponent(oddText(random).toWellFormed())}`);
      const version = random.pick(["", "/v1.24", "/v1.44", "/v1.51"]);
      return { name, method, target: `${version}${filled(path, random, !WAITS.includes(name) && method !== "DELETE")}?${values.join("&")}`, ...(method === "POST" || method === "PUT" ? { body: oddText(random).toWellFormed() } : {}) };
    }),
  );
  expect(await sendAll(requests.filter(({ name }) => !WAITS.includes(name) && !ASKS_REGISTRY.includes(name)))).toEqual([]);
  expect((await engine.api("GET", "/_ping")).status).toBe(200);
}, 120_000);
