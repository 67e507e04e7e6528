/** `hako registry serve` as a process: how it starts and ends, what a kill -9 leaves, TLS, two servers on one folder. */
import { afterAll, describe, expect, test } from "bun:test";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { HAKO, Live, run } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";
import { makeCertificates } from "./certificates.ts";
import { until } from "../until.ts";

const MIB = 1024 * 1024;
const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const digestOf = (bytes: Uint8Array | string): string => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
let roots = 0;
const newRoot = (): string => join(folder, `root${roots++}`);

class Server implements AsyncDisposable {
  constructor(
    readonly process: Live,
    readonly url: string,
  ) {}

  static async start(root: string, ...flags: string[]): Promise<Server> {
    const process = Live.spawn([HAKO, "registry", "serve", "--addr", "127.0.0.1:0", "--root", root, "--access-log", "none", "--ready-fd", "1", ...flags]);
    await process.until(/^ready$/m, 60_000);
    return new Server(process, /listens on (\S+)/.exec(process.output)?.[1] ?? "");
  }

  async send(method: string, path: string, body?: Uint8Array<ArrayBuffer> | string, headers: Record<string, string> = {}): Promise<Response> {
    return await fetch(path.startsWith("/") ? this.url + path : `${this.url}/v2/${path}`, { method, headers, ...(body !== undefined && { body }) });
  }

  async startUpload(name: string): Promise<string> {
    return (await this.send("POST", `${name}/blobs/uploads/`)).headers.get("location") ?? "";
  }

  async kill9(): Promise<void> {
    this.process.signal("SIGKILL");
    await this.process.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.signal("SIGTERM");
    await this.process.exitCode();
  }
}

