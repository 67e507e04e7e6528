/** The projects below examples/, built and run as their readers would: one engine, so that images share what apt has installed. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { archiveAnswers, debianTar, openUplink } from "../debian.ts";
import { DOCKER_COMPOSE, dockerCompose } from "../docker-compose.ts";
import { startEngine, type Result, type TestEngine } from "../harness.ts";

const EXAMPLES = join(import.meta.dir, "../../examples");
const BUILD_MS = 300_000;

const tar = Bun.which("slirp4netns") ? await debianTar() : undefined;
if (!Bun.which("slirp4netns")) console.warn("no slirp4netns, the example projects are left out");

describe.skipIf(!tar)("example projects", () => {
  let engine: TestEngine;
  let uplink: AsyncDisposable | undefined;
  let reachable = false;
  beforeAll(async () => {
    engine = await startEngine({ busybox: false });
    await engine.importTar(tar ?? "", "debian", "-c", 'CMD ["bash"]');
    uplink = await openUplink(engine);
    reachable = await archiveAnswers(engine, "debian");
  }, 240_000);
  afterAll(async () => {
    await uplink?.[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  /** A test that is left out, as said above, where apt has no archive. */
  const example = (name: string, body: () => Promise<void>): void => test(name, async () => void (reachable && (await body())), BUILD_MS);

  async function build(name: string): Promise<void> {
    const { code, stderr } = await engine.hakoWith({ timeoutMs: BUILD_MS }, "build", "-t", name, join(EXAMPLES, name));
    expect(stderr.slice(-2000) + code).toEndWith("0");
  }

  /** What a script that runs on the engine's network prints. */
  async function onNetwork(script: string): Promise<unknown> {
    const { stdout, stderr } = await engine.inNetwork(process.execPath, "-e", script);
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout);
  }

  /** The body of an address that may take a moment to answer. */
  const answerOf = (url: string, keep: string): string => `
    for (let tries = 0; ; tries++) try {
      const answer = await fetch("${url}");
      console.log(JSON.stringify(${keep}));
      break;
    } catch (error) { if (tries > 1000) throw error; await Bun.sleep(50); }`;
  const addressOf = (name: string): Promise<string> => engine.ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", name);

  example("hello: an image of one file", async () => {
    await build("hello");
    expect(await engine.ok("run", "--rm", "hello")).toBe("Hello from an image of one file.");
    expect(JSON.parse(await engine.ok("image", "inspect", "--format", "{{json .RootFS.Layers}}", "hello"))).toHaveLength(1);
  });

  example("wordcount: a program that was tested while it was built", async () => {
    await build("wordcount");
    const { stdout } = await engine.hakoWith({ stdin: "ships carry\nmany boxes\n" }, "run", "-i", "--rm", "wordcount");
    expect(stdout).toBe("4\n");
  });

  example("node-service: becomes healthy, answers, and ends when it is asked to", async () => {
    await build("node-service");
    await engine.ok("run", "-d", "--name", "node-service", "node-service");
    expect(await onNetwork(answerOf(`http://${await addressOf("node-service")}:8000/`, "await answer.json()"))).toMatchObject({ visits: expect.any(Number) });
    await engine.ok("stop", "node-service");
    expect(await engine.ok("inspect", "--format", "{{.State.ExitCode}}", "node-service")).toBe("0");
  });

  example("python-wheel: what was installed from a mount runs", async () => {
    await build("python-wheel");
    await engine.ok("run", "-d", "--name", "fortunes", "python-wheel");
    expect(await onNetwork(answerOf(`http://${await addressOf("fortunes")}:8000/`, "await answer.text()"))).toMatch(/^[A-Z].*\.\n$/);
    await engine.ok("rm", "-f", "fortunes");
  });

  /** Places an order on the page's own way, and waits until the worker has sent it. */
  const ORDER = `
    const orders = "http://127.0.0.1:8080/api/orders";
    let page;
    for (let tries = 0; page === undefined; tries++) try { page = await (await fetch("http://127.0.0.1:8080/")).text(); } catch (error) { if (tries > 1000) throw error; await Bun.sleep(50); }
    const placed = await fetch(orders, { method: "POST", body: JSON.stringify({ item: "a lantern" }) });
    let all = [];
    for (let tries = 0; tries < 1000 && !all.some(({ state }) => state === "sent"); tries++) {
      all = await (await fetch(orders)).json();
      await Bun.sleep(50);
    }
    console.log(JSON.stringify({ title: /<title>(.*)<.title>/.exec(page)?.[1], status: placed.status, all }));`;

  async function useShop(compose: (...args: string[]) => Promise<Result>): Promise<void> {
    const up = await compose("up", "-d", "--build", "--wait");
    expect(up.stderr.slice(-2000) + up.code).toEndWith("0");
    expect(await onNetwork(ORDER)).toEqual({ title: "Shop", status: 201, all: [{ id: 1, item: "a lantern", state: "sent" }] });
    const logs = await compose("logs", "--no-log-prefix", "worker");
    expect(logs.stdout).toContain("order 1: a lantern is on its way\n");
    const down = await compose("down", "-v", "--rmi", "local");
    expect(down.stderr.slice(-2000) + down.code).toEndWith("0");
    expect(await engine.ok("ps", "-aq", "--filter", "label=com.docker.compose.project=shop")).toBe("");
    expect(await engine.ok("volume", "ls", "-q", "--filter", "label=com.docker.compose.project=shop")).toBe("");
    expect(await engine.ok("network", "ls", "-q", "--filter", "label=com.docker.compose.project=shop")).toBe("");
  }

  const shop = ["-f", join(EXAMPLES, "shop/compose.yaml")];

  example("shop: four services with hako compose", async () => {
    await useShop((...args) => engine.hakoWith({ timeoutMs: BUILD_MS }, "compose", ...shop, ...args));
  });

  describe.skipIf(!DOCKER_COMPOSE)("docker-compose", () => {
    example("shop: four services with the real docker-compose", async () => {
      await useShop((...args) => dockerCompose(engine, [...shop, ...args], { timeoutMs: BUILD_MS }));
    });
  });
});
