/** What is remembered of builds, and how BuildKit's clients are told of it. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../src/base/mod.ts";
import { contentMethods } from "../../src/build/buildkit/content-service.ts";
import { followHistory, listenHistory, updateHistory } from "../../src/build/buildkit/history-service.ts";
import { BuildHistory } from "../../src/build/history/history.ts";
import { Caller, MessageWriter, readEntry, readFields, serveCalls, textOf, type Call } from "../../src/grpc/mod.ts";
import type { BuildEvent, BuildResult, Digest } from "../../src/spec/mod.ts";
import { duplexPair } from "./duplex-pair.ts";

const scratch = mkdtempSync("/tmp/hk-history-");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const TITLE = { name: "made", context: "https://me:secret@host.example/x.git", dockerfile: "Dockerfile", target: "" };
const ORDER = { frontend: "dockerfile.v0", attrs: { "build-arg:A": "1", context: "https://me:secret@host.example/x.git", "frontend.caps": "all", huge: "x".repeat(5000) }, exporters: [] };
const RESULT: BuildResult = { imageId: undefined, descriptor: undefined, metadata: { "image.name": "x", other: { a: 1 } } };
const REF = "abcdefghijklmnopqrstuvwxy";
const log = (text: string): BuildEvent => ({ type: "log", vertex: "sha256:1" as Digest, stream: 1, bytes: Buffer.from(text), timeNs: 5n });
const rootOf = (): string => mkdtempSync(join(scratch, "h-"));

test("builds are remembered by the next engine too, without passwords, the latest first, under names of their own", () => {
  const root = rootOf();
  const history = new BuildHistory(root);
  const first = history.begin(TITLE, ORDER, REF);
  const second = history.begin(TITLE, ORDER, REF);
  expect([first.ref, second.ref === REF, history.begin(TITLE, ORDER, "../../etc").ref.length]).toEqual([REF, false, 25]);
  first.tell(log("hello"));
  first.attest([{ platform: undefined, predicateType: "p", predicate: { made: "so" } }]);
  first.completed(RESULT);
  second.failed(new EngineError("InvalidParameter", "failed to solve: it broke"), false);
  writeFileSync(join(root, "left.new"), "cut off");
  writeFileSync(join(root, "b".repeat(25)), "{ cut off");
  const again = new BuildHistory(root);
  expect(readdirSync(root).sort()).toEqual([first.ref, second.ref].sort());
  expect(again.list().map(({ ref, status, error }) => [ref, status, error])).toEqual([[second.ref, "Error", "failed to solve: it broke"], [REF, "Completed", undefined]]);
  expect(again.lines(REF)).toEqual(first.lines);
  expect(again.builds()[1]).toMatchObject({ order: { attrs: { "build-arg:A": "1", context: "https://xxxxx:xxxxx@host.example/x.git" } }, outcome: { response: { "image.name": "x" } } });
  for (const name of readdirSync(root)) expect(readFileSync(join(root, name), "utf8")).not.toMatch(/secret|frontend\.caps|xxxxxxxxxx/);
  again.remove(REF);
  expect(() => again.record(REF)).toThrow(`no record found for ref "${REF}"`);
});

test("however much is asked for, what is kept of it is little, and is read again", () => {
  const root = rootOf();
  const long = "x".repeat(1_000_000);
  const attrs = Object.fromEntries(Array.from({ length: 2000 }, (_, index) => [`build-arg:${index}`, "y".repeat(1000)]));
  const recording = new BuildHistory(root).begin({ name: long, context: long, dockerfile: long, target: long }, { frontend: long, attrs, exporters: Array.from({ length: 500 }, () => ({ type: long, attrs })) }, REF);
  recording.failed(new EngineError("InvalidParameter", long), false);
  const [kept] = new BuildHistory(root).builds();
  expect(kept?.record).toMatchObject({ ref: REF, status: "Error" });
  expect(JSON.stringify(kept).length).toBeLessThan(1024 * 1024);
});

test("the oldest of many are forgotten", () => {
  const history = new BuildHistory(rootOf());
  const refs = Array.from({ length: 103 }, () => {
    const recording = history.begin(TITLE, ORDER);
    recording.completed(RESULT);
    return recording.ref;
  });
  expect(history.list().map(({ ref }) => ref)).toEqual(refs.slice(3).reverse());
});

/** A client of BuildKit's control API. */
function connect(history: BuildHistory): { caller: Caller; served: Promise<void> } {
  const [left, right] = duplexPair();
  const methods = new Map<string, (call: Call) => Promise<void>>([["/listen", (call) => listenHistory(call, history)], ["/update", (call) => updateHistory(call, history)], ["/status", async (call) => followHistory(call, history, textOf(await call.request()))], ...contentMethods((digest) => history.document(digest))]);
  return { served: serveCalls(right, methods), caller: new Caller(left) };
}

