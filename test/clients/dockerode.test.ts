/** The usual calls of programs written with dockerode, against this engine and, where DOCKER_PEER names one, Docker Engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createReadStream } from "node:fs";
import { PassThrough, type Readable } from "node:stream";
import Docker from "dockerode";
import { startEngine, type TestEngine } from "../harness.ts";
import { busyboxTar } from "../images.ts";

const PREFIX = `hakode-${process.pid}`;
const IMAGE = `${PREFIX}:test`;
const peer = process.env["DOCKER_PEER"];

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine({ busybox: false });
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

describeDockerode("this engine", () => engine.socket);
if (peer?.startsWith("unix://")) describeDockerode("Docker Engine", () => peer.slice("unix://".length));

function describeDockerode(name: string, socket: () => string): void {
  describe(`dockerode: ${name}`, () => {
    let docker: Docker;
    const named = (suffix: string): string => `${PREFIX}-${suffix}`;

    beforeAll(async () => {
      docker = new Docker({ socketPath: socket() });
      const progress = await docker.importImage(createReadStream(await busyboxTar()), { repo: PREFIX, tag: "test" });
      await textOf(progress as Readable);
    }, 120_000);
    afterAll(async () => {
      for (const { Id } of await docker.listContainers({ all: true, filters: { name: [PREFIX] } })) await docker.getContainer(Id).remove({ force: true, v: true });
      await docker.getImage(IMAGE).remove({ force: true });
    }, 120_000);

    test("ping, version, info, df", async () => {
      expect(String(await docker.ping())).toBe("OK");
      expect((await docker.version()).ApiVersion).toBe("1.51");
      expect(await docker.info()).toMatchObject({ Driver: "overlay2", OSType: "linux" });
      expect((await docker.df()).Images).toBeArray();
    });

    test("run() with a stream for each of stdout and stderr", async () => {
      const [out, err] = [new PassThrough(), new PassThrough()];
      const [said, complained] = [textOf(out), textOf(err)];
      const [result, container] = (await docker.run(IMAGE, ["sh", "-c", "echo out; echo err >&2; exit 3"], [out, err], { Tty: false })) as [{ StatusCode: number }, Docker.Container];
      // run() resolves with the container's end, and ends both streams with that of the output.
      expect({ code: result.StatusCode, out: await said, err: await complained }).toEqual({ code: 3, out: "out\n", err: "err\n" });
      await container.remove();
    });

    test("create, start, inspect, logs, stop, remove", async () => {
      const container = await docker.createContainer({ Image: IMAGE, name: named("life"), Cmd: ["sh", "-c", "echo hello; exec sleep 1000"], Labels: { which: "life" }, StopSignal: "SIGKILL" });
      await container.start();
      const facts = await container.inspect();
      expect(facts).toMatchObject({ Name: `/${named("life")}`, State: { Running: true, Status: "running" }, Config: { Labels: { which: "life" } } });
      const follow = (await container.logs({ follow: true, stdout: true, stderr: true })) as unknown as Readable;
      const out = new PassThrough();
      container.modem.demuxStream(follow, out, new PassThrough());
      expect(String((await once(out, "data")) as Buffer)).toBe("hello\n");
      const listed = await docker.listContainers({ filters: { label: ["which=life"], status: ["running"] } });
      expect(listed.map(({ Names }) => Names)).toEqual([[`/${named("life")}`]]);
      await container.stop();
      follow.destroy();
      expect(await container.wait()).toMatchObject({ StatusCode: 137 });
      await container.remove();
      expect(await refusal(container.inspect())).toMatchObject({ statusCode: 404, json: { message: `No such container: ${facts.Id}` } });
    });

    test("attach before the start, hijacked, with stdin", async () => {
      const container = await docker.createContainer({ Image: IMAGE, name: named("attach"), Cmd: ["cat"], OpenStdin: true, StdinOnce: true, AttachStdin: true, AttachStdout: true, AttachStderr: true });
      const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true, stderr: true });
      const out = new PassThrough();
      container.modem.demuxStream(stream, out, new PassThrough());
      const said = textOf(out);
      stream.on("end", () => out.end());
      await container.start();
      stream.write("through the hijack\n");
      stream.end();
      expect(await container.wait()).toMatchObject({ StatusCode: 0 });
      expect(await said).toBe("through the hijack\n");
      await container.remove();
    });

    test("exec, with and without a terminal", async () => {
      const container = await docker.createContainer({ Image: IMAGE, name: named("exec"), Cmd: ["sleep", "1000"], StopSignal: "SIGKILL" });
      await container.start();
      const exec = await container.exec({ Cmd: ["sh", "-c", "cat; echo $WHO; exit 4"], Env: ["WHO=me"], AttachStdin: true, AttachStdout: true, AttachStderr: true });
      const stream = await exec.start({ hijack: true, stdin: true });
      const out = new PassThrough();
      docker.modem.demuxStream(stream, out, new PassThrough());
      const said = textOf(out);
      stream.on("end", () => out.end());
      stream.write("typed\n");
      stream.end();
      expect(await said).toBe("typed\nme\n");
      expect(await exec.inspect()).toMatchObject({ ExitCode: 4, Running: false, ContainerID: container.id });
      const terminal = await container.exec({ Cmd: ["sh", "-c", "read x; stty size; echo got $x"], AttachStdin: true, AttachStdout: true, Tty: true });
      const raw = await terminal.start({ hijack: true, stdin: true, Tty: true });
      const seen = textOf(raw);
      await terminal.resize({ h: 31, w: 99 });
      raw.write("go\n");
      expect(await seen).toContain("31 99\r\ngot go\r\n");
      await container.remove({ force: true });
    });

    test("putArchive, getArchive, infoArchive", async () => {
      const container = await docker.createContainer({ Image: IMAGE, name: named("archive"), Cmd: ["cat", "/tmp/bin/busybox"] });
      await container.putArchive(await busyboxTar(), { path: "/tmp" });
      const archive = (await container.getArchive({ path: "/tmp/etc/passwd" })) as unknown as Readable;
      expect(await textOf(archive)).toContain("root:");
      const head = (await container.infoArchive({ path: "/tmp/bin" })) as unknown as { headers: Record<string, string> };
      expect(JSON.parse(Buffer.from(head.headers["x-docker-container-path-stat"] ?? "", "base64").toString())).toMatchObject({ name: "bin" });
      expect(await container.changes()).toContainEqual({ Path: "/tmp/bin", Kind: 1 });
      await container.remove();
    });

    test("stats once and as a stream", async () => {
      const container = await docker.createContainer({ Image: IMAGE, name: named("stats"), Cmd: ["sleep", "1000"] });
      await container.start();
      const once_ = await container.stats({ stream: false });
      expect(once_).toMatchObject({ name: `/${named("stats")}`, id: container.id, memory_stats: { usage: expect.any(Number) }, pids_stats: { current: 1 } });
      const stream = (await container.stats({ stream: true })) as unknown as Readable;
      expect(JSON.parse(String(await once(stream, "data")))).toMatchObject({ id: container.id });
      stream.destroy();
      await container.remove({ force: true });
    });

    test("update, rename, pause, top, kill, commit, export", async () => {
      const container = await docker.createContainer({ Image: IMAGE, name: named("more"), Cmd: ["sleep", "1000"] });
      await container.start();
      await container.update({ PidsLimit: 77, RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } });
      expect((await container.inspect()).HostConfig).toMatchObject({ PidsLimit: 77, RestartPolicy: { Name: "on-failure", MaximumRetryCount: 2 } });
      await container.rename({ name: named("renamed") });
      await container.pause();
      expect((await container.inspect()).State).toMatchObject({ Paused: true, Status: "paused" });
      await container.unpause();
      const top = (await container.top({ ps_args: "-o pid,args" })) as { Titles: string[]; Processes: string[][] };
      expect(top).toMatchObject({ Titles: ["PID", "COMMAND"] });
      expect(top.Processes[0]?.[1]).toBe("sleep 1000");
      const { Id } = (await container.commit({ repo: named("committed"), tag: "v1", comment: "made by a test", changes: ["ENV A=b"] })) as { Id: string };
      expect(await docker.getImage(Id).inspect()).toMatchObject({ Comment: "made by a test", RepoTags: [`${named("committed")}:v1`], Config: { Env: expect.arrayContaining(["A=b"]) } });
      await docker.getImage(`${named("committed")}:v1`).remove();
      const exported = (await container.export()) as unknown as Readable;
      expect((await bytesOf(exported)).length).toBeGreaterThan(100_000);
      await container.kill({ signal: "SIGKILL" });
      await container.remove({ force: true });
    });

    test("events as they come, with filters", async () => {
      const events = (await docker.getEvents({ filters: { label: ["which=events"], event: ["create", "start", "die", "destroy"] } })) as unknown as Readable;
      const seen: string[] = [];
      const destroyed = new Promise<void>((resolve) => {
        events.on("data", (chunk: Buffer) => {
          for (const line of String(chunk).trim().split("\n")) seen.push((JSON.parse(line) as { Action: string }).Action);
          if (seen.includes("destroy")) resolve();
        });
      });
      const container = await docker.createContainer({ Image: IMAGE, Cmd: ["true"], Labels: { which: "events" } });
      await container.start();
      await container.wait();
      await container.remove();
      await destroyed;
      (events as Readable).destroy();
      expect(seen).toEqual(["create", "start", "die", "destroy"]);
    });

    test("images, volumes, networks: list, inspect, remove", async () => {
      const image = docker.getImage(IMAGE);
      const { Id } = await image.inspect();
      await image.tag({ repo: named("tagged"), tag: "v2" });
      expect((await docker.listImages({ filters: { reference: [`${named("tagged")}:*`] } })).map((each) => each.Id)).toEqual([Id]);
      await docker.getImage(`${named("tagged")}:v2`).remove();
      expect(await image.history()).toHaveLength(1);
      const volume = await docker.createVolume({ Name: named("volume"), Labels: { a: "b" } });
      expect(await volume.inspect()).toMatchObject({ Name: named("volume"), Driver: "local", Labels: { a: "b" } });
      expect((await docker.listVolumes({ filters: JSON.stringify({ label: ["a=b"] }) as never })).Volumes.map(({ Name }) => Name)).toContain(named("volume"));
      await volume.remove();
      expect((await docker.listNetworks()).map(({ Name }) => Name)).toEqual(expect.arrayContaining(["bridge", "host", "none"]));
      expect(await docker.getNetwork("bridge").inspect()).toMatchObject({ Driver: "bridge", Scope: "local" });
    });
  });
}

async function bytesOf(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  return (await bytesOf(stream)).toString();
}

function once(stream: NodeJS.EventEmitter, event: string): Promise<unknown> {
  return new Promise((resolve) => stream.once(event, resolve));
}

async function refusal(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(() => undefined, (error: unknown) => error);
}
