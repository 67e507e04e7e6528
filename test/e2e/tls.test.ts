/** The API over TCP with TLS: who gets in, and that sessions work as on the unix socket. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, DOCKER, HAKO, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { makeCertificates } from "./certificates.ts";

const folder = scratchFolder();
const PORT = 23760;
/** The real client, when the machine has one. */
const CLIENT = DOCKER ?? HAKO;
let engine: TestEngine;

beforeAll(async () => {
  await makeCertificates(folder);
  engine = await startEngine({ flags: ["-H", `tcp://127.0.0.1:${PORT}`, "--tlsverify", "--tlscacert", join(folder, "ca.pem"), "--tlscert", join(folder, "server.pem"), "--tlskey", join(folder, "server.key")] });
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const client = (name = "client"): string[] => ["-H", `tcp://127.0.0.1:${PORT}`, "--tlsverify", "--tlscacert", join(folder, "ca.pem"), "--tlscert", join(folder, `${name}.pem`), "--tlskey", join(folder, `${name}.key`)];
/** The real client, in the engine's network namespace. */
const docker = (...words: string[]): Promise<Result> => engine.inNetwork(CLIENT, ...client(), ...words);

describe("a client with a certificate of the authority", () => {
  test("gets in", async () => {
    expect(await docker("version", "--format", "{{.Server.Version}}")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d/) });
  });

  test("and hako is one, too", async () => {
    expect(await engine.inNetwork(HAKO, ...client(), "run", "--rm", BUSYBOX, "echo", "over TLS")).toMatchObject({ code: 0, stdout: "over TLS\n" });
    expect((await engine.inNetwork(HAKO, ...client("stranger"), "ps")).code).not.toBe(0);
  });

  test("so is a context that holds the certificates, and the environment that names their folder", async () => {
    const config = ["--config", join(folder, "config")];
    const endpoint = `host=tcp://127.0.0.1:${PORT},ca=${folder}/ca.pem,cert=${folder}/client.pem,key=${folder}/client.key`;
    expect(await run([HAKO, ...config, "context", "create", "there", "--docker", endpoint])).toMatchObject({ code: 0 });
    expect(await engine.inNetwork(HAKO, ...config, "-c", "there", "version", "--format", "{{.Client.Context}}")).toMatchObject({ code: 0, stdout: "there\n" });
    const named = join(folder, "named");
    mkdirSync(named);
    for (const [from, to] of [["ca.pem", "ca.pem"], ["client.pem", "cert.pem"], ["client.key", "key.pem"]] as const) copyFileSync(join(folder, from), join(named, to));
    const settings = ["env", "DOCKER_TLS_VERIFY=1", `DOCKER_CERT_PATH=${named}`, `DOCKER_HOST=tcp://127.0.0.1:${PORT}`];
    expect(await engine.inNetwork(...settings, HAKO, "run", "--rm", BUSYBOX, "echo", "by environment")).toMatchObject({ code: 0, stdout: "by environment\n" });
  });

  test("without a certificate hako says what may be missing", async () => {
    const words = ["-H", `tcp://127.0.0.1:${PORT}`, "--tlsverify", "--tlscacert", join(folder, "ca.pem"), "ps"];
    expect((await engine.inNetwork(HAKO, ...words)).stderr).toMatch(/^error during connect: .*certificate/);
    const unknown = ["-H", `tcp://127.0.0.1:${PORT}`, "--tlsverify", "--tlscacert", join(folder, "stranger.pem"), "ps"];
    expect((await engine.inNetwork(HAKO, ...unknown)).stderr).toContain("tls: failed to verify certificate: x509: certificate signed by unknown authority");
  });

  test("runs containers with input, both streams and an exit code", async () => {
    const result = await run(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", CLIENT, ...client(), "run", "--rm", "-i", BUSYBOX, "sh", "-c", "cat; echo wrong >&2; exit 3"], { stdin: "x".repeat(300_000) });
    expect(result).toMatchObject({ code: 3, stderr: "wrong\n" });
    expect(result.stdout.length).toBe(300_000);
  });

  test("may close its half and still hears the rest", async () => {
    const id = (await docker("create", "-i", BUSYBOX, "sh", "-c", "cat >/dev/null; echo after the end")).stdout.trim();
    expect(await run(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", CLIENT, ...client(), "start", "-ai", id], { stdin: "some" })).toMatchObject({ code: 0, stdout: "after the end\n" });
  });

  test("follows logs and execs", async () => {
    await docker("run", "-d", "--name", "talks", BUSYBOX, "sh", "-c", "echo one; exec sleep 100");
    expect((await docker("exec", "talks", "echo", "two")).stdout).toBe("two\n");
    using follower = Live.spawn(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", CLIENT, ...client(), "logs", "-f", "talks"]);
    await follower.until("one");
    await docker("rm", "-f", "talks");
    expect(await follower.exitCode()).toBe(0);
  });
});

describe("nobody else gets past the handshake", () => {
  test.each(["late", "stranger"])("%s", async (name) => {
    const { code, stderr } = await engine.inNetwork(CLIENT, ...client(name), "version");
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/tls: |EOF|connection reset/);
  });

  test("no certificate, and no TLS at all", async () => {
    const bare = await engine.inNetwork(CLIENT, "-H", `tcp://127.0.0.1:${PORT}`, "--tls", "version");
    expect(bare.code).not.toBe(0);
    const plain = await engine.inNetwork("curl", "-s", "-m", "10", `http://127.0.0.1:${PORT}/_ping`);
    expect(plain.stdout).not.toContain("OK");
  });
});

test("connections that do not shake hands keep nobody out, and are dropped", async () => {
  // In the engine's namespace: a hundred connections that say nothing, held by one process.
  using silent = Live.spawn(["nsenter", `--net=/proc/${engine.networkHolder}/ns/net`, "--", "python3", "-uc", `
import socket, sys
held = [socket.create_connection(("127.0.0.1", ${PORT})) for _ in range(100)]
print("held")
for s in held: s.settimeout(30); s.recv(1)
print("all dropped")`]);
  await silent.until("held");
  expect(await docker("version", "--format", "{{.Server.Version}}")).toMatchObject({ code: 0 });
  await silent.until("all dropped", 60_000);
}, 120_000);

describe("certificates that cannot be used are named", () => {
  const check = (cert: string, key: string, ca = "ca.pem"): Promise<Result> =>
    run(engine.daemonCommand("--validate", "-H", "tcp://127.0.0.1:1", "--tlsverify", "--tlscacert", join(folder, ca), "--tlscert", join(folder, cert), "--tlskey", join(folder, key)));

  test("missing, not PEM, and not belonging together", async () => {
    writeFileSync(join(folder, "junk.pem"), "junk");
    expect((await check("nosuch.pem", "server.key")).stderr).toContain(`could not read the TLS certificate ${folder}/nosuch.pem`);
    expect((await check("junk.pem", "server.key")).stderr).toContain(`${folder}/junk.pem holds no TLS certificate in PEM form`);
    expect((await check("server.pem", "client.key")).stderr).toContain(`the key ${folder}/client.key is not that of the certificate ${folder}/server.pem`);
    expect((await check("server.pem", "server.key", "junk.pem")).stderr).toContain(`${folder}/junk.pem holds no CA certificate`);
  });
});

test("sockets of a service manager are taken over", async () => {
  const socket = join(folder, "handed");
  await using other = await startEngine({ busybox: false });
  await other.stop();
  const started = other.daemonCommand("-H", "fd://");
  using manager = Live.spawn(["python3", "-uc", `
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(${JSON.stringify(socket)})
s.listen(16)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execvp(sys.argv[1], sys.argv[1:])`, ...started]);
  await manager.until(/^ready$/m, 60_000);
  expect((await fetch("http://localhost/_ping", { unix: socket } as RequestInit)).status).toBe(200);
  // Monitors that outlive the engine must not keep its socket open.
  const holders = [...(await run(["ss", "-xlpH", "src", socket])).stdout.matchAll(/pid=(\d+)/g)].map(([, pid]) => Number(pid));
  expect(holders).toEqual([manager.pid]);
  manager.signal("SIGTERM");
  expect(await manager.exitCode()).toBe(0);
  // The socket is the service manager's.
  expect(existsSync(socket)).toBe(true);
}, 120_000);
