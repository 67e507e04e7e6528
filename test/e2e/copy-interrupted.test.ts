/** Clients that leave and engines that die in the middle of work on a container's files: no helper, folder or half an image stays. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, Live, startEngine, type TestEngine } from "../harness.ts";
import { until } from "../until.ts";

let engine: TestEngine;
let id: string;
beforeAll(async () => {
  engine = await startEngine();
  id = await engine.ok("run", "-d", "--name", "box", BUSYBOX, "sh", "-c", "head -c 300000000 /dev/zero > /large; touch /ready; exec sleep 100000");
  await engine.ok("exec", id, "sh", "-c", "until test -e /ready; do sleep 0.05; done");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

/** The helper processes of this engine. */
function helpers(): number {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return command[0] === "hako" && command[1] === "__tree" && engineOf(name) === engine.runRoot;
    } catch {
      return false; // it ended while we looked
    }
  }).length;
}

/** What it is for stands in its group's name: monitors and helpers live in the engine's. */
function engineOf(pid: string): string | undefined {
  const line = readFileSync(`/proc/${pid}/cgroup`, "utf8");
  return line.includes(engine.cgroupParent) ? engine.runRoot : undefined;
}

/** A request whose answer is begun and then left. */
async function abandoned(path: string, init: RequestInit = {}): Promise<void> {
  const abort = new AbortController();
  const response = await fetch(`http://localhost/v1.51${path}`, { ...init, unix: engine.socket, signal: abort.signal });
  const reader = response.body?.getReader();
  await reader?.read();
  abort.abort();
  await reader?.read().catch(() => undefined);
}

test.each([["archive", "/containers/box/archive?path=/large"], ["export", "/containers/box/export"]])("a client that leaves in the middle of %s takes the helper along", async (_, path) => {
  await abandoned(path);
  await until(() => helpers() === 0, "the helper's end");
  expect((await engine.api("GET", "/_ping")).status).toBe(200);
});

test("a slow reader holds the helper back, not the engine", async () => {
  const response = await fetch("http://localhost/v1.51/containers/box/export", { unix: engine.socket });
  const before = engineRssKiB();
  for (let ask = 0; ask < 20; ask++) await engine.ok("ps", "-q");
  expect(engineRssKiB() - before).toBeLessThan(100_000);
  await response.body?.cancel();
  await until(() => helpers() === 0, "the helper's end");
});

const engineRssKiB = (): number => Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${engine.pid}/status`, "utf8"))?.[1]);

test("an archive that is broken off is no success, and what stood there stays usable", async () => {
  using sending = Live.spawn([...engine.command("cp", "-", "box:/tmp")]);
  sending.write("x");
  await until(() => helpers() === 1, "the helper's start");
  sending.signal("SIGKILL");
  await until(() => helpers() === 0, "the helper's end");
  expect((await engine.hako("cp", "box:/tmp", "-")).code).toBe(0);
});

test("an engine killed in the middle of a commit leaves no layer, one killed in the middle of a copy no helper", async () => {
  const layers = (): string[] => readdirSync(join(engine.dataRoot, "layers")).sort();
  const before = layers();
  using committing = engine.live("commit", "--pause=false", "box", "half:way");
  await until(() => layers().length > before.length, "the new layer's folder");
  using sending = Live.spawn([...engine.command("cp", "-", "box:/tmp")]);
  sending.write("x");
  await until(() => helpers() >= 2, "both helpers");
  await engine.kill9();
  await Promise.all([committing.exited, sending.exited]);
  await until(() => helpers() === 0, "the helpers' end");
  await engine.start();
  expect(layers()).toEqual(before);
  expect((await engine.hako("image", "inspect", "half:way")).code).toBe(1);
  expect(existsSync(join(engine.dataRoot, "trash")) ? readdirSync(join(engine.dataRoot, "trash")).length : 0).toBeLessThanOrEqual(1);
  await engine.ok("commit", "box", "whole:way");
  expect(await engine.ok("run", "--rm", "whole:way", "sh", "-c", "wc -c < /large")).toBe("300000000");
  await engine.ok("rmi", "whole:way");
});

test("a paused container is committed as it is, a running one stands still and goes on", async () => {
  const since = Math.floor(Date.now() / 1000);
  await engine.ok("commit", "box", "still:1");
  const actions = async (): Promise<string> => (await engine.ok("events", "--since", String(since), "--until", String(Math.floor(Date.now() / 1000) + 1), "--filter", "container=box", "--format", "{{.Action}}")).replaceAll("\n", " ");
  expect(await actions()).toContain("pause commit unpause");
  await engine.ok("pause", "box");
  await engine.ok("commit", "box", "still:2");
  expect(await engine.ok("inspect", "-f", "{{.State.Status}}", "box")).toBe("paused");
  await engine.ok("unpause", "box");
  await engine.ok("rmi", "still:1", "still:2");
});

test("several sources go into one folder", async () => {
  const folder = join(engine.runRoot, "several");
  await engine.ok("exec", "box", "sh", "-c", "mkdir -p /in /out; echo 1 > /out/one; echo 2 > /out/two");
  await engine.ok("cp", "box:/out", folder);
  await engine.ok("cp", join(folder, "one"), join(folder, "two"), "box:/in");
  expect(await engine.ok("exec", "box", "sh", "-c", "cat /in/one /in/two")).toBe("1\n2");
  await engine.ok("cp", "box:/in/one", "box:/in/two", folder);
  expect((await engine.hako("cp", join(folder, "one"), join(folder, "two"), "box:/in/new")).stderr).toContain("must be a directory: there are several sources");
  expect((await engine.hako("cp", join(folder, "one"), "box:/in/one", "box:/in")).stderr).toContain("copying between containers is not supported");
});
