/** BuildKit's protocol with conversations that were real once and have been changed since: nothing but their connection ends. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { ByteDuplex } from "../../src/base/mod.ts";
import { serveBuildkit, type BuildkitEngine } from "../../src/build/buildkit/serve-buildkit.ts";
import { BuildkitClient } from "../../src/build/buildkit/session-client.ts";
import { BuildkitSessions } from "../../src/build/buildkit/sessions.ts";
import { defaultPolicy } from "../../src/build/cache/policy.ts";
import { ContextStore } from "../../src/build/contexts/store.ts";
import { BuildHistory } from "../../src/build/history/history.ts";
import { Caller, MessageWriter, serveCalls, type Call } from "../../src/grpc/mod.ts";
import { PREFACE } from "../../src/grpc/http2/frame.ts";
import { parseDigest, type BuildResult } from "../../src/spec/mod.ts";
import { random, seed } from "../seeded-random.ts";
import { duplexPair } from "./duplex-pair.ts";

const scratch = mkdtempSync("/tmp/hk-buildkit-fuzz-");
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const contexts = ContextStore.open(join(scratch, "contexts"));
const ROUNDS = 150;
const RESULT: BuildResult = { imageId: undefined, descriptor: undefined, metadata: { a: 1 } };
const DIGEST = parseDigest(`sha256:${"a".repeat(64)}`);

/** Notes what goes out. */
function tapped(duplex: ByteDuplex, into: Uint8Array[]): ByteDuplex {
  return {
    input: duplex.input,
    closed: duplex.closed,
    end: () => duplex.end(),
    write: async (bytes) => {
      into.push(Buffer.from(bytes));
      await duplex.write(bytes);
    },
  };
}

/** Some bytes are others, some pieces come twice, in another place, or not at all. @param kept so much of the beginning stays as it is */
function mutated(pieces: readonly Uint8Array[], kept: number): Uint8Array {
  const changed = [...pieces];
  for (let changes = random(3); changes > 0 && changed.length > 1; changes--) {
    const at = 1 + random(changed.length - 1);
    const piece = changed[at] ?? new Uint8Array(0);
    changed.splice(at, random(2), ...(random(2) === 0 ? [piece, piece] : []));
  }
  const bytes = Buffer.from(Buffer.concat(changed));
  for (let changes = random(12); changes > 0 && bytes.length > kept; changes--) bytes[kept + random(bytes.length - kept)] = random(256);
  return random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** Says all of it, whatever is answered, and goes. */
async function say(duplex: ByteDuplex, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random(4096);
    await duplex.write(bytes.subarray(at, at + length)).catch(() => undefined);
    at += length;
  }
  duplex.end();
}

function engine(): BuildkitEngine & { builds: number } {
  const made = {
    id: "id", version: "1", hostGateway: "172.17.0.1", platforms: [{ os: "linux", architecture: "amd64" }], sessions: new BuildkitSessions(), contexts, history: new BuildHistory(mkdtempSync(join(scratch, "h-"))), policy: defaultPolicy(1e9),
    builds: 0,
    run: async () => await Promise.resolve((made.builds++, RESULT)),
    untag: async () => undefined,
    usage: () => [],
    prune: async () => await Promise.resolve([]),
  };
  return made;
}

const solveRequest = (ref: string, frontend: string): Uint8Array =>
  new MessageWriter().text(1, ref).text(5, "session").text(6, frontend).map(7, { filename: "Dockerfile", "build-arg:A": "1", platform: "linux/amd64" }).message(8, new MessageWriter().message(4, new MessageWriter().text(1, "inline")).message(5, new MessageWriter().text(1, "local").map(2, { src: "/x", digest: DIGEST }))).message(13, new MessageWriter().text(1, "moby").map(2, { name: "x" })).finish();

/** What buildx says on its connection, more or less. */
async function converse(caller: Caller): Promise<void> {
  const control = (method: string, message: Uint8Array = new Uint8Array(0)): Promise<unknown> => caller.ask(`/moby.buildkit.v1.Control/${method}`, message).catch((error: unknown) => error);
  const bridge = (method: string, message: Uint8Array): Promise<Uint8Array | undefined> => caller.ask(`/moby.buildkit.v1.frontend.LLBBridge/${method}`, message, [["buildkit-controlapi-buildid", "two"]]).catch(() => undefined);
  await Promise.all([control("Info"), control("ListWorkers"), control("DiskUsage", new MessageWriter().text(1, "type==regular").finish()), control("Prune", new MessageWriter().text(1, "id~=x").number(2, true).finish())]);
  await Promise.all([control("Status", new MessageWriter().text(1, "one").finish()), control("Solve", solveRequest("one", "dockerfile.v0"))]);
  const [, solved] = [control("Solve", solveRequest("two", "")), await bridge("Solve", new MessageWriter().text(2, "dockerfile.v0").map(3, { filename: "Dockerfile" }).finish())];
  await bridge("Ping", new Uint8Array(0));
  await bridge("Return", new MessageWriter().message(1, solved ?? new Uint8Array(0)).finish());
  await control("ListenBuildHistory", new MessageWriter().number(3, true).number(5, 50).finish());
  await control("UpdateBuildHistory", new MessageWriter().text(1, "one").number(3, true).finish());
  await caller.ask("/containerd.services.content.v1.Content/Read", new MessageWriter().text(1, DIGEST).number(2, 5).finish()).catch(() => undefined);
}

