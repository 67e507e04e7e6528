import { describe, expect, test } from "bun:test";
import { BuildChannel, readAll, WINDOW_BYTES, type BuildStream } from "../../src/spec/mod.ts";
import { random } from "../seeded-random.ts";
import { duplexPair } from "./duplex-pair.ts";

function pair(answer: (question: unknown, stream: BuildStream) => void | Promise<void>): { engine: BuildChannel; client: BuildChannel } {
  const [left, right] = duplexPair();
  return { engine: new BuildChannel(left, "engine", () => undefined), client: new BuildChannel(right, "client", answer) };
}

const HUGE = 5 * WINDOW_BYTES + 17;

describe("BuildChannel", () => {
  test("carries a question and its answer, larger than the window", async () => {
    const content = Buffer.alloc(HUGE, "abcdefg");
    const { engine } = pair(async (question, stream) => {
      expect(question).toEqual({ ask: "file", path: "x" });
      await stream.write(content);
      stream.end();
    });
    const stream = engine.open({ ask: "file", path: "x" });
    stream.end();
    expect(Buffer.compare(Buffer.from(await readAll(stream, HUGE, "it")), content)).toBe(0);
  });

  test("a stream that nobody reads holds up no other", async () => {
    const { engine } = pair(async (question, stream) => {
      await stream.write(Buffer.alloc((question as { size: number }).size));
      stream.end();
    });
    const stuck = engine.open({ size: HUGE });
    const read = engine.open({ size: 3 * WINDOW_BYTES });
    expect((await readAll(read, HUGE, "it")).length).toBe(3 * WINDOW_BYTES);
    expect((await readAll(stuck, HUGE, "it")).length).toBe(HUGE);
  });

  test("a refusal reaches the one who asked, with its kind", async () => {
    const { engine } = pair(() => {
      throw new Error("no such thing");
    });
    const stream = engine.open({});
    expect(readAll(stream, 10, "it")).rejects.toThrow("no such thing");
  });

  test("a connection that goes ends every stream", async () => {
    const [left, right] = duplexPair();
    const engine = new BuildChannel(left, "engine", () => undefined);
    const client = new BuildChannel(right, "client", () => undefined);
    const stream = engine.open({});
    const read = readAll(stream, 10, "it");
    await client.close();
    expect(read).rejects.toThrow("closed the connection");
    expect(await engine.closed).toBeDefined();
  });

  test.each([
    ["a frame of an unknown kind", [0, 0, 0, 0, 9, 1, 0, 0, 0]],
    ["a frame that is too long", [255, 255, 255, 1, 2, 1, 0, 0, 0]],
    ["data of a stream that nobody opened", [1, 0, 0, 0, 2, 7, 0, 0, 0, 65]],
    ["a stream of the other side's numbers", [2, 0, 0, 0, 1, 2, 0, 0, 0, 123, 125]],
    ["a question that is no JSON", [2, 0, 0, 0, 1, 1, 0, 0, 0, 123, 123]],
  ])("%s ends the connection", async (_, bytes) => {
    const [left, right] = duplexPair();
    const engine = new BuildChannel(left, "engine", () => undefined);
    await right.write(Uint8Array.from(bytes));
    expect((await engine.closed)?.kind).toBe("InvalidParameter");
    await left.closed;
  });

  test("more data than there is credit for ends the connection", async () => {
    const [left, right] = duplexPair();
    const engine = new BuildChannel(left, "engine", () => undefined);
    await right.write(Uint8Array.from([2, 0, 0, 0, 1, 1, 0, 0, 0, 123, 125]));
    const piece = Buffer.concat([Uint8Array.from([0, 0, 1, 0, 2, 1, 0, 0, 0]), Buffer.alloc(65536)]);
    for (let sent = 0; sent <= WINDOW_BYTES; sent += 65536) await right.write(piece).catch(() => undefined);
    expect((await engine.closed)?.message).toBe("a stream sends more than it may");
  });

  test("random bytes end it and nothing else", async () => {
    for (let round = 0; round < 300; round++) {
      const [left, right] = duplexPair();
      const engine = new BuildChannel(left, "engine", (_, stream) => stream.end());
      const bytes = Uint8Array.from({ length: 1 + random(60) }, () => (random(10) < 6 ? random(6) : random(256)));
      await right.write(bytes);
      right.end();
      await engine.closed;
    }
  });
});
