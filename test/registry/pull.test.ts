/** Reading from a registry: what is asked, what is done when the way there is bad. */
import { expect, test } from "bun:test";
import { openRegistryClient, type RegistryClientOptions } from "../../src/registry/mod.ts";
import { MEDIA, parseReference } from "../../src/spec/mod.ts";
import { digestOf, QUICK, readAll, refusal, scriptedRegistry, type Request } from "./scripted-registry.ts";

const BLOB = Buffer.alloc(3_000_000, "contents of a layer ");
const BLOB_DIGEST = digestOf(BLOB);
const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: {}, layers: [] });

const client = (options: Partial<RegistryClientOptions> = {}) => openRegistryClient({ userAgent: "docker/28.5.2 test", limits: QUICK, ...options });
const repository = (host: string, options: Partial<RegistryClientOptions> = {}) => client(options).repository(parseReference(`${host}/team/web`));

function serve({ method, path, headers, reply }: Request): void {
  if (path === "/v2/") return reply(200);
  if (path.startsWith("/v2/team/web/manifests/")) return reply(200, { "Content-Type": MEDIA.ociManifest, "Docker-Content-Digest": digestOf(MANIFEST), "Content-Length": String(MANIFEST.length) }, MANIFEST);
  if (path !== `/v2/team/web/blobs/${BLOB_DIGEST}`) return reply(404, {}, JSON.stringify({ errors: [{ code: "BLOB_UNKNOWN", message: "blob unknown to registry" }] }));
  const from = Number(/^bytes=(\d+)-$/.exec(headers.get("range") ?? "")?.[1] ?? 0);
  const body = method === "HEAD" ? "" : BLOB.subarray(from);
  reply(from > 0 ? 206 : 200, { "Content-Length": String(BLOB.length - from), ...(from > 0 && { "Content-Range": `bytes ${from}-${BLOB.length - 1}/${BLOB.length}` }) }, body);
}

test("a tag becomes a descriptor, a manifest and its blobs, over one connection", async () => {
  await using registry = await scriptedRegistry(serve);
  const web = repository(registry.host);
  const descriptor = { mediaType: MEDIA.ociManifest, digest: digestOf(MANIFEST), size: MANIFEST.length };
  expect(await web.resolve("one")).toEqual(descriptor);
  const manifest = await web.manifest("one");
  expect(manifest.descriptor).toEqual(descriptor);
  expect(Buffer.from(manifest.bytes).toString()).toBe(MANIFEST);
  const blob = await web.blob(BLOB_DIGEST, { expectedSize: BLOB.length });
  expect(BLOB.equals(await readAll(blob))).toBe(true);
  expect(await web.hasBlob(BLOB_DIGEST)).toBe(BLOB.length);
  expect(await web.hasBlob(digestOf("other"))).toBeUndefined();
  // The first one was a try with TLS, which loopback may do without.
  expect(registry.connections).toBeLessThanOrEqual(2);
  expect(registry.lines).toEqual([
    "HEAD /v2/team/web/manifests/one",
    "GET /v2/team/web/manifests/one",
    `GET /v2/team/web/blobs/${BLOB_DIGEST}`,
    `HEAD /v2/team/web/blobs/${BLOB_DIGEST}`,
    `HEAD /v2/team/web/blobs/${digestOf("other")}`,
  ]);
  const asked = registry.requests.find(({ path }) => path.endsWith("/manifests/one"));
  expect(asked?.headers.get("user-agent")).toBe("docker/28.5.2 test");
  expect(asked?.headers.get("accept")).toBe([MEDIA.ociIndex, MEDIA.dockerManifestList, MEDIA.ociManifest, MEDIA.dockerManifest].join(", "));
});

test("a registry without HEAD and without its headers is read whole", async () => {
  await using registry = await scriptedRegistry(({ method, path, reply }) => {
    if (path === "/v2/") return reply(200);
    if (method === "HEAD") return reply(405);
    reply(200, { "Content-Type": MEDIA.ociManifest }, MANIFEST);
  });
  expect(await repository(registry.host).resolve("one")).toEqual({ mediaType: MEDIA.ociManifest, digest: digestOf(MANIFEST), size: MANIFEST.length });
});

