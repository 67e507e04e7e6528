/** The way to a registry: TLS with certificates of one's own, registries without, proxies. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { openRegistryClient, type RegistryClientOptions } from "../../src/registry/mod.ts";
import { proxyFor } from "../../src/registry/http/mod.ts";
import { MEDIA, parseReference } from "../../src/spec/mod.ts";
import { digestOf, QUICK, refusal, scriptedRegistry, type Request } from "./scripted-registry.ts";

const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: {}, layers: [] });
const serve = ({ path, reply }: Request): void => (path === "/v2/" ? reply(200) : reply(200, { "Content-Type": MEDIA.ociManifest }, MANIFEST));

let folder = "";
const file = (name: string): string => readFileSync(join(folder, name), "utf8");

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "hk-certs-"));
  const openssl = (...args: string[]): void => {
    const { exitCode, stderr } = Bun.spawnSync(["openssl", ...args], { cwd: folder });
    if (exitCode !== 0) throw new Error(stderr.toString());
  };
  openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test authority", "-days", "2");
  for (const name of ["server", "client"]) {
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost,DNS:registry.example");
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-out", `${name}.crt`, "-days", "2", "-copy_extensions", "copy");
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const client = (options: Partial<RegistryClientOptions> = {}) => openRegistryClient({ userAgent: "test", limits: QUICK, ...options });
const manifest = (host: string, options: Partial<RegistryClientOptions> = {}) => client(options).repository(parseReference(`${host}/team/web`)).manifest("one");

/** A folder like /etc/docker/certs.d that knows one registry. */
function certsDir(host: string, files: Readonly<Record<string, string>>): string {
  const certs = mkdtempSync(join(folder, "certs.d-"));
  mkdirSync(join(certs, host));
  for (const [name, source] of Object.entries(files)) cpSync(join(folder, source), join(certs, host, name));
  return certs;
}

/**
 * An HTTP proxy that takes CONNECT and whole URLs. Whatever it is asked for it finds at `target`, so that names need not resolve.
 */
async function proxy(target: string, tls?: TlsOptions): Promise<{ readonly url: string; readonly heads: string[]; [Symbol.asyncDispose](): Promise<void> }> {
  const heads: string[] = [];
  const serveProxy = (socket: Socket): void => {
    socket.on("error", () => {});
    socket.once("data", (first: Buffer) => {
      const head = first.toString("latin1");
      heads.push(head);
      const upstream = connect(Number(target.split(":")[1]), "127.0.0.1", () => {
        if (head.startsWith("CONNECT ")) socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
        else upstream.write(head.replace(/^(\w+) http:\/\/[^/]+/, "$1"));
        upstream.pipe(socket).on("error", () => {});
        socket.pipe(upstream).on("error", () => {});
      });
      upstream.on("error", () => socket.destroy());
    });
  };
  const server = tls ? createTlsServer(tls, serveProxy) : createServer(serveProxy);
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `${tls ? "https" : "http"}://user:pa%20ss@127.0.0.1:${(server.address() as AddressInfo).port}`,
    heads,
    async [Symbol.asyncDispose]() {
      server.close();
    },
  };
}

test("a registry on this machine may show any certificate, or none", async () => {
  await using secure = await scriptedRegistry(serve, { cert: file("server.crt"), key: file("server.key") });
  await using plain = await scriptedRegistry(serve);
  for (const { host } of [secure, plain]) {
    expect((await manifest(host)).descriptor.digest).toBe(digestOf(MANIFEST));
    expect((await manifest(host.replace("127.0.0.1", "localhost"))).descriptor.digest).toBe(digestOf(MANIFEST));
  }
});

test("elsewhere a certificate must be of an authority that is known", async () => {
  await using registry = await scriptedRegistry(serve, { cert: file("server.crt"), key: file("server.key") });
  await using way = await proxy(registry.host);
  const proxies = { http: way.url, https: way.url, no: "" };
  const refused = await refusal(manifest("registry.example", { proxies }));
  expect(refused.message).toBe('Get "https://registry.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority');
  expect(registry.requests.length).toBe(0);
  const certs = certsDir("registry.example", { "ca.crt": "ca.crt" });
  expect((await manifest("registry.example", { proxies, certsDirs: [certs] })).descriptor.digest).toBe(digestOf(MANIFEST));
  expect((await refusal(manifest("other.example", { proxies, certsDirs: [certsDir("other.example", { "ca.crt": "ca.crt" })] }))).message).toStartWith('Get "https://other.example/v2/": tls: failed to verify certificate: x509: ');
});

