/** `--ssh` with key files and with an agent's socket: what steps are lent of it, shown by OpenSSH's own programs where they are. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { listenForAgent } from "../../src/build/ops/ssh-socket.ts";
import { parseSsh } from "../../src/cli/build/options/ssh.ts";
import { lendAgent, type SshAgent } from "../../src/cli/build/ssh/agent.ts";
import { WireReader, wireNumber, wireString } from "../../src/cli/build/ssh/wire.ts";
import { Live, run, type Result } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";
import { random, seed } from "../seeded-random.ts";
import { duplexPair } from "./duplex-pair.ts";

const folder = scratchFolder();
const file = (name: string): string => join(folder, name);
const OWNER = { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const HAS_OPENSSH = ["ssh-keygen", "ssh-add", "ssh-agent"].every((name) => Bun.which(name));
if (!HAS_OPENSSH) console.warn("there is no OpenSSH on this machine: tests with its programs are left out");

const agentOf = (value: string): SshAgent => parseSsh([value]).get("default") ?? expect.unreachable("no agent");

/** A socket as a step has it. */
function lend(agent: SshAgent, path: string): Disposable {
  return listenForAgent(path, OWNER, async () => {
    const [here, there] = duplexPair();
    void lendAgent(agent, there).catch(() => there.end());
    return await Promise.resolve(here);
  });
}

/** What an agent answers to these messages on one connection. */
async function ask(agent: SshAgent, ...messages: readonly Uint8Array[]): Promise<Buffer[]> {
  const connection = await agent.connect();
  const answers: Buffer[] = [];
  for (const message of messages) answers.push(Buffer.from(await connection.answer(message)));
  connection.close();
  return answers;
}

