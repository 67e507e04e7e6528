/** How the large registries do it: token servers, stores and passwords of their own kinds. */
import { expect, test } from "bun:test";
import { openRegistryClient, type RegistryAuth } from "../../src/registry/mod.ts";
import { MEDIA, parseReference } from "../../src/spec/mod.ts";
import { digestOf, QUICK, readAll, refusal, scriptedRegistry, type Request } from "./scripted-registry.ts";

const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: {}, layers: [] });
const BLOB = Buffer.alloc(1_000_000, "contents of a layer ");
const DIGEST = digestOf(BLOB);

const repository = (host: string, auth: RegistryAuth) => openRegistryClient({ userAgent: "test", limits: QUICK }).repository(parseReference(`${host}/group/project/image`), auth);
const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const pieces = async function* () {
  for (let at = 0; at < BLOB.length; at += 100_000) yield BLOB.subarray(at, at + 100_000);
};

test("token server and blob store on hosts of their own: each gets what is meant for it, and nothing else", async () => {
  await using store = await scriptedRegistry(({ reply }) => reply(200, {}, BLOB));
  await using tokens = await scriptedRegistry(({ reply }) => reply(200, {}, '{"token":"of-the-realm","expires_in":900}'));
  await using registry = await scriptedRegistry(({ path, headers, reply }) => {
    if (headers.get("authorization") !== "Bearer of-the-realm") return reply(401, { "WWW-Authenticate": `Bearer realm="http://${tokens.host}/jwt/auth",service="container_registry"` });
    if (path === "/v2/") return reply(200);
    if (path.includes("/blobs/")) return reply(307, { Location: `http://${store.host.replace("127.0.0.1", "localhost")}/bucket/key?X-Amz-Signature=abc` });
    reply(200, { "Content-Type": MEDIA.ociManifest }, MANIFEST);
  });
  const image = repository(registry.host, { username: "group+robot", password: "p:w" });
  await image.manifest("one");
  expect((await readAll(await image.blob(DIGEST, { expectedSize: BLOB.length }))).equals(BLOB)).toBe(true);
  const [asked] = tokens.requests;
  expect([asked?.path, asked?.headers.get("authorization")]).toEqual(["/jwt/auth?service=container_registry&scope=repository%3Agroup%2Fproject%2Fimage%3Apull&account=group%2Brobot", basic("group+robot", "p:w")]);
  expect(store.requests.map(({ headers }) => headers.get("authorization"))).toEqual([undefined]);
  expect(registry.requests.some(({ headers }) => headers.get("authorization")?.startsWith("Basic"))).toBe(false);
});

test("a password as long as a token, by Basic; when it has ended, the registry's words are told", async () => {
  const password = "e".repeat(2700);
  let ended = false;
  await using store = await scriptedRegistry(({ reply }) => reply(200, {}, BLOB));
  await using registry = await scriptedRegistry(({ path, headers, reply }) => {
    const challenge = { "WWW-Authenticate": 'Basic realm="https://registry.example/",service="ecr.amazonaws.com"' };
    if (headers.get("authorization") !== basic("AWS", password)) return reply(401, challenge, "Not Authorized\n");
    if (ended) return reply(401, { ...challenge, "Content-Type": "application/json" }, '{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}');
    if (path === "/v2/") return reply(200);
    if (path.includes("/blobs/")) return reply(307, { Location: `http://${store.host.replace("127.0.0.1", "localhost")}/key` });
    reply(200, { "Content-Type": MEDIA.ociManifest }, MANIFEST);
  });
  const image = repository(registry.host, { username: "AWS", password });
  await image.manifest("one");
  await readAll(await image.blob(DIGEST, { expectedSize: BLOB.length }));
  expect(store.requests[0]?.headers.has("authorization")).toBe(false);
  ended = true;
  expect((await refusal(image.manifest("one"))).message).toContain("Your authorization token has expired. Reauthenticate and try again.");
});

/** Tokens are numbered; those before `valid` have ended. */
function endingTokens(serve: (request: Request) => void) {
  const state = {
    issued: 0,
    valid: 1,
    answer(request: Request): void {
      const { path, headers, reply } = request;
      if (path.startsWith("/token")) return reply(200, {}, `{"access_token":"t${++state.issued}","expires_in":300}`);
      const given = Number(/^Bearer t(\d+)$/.exec(headers.get("authorization") ?? "")?.[1] ?? 0);
      if (given < state.valid) return reply(401, { "WWW-Authenticate": `Bearer realm="http://${headers.get("host")}/token",error="invalid_token"` });
      if (path === "/v2/") return reply(200);
      serve(request);
    },
  };
  return state;
}

test("a token that ends while a blob arrives: the connection is cut, and the rest comes with a new one", async () => {
  let cut = false;
  const tokens = endingTokens(({ headers, reply, raw, socket }) => {
    const from = Number(/^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1] ?? 0);
    if (from > 0) return reply(206, { "Content-Range": `bytes ${from}-${BLOB.length - 1}/${BLOB.length}` }, BLOB.subarray(from));
    cut = true;
    raw(`HTTP/1.1 200 OK\r\nContent-Length: ${BLOB.length}\r\n\r\n`);
    raw(BLOB.subarray(0, 400_000));
    tokens.valid = 2;
    socket.end();
  });
  await using registry = await scriptedRegistry(tokens.answer);
  expect((await readAll(await repository(registry.host, {}).blob(DIGEST, { expectedSize: BLOB.length }))).equals(BLOB)).toBe(true);
  expect([cut, tokens.issued]).toEqual([true, 2]);
});

test("a token that ends before an upload's last request: it is sent again with a new one", async () => {
  let taken: Buffer = Buffer.alloc(0);
  const tokens = endingTokens(({ method, body, reply }) => {
    if (method === "HEAD") return reply(404);
    if (method === "PUT") taken = body;
    if (method === "POST") tokens.valid = 2;
    reply(method === "POST" ? 202 : 201, { Location: "/v2/group/project/image/blobs/uploads/1" });
  });
  await using registry = await scriptedRegistry(tokens.answer);
  expect(await repository(registry.host, {}).uploadBlob({ digest: DIGEST, size: BLOB.length, open: pieces })).toBe("uploaded");
  expect([taken.equals(BLOB), tokens.issued]).toEqual([true, 2]);
});

test("an identity token that was taken back is told of, and the password is not asked for in its place", async () => {
  await using registry = await scriptedRegistry(({ method, path, headers, reply }) => {
    if (path.startsWith("/oauth2/token")) return method === "POST" ? reply(401, { "Content-Type": "application/json" }, '{"errors":[{"code":"UNAUTHORIZED","message":"refresh token has been revoked"}]}') : reply(200, {}, '{"token":"anonymous"}');
    reply(401, { "WWW-Authenticate": `Bearer realm="http://${headers.get("host")}/oauth2/token",service="x.azurecr.io"` });
  });
  const image = repository(registry.host, { username: "00000000-0000-0000-0000-000000000000", identityToken: "gone" });
  expect((await refusal(image.manifest("one"))).message).toContain("unauthorized: refresh token has been revoked");
  expect(registry.lines.filter((line) => line.startsWith("GET /oauth2"))).toEqual([]);
});
