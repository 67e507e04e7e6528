/** Builds by POST /build as dockerode asks for them, by this engine and, where DOCKER_PEER names one, Docker Engine. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import Docker from "dockerode";
import { startEngine, type TestEngine } from "../harness.ts";
import { busyboxTar, tarFolder } from "../images.ts";

const PREFIX = `hakobd-${process.pid}`;
const BASE = `${PREFIX}:base`;
const peer = process.env["DOCKER_PEER"];

interface Message {
  readonly stream?: string;
  readonly aux?: { readonly ID: string };
  readonly error?: string;
  readonly errorDetail?: { readonly code?: number; readonly message: string };
}

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine({ busybox: false });
}, 120_000);
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

describeBuilds("this engine", () => engine.socket);
if (peer?.startsWith("unix://")) describeBuilds("Docker Engine", () => peer.slice("unix://".length));

function describeBuilds(name: string, socket: () => string): void {
  describe(`POST /build: ${name}`, () => {
    let docker: Docker;
    let made = 0;

    beforeAll(async () => {
      docker = new Docker({ socketPath: socket() });
      await finished(docker, await docker.importImage(createReadStream(await busyboxTar()), { repo: PREFIX, tag: "base" }));
    }, 120_000);
    afterAll(async () => {
      const images = await docker.listImages({ filters: { reference: [PREFIX, `${PREFIX}/*`] } });
      // The base comes last: with Docker Engine others are its children.
      const names = images.flatMap(({ RepoTags }) => RepoTags ?? []).sort((a, b) => Number(a === BASE) - Number(b === BASE));
      for (const image of names) await docker.getImage(image).remove({ force: true });
    }, 120_000);

    async function build(files: Record<string, string>, options: Record<string, unknown> = {}): Promise<Message[]> {
      const context = await contextOf(files);
      const stream = await docker.buildImage(context as unknown as NodeJS.ReadableStream, { t: `${PREFIX}/b${made++}`, ...options });
      return await finished(docker, stream);
    }

    const idOf = (messages: readonly Message[]): string => messages.findLast(({ aux }) => aux !== undefined)?.aux?.ID ?? "";
    const textOf = (messages: readonly Message[]): string => messages.map(({ stream = "" }) => stream).join("");

    async function output(image: string, ...command: string[]): Promise<string> {
      const container = await docker.createContainer({ Image: image, ...(command.length > 0 && { Cmd: command }) });
      try {
        await container.start();
        await container.wait();
        return (await container.logs({ stdout: true, stderr: true })).toString("latin1").replace(/[\x00-\x02]\0\0\0[\s\S]{4}/g, "");
      } finally {
        await container.remove({ force: true });
      }
    }

    test("step after step, then the id and the names", async () => {
      const messages = await build({ Dockerfile: `FROM ${BASE}\nENV A=1\nRUN echo out; echo made > /made\nCOPY f /f\nCMD ["cat", "/made", "/f"]\n`, f: "copied\n" }, { t: `${PREFIX}/steps` });
      const text = textOf(messages);
      for (const [number, step] of [`FROM ${BASE}`, "ENV A=1", "RUN echo out; echo made > /made", "COPY f /f", 'CMD ["cat", "/made", "/f"]'].entries()) expect(text).toContain(`Step ${number + 1}/5 : ${step}\n`);
      expect(text).toMatch(/ ---> Running in [0-9a-f]{12}\nout\n ---> Removed intermediate container [0-9a-f]{12}\n ---> [0-9a-f]{12}\n/);
      const id = idOf(messages);
      expect(text).toEndWith(`Successfully built ${id.slice(7, 19)}\nSuccessfully tagged ${PREFIX}/steps:latest\n`);
      expect((await docker.getImage(`${PREFIX}/steps`).inspect()).Id).toBe(id);
      expect(await output(id)).toBe("made\ncopied\n");
    });

    test.each(["1", "2"])("everything that Testcontainers' image builder sends, version %s", async (version) => {
      const files = { "docker/Dockerfile": `FROM ${BASE} AS base\nARG WHO=nobody\nRUN echo $WHO > /who\nFROM base AS other\nRUN false\nFROM base\n` };
      const registryconfig = { "registry.example": { username: "user", password: "secret" } };
      const labels = { "org.testcontainers": "true", "org.testcontainers.lang": "node" };
      const options = { dockerfile: "docker/Dockerfile", buildargs: { WHO: "me", UNUSED: "x" }, target: "base", nocache: false, registryconfig, labels, platform: process.arch === "arm64" ? "linux/arm64" : "linux/amd64", version };
      const name = `${PREFIX}/containers:${version}`;
      const messages = await build(files, { ...options, t: name });
      expect(messages.find(({ error }) => error !== undefined)).toBeUndefined();
      expect((await docker.getImage(name).inspect()).Config.Labels).toEqual(labels);
      expect(await output(name, "cat", "/who")).toBe("me\n");
    });

    test("what is known is not done again; nocache does it", async () => {
      const files = { Dockerfile: `FROM ${BASE}\nRUN echo ${PREFIX} > /x\nCOPY f /f\n`, f: "1" };
      const first = idOf(await build(files));
      const again = await build(files);
      expect(textOf(again).match(/ ---> Using cache\n/g)?.length).toBe(2);
      expect(idOf(again)).toBe(first);
      expect(textOf(await build({ ...files, f: "2" })).match(/ ---> Using cache\n/g)?.length).toBe(1);
      expect(textOf(await build(files, { nocache: true }))).not.toContain("Using cache");
    });

    test("arguments, labels, target, an own name of the Dockerfile, quiet", async () => {
      const files = { "sub/My.dockerfile": `FROM ${BASE} AS one\nARG WHO=nobody\nRUN echo $WHO > /who\nFROM one AS two\nRUN exit 1\n` };
      const messages = await build(files, { dockerfile: "sub/My.dockerfile", buildargs: { WHO: "me", UNUSED: "x" }, labels: { a: "b" }, target: "one" });
      expect(await output(idOf(messages), "cat", "/who")).toBe("me\n");
      expect(textOf(messages)).toContain("[Warning] One or more build-args [UNUSED] were not consumed\n");
      expect((await docker.getImage(idOf(messages)).inspect()).Config.Labels).toEqual({ a: "b" });
      const quiet = await build(files, { dockerfile: "sub/My.dockerfile", target: "one", q: true });
      expect(quiet).toEqual([{ stream: expect.stringMatching(/^sha256:[0-9a-f]{64}\n$/) }]);
    });

    test("a command that fails ends it, with its code and output", async () => {
      const messages = await build({ Dockerfile: `FROM ${BASE}\nRUN echo before; exit 3\n` });
      const sentence = "The command '/bin/sh -c echo before; exit 3' returned a non-zero code: 3";
      expect(textOf(messages)).toContain("before\n");
      expect(messages.at(-1)).toEqual({ errorDetail: { code: 3, message: sentence }, error: sentence });
    });

    test("a file that is not there is named", async () => {
      expect((await build({ Dockerfile: `FROM ${BASE}\nCOPY nope /x\n` })).at(-1)?.error).toBe("COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist");
    });

    test.each([
      ["RUNN x\n", {}, "dockerfile parse error on line 1: unknown instruction: RUNN (did you mean RUN?)"],
      [`FROM ${BASE} AS a\n`, { target: "zz" }, 'target stage "zz" could not be found'],
      ["FROM x\n", { dockerfile: "../x" }, "forbidden path outside the build context: ../x ()"],
      ["FROM x\n", { dockerfile: "nope" }, "Cannot locate specified Dockerfile: nope"],
      ["FROM x\n", { t: "UPPER" }, "invalid reference format: repository name (library/UPPER) must be lowercase"],
      ["FROM x\n", { remote: "ftp://x" }, "remoteURL (ftp://x) could not be recognized as URL"],
    ])("%j with %j is refused before anything is done", async (text, options, message) => {
      await expect(build({ Dockerfile: text }, options)).rejects.toThrow(message);
    });

    test("a compressed context; links in it lead to files of it", async () => {
      const folder = await mkdtemp("/tmp/hk-context-");
      try {
        await writeFile(join(folder, "Dockerfile"), `FROM ${BASE}\nCOPY link /copied\n`);
        await writeFile(join(folder, "file"), "linked\n");
        await symlink("file", join(folder, "link"));
        await tarFolder(folder, `${folder}.tar`);
        const packed = gzipSync(await Bun.file(`${folder}.tar`).bytes());
        const messages = await finished(docker, await docker.buildImage(packed as unknown as NodeJS.ReadableStream, { t: `${PREFIX}/packed` }));
        expect(await output(idOf(messages), "cat", "/copied")).toBe("linked\n");
      } finally {
        await rm(folder, { recursive: true, force: true });
        await rm(`${folder}.tar`, { force: true });
      }
    });

    test("the base's config is inherited; several stages, names of stages, scratch", async () => {
      const messages = await build({ Dockerfile: `FROM ${BASE} AS tools\nRUN echo static > /out\nFROM scratch\nCOPY --from=tools /out /bin/ /all/\nENTRYPOINT ["/all/busybox", "cat", "/all/out"]\n` });
      expect(await output(idOf(messages))).toBe("static\n");
      const { Config, RootFS } = await docker.getImage(idOf(messages)).inspect();
      expect(Config.Entrypoint).toEqual(["/all/busybox", "cat", "/all/out"]);
      expect(RootFS.Layers).toHaveLength(1);
    });
  });
}

async function contextOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const bytes = new Bun.Archive(files);
  return Buffer.from(await bytes.bytes());
}

/** All messages to the end; a failure is the last of them. */
async function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<Message[]> {
  const messages: Message[] = [];
  await new Promise<void>((resolve) => docker.modem.followProgress(stream, () => resolve(), (message: Message) => messages.push(message)));
  return messages;
}