test("what clients ask of the engine", async () => {
  console.log(`seed ${seed}`);
  const real: Uint8Array[] = [];
  const withSession = async (served: BuildkitEngine, use: () => Promise<void>): Promise<void> => {
    const [here, there] = duplexPair();
    const session = served.sessions.serve("session", "", here);
    await use();
    there.end();
    await session;
  };
  const first = engine();
  await withSession(first, async () => {
    const [left, right] = duplexPair();
    const served = serveBuildkit(right, first);
    const caller = new Caller(tapped(left, real));
    await converse(caller);
    await caller.close();
    await served;
  });
  expect(first.builds).toBe(1);
  for (let round = 0; round < ROUNDS; round++) {
    const each = engine();
    await withSession(each, async () => {
      const [left, right] = duplexPair();
      const served = serveBuildkit(right, each);
      await say(left, mutated(real, PREFACE.length));
      await served;
    });
  }
}, 120_000);

/** A client's answers, more or less as buildx gives them. */
const ANSWERS = new Map<string, (call: Call) => Promise<void>>([
  ["/moby.buildkit.secrets.v1.Secrets/GetSecret", (call) => call.send(new MessageWriter().bytes(1, Buffer.from("hush")).finish())],
  ["/moby.sshforward.v1.SSH/CheckAgent", (call) => call.send(new Uint8Array(0))],
  ["/moby.sshforward.v1.SSH/ForwardAgent", async (call) => call.send(await call.request())],
  ["/moby.filesync.v1.Auth/Credentials", (call) => call.send(new MessageWriter().text(1, "me").text(2, "word").finish())],
  ["/moby.filesync.v1.FileSync/DiffCopy", async (call) => {
    const stat = (path: string, mode: number, size: number): Uint8Array => new MessageWriter().message(2, new MessageWriter().text(1, path).number(2, mode).number(5, size)).finish();
    for (const each of [stat("Dockerfile", 0o644, 5), stat("d", 0o755 + 2 ** 31, 0), stat("d/f", 0o600, 3), new Uint8Array(0)]) await call.send(each);
    for (let asked = await call.request(); asked.length > 0; asked = await call.request()) {
      if (asked[0] === 8 && asked[1] === 3) return await call.send(new MessageWriter().number(1, 3).finish());
      const id = asked.length > 2 ? (asked.at(-1) ?? 0) : 0;
      await call.send(new MessageWriter().number(1, 2).number(3, id).bytes(4, Buffer.from(id === 0 ? "FROM\n" : "abc")).finish());
      await call.send(new MessageWriter().number(1, 2).number(3, id).finish());
    }
  }],
  ["/moby.filesync.v1.FileSend/DiffCopy", async (call) => void (await call.request())],
  ["/containerd.services.content.v1.Content/Info", (call) => call.send(new MessageWriter().message(1, new MessageWriter().text(1, DIGEST).number(2, 4)).finish())],
  ["/containerd.services.content.v1.Content/Read", (call) => call.send(new MessageWriter().bytes(2, Buffer.from("{}  ")).finish())],
  ["/containerd.services.content.v1.Content/Write", async (call) => call.send(await call.request())],
  ["/moby.upload.v1.Upload/Pull", (call) => call.send(new MessageWriter().bytes(1, Buffer.alloc(1000)).finish())],
]);

/** All that a build may want of its client; each comes to an end. */
async function want(client: BuildkitClient): Promise<readonly PromiseSettledResult<unknown>[]> {
  const all = async (bytes: AsyncIterable<Uint8Array>): Promise<number> => (await Array.fromAsync(bytes)).length;
  return await Promise.allSettled([
    client.secret("a"),
    client.credentials("registry.example"),
    client.file("dockerfile", "Dockerfile", 1000),
    client.folder("context", { ignore: [] }).then((folder) => folder[Symbol.asyncDispose]()),
    client.ssh("default").then(async (agent) => {
      await agent?.write(Buffer.from("hello"));
      agent?.end();
      return agent && (await all(agent.input));
    }),
    client.output(0).then(async (output) => {
      await output.write(Buffer.alloc(100));
      await output.end();
    }),
    all(client.layout("oci:x", { digest: DIGEST, platform: undefined })),
    all(client.upload("/x")),
  ]);
}

test("what clients answer", async () => {
  console.log(`seed ${seed}`);
  const session = (caller: Caller, key: string): BuildkitClient => new BuildkitClient({ id: key, sharedKey: "", caller }, contexts, { exporters: [{ type: "tar", attrs: {} }], cacheTo: [] });
  const real: Uint8Array[] = [];
  {
    const [left, right] = duplexPair();
    const served = serveCalls(tapped(right, real), ANSWERS);
    const caller = new Caller(left);
    const outcomes = await want(session(caller, "real"));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "fulfilled", "fulfilled", "fulfilled", "fulfilled", "rejected", "fulfilled"]);
    await caller.close();
    await served;
  }
  for (let round = 0; round < ROUNDS; round++) {
    const [left, right] = duplexPair();
    const caller = new Caller(left);
    const wanting = want(session(caller, `round-${round}`));
    await say(right, mutated(real, 0));
    await caller.closed;
    await wanting;
  }
}, 120_000);