test("the rules of the operator say where that does not matter", async () => {
  await using secure = await scriptedRegistry(serve, { cert: file("server.crt"), key: file("server.key") });
  await using plain = await scriptedRegistry(serve);
  for (const { host } of [secure, plain]) {
    await using way = await proxy(host);
    const proxies = { http: way.url, https: way.url, no: "" };
    expect((await manifest("registry.example:5000", { proxies, insecure: ["registry.example:5000"] })).descriptor.digest).toBe(digestOf(MANIFEST));
    expect((await manifest("10.1.2.3:5000", { proxies, insecure: ["10.1.0.0/16"] })).descriptor.digest).toBe(digestOf(MANIFEST));
    await refusal(manifest("registry.example:5000", { proxies, insecure: ["registry.example", "registry.example:5001"] }));
    await refusal(manifest("10.2.2.3:5000", { proxies, insecure: ["10.1.0.0/16", "fd00::/8", "nonsense", "10.2.2.3/99"] }));
  }
});

test("a registry that asks for a client's certificate gets the one of its folder", async () => {
  const tls = { cert: file("server.crt"), key: file("server.key"), ca: file("ca.crt"), requestCert: true, rejectUnauthorized: true };
  await using registry = await scriptedRegistry(serve, tls);
  expect((await refusal(manifest(registry.host))).message).toBe(`Get "https://${registry.host}/v2/": remote error: tls: certificate required`);
  expect(registry.requests.length).toBe(0);
  const certs = certsDir(registry.host, { "ca.crt": "ca.crt", "client.cert": "client.crt", "client.key": "client.key" });
  expect((await manifest(registry.host, { certsDirs: [certs] })).descriptor.digest).toBe(digestOf(MANIFEST));
});

test("a folder of certificates with one half of a pair says which is missing", async () => {
  const noKey = certsDir("registry.example", { "client.cert": "client.crt" });
  expect((await refusal(manifest("registry.example", { certsDirs: [noKey] }))).message).toBe("missing key client.key for client certificate client.cert. CA certificates must use the extension .crt");
  const noCert = certsDir("registry.example", { "client.key": "client.key" });
  expect((await refusal(manifest("registry.example", { certsDirs: [noCert] }))).message).toBe("missing client certificate client.cert for key client.key");
});

test("proxies are told where to, and by whom", async () => {
  await using secure = await scriptedRegistry(serve, { cert: file("server.crt"), key: file("server.key") });
  await using plain = await scriptedRegistry(serve);
  await using toSecure = await proxy(secure.host);
  await using toPlain = await proxy(plain.host);
  const certs = certsDir("registry.example", { "ca.crt": "ca.crt" });
  await manifest("registry.example", { proxies: { http: "http://127.0.0.1:1", https: toSecure.url, no: "" }, certsDirs: [certs] });
  await manifest("plain.example:81", { proxies: { http: toPlain.url, https: "", no: "" }, mirrors: { "plain.example:81": ["http://plain.example:81"] } });
  const authorization = `Proxy-Authorization: Basic ${Buffer.from("user:pa ss").toString("base64")}`;
  expect(toSecure.heads[0]).toStartWith("CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\n");
  expect(toSecure.heads[0]).toContain(authorization);
  expect(toPlain.heads[0]).toStartWith("GET http://plain.example:81/v2/ HTTP/1.1\r\nHost: plain.example:81\r\n");
  expect(toPlain.heads[0]).toContain(authorization);
  expect(secure.requests.some(({ headers }) => headers.has("proxy-authorization"))).toBe(false);
});

test("a proxy that speaks TLS must be one that is trusted", async () => {
  const tls = { cert: file("server.crt"), key: file("server.key") };
  await using registry = await scriptedRegistry(serve, tls);
  await using way = await proxy(registry.host, tls);
  const refused = await refusal(manifest("registry.example", { proxies: { http: "", https: way.url, no: "" }, certsDirs: [certsDir("registry.example", { "ca.crt": "ca.crt" })] }));
  expect(refused.message).toContain("x509: certificate signed by unknown authority");
  expect(way.heads).toEqual([]);
  const certs = [certsDir("registry.example", { "ca.crt": "ca.crt" }), certsDir(new URL(way.url).host, { "ca.crt": "ca.crt" })];
  expect((await manifest("registry.example", { proxies: { http: "", https: way.url, no: "" }, certsDirs: certs })).descriptor.digest).toBe(digestOf(MANIFEST));
});

