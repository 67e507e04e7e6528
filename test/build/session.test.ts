import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "../../src/base/mod.ts";
import { ContextStore } from "../../src/build/contexts/store.ts";
import { serveBuild, type RunBuild } from "../../src/build/session/serve-build.ts";
import type { BuildInput } from "../../src/cli/build/answers.ts";
import { BuildConnection } from "../../src/cli/build/connection.ts";
import type { Secret } from "../../src/cli/build/options/secrets.ts";
import { agentAt } from "../../src/cli/build/ssh/agent.ts";
import type { BuildEvent, BuildResult } from "../../src/spec/mod.ts";
import { duplexPair } from "./duplex-pair.ts";

const scratch = mkdtempSync("/tmp/hk-session-");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const contexts = ContextStore.open(join(scratch, "contexts"));
const RESULT: BuildResult = { imageId: undefined, descriptor: undefined, metadata: { a: 1 } };
const NOTHING: BuildInput = { folders: new Map(), secrets: new Map(), agents: new Map(), outputs: [] };

function start(input: Partial<BuildInput>, run: RunBuild): { connection: BuildConnection; events: BuildEvent[]; served: Promise<void> } {
  const [left, right] = duplexPair();
  const events: BuildEvent[] = [];
  const served = serveBuild(left, contexts, run);
  return { connection: new BuildConnection(right, { ...NOTHING, ...input }, (event) => events.push(event)), events, served };
}

