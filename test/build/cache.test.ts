/** What builds keep, and what of it goes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { containerdFilter } from "../../src/build/cache/containerd-filter.ts";
import { cacheFilter } from "../../src/build/cache/filters.ts";
import { CacheRecords } from "../../src/build/cache/records.ts";
import { defaultPolicy } from "../../src/build/cache/policy.ts";
import { planPrune, type PruneRule } from "../../src/build/cache/prune-plan.ts";
import type { CacheUsage } from "../../src/build/mod.ts";
import { image, missing, openPlayground, run, solve, type Playground } from "./solver-fixture.ts";

const DAY_MS = 86_400_000;
const usage = (id: string, changes: Partial<CacheUsage> = {}): CacheUsage => ({ id, parents: [], kind: "regular", description: id, inUse: false, shared: false, mutable: false, size: 10, createdMs: 0, usedMs: 0, uses: 1, ...changes });
const rule = (changes: Partial<PruneRule> = {}): PruneRule => ({ matches: () => true, all: false, keepMs: 0, reservedBytes: 0, maxUsedBytes: 0, minFreeBytes: 0, ...changes });
const plan = (usages: readonly CacheUsage[], changes: Partial<PruneRule> = {}, freeBytes = 0, nowMs = 100): string[] => planPrune(usages, rule(changes), { freeBytes, nowMs }).map(({ id }) => id);

describe("what is taken away", () => {
  test("everything that nobody else has, what others are made of after them", () => {
    const usages = [usage("base"), usage("middle", { parents: ["base"] }), usage("top", { parents: ["middle"] }), usage("shared", { shared: true }), usage("used", { inUse: true }), usage("own", { kind: "internal" })];
    expect(plan(usages)).toEqual(["top", "middle", "base"]);
    expect(plan(usages, { all: true }).sort()).toEqual(["base", "middle", "own", "shared", "top"]);
  });

  test("what is part of something that stays is no gain", () => {
    expect(plan([usage("base"), usage("top", { parents: ["base"], inUse: true })])).toEqual([]);
  });

  test("only as much as is too much, the longest unused first", () => {
    const usages = [usage("new", { usedMs: 9 }), usage("old", { usedMs: 1 }), usage("middle", { usedMs: 5 })];
    expect(plan(usages, { maxUsedBytes: 25 })).toEqual(["old"]);
    expect(plan(usages, { maxUsedBytes: 30 })).toEqual([]);
    expect(plan(usages, { minFreeBytes: 115 }, 100)).toEqual(["old", "middle"]);
    expect(plan(usages, { minFreeBytes: 1000, reservedBytes: 20 }, 100)).toEqual(["old"]);
    expect(plan(usages, { reservedBytes: 10 })).toEqual(["old", "middle"]);
    expect(plan(usages, { keepMs: 92 })).toEqual(["old", "middle"]);
  });

  test("filters in Docker's and BuildKit's words", () => {
    const usages = [usage("a", { description: "mount / from exec make" }), usage("b", { kind: "exec.cachemount", mutable: true }), usage("c", { parents: ["a"], shared: true, inUse: true })];
    const found = (filters: Readonly<Record<string, readonly string[]>>): string[] => usages.filter(cacheFilter(filters)).map(({ id }) => id);
    expect(found({ id: ["a", "c"] })).toEqual(["a", "c"]);
    expect(found({ type: ["exec.cachemount"] })).toEqual(["b"]);
    expect(found({ "description~": ["exec m.ke"] })).toEqual(["a"]);
    expect(found({ "id!": ["a"] })).toEqual(["b", "c"]);
    expect(found({ parent: ["a"] })).toEqual(["c"]);
    expect(found({ private: ["true"], inuse: ["false"] })).toEqual(["a", "b"]);
    expect(found({ shared: [""] })).toEqual(["c"]);
    expect(found({ until: ["24h"] })).toHaveLength(3);
    expect(() => found({ colour: ["red"] })).toThrow('invalid filter "colour"');
    expect(() => found({ "description~": ["("] })).toThrow("no regular expression");
  });

  test("filters in containerd's words", () => {
    const usages = [usage("a", { description: "mount / from exec make, all" }), usage("b", { kind: "exec.cachemount", mutable: true }), usage("c", { parents: ["a"], shared: true, inUse: true })];
    const found = (...filters: string[]): string => usages.filter(containerdFilter(filters)).map(({ id }) => id).join("");
    for (const [filters, ids] of [
      [[], "abc"], [[""], "abc"], [["id==a"], "a"], [["id~=^[ab]$"], "ab"], [["id!=a"], "bc"], [["type==regular,shared"], "c"], [["type==regular", "mutable"], "abc"], [["inuse==true"], "c"], [["private,immutable"], "a"],
      [["parents==a"], "c"], [['description=="mount / from exec make, all"'], "a"], [['description~="make, \\\\w+"'], "a"], [["description~=("], ""], [["colour==red"], ""], [["colour!=red"], "abc"], [["colour"], ""],
    ] as const) expect({ filters, ids: found(...filters) }).toEqual({ filters, ids });
    for (const wrong of ["==", "id==", "id=a", 'id=="a', "id==a,", "a b", ","]) expect(() => found(wrong)).toThrow("failed to parse filters");
  });

  test("by itself: cache mounts after two days, layers after sixty or for want of space", () => {
    const policy = defaultPolicy(1000);
    const all = [usage("mount", { kind: "exec.cachemount", size: 20, usedMs: 70 * DAY_MS - 3 * DAY_MS }), usage("old", { size: 200, usedMs: DAY_MS }), usage("new", { size: 100, usedMs: 69 * DAY_MS })];
    const gone = policy.flatMap((each) => planPrune(all, each, { freeBytes: 500, nowMs: 70 * DAY_MS }).map(({ id }) => id));
    expect(gone).toEqual(["mount"]);
    const full = policy.flatMap((each) => planPrune(all, each, { freeBytes: 100, nowMs: 70 * DAY_MS }).map(({ id }) => id));
    expect(new Set(full)).toEqual(new Set(["mount", "old"]));
  });
});

describe.skipIf(missing !== undefined)("the cache of a solver", () => {
  let ground: Playground;
  beforeAll(async () => {
    ground = await openPlayground();
  });
  afterAll(async () => {
    await ground[Symbol.asyncDispose]();
  });

  test("tells of every step, of its parent, and how often it was of use", async () => {
    const vertex = run(run(image(), "echo one >/one"), "echo two >/two");
    await solve(ground, vertex);
    await solve(ground, vertex);
    const [first, second] = ground.solver.cache.usage();
    expect(first).toMatchObject({ kind: "regular", description: "mount / from exec /bin/sh -c echo one >/one", size: 4, inUse: false, shared: false, mutable: false });
    expect(second).toMatchObject({ parents: [first?.id], uses: 2 });
  });

  test("what a build holds stays, what an image has too only goes with all, the rest is gone with its layers", async () => {
    const vertex = run(image(), "echo held >/held");
    await using held = await ground.solver.solve([vertex], { client: {} as never, tell: () => undefined, signal: new AbortController().signal });
    const { n: imaged } = (await solve(ground, run(image(), "echo imaged >/imaged"))).results[0]?.layers.at(-1) ?? { n: 0 };
    ground.snapshots.layers.retain("image:other", imaged);
    const { records, bytes } = await ground.solver.cache.prune({});
    expect(bytes).toBe(8);
    expect(records).toHaveLength(2);
    expect(ground.solver.cache.usage().map(({ description, inUse, shared }) => [description.split(">/")[1], inUse, shared])).toEqual([["held", true, false], ["imaged", false, true]]);
    await ground.solver.cache.prune({ all: true });
    expect(ground.solver.cache.usage()).toHaveLength(1);
    expect(held.results[0]?.layers).toHaveLength(2);
    await ground.snapshots.trashEmptied();
    expect(readdirSync(join(ground.dataRoot, "layers")).map(Number).sort()).toEqual([1, held.results[0]?.layers.at(-1)?.n ?? 0, imaged].sort());
    ground.snapshots.layers.release("image:other");
  });

  test("what a power cut may have damaged is not used again", async () => {
    const vertex = run(image(), "echo doubtful");
    await solve(ground, vertex);
    ground.db.run("UPDATE build_records SET unsynced_boot = 'another'");
    new CacheRecords(ground.db, ground.snapshots.layers).sweep();
    expect((await solve(ground, vertex)).output).toBe("doubtful\n");
  });

  test("what is known of an image goes along with it, and what is damaged is refused", async () => {
    const vertex = run(run(image(), "echo far >/far"), "echo away >/away");
    const { cache } = ground.solver;
    const layers = (await solve(ground, vertex)).results[0]?.layers ?? [];
    const steps: unknown = JSON.parse(JSON.stringify(cache.knownSteps(layers)));
    expect(steps).toMatchObject([{ layers: 2 }, { layers: 3 }]);
    ground.snapshots.layers.retain("image:far", layers.at(-1)?.n ?? 0);
    await cache.prune({ all: true });
    expect(cache.adoptSteps(layers, steps, "imported")).toBe(2);
    expect(cache.adoptSteps(layers, steps, "imported")).toBe(0);
    expect((await solve(ground, vertex)).made).toEqual([]);
    for (const damaged of [{}, [{ layers: 0, keys: [] }], [{ layers: 1, keys: ["key"] }], "text"]) expect(() => cache.adoptSteps(layers, damaged, "")).toThrow("is damaged");
    expect(cache.adoptSteps(layers, [{ layers: 99, keys: [`sha256:${"a".repeat(64)}`] }], "")).toBe(0);
    ground.snapshots.layers.release("image:far");
  });

  test("after it was pruned a step runs again", async () => {
    const vertex = run(image(), "echo again");
    await solve(ground, vertex);
    await ground.solver.cache.prune({ all: true });
    expect((await solve(ground, vertex)).output).toBe("again\n");
  });
});