test("a blob begins where the last pull has stopped", async () => {
  await using registry = await scriptedRegistry(serve);
  const blob = await repository(registry.host).blob(BLOB_DIGEST, { expectedSize: BLOB.length, offset: 1_000_000 });
  expect(blob.offset).toBe(1_000_000);
  expect(BLOB.subarray(1_000_000).equals(await readAll(blob))).toBe(true);
});

test("a registry that knows no ranges begins at the beginning, and says so", async () => {
  await using registry = await scriptedRegistry((request) => serve({ ...request, headers: new Map() }));
  const blob = await repository(registry.host).blob(BLOB_DIGEST, { expectedSize: BLOB.length, offset: 1_000_000 });
  expect(blob.offset).toBe(0);
  expect(BLOB.equals(await readAll(blob))).toBe(true);
});

for (const ranges of [true, false]) {
  test(`a connection that is cut again and again is mended${ranges ? " by ranges" : ", by reading anew where there are no ranges"}`, async () => {
    let cuts = 0;
    await using registry = await scriptedRegistry((request) => {
      if (!request.path.includes("/blobs/") || cuts === 2) return serve(ranges ? request : { ...request, headers: new Map() });
      cuts += 1;
      const from = ranges ? Number(/\d+/.exec(request.headers.get("range") ?? "")?.[0] ?? 0) : 0;
      request.raw(`HTTP/1.1 ${from > 0 ? "206 Partial Content" : "200 OK"}\r\nContent-Length: ${BLOB.length - from}\r\n${from > 0 ? `Content-Range: bytes ${from}-${BLOB.length - 1}/${BLOB.length}\r\n` : ""}\r\n`);
      request.socket.end(BLOB.subarray(from, from + 400_000));
    });
    const retries: string[] = [];
    const blob = await repository(registry.host).blob(BLOB_DIGEST, { expectedSize: BLOB.length, onRetry: ({ message }) => retries.push(message) });
    expect(BLOB.equals(await readAll(blob))).toBe(true);
    expect(retries).toEqual([`blob ${BLOB_DIGEST}: unexpected EOF`, `blob ${BLOB_DIGEST}: unexpected EOF`]);
  });
}

test("a registry that always cuts is given up", async () => {
  await using registry = await scriptedRegistry((request) => {
    if (!request.path.includes("/blobs/")) return serve(request);
    request.raw("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n");
    request.socket.end("a few bytes");
  });
  const blob = await repository(registry.host).blob(BLOB_DIGEST, { expectedSize: BLOB.length });
  expect((await refusal(readAll(blob))).message).toBe(`blob ${BLOB_DIGEST}: unexpected EOF`);
  expect(registry.lines.length).toBe(QUICK.attempts);
});

test("a registry that is busy is asked again, after as long as it says", async () => {
  const statuses = [503, 429, 500];
  await using registry = await scriptedRegistry((request) => {
    const status = request.path === "/v2/" ? undefined : statuses.shift();
    if (status === undefined) return serve(request);
    request.reply(status, status === 429 ? { "Retry-After": "0" } : {}, "busy");
  });
  const delays: number[] = [];
  const web = repository(registry.host, { limits: { ...QUICK, attempts: 4 } });
  expect((await web.manifest("one", { onRetry: (_, delayMs) => delays.push(delayMs) })).descriptor.digest).toBe(digestOf(MANIFEST));
  expect(delays.length).toBe(3);
  expect(delays[1]).toBe(0);
});

test("what stays bad is told in the registry's words", async () => {
  await using registry = await scriptedRegistry(({ path, reply }) => (path === "/v2/" ? reply(200) : reply(500, {}, "oops")));
  expect((await refusal(repository(registry.host).manifest("one"))).message).toBe("received unexpected HTTP status: 500 Words");
  expect(registry.lines.length).toBe(QUICK.attempts);
});

