import { describe, expect, test } from "bun:test";
import { serviceHash } from "../../src/compose/mod.ts";
import type { ObservedContainer } from "../../src/compose/run/observe.ts";
import { planService, type Expectation } from "../../src/compose/run/plan.ts";

const SERVICE = { name: "web", image: "busybox", scale: 2 };
const EXPECTED: Expectation = { imageID: undefined, networkIDs: [], volumeNames: [], sharedWith: [], firstContainer: () => undefined, recreate: "diverged" };
const HASH = serviceHash({ image: "busybox", scale: 2 });

function container(name: string, number: number, { hash = HASH, replaces }: { hash?: string; replaces?: string } = {}): ObservedContainer {
  const labels = { "com.docker.compose.config-hash": hash, ...(replaces !== undefined && { "com.docker.compose.replace": replaces }) };
  return { id: name.padEnd(64, "0"), name, service: "web", number, oneOff: false, state: "running", status: "Up", image: "busybox", imageID: "", command: "", created: 0, labels, networks: new Map(), mounts: [], ports: [] };
}

const plan = (...containers: ObservedContainer[]): string[] =>
  planService({ name: "shop" }, SERVICE, containers, EXPECTED).map((step) => (step.kind === "create" ? `create ${step.name}` : step.kind === "rename" ? `rename ${step.container.name} ${step.name}` : `${step.kind} ${step.container.name}`));

describe("what is to become of a service's containers", () => {
  test.each<[string, ObservedContainer[], string[]]>([
    ["none is there", [], ["create shop-web-1", "create shop-web-2"]],
    ["all are as they should be", [container("shop-web-1", 1), container("shop-web-2", 2)], ["keep shop-web-1", "keep shop-web-2"]],
    ["one has changed", [container("shop-web-1", 1, { hash: "old" }), container("shop-web-2", 2)], ["recreate shop-web-1", "keep shop-web-2"]],
    ["of too many, the changed one goes", [container("shop-web-1", 1, { hash: "old" }), container("shop-web-2", 2), container("shop-web-3", 3)], ["remove shop-web-1", "keep shop-web-2", "keep shop-web-3"]],
    ["a hole is filled", [container("shop-web-2", 2)], ["keep shop-web-2", "create shop-web-1"]],
    ["a replacement beside what it replaces goes", [container("shop-web-1", 1, { hash: "old" }), container("abc_shop-web-1", 1, { replaces: "shop-web-1" }), container("shop-web-2", 2)], ["remove abc_shop-web-1", "recreate shop-web-1", "keep shop-web-2"]],
    ["also when what it replaces was a replacement itself", [container("shop-web-1", 1, { replaces: "shop-web-1" }), container("abc_shop-web-1", 1, { replaces: "shop-web-1" }), container("shop-web-2", 2, { replaces: "shop-web-2" })], ["remove abc_shop-web-1", "keep shop-web-1", "keep shop-web-2"]],
    ["a replacement whose predecessor has gone takes its name", [container("abc_shop-web-1", 1, { replaces: "shop-web-1" }), container("shop-web-2", 2)], ["keep abc_shop-web-1", "rename abc_shop-web-1 shop-web-1", "keep shop-web-2"]],
  ])("%s", (_, containers, steps) => {
    expect(plan(...containers)).toEqual(steps);
  });
});