function folder(files: Record<string, string>): string {
  const path = mkdtempSync(join(scratch, "f-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

describe("a build over one connection", () => {
  test("tells events in order, and how it ended", async () => {
    const { connection, events, served } = start({}, async (_, tell) => {
      for (let count = 0; count < 1000; count++) tell({ type: "log", vertex: "sha256:1" as never, stream: 1, bytes: Buffer.from(`${count}\n`), timeNs: 5n });
      return RESULT;
    });
    expect(await connection.end).toEqual({ done: { metadata: { a: 1 } } } as never);
    await served;
    expect(events.map((event) => (event.type === "log" ? Buffer.from(event.bytes).toString() : ""))).toEqual(Array.from({ length: 1000 }, (_, count) => `${count}\n`));
  });

  test("hands over what .dockerignore leaves of a folder", async () => {
    const path = folder({ "src/a.ts": "a", "src/b.log": "b", "node_modules/x/y": "y", "node_modules/keep/z": "z", top: "t" });
    const { connection, served } = start({ folders: new Map([["context", path]]) }, async (client) => {
      await using copy = await client.folder("context", { ignore: ["**/*.log", "node_modules", "!node_modules/keep"] });
      expect((readdirSync(copy.folder, { recursive: true }) as string[]).sort()).toEqual(["node_modules", "node_modules/keep", "node_modules/keep/z", "src", "src/a.ts", "top"]);
      expect(readFileSync(join(copy.folder, "node_modules/keep/z"), "utf8")).toBe("z");
      expect(existsSync(join(copy.folder, "node_modules/x"))).toBe(false);
      return RESULT;
    });
    expect(await connection.end).toHaveProperty("done");
    await served;
  });

  test("carries files larger than any window", async () => {
    const path = folder({ big: "0123456789abcdef".repeat(300_000), small: "s" });
    const { connection, served } = start({ folders: new Map([["context", path]]) }, async (client) => {
      await using copy = await client.folder("context", { ignore: [] });
      expect(readFileSync(join(copy.folder, "big")).equals(readFileSync(join(path, "big")))).toBe(true);
      return RESULT;
    });
    expect(await connection.end).toHaveProperty("done");
    await served;
  });

  test("small files, secrets, and what there is none of", async () => {
    const path = folder({ Dockerfile: "FROM x", secret: "s3cret" });
    const secrets = new Map<string, Secret>([["file", { file: join(path, "secret") }], ["env", { value: "from the environment" }]]);
    const { connection, served } = start({ folders: new Map([["dockerfile", path]]), secrets }, async (client) => {
      const text = async (bytes: Promise<Uint8Array | undefined>) => (await bytes) && Buffer.from((await bytes) as Uint8Array).toString();
      expect(await text(client.file("dockerfile", "Dockerfile", 100))).toBe("FROM x");
      expect(await text(client.file("dockerfile", "none", 100))).toBeUndefined();
      expect(await client.file("dockerfile", "Dockerfile", 3).then(() => "", String)).toContain("larger than 3 bytes");
      expect(await text(client.secret("file"))).toBe("s3cret");
      expect(await text(client.secret("env"))).toBe("from the environment");
      expect(await text(client.secret("other"))).toBeUndefined();
      expect(await client.ssh("default")).toBeUndefined();
      expect(await client.folder("context", { ignore: [] }).then(() => "", String)).toContain("no local sources enabled");
      return RESULT;
    });
    expect(await connection.end).toHaveProperty("done");
    await served;
  });

  test("nothing outside of its folders is given away", async () => {
    const path = folder({ "inner/x": "1", secret: "2" });
    symlinkSync("../secret", join(path, "inner/link"));
    const { connection, served } = start({ folders: new Map([["dockerfile", join(path, "inner")]]) }, async (client) => {
      for (const name of ["../secret", "link", "/etc/passwd", "x/../../secret"]) expect(await client.file("dockerfile", name, 10_000).then((bytes) => (bytes === undefined ? "none" : "given"), String)).toMatch(/^none$|leads out of|no such file|ENOTDIR/);
      return RESULT;
    });
    expect(await connection.end).toHaveProperty("done");
    await served;
  });

  test("connects to an agent, and lets through what an agent may be asked", async () => {
    const socket = join(scratch, "agent");
    using agent = Bun.listen({ unix: socket, socket: { data: (peer, data) => void peer.write(Buffer.concat([data.subarray(0, 4), Buffer.from(data.subarray(4).map((byte) => byte + 1))])) } });
    const { connection, served } = start({ agents: new Map([["default", agentAt(socket)]]) }, async (client) => {
      const stream = await client.ssh("default");
      const answers = stream?.input[Symbol.asyncIterator]();
      for (const [asked, answer] of [[11, [0, 0, 0, 1, 12]], [19, [0, 0, 0, 1, 5]]] as const) {
        await stream?.write(Buffer.of(0, 0, 0, 1, asked));
        const { value } = (await answers?.next()) ?? {};
        expect([...(value as Uint8Array)]).toEqual([...answer]);
      }
      stream?.end();
      return RESULT;
    });
    expect(await connection.end).toHaveProperty("done");
    await served;
    expect(agent.unix).toBe(socket);
  });

  test("writes what is exported into a file, and nothing when the build fails", async () => {
    const file = join(scratch, "out.tar");
    const outputs = [{ request: { type: "tar" as const, attrs: {} }, destination: { kind: "file" as const, path: file } }];
    const good = start({ outputs }, async (client) => {
      const output = await client.output(0);
      await output.write(Buffer.alloc(500_000, "x"));
      await output.end();
      expect(readFileSync(file).length).toBe(500_000);
      return RESULT;
    });
    expect(await good.connection.end).toHaveProperty("done");
    rmSync(file);
    const bad = start({ outputs }, async (client) => {
      await (await client.output(0)).write(Buffer.alloc(1000));
      throw new EngineError("System", "no space");
    });
    expect(await bad.connection.end).toEqual({ failed: { message: "no space", excerpt: "", shell: false } } as never);
    await bad.served;
    await bad.connection.channel.closed;
    expect(existsSync(file)).toBe(false);
  });

  test("a client that goes cancels the build", async () => {
    const aborted = Promise.withResolvers<void>();
    const { connection, served } = start({}, async (_client, _tell, signal) => {
      signal.addEventListener("abort", () => aborted.resolve());
      await aborted.promise;
      throw new Error("cancelled");
    });
    await connection.channel.close();
    await aborted.promise;
    await served;
  });

  test("what cannot be read is named", async () => {
    const path = folder({});
    rmSync(path, { recursive: true });
    const { connection } = start({ folders: new Map([["context", path]]) }, async (client) => {
      await client.folder("context", { ignore: [] });
      return RESULT;
    });
    expect(await connection.end).toMatchObject({ failed: { message: `error from sender: open ${path}: no such file or directory` } });
  });
});
