/**
 * What the commands of a container's life do to its state and tell in events, the same against every engine.
 * `stop` and `die` come from two hands in Docker, in either order: `stop` is looked for apart.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { call, callJson, messageOf, Wire, type Answer } from "./wire.ts";

const IMAGE = "hako-life:test";
const DEAF = 'trap "" TERM; echo ready; while :; do sleep 0.05; done';
const GENTLE = 'trap "exit 3" TERM; echo ready; while :; do sleep 0.05; done';

interface State {
  readonly Status: string;
  readonly ExitCode: number;
  readonly Health?: { readonly Status: string; readonly FailingStreak: number; readonly Log: readonly { readonly ExitCode: number; readonly Output: string }[] };
}

export function describeLife(subject: Subject): void {
  const name = `hako-life-${process.pid}`;
  const self = `/containers/${name}`;
  const ask = (method: string, target: string): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}` });
  const post = (target: string, body?: unknown): Promise<Answer> => (body === undefined ? ask("POST", target) : callJson(subject.socket(), "POST", `/v1.51${target}`, body));
  const status = async (method: string, target: string): Promise<number> => (await ask(method, target)).status;

  async function inspect(): Promise<{ State: State; RestartCount: number }> {
    return JSON.parse((await ask("GET", `${self}/json`)).text) as { State: State; RestartCount: number };
  }
  async function until(holds: (now: { State: State; RestartCount: number }) => boolean): Promise<{ State: State; RestartCount: number }> {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const now = await inspect();
      if (holds(now)) return now;
      if (Date.now() > deadline) throw new Error(`it did not come to hold: ${JSON.stringify(now.State)}`);
      await Bun.sleep(10);
    }
  }
  async function run(script: string, more: Record<string, unknown> = {}, hostConfig: Record<string, unknown> = {}): Promise<void> {
    const created = await post(`/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["sh", "-c", script], HostConfig: hostConfig, ...more });
    expect([created.status, created.text]).toEqual([201, expect.stringContaining("Id")]);
    expect(await status("POST", `${self}/start`)).toBe(204);
  }
  /** The script has set its traps, this many starts after it was created. */
  async function ready(starts: number): Promise<void> {
    for (const deadline = Date.now() + 60_000; Date.now() < deadline; await Bun.sleep(10)) {
      if (((await ask("GET", `${self}/logs?stdout=1`)).text.match(/ready/g) ?? []).length >= starts) return;
    }
    throw new Error("the script did not come to run");
  }
  const restarting = { RestartPolicy: { Name: "always" } };

  /** The actions told while `act` runs, signals with them, until the last one asked for has come. */
  async function eventsOf(last: string, act: () => Promise<void>): Promise<{ actions: string[]; stops: number }> {
    using wire = await Wire.open(subject.socket());
    const filters = encodeURIComponent(JSON.stringify({ container: [name] }));
    wire.send(`GET /v1.51/events?filters=${filters} HTTP/1.1\r\nHost: d\r\n\r\n`);
    await wire.until((received) => received.includes("\r\n\r\n"));
    await act();
    const received = await wire.until((text) => text.includes(`"Action":"${last}"`) && text.endsWith("\r\n"), 60_000);
    const actions = [...received.matchAll(/"Action":"([^"]+)","Actor":\{"ID":"[^"]*","Attributes":(\{[^}]*\})/g)].map(([, action = "", attributes = "{}"]) => {
      const { signal, exitCode } = JSON.parse(attributes) as Record<string, string>;
      // Go writes some characters as escapes.
      return [JSON.parse(`"${action}"`) as string, signal, exitCode].filter(Boolean).join(" ");
    });
    return { actions: actions.filter((action) => action !== "stop"), stops: actions.filter((action) => action === "stop").length };
  }

  describe(`a container's life cycle: ${subject.name}`, () => {
    beforeAll(async () => {
      const answer = await call(subject.socket(), { method: "POST", target: "/images/create?fromSrc=-&repo=hako-life&tag=test", headers: { "Content-Type": "application/x-tar" }, body: readFileSync(await busyboxTar()) });
      expect(answer.status).toBe(200);
    });
    afterEach(async () => void (await ask("DELETE", `${self}?force=1`)));
    afterAll(async () => void (await ask("DELETE", `/images/${IMAGE}?force=1`)));

    test("stop, kill and their events", async () => {
      await run(GENTLE);
      await ready(1);
      expect(await eventsOf("die", async () => void (await ask("POST", `${self}/stop`)))).toEqual({ actions: ["kill 15", "die 3"], stops: expect.any(Number) });
      await ask("POST", `${self}/start`);
      expect((await eventsOf("die", async () => void (await ask("POST", `${self}/kill`)))).actions).toEqual(["kill 9", "die 137"]);
      expect((await inspect()).State).toMatchObject({ Status: "exited", ExitCode: 137 });
    }, 120_000);

    test("a stop with less patience cuts one with more short, and so does a kill", async () => {
      await run(DEAF);
      await ready(1);
      const patient = ask("POST", `${self}/stop?t=60`);
      expect(await status("POST", `${self}/stop?t=0`)).toBe(204);
      expect((await patient).status).toBe(204);
      await ask("POST", `${self}/start`);
      await ready(2);
      const second = ask("POST", `${self}/stop?t=60`);
      expect(await status("POST", `${self}/kill`)).toBe(204);
      expect((await second).status).toBe(204);
    }, 120_000);

    test("a stop thaws a paused container, and tells so", async () => {
      await run(GENTLE);
      await ready(1);
      await ask("POST", `${self}/pause`);
      expect((await eventsOf("die", async () => void (await ask("POST", `${self}/stop`)))).actions).toEqual(["kill 15", "unpause", "die 3"]);
    }, 120_000);

    test("a start that fails tells of no start", async () => {
      await post(`/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["/nosuch"] });
      const { actions } = await eventsOf("destroy", async () => {
        expect(await status("POST", `${self}/start`)).toBe(400);
        await ask("DELETE", self);
      });
      expect(actions).toEqual(["destroy"]);
    }, 120_000);

    test("a restarting container counts as running: start is 304, kill and stop end it", async () => {
      await run("exit 2", {}, restarting);
      const isRestarting = ({ State, RestartCount }: { State: State; RestartCount: number }): boolean => State.Status === "restarting" && RestartCount > 3;
      await until(isRestarting);
      expect(await status("POST", `${self}/start`)).toBe(304);
      await until(isRestarting);
      expect(messageOf(await ask("POST", `${self}/pause`))).toMatch(/is restarting, wait until the container is running$/);
      expect(messageOf(await ask("GET", `${self}/top`))).toMatch(/is restarting, wait until the container is running$/);
      await until(isRestarting);
      expect(await status("POST", `${self}/kill`)).toBe(204);
      expect((await until(({ State }) => State.Status === "exited")).State.ExitCode).toBe(2);
      expect(await status("POST", `${self}/start`)).toBe(204);
      expect((await inspect()).RestartCount).toBeLessThan(3);
      await until(isRestarting);
      expect(await status("POST", `${self}/stop`)).toBe(204);
      expect((await inspect()).State.Status).toBe("exited");
    }, 120_000);

    test("wait returns at the next exit, also of one that is restarted", async () => {
      await run("sleep 0.3; exit 6", {}, restarting);
      for (const condition of ["not-running", "next-exit"]) expect(JSON.parse((await ask("POST", `${self}/wait?condition=${condition}`)).text)).toEqual({ StatusCode: 6 });
      const removed = ask("POST", `${self}/wait?condition=removed`);
      await ask("DELETE", `${self}?force=1`);
      expect((await removed).status).toBe(200);
    }, 120_000);

    test("when wait answers, who is attached has all of the output", async () => {
      await post(`/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["sh", "-c", "head -c 300000 /dev/zero | tr '\\0' x; echo; echo the end"], AttachStdout: true });
      for (let turn = 0; turn < 5; turn++) {
        using wire = await Wire.open(subject.socket());
        wire.send(`POST /v1.51${self}/attach?stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`);
        await wire.until((received) => received.includes("\r\n\r\n"));
        const wait = ask("POST", `${self}/wait?condition=next-exit`);
        expect(await status("POST", `${self}/start`)).toBe(204);
        expect((await wait).status).toBe(200);
        expect(wire.received.endsWith("the end\n")).toBe(true);
      }
    }, 120_000);

    test.each([
      [{ Name: "always", MaximumRetryCount: 3 }, "invalid restart policy: maximum retry count can only be used with 'on-failure'"],
      [{ Name: "unless-stopped", MaximumRetryCount: -2 }, "invalid restart policy: maximum retry count can only be used with 'on-failure' and cannot be negative"],
      [{ Name: "on-failure", MaximumRetryCount: -1 }, "invalid restart policy: maximum retry count cannot be negative"],
      [{ MaximumRetryCount: 2 }, "invalid restart policy: maximum retry count can only be used with 'on-failure'"],
      [{ Name: "sometimes" }, "invalid restart policy: unknown policy 'sometimes'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"],
    ])("restart policy %j is refused", async (RestartPolicy, message) => {
      const answer = await post("/containers/create", { Image: IMAGE, Cmd: ["true"], HostConfig: { RestartPolicy } });
      expect([answer.status, messageOf(answer)]).toEqual([400, message]);
    });

    test("health: starting, healthy, unhealthy while paused, unhealthy after failures and after the end", async () => {
      const Healthcheck = { Test: ["CMD-SHELL", "echo probing; cat /ok 2>&1"], Interval: 200e6, Retries: 2 };
      const { actions } = await eventsOf("die", async () => {
        await run(`touch /ok; ${GENTLE}`, { Healthcheck });
        expect((await inspect()).State.Health).toEqual({ Status: "starting", FailingStreak: 0, Log: [] });
        await until(({ State }) => State.Health?.Status === "healthy");
        await ask("POST", `${self}/pause`);
        expect((await inspect()).State.Health).toMatchObject({ Status: "unhealthy", FailingStreak: 0 });
        await ask("POST", `${self}/unpause`);
        await until(({ State }) => State.Health?.Status === "healthy");
        const exec = await post(`${self}/exec`, { Cmd: ["rm", "/ok"] });
        await post(`/exec/${(JSON.parse(exec.text) as { Id: string }).Id}/start`, { Detach: true });
        const { Health } = (await until(({ State }) => State.Health?.Status === "unhealthy")).State;
        expect(Health?.FailingStreak).toBe(2);
        expect(Health?.Log.at(-1)).toMatchObject({ ExitCode: 1, Output: "probing\ncat: can't open '/ok': No such file or directory\n" });
        await until(({ State }) => State.Health?.Log.length === 5);
        await ask("POST", `${self}/stop`);
      });
      expect(actions.filter((action) => action.startsWith("health") || action.includes("pause"))).toEqual(["health_status: healthy", "pause", "unpause", "health_status: healthy", "health_status: unhealthy"]);
      expect(actions.slice(2, 6)).toEqual(["exec_create: /bin/sh -c echo probing; cat /ok 2>&1", "exec_start: /bin/sh -c echo probing; cat /ok 2>&1", "exec_die 0", "health_status: healthy"]);
      expect((await inspect()).State.Health).toMatchObject({ Status: "unhealthy" });
      await ask("POST", `${self}/start`);
      expect((await inspect()).State.Health).toMatchObject({ Status: "starting", FailingStreak: 0, Log: expect.any(Array) });
    }, 120_000);

    test("a probe that takes too long is killed, one that says too much is cut", async () => {
      await run("sleep 1000", { Healthcheck: { Test: ["CMD-SHELL", "echo waiting; sleep 50"], Interval: 100e6, Timeout: 300e6, Retries: 1 } });
      const slow = await until(({ State }) => State.Health?.Status === "unhealthy");
      expect(slow.State.Health?.Log[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (300ms): waiting\n" });
      await ask("DELETE", `${self}?force=1`);
      await run("sleep 1000", { Healthcheck: { Test: ["CMD-SHELL", "yes | head -c 5000"], Interval: 100e6, Retries: 1 } });
      const loud = await until(({ State }) => State.Health?.Status === "healthy");
      expect(loud.State.Health?.Log[0]?.Output).toBe(`${"y\n".repeat(2048)}...`);
    }, 120_000);

    test("a test that cannot be run has failed", async () => {
      await run("sleep 1000", { Healthcheck: { Test: ["CMD", "nosuch"], Interval: 100e6, Retries: 1 } });
      const { Health } = (await until(({ State }) => State.Health?.Status === "unhealthy")).State;
      expect(Health?.Log[0]).toMatchObject({ ExitCode: -1, Output: 'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH' });
    }, 120_000);

    test("in the start period failures do not count", async () => {
      await run("sleep 1000", { Healthcheck: { Test: ["CMD", "false"], Interval: 60e9, StartPeriod: 60e9, StartInterval: 100e6, Retries: 1 } });
      const { Health } = (await until(({ State }) => (State.Health?.Log.length ?? 0) >= 3)).State;
      expect(Health).toMatchObject({ Status: "starting", FailingStreak: 0 });
    }, 120_000);

    test("ps filters by health", async () => {
      await run("sleep 1000", { Healthcheck: { Test: ["CMD", "true"], Interval: 100e6 } });
      await until(({ State }) => State.Health?.Status === "healthy");
      const listed = async (health: string): Promise<string[]> => {
        const answer = await ask("GET", `/containers/json?filters=${encodeURIComponent(JSON.stringify({ health: [health], name: [name] }))}`);
        return (JSON.parse(answer.text) as { Status: string }[]).map(({ Status }) => Status.replace(/^Up .* \(/, "Up ("));
      };
      expect(await listed("healthy")).toEqual(["Up (healthy)"]);
      expect(await listed("none")).toEqual([]);
    }, 120_000);
  });
}