/** Sends the head and a part of a body, then leaves the connection as it is. */
async function sendPart(url: string, method: string, path: string, bytes: Uint8Array, length: number): Promise<Disposable> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise((resolve) => socket.once("connect", resolve));
  socket.on("error", () => undefined);
  socket.write(`${method} ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  await new Promise((resolve) => socket.write(bytes, resolve));
  return { [Symbol.dispose]: () => void socket.destroy() };
}

async function arrived(server: Server, location: string): Promise<number> {
  return Number((await server.send("GET", location)).headers.get("range")?.slice(2) ?? 0) + 1;
}

async function pushImage(server: Server, name: string, tag: string): Promise<{ status: number; manifest: string; blobs: string[] }> {
  const contents = ["{}", randomBytes(200_000)];
  const described = contents.map((content) => ({ mediaType: "application/x.content", digest: digestOf(content), size: content.length }));
  for (const [i, { digest }] of described.entries()) await server.send("PUT", `${await server.startUpload(name)}?digest=${digest}`, new Uint8Array(Buffer.from(contents[i] ?? "")));
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: described[0], layers: described.slice(1) });
  const { status } = await server.send("PUT", `${name}/manifests/${tag}`, manifest, { "Content-Type": mediaType });
  return { status, manifest: digestOf(manifest), blobs: described.map(({ digest }) => digest) };
}

describe("kill -9", () => {
  test("in the middle of an upload: it goes on from where it stopped", async () => {
    const root = newRoot();
    const bytes = new Uint8Array(randomBytes(12 * MIB));
    const first = await Server.start(root);
    const location = await first.startUpload("team/app");
    using _connection = await sendPart(first.url, "PATCH", location, bytes.subarray(0, 7 * MIB), bytes.length);
    await until(async () => (await arrived(first, location)) >= 6 * MIB);
    await first.kill9();

    await using second = await Server.start(root);
    const offset = await arrived(second, location);
    expect(offset).toBeGreaterThanOrEqual(6 * MIB);
    expect((await second.send("PATCH", location, bytes.slice(offset), { "Content-Range": `${offset}-${bytes.length - 1}` })).status).toBe(202);
    expect((await second.send("PUT", `${location}?digest=${digestOf(bytes)}`)).status).toBe(201);
    expect(digestOf(new Uint8Array(await (await second.send("GET", `team/app/blobs/${digestOf(bytes)}`)).arrayBuffer()))).toBe(digestOf(bytes));
  });

  test("while images are pushed: what was acknowledged is there and whole, what was not is not torn", async () => {
    const root = newRoot();
    const acknowledged: { manifest: string; blobs: string[]; tag: string }[] = [];
    for (let round = 0; round < 4; round++) {
      const server = await Server.start(root);
      const pushing = Promise.allSettled(
        Array.from({ length: 6 }, async (_, worker) => {
          for (let i = 0; ; i++) {
            const tag = `r${round}w${worker}n${i}`;
            const pushed = await pushImage(server, "team/app", tag);
            if (pushed.status === 201) acknowledged.push({ ...pushed, tag });
          }
        }),
      );
      const goal = acknowledged.length + 8 + round * 5;
      await until(() => Promise.resolve(acknowledged.length >= goal));
      await server.kill9();
      await pushing;
    }

    await using server = await Server.start(root);
    for (const { manifest, blobs, tag } of acknowledged) {
      expect(digestOf(new Uint8Array(await (await server.send("GET", `team/app/manifests/${tag}`)).arrayBuffer()))).toBe(manifest);
      for (const digest of blobs) expect((await server.send("HEAD", `team/app/blobs/${digest}`)).status).toBe(200);
    }
    const { tags } = (await (await server.send("GET", "team/app/tags/list")).json()) as { tags: string[] };
    for (const tag of tags) expect([tag, (await server.send("GET", `team/app/manifests/${tag}`)).status]).toEqual([tag, 200]);
    for (const entry of readdirSync(join(root, "blobs"), { recursive: true, withFileTypes: true }).filter((each) => each.isFile())) {
      expect(digestOf(readFileSync(join(entry.parentPath, entry.name)))).toBe(`sha256:${entry.name}`);
    }
  });
});

describe("a connection that is cut", () => {
  test("leaves what has arrived, and frees the upload for the next request", async () => {
    await using server = await Server.start(newRoot());
    const bytes = new Uint8Array(randomBytes(3 * MIB));
    const location = await server.startUpload("team/app");
    {
      using _connection = await sendPart(server.url, "PATCH", location, bytes.subarray(0, 2 * MIB), bytes.length);
      await until(async () => (await arrived(server, location)) >= MIB);
      const second = await server.send("PATCH", location, "too early");
      expect([second.status, await second.json()]).toEqual([409, { errors: [{ code: "BLOB_UPLOAD_INVALID", message: "another request is writing to this upload" }] }]);
    }
    await until(async () => (await arrived(server, location)) === 2 * MIB);
    let status = 409;
    await until(async () => (status = (await server.send("PUT", `${location}?digest=${digestOf(bytes)}`, bytes.slice(2 * MIB), { "Content-Range": `${2 * MIB}-${3 * MIB - 1}` })).status) !== 409);
    expect(status).toBe(201);
  });
});

describe("a full disk", () => {
  test("is told of with 507; what was there is served, and pushes go on when there is space", async () => {
    const root = newRoot();
    mkdirSync(root);
    await run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", root]);
    try {
      await using server = await Server.start(root);
      const kept = await pushImage(server, "team/app", "kept");
      const bytes = new Uint8Array(randomBytes(5 * MIB));
      const filler = join(root, "filler");
      writeFileSync(filler, randomBytes(3 * MIB));
      const location = await server.startUpload("team/app");
      const refused = await server.send("PUT", `${location}?digest=${digestOf(bytes)}`, bytes);
      expect([refused.status, await refused.json()]).toEqual([507, { errors: [{ code: "UNAVAILABLE", message: "the registry's storage is full" }] }]);
      expect((await server.send("GET", "team/app/manifests/kept")).headers.get("docker-content-digest")).toBe(kept.manifest);
      rmSync(filler);
      const offset = await arrived(server, location);
      expect((await server.send("PUT", `${location}?digest=${digestOf(bytes)}`, bytes.slice(offset))).status).toBe(201);
    } finally {
      await run(["umount", "-l", root]);
    }
  });
});

describe("two servers on one folder", () => {
  test("push and collect garbage beside each other", async () => {
    const root = newRoot();
    await using one = await Server.start(root);
    await using other = await Server.start(root);
    const pushes = await Promise.all(Array.from({ length: 10 }, (_, i) => pushImage(i % 2 ? one : other, "team/app", `t${i}`)));
    const collected = await run([HAKO, "registry", "gc", "--root", root]);
    expect(collected).toMatchObject({ code: 0, stdout: "Removed 0 manifests, 0 blobs of repositories, 0 blobs of the storage, 0 uploads\nTotal reclaimed space: 0 bytes\n" });
    for (const [i, { manifest, blobs }] of pushes.entries()) {
      expect((await other.send("HEAD", `team/app/manifests/t${i}`)).headers.get("docker-content-digest")).toBe(manifest);
      for (const digest of blobs) expect((await one.send("HEAD", `team/app/blobs/${digest}`)).status).toBe(200);
    }
  });

  test("gc --gc-age 0s removes at once what nothing refers to", async () => {
    const root = newRoot();
    await using server = await Server.start(root);
    const lost = digestOf("lost");
    await server.send("POST", `team/app/blobs/uploads/?digest=${lost}`, "lost");
    const { stdout } = await run([HAKO, "registry", "gc", "--root", root, "--gc-age", "0s"]);
    expect(stdout).toContain("1 blobs of the storage");
    expect((await server.send("HEAD", `team/app/blobs/${lost}`)).status).toBe(404);
  });
});

describe("hako registry serve", () => {
  test("speaks TLS, and no plain HTTP then", async () => {
    const certificates = join(folder, "certificates");
    await makeCertificates(certificates);
    await using server = await Server.start(newRoot(), "--tls-cert", join(certificates, "server.pem"), "--tls-key", join(certificates, "server.key"));
    expect(server.url).toStartWith("https://");
    const { stdout } = await run(["curl", "-s", "--cacert", join(certificates, "ca.pem"), `${server.url}/v2/`]);
    expect(stdout).toBe("{}");
  });

  test("takes a renewed certificate for new connections, at once on SIGHUP; a wrong one leaves the one before", async () => {
    const [certificates, renewed] = [join(folder, "before"), join(folder, "renewed")];
    await makeCertificates(certificates);
    await makeCertificates(renewed);
    const [cert, key] = [join(certificates, "server.pem"), join(certificates, "server.key")];
    await using server = await Server.start(newRoot(), "--tls-cert", cert, "--tls-key", key);
    const reached = async (authority: string): Promise<boolean> => (await run(["curl", "-s", "--cacert", join(authority, "ca.pem"), `${server.url}/v2/`])).stdout === "{}";
    writeFileSync(cert, readFileSync(join(renewed, "server.pem")));
    server.process.signal("SIGHUP");
    await server.process.until(/is not that of the certificate .* stays in force/);
    expect([await reached(certificates), await reached(renewed)]).toEqual([true, false]);
    writeFileSync(key, readFileSync(join(renewed, "server.key")));
    server.process.signal("SIGHUP");
    await server.process.until("the certificate was read again");
    expect([await reached(certificates), await reached(renewed)]).toEqual([false, true]);
  });

  test("reads a configuration file, and the command line goes before it", async () => {
    const root = newRoot();
    const config = join(folder, "registry.json");
    writeFileSync(config, JSON.stringify({ root: "/nonexistent/never-used", "read-only": true, "gc-interval": "1h", "max-requests": 100 }));
    await using server = await Server.start(root, "--config-file", config);
    expect((await server.send("POST", "a/blobs/uploads/")).status).toBe(405);
    expect(existsSync(root)).toBe(true);
  });

  test("writes one line of JSON per request", async () => {
    const path = join(folder, "access.log");
    {
      await using server = await Server.start(newRoot(), "--access-log", path);
      await server.send("GET", "team/app/tags/list", undefined, { "User-Agent": "tester/1" });
    }
    expect(JSON.parse(readFileSync(path, "utf8").trim())).toMatchObject({ address: "127.0.0.1", method: "GET", path: "/v2/team/app/tags/list", status: 404, agent: "tester/1" });
  });

  test("ends with 0 when it is asked to", async () => {
    const server = await Server.start(newRoot());
    server.process.signal("SIGTERM");
    expect(await server.process.exitCode()).toBe(0);
    expect(server.process.output).toContain("stopping: SIGTERM");
  });

  test.each([
    [["--addr", "nonsense"], /invalid value "nonsense" for --addr/],
    [["--tls-cert", "a.pem"], /--tls-cert, --tls-key go together: --tls-key missing/],
    [["--tls-cert", "/nonexistent/c.pem", "--tls-key", "/nonexistent/k.pem"], /the TLS file \/nonexistent\/c.pem cannot be used/],
    [["--htpasswd", "/nonexistent/users"], /\/nonexistent\/users: no such file/],
    [["--token-realm", "https://a"], /--token-service, --token-issuer, --token-keys missing/],
    [["--storage", "tape"], /invalid value "tape" for --storage: it is fs or s3/],
    [["--storage", "s3"], /--storage s3 needs the name of a bucket/],
    [["--proxy", "ftp://x"], /invalid value "ftp:\/\/x" for --proxy/],
    [["--config-file", "/nonexistent.json"], /--config-file \/nonexistent.json: ENOENT/],
    [["--tokens"], /--tokens makes tokens of passwords: it goes with --htpasswd/],
    [["--proxy-max-size", "1g"], /they go with --proxy/],
    [["--gc-age", "long"], /invalid argument "long" for "--gc-age" flag/],
  ])("%p is refused with a sentence", async (flags, sentence) => {
    const { code, stderr } = await run([HAKO, "registry", "serve", "--addr", "127.0.0.1:0", "--root", newRoot(), ...flags]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(sentence);
  });
});
