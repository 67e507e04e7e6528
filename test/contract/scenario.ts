/**
 * One container's life over the API, the same against every engine. The shapes of the answers are compared with those
 * recorded from Docker Engine (shapes.json, written by record-shapes.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { busyboxTar } from "../images.ts";
import type { Subject } from "./contract.ts";
import { differences, shapeOf, type ShapeOf } from "./shape.ts";
import recorded from "./shapes.json";
import { call, callJson, formatRequest, messageOf, parseAnswer, Wire, type Answer } from "./wire.ts";

const IMAGE = "hako-contract:test";
const SCRIPT = 'echo out; echo err >&2; read line; echo "got $line"; exec sleep 1000';
const frame = (stream: number, text: string): string => `${String.fromCharCode(stream)}\0\0\0\0\0\0${String.fromCharCode(text.length)}${text}`;
const parsed = (answer: Answer): Record<string, unknown> => JSON.parse(answer.text) as Record<string, unknown>;

/** Fields of Docker's that this engine has no counterpart for. */
const NOT_OURS: Record<string, RegExp> = {
  // Of parts that this engine does not have: containerd, runc, plugins, swarm, its storage driver.
  info: /^\.(?:KernelMemoryTCP|Containerd|ContainerdCommit|RuncCommit|InitCommit|Swarm|Plugins|FirewallBackend|DiscoveredDevices|GenericResources|RegistryConfig|DriverStatus|CDISpecDirs|DefaultAddressPools|Runtimes|ProductLicense)/,
  version: /^\.(?:GoVersion|Components|Platform|BuildTime|GitCommit)/,
  image: /^\.(?:GraphDriver|Metadata|DockerVersion|Parent|Config\.)/,
};

export interface ScenarioOptions {
  readonly subject: Subject;
  /** Hears of every shape, for recording. */
  readonly record?: (name: string, shape: ShapeOf) => void;
}

