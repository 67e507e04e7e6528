/** Builds of an engine that is killed, stopped, or whose client goes. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeTar } from "../../src/archive/mod.ts";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { containerCgroups } from "../leaks.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** The build's stream, until this has been said; what follows is the caller's to read or to break off. */
async function build(dockerfile: string, signal?: AbortSignal): Promise<{ until(text: string): Promise<void>; rest(): Promise<string> }> {
  const response = await fetch("http://localhost/v1.51/build?t=crash", { method: "POST", unix: engine.socket, body: encodeTar([{ kind: "file", name: "Dockerfile", mode: 0o644, content: dockerfile }]), ...(signal && { signal }) } as RequestInit & { unix: string });
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let seen = "";
  const read = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (value) seen += Buffer.from(value).toString();
    return !done;
  };
  return {
    until: async (text) => {
      while (!seen.includes(text)) if (!(await read())) throw new Error(`the build ended without ${text}: ${seen}`);
    },
    rest: async () => {
      while (await read());
      return seen;
    },
  };
}

const DOCKERFILE = (last: string): string => `FROM ${BUSYBOX}\nRUN echo the first; echo kept >/kept\nRUN --mount=type=cache,target=/c echo running; touch /c/x; ${last}\n`;

/** Of a folder that may go while it is looked at. */
function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

const leftOver = (): unknown => ({
  cgroups: containerCgroups(engine.cgroupParent).length,
  steps: readdirSync(join(engine.runRoot, "c")),
  folders: readdirSync(join(engine.dataRoot, "containers")),
  work: readdirSync(join(engine.dataRoot, "layers")).flatMap((n) => namesIn(join(engine.dataRoot, "layers", n)).filter((name) => name !== "fs" && name !== "empty")),
});
const NOTHING = { cgroups: 0, steps: [], folders: [], work: [] };

describe("a build that does not come to its end", () => {
  test("killed with its engine it leaves nothing, and the next one goes on where it was", async () => {
    const killed = await build(DOCKERFILE("sleep 1000"));
    await killed.until("running");
    await engine.kill9();
    await killed.rest().catch(() => undefined);
    await engine.start();
    expect(leftOver()).toEqual(NOTHING);
    const next = await (await build(DOCKERFILE("test -e /c/x && echo finished"))).rest();
    expect(next).not.toContain("the first\\n");
    expect(next).toContain("Using cache");
    expect(next).toContain("finished");
    expect(await engine.ok("run", "--rm", "crash", "cat", "/kept")).toBe("kept");
  });

  test("a client that goes takes its step along, with all of its processes", async () => {
    const gone = new AbortController();
    const running = await build(DOCKERFILE("trap '' TERM INT; sleep 1000 & sleep 1000"), gone.signal);
    await running.until("running");
    gone.abort();
    await running.rest().catch(() => undefined);
    await until(() => JSON.stringify(leftOver()) === JSON.stringify(NOTHING));
  });

  test("an engine that is stopped ends its builds", async () => {
    const running = await build(DOCKERFILE("sleep 1001"));
    await running.until("running");
    await engine.stop();
    await running.rest().catch(() => undefined);
    expect(leftOver()).toEqual(NOTHING);
    await engine.start();
  });
});
