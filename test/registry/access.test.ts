/** Who may do what: passwords, tokens, rules per repository, read-only mode and limits. */
import { afterAll, describe, expect, test } from "bun:test";
import { createSign, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { loadRegistryServer, openRegistryClient } from "../../src/registry/mod.ts";
import { parseDigest, parseReference } from "../../src/spec/mod.ts";
import { scratchFolder } from "../scratch.ts";
import { digestOf, MANIFEST, startRegistry } from "./serving.ts";
import { until } from "../until.ts";

const { AccessControl, REGISTRY_LIMITS } = await loadRegistryServer();
const folder = scratchFolder();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let files = 0;
function file(text: string): string {
  const path = join(folder, String(files++));
  writeFileSync(path, text);
  return path;
}

const hash = (password: string): Promise<string> => Bun.password.hash(password, { algorithm: "bcrypt", cost: 4 });
const basic = (user: string, password: string): Record<string, string> => ({ Authorization: `Basic ${btoa(`${user}:${password}`)}` });
const access = (settings: ConstructorParameters<typeof AccessControl>[0]) => new AccessControl(settings, () => undefined);
const absent = digestOf("absent");

describe("--htpasswd", () => {
  test("asks for a password, and takes the right one only", async () => {
    const htpasswd = file(`# people\nalice:${(await hash("secret")).replace("$2b$", "$2y$")}\n\nbob:${await hash("other")}\n`);
    await using registry = startRegistry({ access: access({ htpasswd }) });
    const asked = await registry.send("GET", "/v2/");
    expect([asked.status, asked.headers.get("www-authenticate"), asked.headers.get("docker-distribution-api-version")]).toEqual([401, 'Basic realm="registry"', "registry/2.0"]);
    expect(await asked.json()).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
    for (let again = 0; again < 3; again++) expect((await registry.send("GET", "/v2/", { headers: basic("alice", "secret") })).status).toBe(200);
    for (const [user, password] of [["alice", "wrong"], ["alice", ""], ["bob", "secret"], ["nobody", "secret"], ["", ""]] as const) expect((await registry.send("GET", "/v2/", { headers: basic(user, password) })).status).toBe(401);
    expect((await registry.send("GET", "/v2/", { headers: { Authorization: "Basic !!!" } })).status).toBe(401);
    expect((await registry.send("GET", "/v2/", { headers: { Authorization: "Bearer x" } })).status).toBe(401);
    for (const path of ["a/manifests/v1", "_catalog", "a/tags/list", "/metrics"]) expect((await registry.send("GET", path)).status).toBe(401);
    expect((await registry.send("POST", "a/blobs/uploads/")).status).toBe(401);
  });

  test.each([
    ["apr1", "alice:$apr1$x$abcdefghijklmnopqrstuv", /line 1: the password of alice is Apache's MD5 \(apr1\), and only bcrypt is strong enough: set it again with htpasswd -B/],
    ["sha", "a:b\nalice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", /line 1: the password of a is not a hash that is known/],
    ["SHA-1", "alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", /plain SHA-1/],
    ["no user", "just words", /line 1: it is not user:hash/],
  ])("refuses a file with %s, with a sentence", (_kind, text, sentence) => {
    expect(() => access({ htpasswd: file(text) })).toThrow(sentence);
  });

  test("an address that guesses passwords is made to wait", async () => {
    await using registry = startRegistry({ access: access({ htpasswd: file(`alice:${await hash("secret")}`) }) });
    let status = 0;
    for (let i = 0; i < 40 && status !== 429; i++) status = (await registry.send("GET", "/v2/", { headers: basic("alice", `guess ${i}`) })).status;
    expect(status).toBe(429);
  });
});

describe("--rules", () => {
  const RULES = `
    # who       repositories   actions
    alice       team/**        pull,push,delete
    bob         team/*         pull        # not below
    @users      shared         pull
    @anonymous  public/**      pull
  `;

  test("say who may pull, push and delete what", async () => {
    const htpasswd = file(`alice:${await hash("a")}\nbob:${await hash("b")}\n`);
    await using registry = startRegistry({ access: access({ htpasswd, rules: file(RULES) }) });
    const alice = basic("alice", "a");
    const bob = basic("bob", "b");
    const status = async (method: string, path: string, headers: Record<string, string> = {}): Promise<number> => (await registry.send(method, path, { headers })).status;
    expect(await status("POST", "team/app/blobs/uploads/", alice)).toBe(202);
    expect(await status("POST", "team/app/deep/blobs/uploads/", alice)).toBe(202);
    expect(await status("POST", "other/blobs/uploads/", alice)).toBe(403);
    expect(await status("POST", "teams/blobs/uploads/", alice)).toBe(403);
    expect(await status("GET", `team/app/blobs/${absent}`, bob)).toBe(404);
    expect(await status("GET", `team/app/deep/blobs/${absent}`, bob)).toBe(403);
    expect(await status("POST", "team/app/blobs/uploads/", bob)).toBe(403);
    expect(await status("DELETE", `team/app/blobs/${absent}`, bob)).toBe(403);
    expect(await status("DELETE", `team/app/blobs/${absent}`, alice)).toBe(404);
    expect(await status("GET", `shared/blobs/${absent}`, bob)).toBe(404);
    expect(await status("GET", `public/a/b/blobs/${absent}`)).toBe(404);
    expect(await status("GET", `shared/blobs/${absent}`)).toBe(401);
    expect(await registry.refused("POST", "other/blobs/uploads/", { headers: alice })).toEqual({ status: 403, code: "DENIED", message: "requested access to the resource is denied: push of other" });
  });

  test("the catalog tells of what one may pull, a mount needs the right to pull from its source", async () => {
    const rules = file("a one pull,push\na two push\nb one pull");
    const htpasswd = file(`a:${await hash("a")}\nb:${await hash("b")}\n`);
    await using registry = startRegistry({ access: access({ htpasswd, rules }) });
    const headers = basic("a", "a");
    for (const name of ["one", "two"]) expect((await registry.send("POST", `${name}/blobs/uploads/?digest=${digestOf(name)}`, { body: name, headers })).status).toBe(201);
    expect(await (await registry.send("GET", "_catalog", { headers })).json()).toEqual({ repositories: ["one"] });
    expect((await registry.send("POST", `one/blobs/uploads/?mount=${digestOf("two")}&from=two`, { headers })).status).toBe(202);
    expect((await registry.send("POST", `two/blobs/uploads/?mount=${digestOf("one")}&from=one`, { headers })).status).toBe(201);
  });

  test("are taken up when the file changes; a wrong file leaves the rules before in force", async () => {
    const rules = file("@anonymous one pull");
    const said: string[] = [];
    await using registry = startRegistry({ access: new AccessControl({ rules }, (sentence) => void said.push(sentence)) });
    const may = async (name: string): Promise<boolean> => (await registry.send("GET", `${name}/blobs/${absent}`)).status === 404;
    expect([await may("one"), await may("two")]).toEqual([true, false]);
    writeFileSync(rules, "@anonymous two pull # changed");
    await until(() => may("two"));
    expect(await may("one")).toBe(false);
    writeFileSync(rules, "nonsense");
    await until(async () => (await may("two")) && said.length > 0);
    expect(said[0]).toContain("line 1: a rule is: who, repositories, actions; what was read before stays in force");
    expect(await may("two")).toBe(true);
  }, 120_000);

  test.each([["alice team/**", /line 1: a rule is: who, repositories, actions/], ["alice team/** fly", /fly is not one of pull, push, delete/], ["@all ** pull", /@all is neither/], ["a Team pull", /no pattern/]])("refuses %s", (text, sentence) => {
    expect(() => access({ rules: file(text) })).toThrow(sentence);
  });
});

describe("--token-realm", () => {
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const ec = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const other = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = (): number => Math.floor(Date.now() / 1000);

  function token(claims: Record<string, unknown>, algorithm: "RS256" | "ES256" = "ES256", key = algorithm === "RS256" ? rsa.privateKey : ec.privateKey, header: Record<string, unknown> = {}): Record<string, string> {
    const signed = `${part({ typ: "JWT", alg: algorithm, ...header })}.${part({ iss: "issuer", aud: "registry.test", sub: "alice", exp: now() + 300, nbf: now() - 5, ...claims })}`;
    const signature = algorithm === "RS256" ? createSign("sha256").update(signed).sign(key) : sign("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" });
    return { Authorization: `Bearer ${signed}.${signature.toString("base64url")}` };
  }
  const grant = (name: string, ...actions: string[]) => ({ access: [{ type: "repository", name, actions }] });
  const settings = (keys: string) => ({ token: { realm: "https://auth.test/token", service: "registry.test", issuer: "issuer", keys: file(keys) } });
  const both = pem(rsa.publicKey) + pem(ec.publicKey);

  test("tells clients where to get a token, and for what", async () => {
    await using registry = startRegistry({ access: access(settings(both)) });
    const asked = await registry.send("POST", "team/app/blobs/uploads/");
    expect([asked.status, asked.headers.get("www-authenticate")]).toEqual([401, 'Bearer realm="https://auth.test/token",service="registry.test",scope="repository:team/app:pull,push"']);
    expect((await registry.send("GET", "/v2/")).headers.get("www-authenticate")).toBe('Bearer realm="https://auth.test/token",service="registry.test"');
  });

  test("takes RS256 and ES256, and what the token grants", async () => {
    await using registry = startRegistry({ access: access(settings(both)) });
    for (const algorithm of ["RS256", "ES256"] as const) {
      expect((await registry.send("GET", "/v2/", { headers: token({}, algorithm) })).status).toBe(200);
      expect((await registry.send("POST", "team/app/blobs/uploads/", { headers: token(grant("team/app", "pull", "push"), algorithm) })).status).toBe(202);
      const small = await registry.send("POST", "team/app/blobs/uploads/", { headers: token(grant("team/app", "pull"), algorithm) });
      expect([small.status, small.headers.get("www-authenticate")]).toEqual([401, expect.stringContaining('error="insufficient_scope"')]);
      expect((await registry.send("GET", `team/other/blobs/${absent}`, { headers: token(grant("team/app", "pull"), algorithm) })).status).toBe(401);
    }
    expect((await registry.send("GET", "_catalog", { headers: token(grant("team/app", "pull")) })).status).toBe(401);
    expect((await registry.send("GET", "_catalog", { headers: token({ access: [{ type: "registry", name: "catalog", actions: ["*"] }] }) })).status).toBe(200);
  });

  test("takes a JSON key set, by key id", async () => {
    const jwks = JSON.stringify({ keys: [{ ...ec.publicKey.export({ format: "jwk" }), kid: "one" }] });
    await using registry = startRegistry({ access: access(settings(jwks)) });
    expect((await registry.send("GET", "/v2/", { headers: token({}, "ES256", ec.privateKey, { kid: "one" }) })).status).toBe(200);
    expect((await registry.send("GET", "/v2/", { headers: token({}, "ES256", ec.privateKey, { kid: "two" }) })).status).toBe(401);
  });

  test("refuses what is expired, early, meant for others, signed by others or not at all", async () => {
    await using registry = startRegistry({ access: access(settings(both)) });
    const [head = "", body = ""] = (token({})["Authorization"] ?? "").slice(7).split(".");
    const wrong: Record<string, string>[] = [
      token({ exp: now() - 120 }),
      token({ exp: "never" }),
      token({ nbf: now() + 120 }),
      token({ aud: "another" }),
      token({ iss: "another" }),
      token({}, "ES256", other.privateKey),
      { Authorization: `Bearer ${head}.${body}.` },
      { Authorization: `Bearer ${part({ alg: "none" })}.${body}.` },
      { Authorization: `Bearer ${part({ alg: "HS256" })}.${body}.${new Bun.CryptoHasher("sha256", pem(rsa.publicKey)).update(`${part({ alg: "HS256" })}.${body}`).digest("base64url")}` },
      { Authorization: "Bearer a.b.c" },
      { Authorization: "Bearer" },
    ];
    for (const [i, headers] of wrong.entries()) expect([i, (await registry.send("GET", "/v2/", { headers })).status]).toEqual([i, 401]);
  });

  test("refuses a file without keys", () => {
    expect(() => access(settings("nothing"))).toThrow(/holds no keys/);
  });
});

describe("--read-only", () => {
  test("refuses with UNSUPPORTED whatever would change the content, and serves the rest", async () => {
    const root = scratchFolder();
    await using writable = startRegistry({ root });
    const image = await writable.pushImage("ro/app", "v1");
    const upload = await writable.startUpload("ro/app");
    await using registry = startRegistry({ root, readOnly: true });
    expect((await registry.send("GET", "ro/app/manifests/v1")).status).toBe(200);
    for (const [method, path] of [["POST", "ro/app/blobs/uploads/"], ["PATCH", upload], ["PUT", `${upload}?digest=${absent}`], ["DELETE", upload], ["PUT", "ro/app/manifests/v2"], ["DELETE", `ro/app/manifests/${image}`], ["DELETE", `ro/app/blobs/${absent}`]] as const) {
      expect(await registry.refused(method, path)).toMatchObject({ status: 405, code: "UNSUPPORTED" });
    }
    rmSync(root, { recursive: true });
  });
});

describe("limits", () => {
  test("a blob larger than allowed is 413, announced or not", async () => {
    await using registry = startRegistry({ limits: { ...REGISTRY_LIMITS, blobBytes: 1000 } });
    const body = new Uint8Array(1001);
    expect(await registry.refused("PATCH", await registry.startUpload("a"), { body })).toMatchObject({ status: 413, code: "SIZE_INVALID" });
    const stream = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(600)) });
    const response = await registry.send("PATCH", await registry.startUpload("a"), { body: stream }).catch(() => undefined);
    expect([413, undefined]).toContain(response?.status);
    const claimed = new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(600)) });
    const range = await registry.send("PATCH", await registry.startUpload("a"), { body: claimed, headers: { "Content-Range": "0-99999" } }).catch(() => undefined);
    expect([413, undefined]).toContain(range?.status);
    const upload = await registry.startUpload("a");
    expect(await registry.refused("PATCH", upload, { body: "x", headers: { "Content-Range": "0-99999" } })).toMatchObject({ code: "SIZE_INVALID" });
    expect((await registry.send("POST", `a/blobs/uploads/?digest=${digestOf(body.slice(0, 1000))}`, { body: body.slice(0, 1000) })).status).toBe(201);
  });

  test("more requests per second than allowed are 429 with Retry-After", async () => {
    await using registry = startRegistry({ limits: { ...REGISTRY_LIMITS, requestsPerSecond: 1 } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => registry.send("GET", "/v2/")));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThanOrEqual(15);
    expect(refused[0]?.headers.get("retry-after")).toBe("1");
    expect(await refused[0]?.json()).toMatchObject({ errors: [{ code: "TOOMANYREQUESTS" }] });
  });

  test("metrics count what was asked", async () => {
    await using registry = startRegistry();
    await registry.pushImage("m/app", "v1");
    await registry.send("GET", "m/app/manifests/v1", { headers: { Accept: MANIFEST } });
    const text = await (await registry.send("GET", "/metrics")).text();
    expect(text).toContain('hako_registry_requests_total{route="manifest",method="GET",code="200"} 1');
    expect(text).toContain('hako_registry_uploads_total{outcome="finished"} 2');
    expect(text).toMatch(/^# TYPE hako_registry_received_bytes_total counter\nhako_registry_received_bytes_total \d{4}/m);
  });
});

