/** Events by time: a stream that has an end comes to it. */
import { expect, test } from "bun:test";
import { nowNs, openDatabase } from "../../src/base/mod.ts";
import type { EngineContext } from "../../src/engine/context.ts";
import { events } from "../../src/engine/events.ts";
import { eventSchema, EventLog } from "../../src/engine/store/events.ts";

const context = (): EngineContext => ({ eventLog: new EventLog(openDatabase(":memory:", [eventSchema])) }) as unknown as EngineContext;
const inSeconds = (ns: bigint): string => `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, "0")}`;

test("events() until an instant that is to come ends then, whatever part of a millisecond it has", async () => {
  const ctx = context();
  const streams = Array.from({ length: 200 }, async (_, i) => {
    const until = nowNs() + 3_000_000n + BigInt(i) * 37_119n;
    const heard: unknown[] = [];
    for await (const event of events(ctx, { until: inSeconds(until) }, new AbortController().signal)) heard.push(event);
    expect(nowNs()).toBeGreaterThanOrEqual(until);
    return heard.length;
  });
  expect(await Promise.all(streams)).toEqual(streams.map(() => 0));
});

test("events() ends when nobody listens any more", async () => {
  const abort = new AbortController();
  const stream = events(context(), {}, abort.signal)[Symbol.asyncIterator]();
  const next = stream.next();
  abort.abort();
  expect((await next).done).toBe(true);
});