test("refusals are worded as docker words them", async () => {
  const denied = "pull access denied for HOST/team/web, repository does not exist or may require 'docker login': denied: ";
  const answers: Array<[number, unknown, string]> = [
    [404, { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }, "manifest for HOST/team/web:one not found: manifest unknown: manifest unknown"],
    [404, { errors: [{ code: "NAME_UNKNOWN", message: "repository name not known to registry" }] }, "repository HOST/team/web not found: name unknown: repository name not known to registry"],
    [403, { errors: [{ code: "DENIED", message: "requested access to the resource is denied" }] }, `${denied}requested access to the resource is denied`],
    [400, { errors: [{ code: "WEIRD_CODE", message: "first" }, { code: "DENIED" }] }, "unknown: first"],
    [404, "<html>", "error parsing HTTP 404 response body: invalid character '<' looking for beginning of value: \"<html>\""],
    [404, "", 'error parsing HTTP 404 response body: unexpected end of JSON input: ""'],
    [404, { errors: [] }, 'error parsing HTTP 404 response body: no error details found in HTTP response body: "{\\"errors\\":[]}"'],
    [403, { details: "no" }, `${denied}no`],
    [401, "zz", "unauthorized: authentication required"],
  ];
  const plain: Array<[number, string, string]> = [
    [404, "<html>", "unknown: <html>"],
    [401, "zz", "unauthorized: zz"],
    [403, "zz", `${denied}zz`],
  ];
  for (const [status, body, message, type = "application/json; charset=utf-8"] of [...answers, ...plain.map((each) => [...each, "text/html"] as const)]) {
    await using registry = await scriptedRegistry(({ path, reply }) => (path === "/v2/" ? reply(200) : reply(status, { "Content-Type": type }, typeof body === "string" ? body : JSON.stringify(body))));
    expect((await refusal(repository(registry.host).manifest("one"))).message).toBe(message.replaceAll("HOST", registry.host));
  }
});

test("nobody there is told at once", async () => {
  expect((await refusal(repository("127.0.0.1:1").resolve("one"))).message).toBe('Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused');
});

test("aborting ends what hangs, with the reason given", async () => {
  const hung = Promise.withResolvers<void>();
  await using registry = await scriptedRegistry((request) => (request.path === "/v2/" ? request.reply(200) : hung.resolve()));
  const abort = new AbortController();
  const work = refusal(repository(registry.host, { limits: {} }).manifest("one", { signal: abort.signal }));
  await hung.promise;
  abort.abort(new Error("the client has gone"));
  expect((await work).message).toBe("the client has gone");
});

test("aborting in the middle of a blob ends the reading", async () => {
  await using registry = await scriptedRegistry((request) => {
    if (!request.path.includes("/blobs/")) return serve(request);
    request.raw("HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\nbeginning");
  });
  const abort = new AbortController();
  const blob = await repository(registry.host, { limits: {} }).blob(BLOB_DIGEST, { expectedSize: BLOB.length, signal: abort.signal });
  const chunks = blob[Symbol.asyncIterator]();
  expect(Buffer.from((await chunks.next()).value ?? "").toString()).toBe("beginning");
  abort.abort(new Error("the client has gone"));
  expect((await refusal(chunks.next())).message).toBe("the client has gone");
});

test("mirrors are asked first, without credentials, and passed over when they cannot help", async () => {
  await using broken = await scriptedRegistry(({ reply }) => reply(500));
  await using empty = await scriptedRegistry(({ path, reply }) => (path === "/v2/" ? reply(200) : reply(404, {}, "{}")));
  await using good = await scriptedRegistry(serve);
  await using home = await scriptedRegistry(({ reply }) => reply(200));
  const mirrors = { [home.host]: [broken, empty, good].map(({ host }) => `http://${host}`) };
  const web = client({ mirrors }).repository(parseReference(`${home.host}/team/web`), { username: "anna", password: "geheim" });
  expect((await web.manifest("one")).descriptor.digest).toBe(digestOf(MANIFEST));
  expect(BLOB.equals(await readAll(await web.blob(BLOB_DIGEST, { expectedSize: BLOB.length })))).toBe(true);
  expect(home.requests.length).toBe(0);
  expect(empty.lines.length).toBe(1);
  expect([...empty.requests, ...good.requests].some(({ headers }) => headers.has("authorization"))).toBe(false);
});

test("when no mirror can help the registry itself is asked", async () => {
  await using empty = await scriptedRegistry(({ path, reply }) => (path === "/v2/" ? reply(200) : reply(404, {}, "{}")));
  await using home = await scriptedRegistry(serve);
  const web = repository(home.host, { mirrors: { "*": [`http://${empty.host}/`, "http://127.0.0.1:1"] } });
  expect((await web.resolve("one")).digest).toBe(digestOf(MANIFEST));
});