describe("--tokens", () => {
  const rules = "alice team/** pull,push,delete\n@anonymous public/** pull\n";
  const parts = async () => ({ htpasswd: file(`alice:${await hash("secret")}\nbob:${await hash("other")}\n`), rules: file(rules) });
  const asked = async (registry: ReturnType<typeof startRegistry>, scope: string, headers: Record<string, string> = {}): Promise<Record<string, string>> => {
    const response = await registry.send("GET", `/token?service=hako-registry&scope=${encodeURIComponent(scope)}`, { headers });
    if (!response.ok) throw new Error(`no token: ${response.status}`);
    const { token } = (await response.json()) as { token: string };
    return { Authorization: `Bearer ${token}` };
  };

  test("sends clients to its own token server, by the name under which they reach it", async () => {
    await using registry = startRegistry({ access: access({ ...(await parts()), issue: {} }) });
    const bare = await registry.send("GET", "/v2/");
    expect([bare.status, bare.headers.get("www-authenticate")]).toEqual([401, `Bearer realm="${registry.url}/token",service="hako-registry"`]);
    const proxied = await registry.send("GET", "/v2/", { headers: { Host: "images.example.com", "X-Forwarded-Proto": "https" } });
    expect(proxied.headers.get("www-authenticate")).toBe('Bearer realm="https://images.example.com/token",service="hako-registry"');
    const broken = await registry.send("GET", "/v2/", { headers: { Host: "x", "X-Forwarded-Proto": 'https://evil" x="' } });
    expect(broken.headers.get("www-authenticate")).toBe('Bearer realm="http://x/token",service="hako-registry"');
    await using named = startRegistry({ access: access({ ...(await parts()), issue: { realm: "https://auth.example.com/token" } }) });
    expect((await named.send("GET", "/v2/")).headers.get("www-authenticate")).toStartWith('Bearer realm="https://auth.example.com/token"');
  });

  test("gives what the rules allow, to users and to nobody in particular", async () => {
    await using registry = startRegistry({ access: access({ ...(await parts()), issue: {} }) });
    const alice = await asked(registry, "repository:team/app:pull,push", basic("alice", "secret"));
    expect((await registry.send("POST", "team/app/blobs/uploads/", { headers: alice })).status).toBe(202);
    expect((await registry.send("GET", `team/app/manifests/none`, { headers: alice })).status).toBe(404);
    expect((await registry.send("DELETE", `team/app/blobs/${absent}`, { headers: alice })).status).toBe(401);
    expect((await registry.send("POST", "team/other/blobs/uploads/", { headers: alice })).status).toBe(401);
    const bob = await asked(registry, "repository:team/app:pull,push", basic("bob", "other"));
    expect((await registry.send("GET", "/v2/", { headers: bob })).status).toBe(200);
    expect((await registry.send("GET", "team/app/tags/list", { headers: bob })).status).toBe(401);
    const nobody = await asked(registry, "repository:public/app:pull,push");
    expect((await registry.send("GET", "/v2/", { headers: nobody })).status).toBe(200);
    expect((await registry.send("GET", "public/app/manifests/none", { headers: nobody })).status).toBe(404);
    expect((await registry.send("POST", "public/app/blobs/uploads/", { headers: nobody })).status).toBe(401);
    const all = await asked(registry, "registry:catalog:*", basic("bob", "other"));
    expect((await registry.send("GET", "_catalog", { headers: all })).status).toBe(200);
    expect((await registry.send("GET", "_catalog", { headers: nobody })).status).toBe(401);
    // Without the detour too.
    expect((await registry.send("POST", "team/app/blobs/uploads/", { headers: basic("alice", "secret") })).status).toBe(202);
  });

  test("refuses a wrong password, a token for a token, and what is no request for one", async () => {
    await using registry = startRegistry({ access: access({ ...(await parts()), issue: {} }) });
    expect((await registry.send("GET", "/token", { headers: basic("alice", "wrong") })).status).toBe(401);
    expect((await registry.send("GET", "/token", { headers: await asked(registry, "repository:team/app:pull", basic("alice", "secret")) })).status).toBe(401);
    expect((await registry.send("GET", `/token?scope=${encodeURIComponent("repository:UP:pull")}`)).status).toBe(400);
    expect((await registry.send("GET", `/token?${"scope=x&".repeat(100)}`)).status).toBe(400);
    const form = (body: string) => registry.send("POST", "/token", { body, headers: { "Content-Type": "application/x-www-form-urlencoded" } });
    expect((await form("grant_type=refresh_token&refresh_token=x")).status).toBe(400);
    expect((await form("grant_type=password&username=alice&password=wrong")).status).toBe(401);
    expect((await form("grant_type=password&username=alice&password=secret&scope=repository:team/app:pull")).status).toBe(200);
    expect((await form("x".repeat(100_000))).status).toBe(413);
    let status = 0;
    for (let i = 0; i < 40 && status !== 429; i++) status = (await form(`grant_type=password&username=alice&password=guess${i}`)).status;
    expect(status).toBe(429);
    await using without = startRegistry();
    expect((await without.send("GET", "/token")).status).toBe(404);
  });

  test("servers that share a key take each other's tokens", async () => {
    const key = file(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({ type: "pkcs8", format: "pem" }).toString());
    const settings = await parts();
    await using one = startRegistry({ access: access({ ...settings, issue: { key } }) });
    await using two = startRegistry({ access: access({ ...settings, issue: { key } }) });
    await using stranger = startRegistry({ access: access({ ...settings, issue: {} }) });
    const token = await asked(one, "repository:team/app:pull", basic("alice", "secret"));
    expect((await two.send("GET", "/v2/", { headers: token })).status).toBe(200);
    expect((await stranger.send("GET", "/v2/", { headers: token })).status).toBe(401);
    expect(() => access({ ...settings, issue: { key: file("nonsense") } })).toThrow("cannot be used to sign tokens");
  });

  test("our own client finds its way", async () => {
    await using registry = startRegistry({ access: access({ ...(await parts()), issue: {} }) });
    const client = openRegistryClient({ userAgent: "test" });
    const host = new URL(registry.url).host;
    const auth = { username: "alice", password: "secret" };
    expect((await client.login(host, auth)).status).toBe("Login Succeeded");
    const bytes = new TextEncoder().encode("{}");
    const repository = client.repository(parseReference(`${host}/team/app`), auth);
    const digest = parseDigest(digestOf(bytes));
    expect(await repository.uploadBlob({ digest, size: bytes.length, open: async function* () { yield bytes; } })).toBe("uploaded");
    await expect(client.repository(parseReference(`${host}/team/app`)).hasBlob(digest)).rejects.toThrow("denied: requested access to the resource is denied");
    client.close();
  });
});
