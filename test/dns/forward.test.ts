import { expect, test } from "bun:test";
import { Forwarder } from "../../src/dns/forward.ts";
import { parseQuery, type Query } from "../../src/dns/message.ts";

const bytes = Buffer.from(`424201000001000000000000${"037765620000010001"}`, "hex");
const parsed = parseQuery(bytes);
if (!parsed || "refuse" in parsed) throw new Error("no query");
const query: Query = parsed;

const told = (rcode: number, length = 0): Buffer => {
  const answer = Buffer.concat([bytes, Buffer.alloc(length)]);
  answer.writeUInt16BE(0x8180 | rcode, 2);
  return answer;
};

/** Servers by name; each call is noted. */
function servers(moods: Record<string, (signal: AbortSignal) => Promise<Buffer | undefined>>, options: ConstructorParameters<typeof Forwarder>[0] = {}): { asked: string[]; ask: (asker?: string) => Promise<Buffer> } {
  const asked: string[] = [];
  const exchange = (_query: Query, server: string, signal: AbortSignal): Promise<Buffer | undefined> => {
    asked.push(server);
    return moods[server]?.(signal) ?? Promise.resolve(undefined);
  };
  const forwarder = new Forwarder({ exchanges: { udp: exchange, tcp: exchange }, patienceMs: 20, deadlineMs: 200, ...options });
  return { asked, ask: (asker = "c") => forwarder.forward(query, { asker, servers: Object.keys(moods), transport: "udp", maxBytes: 512 }) };
}

const never = (signal: AbortSignal): Promise<undefined> => new Promise((resolve) => signal.addEventListener("abort", () => resolve(undefined)));
const rcode = (answer: Buffer): number => answer.readUInt16BE(2) & 0xf;

test("the next server is asked at once when one fails, and when it cannot be reached", async () => {
  const { asked, ask } = servers({ a: async () => told(2), b: async () => undefined, c: async () => told(0) });
  expect(rcode(await ask())).toBe(0);
  expect(asked).toEqual(["a", "b", "c"]);
});

test("a name that does not exist is an answer", async () => {
  const { asked, ask } = servers({ a: async () => told(3), b: async () => told(0) });
  expect(rcode(await ask())).toBe(3);
  expect(asked).toEqual(["a"]);
});

test("a silent server is joined by the next", async () => {
  const { asked, ask } = servers({ a: never, b: async () => told(0) });
  expect(rcode(await ask())).toBe(0);
  expect(asked).toEqual(["a", "b"]);
});

test("a slow answer of the first still counts", async () => {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const { ask } = servers({ a: () => promise, b: async (signal) => (resolve(told(0)), never(signal)) });
  expect(rcode(await ask())).toBe(0);
});

test("when all fail, the last word counts; when all are silent, SERVFAIL, with the client's id", async () => {
  expect(rcode(await servers({ a: async () => told(5), b: async () => undefined }).ask())).toBe(5);
  const answer = await servers({ a: never }).ask();
  expect(rcode(answer)).toBe(2);
  expect(answer.readUInt16BE(0)).toBe(0x4242);
});

test("one silent server is asked again", async () => {
  const { asked, ask } = servers({ a: never });
  await ask();
  expect(asked).toEqual(["a", "a", "a"]);
});

test("an answer longer than the client takes is cut to the word of it", async () => {
  const answer = await servers({ a: async () => told(0, 600) }).ask();
  expect(answer.readUInt16BE(2) & 0x0200).toBe(0x0200);
  expect(answer.length).toBe(query.questionEnd);
});

test("one container cannot take every place", async () => {
  const { ask } = servers({ a: never }, { mostOfOne: 2, most: 3 });
  const waiting = [ask("x"), ask("x")];
  expect(rcode(await Promise.race([ask("x"), ...waiting]))).toBe(2);
  const another = ask("y");
  // All places are taken now.
  expect(rcode(await Promise.race([ask("z"), another]))).toBe(2);
  await Promise.all([...waiting, another]);
});
