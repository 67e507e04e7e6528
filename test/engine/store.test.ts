/** The container store: what is found by what, and what damage costs. */
import { describe, expect, test } from "bun:test";
import { openDatabase } from "../../src/base/mod.ts";
import type { Digest } from "../../src/spec/mod.ts";
import type { ContainerRecord } from "../../src/engine/record.ts";
import { containerSchema, ContainerStore } from "../../src/engine/store/containers.ts";
import { eventSchema, EventLog } from "../../src/engine/store/events.ts";

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

test("what is acknowledged is synced, but for containers that go by themselves", () => {
  const { db, store } = open();
  const levels = (act: () => void): number[] => {
    const seen: number[] = [];
    const run = db.run.bind(db);
    db.run = (sql: string, ...rest: never[]) => {
      if (sql.startsWith("PRAGMA synchronous")) seen.push(sql.endsWith("FULL") ? 2 : 1);
      return run(sql, ...rest);
    };
    act();
    db.run = run;
    return seen;
  };
  expect(levels(() => store.insert({ ...record("a", "kept") }))).toEqual([2, 1]);
  expect(levels(() => store.insert({ ...record("b", "passing"), hostConfig: { AutoRemove: true } }))).toEqual([]);
  expect(levels(() => store.rename(id("a"), "renamed"))).toEqual([2, 1]);
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
