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

const PROJECT = "com.docker.compose.project=shop";
const LISTED = { all: true, filters: { label: [PROJECT, "com.docker.compose.oneoff=False", "com.docker.compose.config-hash"] } };

/** What somebody hears until the first event that names nobody. */
async function heard(ctx: EngineContext, filters: Record<string, string[]>): Promise<string[]> {
  const abort = new AbortController();
  const names: string[] = [];
  const end = (): void => {
    for (const project of ["shop", "other"]) ctx.eventLog.emit({ type: "container", action: "die", id: "", attributes: { "com.docker.compose.project": project } });
  };
  const stream = events(ctx, { filters }, abort.signal)[Symbol.asyncIterator]();
  for (let next = stream.next(); ; next = stream.next()) {
    end();
    const { value, done } = await next;
    if (done || value.Actor?.ID === "") break;
    names.push(`${value.Action} ${value.Actor?.ID}`);
  }
  abort.abort();
  await stream.return?.(undefined);
  return names;
}

test("who has listed a project and then follows it hears what happened in between", async () => {
  const ctx = context();
  const die = (id: string): void => ctx.eventLog.emit({ type: "container", action: "die", id, attributes: { "com.docker.compose.project": "shop" } });
  const following = { type: ["container"], label: [PROJECT] };
  die("before");
  expect(await heard(ctx, following)).toEqual([]);
  await Bun.sleep(1);
  ctx.eventLog.lists.note(LISTED);
  die("meanwhile");
  expect(await heard(ctx, { ...following, event: ["die"] })).toEqual([]);
  expect(await heard(ctx, { type: ["container"], label: ["com.docker.compose.project=other"] })).toEqual([]);
  expect(await heard(ctx, following)).toEqual(["die meanwhile"]);
});

test("a list of what runs, or of other things too, is nothing to follow from", async () => {
  const ctx = context();
  ctx.eventLog.lists.note({ ...LISTED, all: false });
  ctx.eventLog.lists.note({ all: true, filters: { label: [PROJECT] } });
  ctx.eventLog.emit({ type: "container", action: "die", id: "later", attributes: { "com.docker.compose.project": "shop" } });
  expect(await heard(ctx, { type: ["container"], label: [PROJECT] })).toEqual([]);
});