test("no proxy is asked for what is exempt, nor for this machine", async () => {
  await using registry = await scriptedRegistry(serve);
  const nowhere = { http: "http://127.0.0.1:1", https: "http://127.0.0.1:1", no: "" };
  expect((await manifest(registry.host, { proxies: nowhere })).descriptor.digest).toBe(digestOf(MANIFEST));
  const exempt = (no: string): boolean => proxyFor(new URL("https://registry.example/v2/"), { ...nowhere, no }) === undefined;
  for (const no of ["*", "example", ".example", "*.example", "registry.example", "registry.example:443", "x, registry.example ,y"]) expect(exempt(no)).toBe(true);
  for (const no of ["", "xample", "other.example", "registry.example:444", "10.0.0.0/8", ".registry.example"]) expect(exempt(no)).toBe(false);
  expect(proxyFor(new URL("https://10.1.2.3"), { ...nowhere, no: "10.0.0.0/8" })).toBeUndefined();
});

test("a proxy that refuses is named", async () => {
  await using refusing = await scriptedRegistry(({ reply }) => reply(407));
  const { host } = refusing;
  expect((await refusal(manifest("registry.example", { proxies: { http: "", https: `http://${host}`, no: "" } }))).message).toBe(`Get "https://registry.example/v2/": proxyconnect tcp: the proxy ${host} answered 407`);
});

test("an address of a proxy that is none is told, without the password in it", async () => {
  for (const https of ["ftp://anna:geheim@proxy.example", "http://anna:geheim@:99999999"]) {
    const { message } = await refusal(manifest("registry.example", { proxies: { http: "", https, no: "" } }));
    expect(message).toContain("invalid proxy address");
    expect(message).not.toContain("geheim");
  }
});

test("a registry without TLS, where the operator did not say so, is named as such", async () => {
  await using plain = await scriptedRegistry(serve);
  await using way = await proxy(plain.host);
  const refused = await refusal(manifest("registry.example", { proxies: { http: way.url, https: way.url, no: "" } }));
  expect(refused.message).toBe('Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client');
  expect(plain.requests.length).toBe(0);
});

test("Docker Hub is found under its names, over TLS only", async () => {
  await using plain = await scriptedRegistry(serve);
  await using way = await proxy(plain.host);
  const open = client({ proxies: { http: way.url, https: way.url, no: "" }, insecure: ["docker.io", "registry-1.docker.io", "0.0.0.0/0"] });
  await refusal(open.repository(parseReference("debian")).manifest("12"));
  for (const name of ["", "docker.io", "https://index.docker.io/v1/"]) await refusal(open.login(name, { username: "anna", password: "geheim" }));
  await refusal(open.search("debian"));
  const asked = way.heads.map((head) => head.split("\r\n")[0]);
  expect(new Set(asked)).toEqual(new Set(["CONNECT registry-1.docker.io:443 HTTP/1.1", "CONNECT index.docker.io:443 HTTP/1.1"]));
  expect(plain.requests.length).toBe(0);
});

test("a registry with TLS may not have passwords sent without", async () => {
  const tls = { cert: file("server.crt"), key: file("server.key") };
  await using tokens = await scriptedRegistry(({ reply }) => reply(200, {}, '{"token":"t"}'));
  await using registry = await scriptedRegistry(({ reply }) => reply(401, { "WWW-Authenticate": `Bearer realm="http://${tokens.host}/token"` }), tls);
  const web = client().repository(parseReference(`${registry.host}/team/web`), { username: "anna", password: "geheim" });
  expect((await refusal(web.manifest("one"))).message).toContain(`the registry is reached over TLS and its tokens must be too, but they are at "http://${tokens.host}/token"`);
  expect(tokens.requests.length).toBe(0);
});

test("nothing goes from TLS to plain text by way of a redirect or of a place to upload to", async () => {
  const tls = { cert: file("server.crt"), key: file("server.key") };
  await using plain = await scriptedRegistry(({ reply }) => reply(200, {}, "a blob"));
  await using registry = await scriptedRegistry(({ method, path, reply }) => {
    if (path === "/v2/") return reply(200);
    reply(method === "GET" ? 307 : method === "HEAD" ? 404 : 202, { Location: `http://${plain.host.replace("127.0.0.1", "localhost")}/x` });
  }, tls);
  const web = client().repository(parseReference(`${registry.host}/team/web`));
  const digest = digestOf("a blob");
  expect((await refusal(web.blob(digest, { expectedSize: 6 }))).message).toContain("redirected from https to http");
  expect((await refusal(web.uploadBlob({ digest, size: 6, open: async function* () { yield Buffer.from("a blob"); } }))).message).toContain("sent without TLS");
  expect(plain.requests.length).toBe(0);
});
