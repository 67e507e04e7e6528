/** The container store: what is found by what, and what damage costs. */
import { describe, expect, test } from "bun:test";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { openDatabase, SharedSync } from "../../src/base/mod.ts";
import type { Digest } from "../../src/spec/mod.ts";
import type { ContainerRecord } from "../../src/engine/record.ts";
import { containerSchema, ContainerStore } from "../../src/engine/store/containers.ts";
import { eventSchema, EventLog } from "../../src/engine/store/events.ts";
import { scratchFolder } from "../scratch.ts";

const id = (letter: string): string => letter.repeat(64);
const record = (letter: string, name: string): ContainerRecord => ({
  id: id(letter), name, createdAt: "2026-01-01T00:00:00Z", sequence: letter.charCodeAt(0), imageID: `sha256:${"0".repeat(64)}` as Digest, imageRef: "x", path: "sh", args: [], config: {}, hostConfig: {}, mounts: [], networks: {},
  state: { status: "created" }, restartCount: 0,
});

function open() {
  const db = openDatabase(":memory:", [containerSchema, eventSchema]);
  return { db, store: new ContainerStore(db) };
}

describe("resolve()", () => {
  const { store } = open();
  store.insert({ ...record("a", "web"), id: "ab" + "0".repeat(62) });
  store.insert({ ...record("b", "ab0"), id: "ac" + "0".repeat(62) });
  test("finds by name, with a slash too, before a prefix", () => {
    expect(store.resolve("web").name).toBe("web");
    expect(store.resolve("/web").name).toBe("web");
    expect(store.resolve("ab0").name).toBe("ab0");
  });
  test("finds by a prefix that is one container's", () => expect(store.resolve("ab00").name).toBe("web"));
  test("refuses an ambiguous prefix and an unknown name", () => {
    expect(() => store.resolve("a")).toThrow("multiple IDs found with provided prefix: a");
    expect(() => store.resolve("nosuch")).toThrow("No such container: nosuch");
  });
});

test("reserveName() refuses a taken name in Docker's words, and lets go of an unused one", () => {
  const { store } = open();
  store.insert(record("a", "web"));
  expect(() => store.reserveName("web", id("b"))).toThrow(
    `Conflict. The container name "/web" is already in use by container "${id("a")}". You have to remove (or rename) that container to be able to reuse that name.`,
  );
  store.reserveName("free", id("b"))[Symbol.dispose]();
  expect(store.nameIsTaken("free")).toBe(false);
});

test("a store opened again has what was written, and a damaged row costs one container", () => {
  const { db, store } = open();
  store.insert(record("a", "web"));
  store.insert(record("b", "db"));
  store.setState(id("a"), { status: "exited", exitCode: 3, startedAt: "s", finishedAt: "f", oomKilled: false, byUser: false }, { restartCount: 2 });
  store.rename(id("a"), "front");
  db.run("UPDATE containers SET facts = '{' WHERE name = 'db'");
  const again = new ContainerStore(db);
  expect(again.resolve("front")).toMatchObject({ restartCount: 2, state: { status: "exited", exitCode: 3 } });
  expect(again.damaged.map((damaged) => damaged.id)).toEqual([id("b")]);
  expect(again.nameIsTaken("db")).toBe(true);
});

describe("what is acknowledged", () => {
  test("is synced once for all who ask meanwhile, by a sync that begins after they asked", async () => {
    const syncs: PromiseWithResolvers<void>[] = [];
    const sync = new SharedSync(() => {
      const one = Promise.withResolvers<void>();
      syncs.push(one);
      return one.promise;
    });
    const done: string[] = [];
    const ask = (name: string): Promise<unknown> => sync.done().then(() => done.push(name), () => done.push(`${name} failed`));
    const first = ask("first");
    const others = Promise.all([ask("second"), ask("third")]);
    expect(syncs).toHaveLength(1);
    syncs[0]?.resolve();
    await first;
    expect(done).toEqual(["first"]);
    while (syncs.length < 2) await Bun.sleep(1);
    syncs[1]?.reject(new Error("the disk"));
    await others;
    expect(done).toEqual(["first", "second failed", "third failed"]);
    const last = ask("last");
    while (syncs.length < 3) await Bun.sleep(1);
    syncs[2]?.resolve();
    await last;
    expect(done.at(-1)).toBe("last");
    const failing = ask("failing");
    const behind = ask("behind");
    while (syncs.length < 4) await Bun.sleep(1);
    syncs[3]?.reject(new Error("the disk"));
    await Promise.all([failing, behind]);
    expect(done.slice(-2).toSorted()).toEqual(["behind failed", "failing failed"]);
    expect(syncs).toHaveLength(4);
  });

  test("is found in what the disk has", async () => {
    const folder = scratchFolder();
    const db = openDatabase(join(folder, "store.db"), [containerSchema, eventSchema]);
    const store = new ContainerStore(db);
    store.insert(record("a", "kept"));
    await Promise.all([store.synced(), store.synced()]);
    for (const file of ["store.db", "store.db-wal"]) copyFileSync(join(folder, file), join(folder, `copy-${file}`));
    expect(new ContainerStore(openDatabase(join(folder, "copy-store.db"), [containerSchema, eventSchema])).nameIsTaken("kept")).toBe(true);
    db.close();
    rmSync(folder, { recursive: true });
  });
});

test("watch() tells of every change and of the end", () => {
  const { store } = open();
  store.insert(record("a", "web"));
  const seen: (string | undefined)[] = [];
  using _watching = store.watch(id("a"), (next) => seen.push(next?.state.status));
  store.setState(id("a"), { status: "starting", from: { status: "created" } });
  store.delete(id("a"));
  expect(seen).toEqual(["starting", undefined]);
});

test("events are heard at once and kept in order", () => {
  const { db } = open();
  const log = new EventLog(db);
  const heard: (string | undefined)[] = [];
  using _listening = log.listen(({ Action }) => heard.push(Action));
  for (const action of ["create", "start", "die"]) log.emit({ type: "container", action, id: id("a"), attributes: {} });
  expect(heard).toEqual(["create", "start", "die"]);
  expect(log.between(0, Number.MAX_SAFE_INTEGER).map(({ Action }) => Action)).toEqual(["create", "start", "die"]);
});