/** Kind and record of an event: fields by number, the last of each. */
function eventOf(message: Uint8Array): { readonly type: number; readonly record: Map<number, Uint8Array | number> } {
  let type = 0;
  const record = new Map<number, Uint8Array | number>();
  for (const { number, value, bytes } of readFields(message)) {
    if (number === 1) type = value;
    else for (const field of readFields(bytes)) record.set(field.number, field.bytes.length > 0 ? field.bytes : field.value);
  }
  return { type, record };
}
const refOf = (message: Uint8Array): string => textOf(eventOf(message).record.get(1) as Uint8Array);

test("clients are told what there is and what happens, follow logs, read documents", async () => {
  const history = new BuildHistory(rootOf());
  const { caller, served } = connect(history);
  const done = history.begin(TITLE, ORDER, REF);
  done.attest([{ platform: undefined, predicateType: "https://slsa.dev/provenance/v0.2", predicate: { made: "so" } }]);
  done.completed(RESULT);
  using listening = caller.open("/listen");
  await listening.send(new Uint8Array(0));
  const next = async (): Promise<Uint8Array> => (await listening.messages.next()).value ?? expect.unreachable("no event");
  const known = eventOf(await next());
  expect([known.type, textOf(known.record.get(1) as Uint8Array), readEntry(known.record.get(9) as Uint8Array).key]).toEqual([1, REF, "other"]);

  const running = history.begin(TITLE, ORDER);
  const [started, status] = [await next(), caller.open("/status")];
  expect([eventOf(started).type, refOf(started)]).toEqual([0, running.ref]);
  await status.send(Buffer.from(running.ref));
  running.tell(log("one"));
  expect(Buffer.from((await status.messages.next()).value ?? "").includes("one")).toBe(true);
  running.tell(log("two"));
  expect(Buffer.from((await status.messages.next()).value ?? "").includes("two")).toBe(true);
  running.failed(new EngineError("InvalidParameter", "failed to solve: it broke"), true);
  expect((await status.messages.next()).done).toBe(true);
  const ended = eventOf(await next());
  expect([ended.type, [...readFields(ended.record.get(5) as Uint8Array)].map(({ number, value, bytes }) => (number === 1 ? value : textOf(bytes)))]).toEqual([1, [1, "it broke"]]);

  const [attestation] = [...readFields(known.record.get(10) as Uint8Array)];
  const descriptor = new Map([...readFields(attestation?.bytes ?? new Uint8Array(0))].map(({ number, bytes, value }) => [number, bytes.length > 0 ? textOf(bytes) : value]));
  const read = (from: number, size: number): Promise<Uint8Array> => caller.ask("/containerd.services.content.v1.Content/Read", new MessageWriter().text(1, String(descriptor.get(2))).number(2, from).number(3, size).finish());
  const data = [...readFields(await read(0, 0))].find(({ number }) => number === 2)?.bytes ?? new Uint8Array(0);
  expect([JSON.parse(textOf(data)), data.length]).toEqual([{ made: "so" }, Number(descriptor.get(3))]);
  expect([...readFields(await read(4, 3))].find(({ number }) => number === 2)?.bytes.length).toBe(3);
  for (const digest of [`sha256:${"0".repeat(64)}`, "../../etc/passwd", ""]) expect(await caller.ask("/containerd.services.content.v1.Content/Info", new MessageWriter().text(1, digest).finish()).catch(String)).toMatch(/not found|invalid digest/);

  await caller.ask("/update", new MessageWriter().text(1, REF).number(3, 1).finish());
  const gone = await next();
  expect([eventOf(gone).type, refOf(gone)]).toEqual([2, REF]);
  expect(await caller.ask("/update", new MessageWriter().text(1, REF).number(3, 1).finish()).catch(String)).toContain(`lease "ref_${REF}": not found`);
  await caller.close();
  await served;
});
