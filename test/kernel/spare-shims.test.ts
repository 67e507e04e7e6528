import { describe, expect, test } from "bun:test";
import { runtimeSpec } from "../runtime/spec-fixture.ts";
import { children, missing, noZombies, outputOf, Playground } from "./runtime-fixture.ts";

const lacking = missing();
const kernelTest = lacking === undefined ? test : test.skip;

/** Waits until just two children are there beside the given ones: spares. */
async function sparesBeside(others: readonly number[]): Promise<number[]> {
  for (;;) {
    const spares = children().map(({ pid }) => pid).filter((pid) => !others.includes(pid));
    if (spares.length === 2) return spares;
    await Bun.sleep(5);
  }
}

describe(lacking === undefined ? "a spare shim" : `a spare shim (skipped: needs ${lacking})`, () => {
  kernelTest("becomes the next container's, and is replaced", async () => {
    const before = children().map(({ pid }) => pid);
    await using playground = new Playground();
    const spares = await sparesBeside(before);
    const container = await playground.start(runtimeSpec(["sleep", "60"]));
    await container.shim.started;
    const used = spares.at(-1) as number;
    const next = await sparesBeside([...before, used]);
    expect(next).toContain(spares[0] as number);
    await container.shim.kill(9);
    expect(await container.shim.exited).toMatchObject({ exitCode: 137 });
  });

  kernelTest("that was killed is not missed", async () => {
    const before = children().map(({ pid }) => pid);
    await using playground = new Playground();
    const spares = await sparesBeside(before);
    for (const pid of spares) process.kill(pid, "SIGKILL");
    while (children().some(({ pid, state }) => spares.includes(pid) && state !== "Z")) await Bun.sleep(5);
    const container = await playground.start(runtimeSpec(["echo", "here"]));
    expect((await outputOf(container)).stdout).toBe("here\n");
    expect(await noZombies()).toBe(true);
  });
});