test("tags come in pages; what is no tag is left out", async () => {
  await using registry = await scriptedRegistry(({ path, reply }) => {
    if (path === "/v2/") return reply(200);
    if (path === "/v2/team/web/tags/list?n=2") return reply(200, { Link: '</v2/team/web/tags/list?n=2&last=b>; rel="next"' }, '{"name":"team/web","tags":["a","b"]}');
    reply(200, {}, '{"name":"team/web","tags":["c","../../etc/passwd","",7]}');
  });
  const web = repository(registry.host);
  expect(await web.tags({ n: 2 })).toEqual({ tags: ["a", "b"], next: "b" });
  expect(await web.tags({ n: 2, last: "b" })).toEqual({ tags: ["c"], next: undefined });
  expect(registry.lines.at(-1)).toBe("GET /v2/team/web/tags/list?n=2&last=b");
});

test("pages of tags may be named in the registry's own words, and no other path is asked for with them", async () => {
  await using registry = await scriptedRegistry(({ path, reply }) => {
    if (path === "/v2/") return reply(200);
    if (path === "/v2/team/web/tags/list?n=2") return reply(200, { Link: `<https://${registry.host}/v2/team/web/tags/list?n=2&next_page=abc%3D>; rel="next"` }, '{"tags":["a","b"]}');
    if (path === "/v2/team/web/tags/list?n=2&next_page=abc%3D") return reply(200, { Link: "</v2/team/web/tags/list?n=2&next_page=abc%3D>; rel=next" }, '{"tags":["c"]}');
    reply(404);
  });
  const web = repository(registry.host);
  const { next } = await web.tags({ n: 2 });
  expect(await web.tags({ n: 2, last: next ?? "" })).toEqual({ tags: ["c"], next: undefined });
  for (const last of ["/v2/team/other/tags/list", "//evil.test/v2/team/web/tags/list", "/v2/team/web/tags/list/../../x"]) await expect(web.tags({ last })).rejects.toThrow("this is no page of the list of tags");
});

test("referrers are listed, or found under the tag that stands in for the list", async () => {
  const subject = digestOf("subject");
  const referrer = { mediaType: MEDIA.ociManifest, digest: digestOf("signature"), size: 9, artifactType: "application/x.signature" };
  const index = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociIndex, manifests: [referrer, { ...referrer, artifactType: "application/x.other" }, { digest: "sha256:nonsense" }] });
  for (const listed of [true, false]) {
    await using registry = await scriptedRegistry(({ path, reply }) => {
      if (path === "/v2/") return reply(200);
      if (path.includes("/referrers/") && !listed) return reply(404, {}, "404 page not found");
      if (!path.includes("/referrers/") && path !== `/v2/team/web/manifests/${subject.replace(":", "-")}`) return reply(404, {}, "{}");
      reply(200, { "Content-Type": MEDIA.ociIndex }, index);
    });
    expect(await repository(registry.host).referrers(subject, { artifactType: "application/x.signature" })).toEqual([referrer]);
  }
  await using without = await scriptedRegistry(({ path, reply }) => (path === "/v2/" ? reply(200) : reply(404, {}, "{}")));
  expect(await repository(without.host).referrers(subject)).toEqual([]);
});

test("a foreign layer comes from where its manifest says, without credentials, when the registry has it not", async () => {
  await using gone = await scriptedRegistry(({ reply }) => reply(410));
  await using store = await scriptedRegistry(({ reply }) => reply(200, {}, BLOB));
  await using registry = await scriptedRegistry(({ path, headers, reply }) => (headers.has("authorization") ? reply(path === "/v2/" ? 200 : 404, {}, "{}") : reply(401, { "WWW-Authenticate": 'Basic realm="r"' })));
  const web = client().repository(parseReference(`${registry.host}/team/web`), { username: "anna", password: "geheim" });
  const urls = ["file:///etc/passwd", `http://${gone.host}/a`, `http://${store.host}/b`];
  expect(BLOB.equals(await readAll(await web.blob(BLOB_DIGEST, { expectedSize: BLOB.length, urls })))).toBe(true);
  expect(store.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
  expect((await refusal(web.blob(BLOB_DIGEST, { expectedSize: BLOB.length, urls: urls.slice(0, 2) }))).message).toBe("unknown: {}");
});
