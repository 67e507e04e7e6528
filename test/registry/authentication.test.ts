/** Proving who asks: tokens and passwords, and that they go nowhere else. */
import { expect, test } from "bun:test";
import { openRegistryClient, type RegistryAuth } from "../../src/registry/mod.ts";
import { MEDIA, parseReference } from "../../src/spec/mod.ts";
import { digestOf, QUICK, refusal, scriptedRegistry, type Request } from "./scripted-registry.ts";

const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: {}, layers: [] });
const ANNA: RegistryAuth = { username: "anna", password: "geheim" };
const BASIC = `Basic ${Buffer.from("anna:geheim").toString("base64")}`;

const client = () => openRegistryClient({ userAgent: "test", limits: QUICK });
const repository = (host: string, auth: RegistryAuth = {}, open = client()) => open.repository(parseReference(`${host}/team/web`), auth);
const manifest = ({ reply }: Request): void => reply(200, { "Content-Type": MEDIA.ociManifest }, MANIFEST);

interface TokenServer {
  /** Query or form of each request for a token, and its Authorization. */
  readonly asked: Array<{ readonly method: string; readonly parameters: URLSearchParams; readonly authorization: string | undefined }>;
  lifeS: number;
  /** Tokens that the registry takes no more. */
  readonly revoked: Set<string>;
  readonly answer: (request: Request) => void;
}

/** Registry and token server in one: tokens are numbered. */
function tokenRegistry(serve: (request: Request) => void = manifest): TokenServer {
  const state: TokenServer = {
    asked: [],
    lifeS: 300,
    revoked: new Set(),
    answer(request) {
      const { method, path, headers, body, reply } = request;
      if (path.startsWith("/token")) {
        state.asked.push({ method, parameters: new URLSearchParams(method === "POST" ? body.toString() : path.slice(path.indexOf("?") + 1)), authorization: headers.get("authorization") });
        return reply(200, {}, JSON.stringify({ token: `token-${state.asked.length}`, refresh_token: "refresh", expires_in: state.lifeS }));
      }
      const given = /^Bearer (.*)$/.exec(headers.get("authorization") ?? "")?.[1];
      if (given?.startsWith("token-") && !state.revoked.has(given)) return path === "/v2/" ? reply(200) : serve(request);
      reply(401, { "WWW-Authenticate": `Bearer realm="http://${headers.get("host")}/token",service="the, \\"service\\"",scope="ignored"` });
    },
  };
  return state;
}

test("a token is asked for with name, service and scope, and used for all that follows", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry(tokens.answer);
  const open = client();
  await repository(registry.host, ANNA, open).resolve("one");
  await repository(registry.host, ANNA, open).manifest("two");
  const [asked] = tokens.asked;
  expect(tokens.asked.length).toBe(1);
  expect(asked?.method).toBe("GET");
  expect(asked?.authorization).toBe(BASIC);
  expect(Object.fromEntries(asked?.parameters ?? [])).toEqual({ service: 'the, "service"', scope: "repository:team/web:pull", account: "anna" });
});

test("without credentials the token is anonymous", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry(tokens.answer);
  await repository(registry.host).manifest("one");
  expect(tokens.asked[0]?.authorization).toBeUndefined();
  expect(tokens.asked[0]?.parameters.has("account")).toBe(false);
});

test("nobody is served with another's token, nor with one for another repository", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry(tokens.answer);
  const open = client();
  await repository(registry.host, ANNA, open).manifest("one");
  await repository(registry.host, {}, open).manifest("one");
  await repository(registry.host, { ...ANNA, password: "guessed" }, open).manifest("one");
  await open.repository(parseReference(`${registry.host}/team/other`), ANNA).manifest("one");
  expect(tokens.asked.length).toBe(4);
});

test("many who need one token at once ask once", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry(tokens.answer);
  const web = repository(registry.host, ANNA);
  await Promise.all([1, 2, 3, 4, 5].map(() => web.manifest("one")));
  expect(tokens.asked.length).toBe(1);
});

test("a token that ends in the middle of a pull is renewed", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry(tokens.answer);
  const web = repository(registry.host, ANNA);
  await web.manifest("one");
  tokens.revoked.add("token-1");
  await web.manifest("one");
  await web.manifest("one");
  expect(tokens.asked.length).toBe(2);
  // Of many that are refused at once, one renews it for all.
  tokens.revoked.add("token-2");
  await Promise.all([1, 2, 3, 4, 5].map(() => web.manifest("one")));
  expect(tokens.asked.length).toBe(3);
});

test("a wrong password is tried once", async () => {
  await using registry = await scriptedRegistry(({ reply }) => reply(401, { "WWW-Authenticate": 'Basic realm="r"' }));
  await refusal(repository(registry.host, ANNA).manifest("one"));
  expect(registry.requests.filter(({ headers }) => headers.has("authorization")).length).toBe(1);
});

test("an identity token is exchanged by OAuth2", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry(tokens.answer);
  await repository(registry.host, { username: "anna", identityToken: "refresh-me" }).manifest("one");
  const [asked] = tokens.asked;
  expect(asked?.method).toBe("POST");
  expect(asked?.authorization).toBeUndefined();
  expect(Object.fromEntries(asked?.parameters ?? [])).toEqual({ grant_type: "refresh_token", refresh_token: "refresh-me", service: 'the, "service"', client_id: "docker", scope: "repository:team/web:pull" });
});