beforeAll(() => {
  for (const [name, pem] of [
    ["rsa.pem", generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ type: "pkcs1", format: "pem" })],
    ["ed25519.pem", generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })],
    ["p384.pem", generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey.export({ type: "sec1", format: "pem" })],
    ["x25519.pem", generateKeyPairSync("x25519").privateKey.export({ type: "pkcs8", format: "pem" })],
    ["locked.pem", generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem", cipher: "aes-128-cbc", passphrase: "secret" })],
  ] as const) writeFileSync(file(name), pem, { mode: 0o600 });
  writeFileSync(file("no-key"), "nothing\n");
  writeFileSync(file("cut"), "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU=\n-----END OPENSSH PRIVATE KEY-----\n");
  mkdirSync(file("sub"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("keys of PEM files are listed, and sign with the hash that is asked for", async () => {
  const agent = agentOf(`default=${["rsa.pem", "ed25519.pem", "p384.pem"].map(file).join(",")}`);
  const [listed] = await ask(agent, Buffer.of(11));
  const list = new WireReader(listed ?? Buffer.alloc(0));
  expect([list.take(1)[0], list.uint32()]).toEqual([12, 3]);
  const blobs = [0, 1, 2].map(() => [list.string(), list.text()] as const);
  expect(blobs.map(([blob, comment]) => [new WireReader(blob).text(), comment])).toEqual([["ssh-rsa", ""], ["ssh-ed25519", ""], ["ecdsa-sha2-nistp384", ""]]);
  const rsa = createPublicKey(readFileSync(file("rsa.pem")));
  for (const [flags, name, hash] of [[0, "ssh-rsa", "sha1"], [2, "rsa-sha2-256", "sha256"], [4, "rsa-sha2-512", "sha512"]] as const) {
    const [answer] = await ask(agent, Buffer.concat([Buffer.of(13), wireString(blobs[0]?.[0] ?? ""), wireString("data"), wireNumber(flags)]));
    const signature = new WireReader(new WireReader(answer?.subarray(1) ?? Buffer.alloc(0)).string());
    expect([answer?.[0], signature.text(), verify(hash, Buffer.from("data"), rsa, signature.string())]).toEqual([14, name, true]);
  }
  expect(await ask(agent, Buffer.concat([Buffer.of(13), wireString("another key"), wireString("data"), wireNumber(0)]), Buffer.of(19), Buffer.of(22), Buffer.of(255))).toEqual(Array.from({ length: 4 }, () => Buffer.of(5)));
});

test("what is no message of an agent's protocol ends the connection", async () => {
  console.log(`seed ${seed}`);
  const agent = agentOf(`default=${file("ed25519.pem")}`);
  for (let round = 0; round < 200; round++) {
    const [here, there] = duplexPair();
    const ended = lendAgent(agent, there).catch(() => there.end());
    const body = Buffer.from(Array.from({ length: random(60) }, () => random(256)));
    if (round % 2 === 0) body[0] = 13;
    await here.write(round % 4 < 2 ? wireString(body) : body).catch(() => undefined);
    here.end();
    await ended;
  }
});

test("refusals, in docker's words", () => {
  writeFileSync(file("other.pem"), "-----BEGIN SOMETHING-----\nAAAA\n-----END SOMETHING-----\n");
  using server = Bun.listen({ unix: file("socket"), socket: { data: () => undefined } });
  expect(existsSync(server.unix)).toBe(true);
  const about = (id: string, paths: string): string => `ERROR: failed to build: failed to convert agent config {${id} [${paths}] false}: failed to convert agent config for ID: "${id}": `;
  for (const [paths, why] of [
    ["nope", "stat nope: no such file or directory"],
    [file("no-key"), `failed to parse ${file("no-key")}: ssh: no key found`],
    [file("other.pem"), `failed to parse ${file("other.pem")}: ssh: unsupported key type "SOMETHING"`],
    [file("locked.pem"), `failed to parse ${file("locked.pem")}: ssh: unsupported key type "ENCRYPTED PRIVATE KEY"`],
    [file("sub"), `failed to read ${file("sub")}: read ${file("sub")}: is a directory`],
    [file("cut"), `failed to parse ${file("cut")}: ssh: malformed private key: the message is cut off`],
    [file("x25519.pem"), `failed to add ${file("x25519.pem")} to agent: ssh: unsupported key type x25519`],
    [`${file("socket")},${file("rsa.pem")}`, "only single socket allowed"],
    [`${file("rsa.pem")},${file("socket")}`, "invalid combination of keys and sockets"],
  ] as const) expect(() => parseSsh([`x=${paths}`])).toThrow(new Error(`${about("x", paths.replace(",", " "))}${why}`));
  expect(() => parseSsh([`x=${file("rsa.pem")}`, `x=${file("rsa.pem")}`])).toThrow(new Error('ERROR: failed to build: duplicate agent ID "x"'));
});

describe.skipIf(!HAS_OPENSSH)("with OpenSSH", () => {
  const FORMS: Readonly<Record<string, readonly string[]>> = { ed25519: ["-t", "ed25519"], rsa: ["-t", "rsa", "-b", "2048"], ecdsa: ["-t", "ecdsa"], e521: ["-t", "ecdsa", "-b", "521"], pem: ["-t", "rsa", "-b", "2048", "-m", "PEM"], pkcs8: ["-t", "ecdsa", "-m", "PKCS8"] };
  const names = Object.keys(FORMS);
  const withAgent = (socket: string, ...command: string[]): Promise<Result> => run(command, { env: { SSH_AUTH_SOCK: socket } });

  beforeAll(async () => {
    for (const [name, form] of Object.entries({ ...FORMS, locked: ["-t", "ed25519"] })) {
      const { code, stderr } = await run(["ssh-keygen", "-q", ...form, "-N", name === "locked" ? "secret" : "", "-C", name, "-f", file(name)]);
      if (code !== 0) throw new Error(stderr);
    }
  }, 60_000);

  test("keys of every form sign for ssh-keygen, and nobody changes them", async () => {
    const socket = file("keys.sock");
    using _server = lend(agentOf(`default=${names.map(file).join(",")}`), socket);
    const publicKey = (name: string): string => readFileSync(file(`${name}.pub`), "utf8").split(" ").slice(0, 2).join(" ");
    const { stdout } = await withAgent(socket, "ssh-add", "-L");
    expect(stdout.trim().split("\n").map((line) => line.trim())).toEqual(names.map(publicKey));
    writeFileSync(file("data"), "signed");
    for (const name of names) {
      rmSync(file("data.sig"), { force: true });
      expect((await withAgent(socket, "ssh-keygen", "-Y", "sign", "-f", file(`${name}.pub`), "-n", "test", file("data"))).code).toBe(0);
      const checked = await run(["ssh-keygen", "-Y", "check-novalidate", "-n", "test", "-s", file("data.sig")], { stdin: "signed" });
      expect(checked.stdout).toStartWith('Good "test" signature');
      expect((await withAgent(socket, "ssh-add", "-T", file(`${name}.pub`))).code).toBe(0);
    }
    expect((await withAgent(socket, "ssh-add", "-D")).code).not.toBe(0);
    expect((await withAgent(socket, "ssh-add", file("ed25519"))).stderr).toContain("agent refused operation");
    expect((await withAgent(socket, "ssh-add", "-L")).stdout).toBe(stdout);
  }, 60_000);

  test("an agent's keys are lent, and stay as they are", async () => {
    const [own, lent] = [file("agent.sock"), file("lent.sock")];
    using agent = Live.spawn(["ssh-agent", "-D", "-a", own]);
    await agent.until(/SSH_AUTH_SOCK/, 30_000);
    expect((await withAgent(own, "ssh-add", file("ecdsa"))).code).toBe(0);
    using _server = lend(agentOf(`default=${own}`), lent);
    const listed = (await withAgent(own, "ssh-add", "-L")).stdout;
    expect((await withAgent(lent, "ssh-add", "-L")).stdout).toBe(listed);
    expect((await withAgent(lent, "ssh-add", "-T", file("ecdsa.pub"))).code).toBe(0);
    for (const change of [["-D"], ["-d", file("ecdsa.pub")], ["-x"], [file("rsa")]]) expect({ change, code: (await withAgent(lent, "ssh-add", ...change)).code }).not.toEqual({ change, code: 0 });
    expect((await withAgent(own, "ssh-add", "-L")).stdout).toBe(listed);
  }, 60_000);

  test("a key with a passphrase is refused", () => {
    const path = file("locked");
    expect(() => parseSsh([`default=${path}`])).toThrow(new Error(`ERROR: failed to build: failed to convert agent config {default [${path}] false}: failed to convert agent config for ID: "default": failed to parse ${path}: ssh: this private key is passphrase protected`));
  });
});