export function describeScenario({ subject, record }: ScenarioOptions): void {
  const name = `hako-contract-${process.pid}`;
  const ask = (method: string, target: string): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}` });
  const post = (target: string, body: unknown): Promise<Answer> => callJson(subject.socket(), "POST", `/v1.51${target}`, body);
  const self = `/containers/${name}`;
  let id = "";
  let since = 0;

  /** Compares a shape with Docker's, or hands it over to be recorded. */
  function expectShape(what: string, value: unknown): void {
    const shape = shapeOf(value);
    if (record) return record(what, shape);
    const expected = (recorded as Record<string, ShapeOf>)[what] ?? {};
    const except = NOT_OURS[what];
    expect(differences(expected, shape).filter((line) => !except?.test(line))).toEqual([]);
  }

  async function expectMessage(answer: Promise<Answer>, status: number, message: string): Promise<void> {
    const settled = await answer;
    expect([settled.status, messageOf(settled)]).toEqual([status, message]);
  }

  /** Docker answers some mistakes of the client with a 5xx. */
  const clientError = (status: number, docker: number): number => (subject.kind === "docker" ? docker : status);

  describe(`a container's life: ${subject.name}`, () => {
    let attached: Wire;

    beforeAll(async () => {
      since = Math.floor(Date.now() / 1000);
      const tar = readFileSync(await busyboxTar());
      const answer = await call(subject.socket(), { method: "POST", target: "/images/create?fromSrc=-&repo=hako-contract&tag=test", headers: { "Content-Type": "application/x-tar" }, body: tar });
      expect(answer.status).toBe(200);
      expect(answer.text).toMatch(/"status":"sha256:[0-9a-f]{64}"/);
    });
    afterAll(async () => {
      await ask("DELETE", `${self}?force=1&v=1`);
      await ask("DELETE", `/images/${IMAGE}?force=1`);
    });

    test("the image is listed and inspected", async () => {
      const listed = JSON.parse((await ask("GET", "/images/json")).text) as { RepoTags: string[] | null }[];
      expectShape("images", listed.find((image) => image.RepoTags?.includes(IMAGE)));
      expectShape("image", parsed(await ask("GET", `/images/${IMAGE}/json`)));
      expectShape("history", parsed(await ask("GET", `/images/${IMAGE}/history`)));
    });

    test("create answers 201 with the id", async () => {
      const answer = await post(`/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["sh", "-c", SCRIPT], OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true, Env: ["A=b"], Labels: { a: "b" }, Unknown: 1 });
      expect(answer.status).toBe(201);
      expectShape("create", parsed(answer));
      id = String(parsed(answer)["Id"]);
      expect(id).toMatch(/^[0-9a-f]{64}$/);
    });

    test("create refuses a name in use and a name that is none", async () => {
      await expectMessage(
        post(`/containers/create?name=${name}`, { Image: IMAGE, Cmd: ["true"] }),
        409,
        `Conflict. The container name "/${name}" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
      );
      await expectMessage(post("/containers/create?name=a%20b", { Image: IMAGE, Cmd: ["true"] }), 400, "Invalid container name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
      await expectMessage(post("/containers/create?name=a/b", { Image: IMAGE, Cmd: ["true"] }), 400, "Invalid container name (a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    });

    test("create refuses an image without a command", async () => {
      await expectMessage(post("/containers/create", { Image: IMAGE }), 400, "no command specified");
    });

    test("a created container can be inspected by name, id and prefix", async () => {
      for (const ref of [name, id, id.slice(0, 12)]) {
        const inspected = parsed(await ask("GET", `/containers/${ref}/json`));
        expect(inspected["Id"]).toBe(id);
        expect(inspected["Name"]).toBe(`/${name}`);
      }
      expectShape("inspect created", parsed(await ask("GET", `${self}/json`)));
    });

    test("a container that does not run takes no signal, no exec and no pause", async () => {
      await expectMessage(ask("POST", `${self}/kill`), 409, `cannot kill container: ${name}: container ${id} is not running`);
      await expectMessage(post(`${self}/exec`, { Cmd: ["true"] }), 409, `container ${id} is not running`);
      await expectMessage(ask("POST", `${self}/pause`), 409, `container ${id} is not running`);
      expect((await ask("POST", `${self}/stop`)).status).toBe(304);
    });

    test("attach before start sees everything, and start is 204, then 304", async () => {
      attached = await Wire.open(subject.socket());
      attached.send(formatRequest({ method: "POST", target: `/v1.51${self}/attach?stream=1&stdin=1&stdout=1&stderr=1`, headers: { Connection: "Upgrade", Upgrade: "tcp" } }));
      await attached.until((text) => text.includes("\r\n\r\n"));
      expect((await ask("POST", `${self}/start`)).status).toBe(204);
      expect((await ask("POST", `${self}/start`)).status).toBe(304);
      await attached.until((text) => text.includes(frame(1, "out\n")) && text.includes(frame(2, "err\n")));
      attached.send("in\n");
      await attached.until((text) => text.includes(frame(1, "got in\n")));
    });

    test("ps, inspect and top show it running", async () => {
      const listed = JSON.parse((await ask("GET", `/containers/json?filters=${encodeURIComponent(JSON.stringify({ name: [name] }))}`)).text) as Record<string, unknown>[];
      expect(listed).toHaveLength(1);
      expect(listed[0]).toMatchObject({ Id: id, Names: [`/${name}`], Image: IMAGE, State: "running", Labels: { a: "b" } });
      expectShape("ps", listed[0]);
      const inspected = parsed(await ask("GET", `${self}/json`));
      expect(inspected).toMatchObject({ State: { Status: "running", Running: true, ExitCode: 0 }, Config: { OpenStdin: true, Env: expect.arrayContaining(["A=b"]) } });
      expectShape("inspect running", inspected);
      const top = parsed(await ask("GET", `${self}/top`));
      expect(top["Titles"]).toEqual(["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
      expectShape("top", top);
    });

    test("logs are frames, the last lines, with instants", async () => {
      const all = await ask("GET", `${self}/logs?stdout=1&stderr=1`);
      expect(all.headers.get("content-type")).toBe("application/vnd.docker.multiplexed-stream");
      expect(all.text).toContain(frame(1, "out\n"));
      expect(all.text).toContain(frame(2, "err\n"));
      expect((await ask("GET", `${self}/logs?stdout=1&tail=1`)).text).toBe(frame(1, "got in\n"));
      expect((await ask("GET", `${self}/logs?stderr=1&timestamps=1`)).text.slice(8)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z err\n$/);
    });

    test("exec runs, takes its input's end, and leaves its code", async () => {
      const created = await post(`${self}/exec`, { Cmd: ["sh", "-c", "cat; exit 3"], AttachStdin: true, AttachStdout: true, AttachStderr: true });
      expect(created.status).toBe(201);
      const execId = String(parsed(created)["Id"]);
      using wire = await Wire.open(subject.socket());
      wire.send(formatRequest({ method: "POST", target: `/exec/${execId}/start`, headers: { Connection: "Upgrade", Upgrade: "tcp", "Content-Type": "application/json" }, body: "{}" }));
      await wire.until((text) => text.includes("\r\n\r\n"));
      wire.send("hello\n");
      await wire.until((text) => text.endsWith(frame(1, "hello\n")));
      wire.endInput();
      await wire.untilEnd();
      const inspected = parsed(await ask("GET", `/exec/${execId}/json`));
      expect(inspected).toMatchObject({ Running: false, ExitCode: 3, ContainerID: id });
      expectShape("exec", inspected);
    });

    test("rename, removal and pause refuse what does not fit", async () => {
      await expectMessage(ask("POST", `${self}/rename?name=${name}`), 400, "Renaming a container with the same name as its current name");
      await expectMessage(ask("POST", `${self}/rename?name=a/b`), 400, "Error when allocating new name: Invalid container name (/a/b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
      await expectMessage(ask("DELETE", self), 409, `cannot remove container "${name}": container is running: stop the container before removing or force remove`);
      await expectMessage(ask("POST", `${self}/unpause`), clientError(409, 500), `Container ${id} is not paused`);
      await expectMessage(ask("POST", `${self}/kill?signal=NONSENSE`), 400, `cannot kill container: ${name}: invalid signal: NONSENSE`);
      expect((await ask("POST", `${self}/pause`)).status).toBe(204);
      await expectMessage(ask("POST", `${self}/pause`), 409, `Container ${id} is already paused`);
      expect((await ask("POST", `${self}/unpause`)).status).toBe(204);
    });

    test("wait answers its head at once and the code after kill; attach ends", async () => {
      using wire = await Wire.open(subject.socket());
      wire.send(formatRequest({ method: "POST", target: `${self}/wait`, headers: { Connection: "close" } }));
      await wire.until((text) => text.includes("\r\n\r\n"));
      expect((await ask("POST", `${self}/kill?signal=KILL`)).status).toBe(204);
      expect(await wire.untilEnd()).toContain('"StatusCode":137');
      await attached.untilEnd();
      expect(parsed(await ask("GET", `${self}/json`))).toMatchObject({ State: { Status: "exited", Running: false, ExitCode: 137 } });
    });

    test("a start that fails is 400 with the reason; who waits for the removal hears the code", async () => {
      const created = await post("/containers/create", { Image: IMAGE, Cmd: ["hako-no-such-command"], HostConfig: { AutoRemove: true } });
      const failing = `/containers/${String(parsed(created)["Id"])}`;
      using wire = await Wire.open(subject.socket());
      wire.send(formatRequest({ method: "POST", target: `${failing}/wait?condition=removed`, headers: { Connection: "close" } }));
      await wire.until((text) => text.includes("\r\n\r\n"));
      const started = await ask("POST", `${failing}/start`);
      expect(started.status).toBe(400);
      expect(messageOf(started)).toEndWith('exec: "hako-no-such-command": executable file not found in $PATH');
      expect(JSON.parse(parseAnswer(await wire.untilEnd()).text)).toEqual({ StatusCode: 127 });
      expect((await ask("GET", `${failing}/json`)).status).toBe(404);
    });

    test("its image cannot go before it, and it goes once", async () => {
      const refused = await ask("DELETE", `/images/${IMAGE}`);
      expect(refused.status).toBe(409);
      expect(messageOf(refused)).toMatch(/^conflict: unable to remove repository reference "hako-contract:test" \(must force\) - container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}$/);
      expect((await ask("DELETE", self)).status).toBe(204);
      await expectMessage(ask("DELETE", self), 404, `No such container: ${name}`);
      const removed = JSON.parse((await ask("DELETE", `/images/${IMAGE}`)).text) as unknown[];
      expect(removed[0]).toEqual({ Untagged: IMAGE });
    });

    test("events tell the story", async () => {
      const until = Math.floor(Date.now() / 1000) + 1;
      await Bun.sleep(1000);
      const { text } = await ask("GET", `/events?since=${since}&until=${until}&filters=${encodeURIComponent(JSON.stringify({ container: [id] }))}`);
      const events = text.trim().split("\n").map((line) => JSON.parse(line) as { Type: string; Action: string });
      const actions = events.filter(({ Type }) => Type === "container").map(({ Action }) => Action.replace(/: .*/, ""));
      // A killed process may be gone before whoever killed it has said so.
      expect(actions.join(" ").replace("die kill", "kill die")).toBe("create attach start top exec_create exec_start exec_die pause unpause kill die destroy");
      expectShape("event", events[0]);
    });

    test("info, version and df have Docker's shape", async () => {
      expectShape("info", parsed(await ask("GET", "/info")));
      expectShape("version", parsed(await ask("GET", "/version")));
      expectShape("df", Object.fromEntries(Object.entries(parsed(await ask("GET", "/system/df"))).map(([key, value]) => [key, Array.isArray(value) ? [] : value])));
    });
  });
}