test("a token server that knows OAuth2 only gets the password that way", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry((request) => (request.method === "GET" && request.path.startsWith("/token") ? request.reply(405) : tokens.answer(request)));
  await repository(registry.host, ANNA).manifest("one");
  expect(Object.fromEntries(tokens.asked[0]?.parameters ?? [])).toMatchObject({ grant_type: "password", username: "anna", password: "geheim" });
});

test("a registry token is sent as it is", async () => {
  await using registry = await scriptedRegistry((request) => {
    if (request.headers.get("authorization") === "Bearer my own") return request.path === "/v2/" ? request.reply(200) : manifest(request);
    request.reply(401, { "WWW-Authenticate": 'Bearer realm="http://127.0.0.1:1/token"' });
  });
  expect((await repository(registry.host, { registryToken: "my own" }).manifest("one")).descriptor.digest).toBe(digestOf(MANIFEST));
});

test("a refused token request says why", async () => {
  await using registry = await scriptedRegistry(({ path, headers, reply }) => {
    if (path.startsWith("/token")) return reply(401, {}, '{"details":"incorrect username or password"}');
    reply(401, { "WWW-Authenticate": `Bearer realm="http://${headers.get("host")}/token",service="s"` });
  });
  const { host } = registry;
  expect((await refusal(repository(host, ANNA).resolve("one"))).message).toBe(`Head "http://${host}/v2/team/web/manifests/one": unauthorized: incorrect username or password`);
  expect((await refusal(client().login(host, ANNA))).message).toBe(`Get "http://${host}/v2/": unauthorized: incorrect username or password`);
});

test("passwords are sent where a registry wants them, and only there", async () => {
  await using registry = await scriptedRegistry((request) => {
    const { path, headers, reply } = request;
    if (headers.get("authorization") !== BASIC) return reply(401, { "WWW-Authenticate": 'Basic realm="r"' }, '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
    return path === "/v2/" ? reply(200) : manifest(request);
  });
  const { host } = registry;
  expect((await repository(host, ANNA).manifest("one")).descriptor.digest).toBe(digestOf(MANIFEST));
  expect((await refusal(repository(host).resolve("one"))).message).toBe(`Head "http://${host}/v2/team/web/manifests/one": no basic auth credentials`);
  expect((await refusal(repository(host).manifest("one"))).message).toBe(`Head "http://${host}/v2/team/web/manifests/one": no basic auth credentials`);
  expect((await refusal(repository(host, { ...ANNA, password: "wrong" }).manifest("one"))).message).toBe("unauthorized: authentication required");
  await using open = await scriptedRegistry((request) => (request.path === "/v2/" ? request.reply(200) : manifest(request)));
  await repository(open.host, ANNA).manifest("one");
  expect(open.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
});

test("a registry that greets anybody and wants a token for more gets one", async () => {
  const tokens = tokenRegistry();
  await using registry = await scriptedRegistry((request) => (request.path === "/v2/" ? request.reply(200) : tokens.answer(request)));
  expect((await repository(registry.host, ANNA).manifest("one")).descriptor.digest).toBe(digestOf(MANIFEST));
});

test("login says what docker says, and brings the token to keep", async () => {
  await using basic = await scriptedRegistry(({ headers, reply }) => (headers.get("authorization") === BASIC ? reply(200) : reply(401, { "WWW-Authenticate": 'Basic realm="r"' })));
  expect(await client().login(basic.host, ANNA)).toEqual({ identityToken: "", status: "Login Succeeded" });
  expect(await client().login(`https://${basic.host}/v2/`, ANNA)).toEqual({ identityToken: "", status: "Login Succeeded" });
  expect((await refusal(client().login(basic.host, { ...ANNA, password: "x" }))).message).toBe(`login attempt to http://${basic.host}/v2/ failed with status: 401 Unauthorized`);
  const tokens = tokenRegistry();
  await using bearer = await scriptedRegistry(tokens.answer);
  expect(await client().login(bearer.host, ANNA)).toEqual({ identityToken: "refresh", status: "Login Succeeded" });
  expect(Object.fromEntries(tokens.asked[0]?.parameters ?? [])).toMatchObject({ offline_token: "true", client_id: "docker", account: "anna" });
  expect((await refusal(client().login("-bad host-", ANNA))).message).toBe('invalid registry: "-bad host-" is not a host');
});

test("search asks the registry that the term begins with", async () => {
  const results = [{ name: "team/web", description: "a web", star_count: 3, is_official: true }, { name: 7 }, { name: "bare" }];
  await using registry = await scriptedRegistry(({ path, reply }) => (path.startsWith("/v1/search?") ? reply(200, {}, JSON.stringify({ results })) : reply(404)));
  expect(await client().search(`${registry.host}/web`, { limit: 5 })).toEqual([
    { name: "team/web", description: "a web", starCount: 3, isOfficial: true },
    { name: "bare", description: "", starCount: 0, isOfficial: false },
  ]);
  expect(registry.lines).toEqual(["GET /v1/search?q=web&n=5"]);
  await using without = await scriptedRegistry(({ reply }) => reply(404));
  expect((await refusal(client().search(`${without.host}/web`))).message).toStartWith("Unexpected status code 404");
  expect((await refusal(client().search("web", { limit: 101 }))).message).toBe("limit 101 is outside the range of [1, 100]");
  expect((await refusal(client().search("http://x/web"))).message).toBe("invalid repository name: repository name (http://x/web) should not have a scheme");
});
