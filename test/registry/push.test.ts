/** Writing to a registry: what it has is not sent again, what it has elsewhere is mounted, the rest is sent whole or in pieces. */
import { expect, test } from "bun:test";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { openRegistryClient, type RegistryAuth, type RegistryClientOptions } from "../../src/registry/mod.ts";
import { MEDIA, parseReference } from "../../src/spec/mod.ts";
import { digestOf, QUICK, readAll, refusal, scriptedRegistry, type Request } from "./scripted-registry.ts";
import { noise, startRegistry } from "./serving.ts";

const BLOB = Buffer.alloc(1_000_000, "contents of a layer ");
const DIGEST = digestOf(BLOB);
const blob = { digest: DIGEST, size: BLOB.length, open: pieces };

async function* pieces(): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < BLOB.length; at += 150_000) yield BLOB.subarray(at, at + 150_000);
}

const repository = (host: string, options: Partial<RegistryClientOptions> = {}, auth: RegistryAuth = {}) =>
  openRegistryClient({ userAgent: "test", limits: QUICK, ...options }).repository(parseReference(`${host}/team/web`), auth);

/** As the distribution spec has it: what was received, upload by upload. */
function storing(has: readonly string[] = [], mountable: readonly string[] = []) {
  const received = new Map<string, Buffer>();
  const stored = new Map<string, Buffer>();
  let uploads = 0;
  return {
    stored,
    /** As after a cut: so much of an upload's body has come. */
    keepOnly({ path }: Request, bytes: number): void {
      received.set(path.replace(/\?.*/, ""), BLOB.subarray(0, bytes));
    },
    answer({ method, path, body, headers, reply }: Request): void {
      const url = new URL(path, "http://x");
      if (path === "/v2/") return reply(200);
      if (method === "HEAD") return reply(has.includes(url.pathname.split("/").at(-1) ?? "") ? 200 : 404);
      if (method === "POST" && mountable.includes(url.searchParams.get("from") ?? "")) return reply(201, { Location: "/v2/x" });
      const at = `/v2/team/web/blobs/uploads/${method === "POST" ? ++uploads : (url.pathname.split("/").at(-1) ?? "")}?state=a%2Fb`;
      if (method === "POST") return reply(202, { Location: at });
      const before = received.get(url.pathname) ?? Buffer.alloc(0);
      if (method === "GET") return received.has(url.pathname) ? reply(204, { Location: at, Range: `0-${before.length - 1}` }) : reply(404);
      if (method === "DELETE") return reply(received.delete(url.pathname) ? 204 : 404);
      if (method === "PATCH" && headers.get("content-range") !== `${before.length}-${before.length + body.length - 1}`) return reply(416);
      if (url.searchParams.get("state") !== "a/b") return reply(400);
      received.set(url.pathname, Buffer.concat([before, body]));
      if (method === "PATCH") return reply(202, { Location: at });
      stored.set(url.searchParams.get("digest") ?? "", received.get(url.pathname) ?? before);
      reply(201);
    },
  };
}

test("a blob is sent with its length and type, and its progress is told", async () => {
  const store = storing();
  await using registry = await scriptedRegistry(store.answer);
  const progress: number[] = [];
  expect(await repository(registry.host).uploadBlob(blob, { onProgress: (bytes) => progress.push(bytes) })).toBe("uploaded");
  expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
  expect(progress).toEqual([0, 150_000, 300_000, 450_000, 600_000, 750_000, 900_000, 1_000_000]);
  const put = registry.requests.at(-1);
  expect(put?.headers.get("content-length")).toBe(String(BLOB.length));
  expect(put?.headers.get("content-type")).toBe("application/octet-stream");
});

test("a blob is sent in pieces, and the registry's way is followed", async () => {
  const store = storing();
  await using registry = await scriptedRegistry(store.answer);
  expect(await repository(registry.host).uploadBlob(blob, { chunkBytes: 400_000 })).toBe("uploaded");
  expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
  expect(registry.requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers.get("content-range"))).toEqual(["0-399999", "400000-799999", "800000-999999"]);
});

test("a blob is sent while it is made, what is small of it when it is", async () => {
  const store = storing();
  await using registry = await scriptedRegistry(store.answer);
  expect(await repository(registry.host).uploadStream(pieces())).toMatchObject({ digest: DIGEST, size: BLOB.length });
  expect(registry.lines.map((line) => line.split(" ")[0])).toEqual(["POST", "PUT"]);
  expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
  expect(await repository(registry.host).uploadStream((async function* () {})())).toMatchObject({ digest: digestOf(""), size: 0 });
  await using own = startRegistry();
  const large = noise(5_000_000);
  const parts = async function* () { for (let at = 0; at < large.length; at += 300_000) yield large.subarray(at, at + 300_000); };
  const target = repository(new URL(own.url).host);
  const progress: number[] = [];
  expect(await target.uploadStream(parts(), { onProgress: (bytes) => progress.push(bytes) })).toMatchObject({ digest: digestOf(large), size: large.length });
  expect([progress[0], progress.at(-1)]).toEqual([0, large.length]);
  expect((await readAll(await target.blob(digestOf(large), { expectedSize: large.length }))).equals(large)).toBe(true);
  const broken = async function* () { yield* parts(); throw new Error("the layer is gone"); };
  await expect(target.uploadStream(broken())).rejects.toThrow("the layer is gone");
});

test("a source may use its memory again when it is asked for more, however slowly a registry reads", async () => {
  const SIZES = [300_000, 1_200, 1_200, 40_000, 700_000, 65_000, 10, 1_200_000, 3, 90_000];
  const pieceOf = (round: number): Buffer => Buffer.alloc(SIZES[round % SIZES.length] ?? 0, round + 1);
  const all = Buffer.concat(Array.from({ length: 60 }, (_, round) => pieceOf(round)));
  const reused = Buffer.alloc(1_200_000);
  const source = async function* (): AsyncGenerator<Uint8Array> {
    for (let round = 0; round < 60; round++) {
      const piece = pieceOf(round);
      piece.copy(reused);
      yield reused.subarray(0, piece.length);
      reused.fill(0xee);
    }
  };
  const body = Promise.withResolvers<Buffer>();
  const reply = (socket: Socket, status: string): void => void socket.write(`HTTP/1.1 ${status}\r\nLocation: /v2/u\r\nContent-Length: 0\r\n\r\n`);
  const server = createServer((socket) => {
    const held: Buffer[] = [];
    let end = Buffer.alloc(0);
    socket.on("error", () => {}).on("data", (chunk: Buffer) => {
      held.push(chunk);
      end = Buffer.concat([end, chunk]).subarray(-7);
      const [first = chunk] = held;
      const method = first.toString("latin1", 0, 5);
      if (first[0] === 22) return void socket.end("HTTP/1.0 400 Bad Request\r\n\r\n");
      if (method !== "PATCH") {
        held.length = 0;
        return reply(socket, method === "POST " ? "202 Accepted" : "201 Created");
      }
      if (end.toString("latin1") !== "\r\n0\r\n\r\n") {
        socket.pause();
        return void setTimeout(() => socket.resume(), 2);
      }
      body.resolve(dechunked(Buffer.concat(held.splice(0))));
      reply(socket, "202 Accepted");
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  try {
    const { digest } = await repository(`127.0.0.1:${(server.address() as AddressInfo).port}`).uploadStream(source());
    expect(digest).toBe(digestOf(all));
    expect((await body.promise).equals(all)).toBe(true);
  } finally {
    server.close();
  }
}, 60_000);

/** The body of a request whose head it comes with. */
function dechunked(request: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = request.indexOf("\r\n\r\n") + 4; ; ) {
    const end = request.indexOf("\r\n", at);
    const size = Number.parseInt(request.toString("latin1", at, end), 16);
    if (size === 0) return Buffer.concat(parts);
    parts.push(request.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
}

test("an empty blob is sent too", async () => {
  const store = storing();
  await using registry = await scriptedRegistry(store.answer);
  const empty = { digest: digestOf(""), size: 0, open: async function* () {} };
  expect(await repository(registry.host).uploadBlob(empty)).toBe("uploaded");
  expect(store.stored.get(empty.digest)?.length).toBe(0);
});

test("what the registry has is not sent", async () => {
  await using registry = await scriptedRegistry(storing([DIGEST]).answer);
  expect(await repository(registry.host).uploadBlob(blob)).toBe("exists");
  expect(registry.lines).toEqual([`HEAD /v2/team/web/blobs/${DIGEST}`]);
});

test("what it has in another repository is mounted, with the right to read there", async () => {
  const scopes: string[][] = [];
  const store = storing([], ["team/base"]);
  await using registry = await scriptedRegistry((request) => {
    const { path, headers, reply } = request;
    if (path.startsWith("/token")) {
      scopes.push(new URLSearchParams(path.slice(path.indexOf("?"))).getAll("scope"));
      return reply(200, {}, '{"token":"t"}');
    }
    if (headers.get("authorization") !== "Bearer t") return reply(401, { "WWW-Authenticate": `Bearer realm="http://${headers.get("host")}/token"` });
    store.answer(request);
  });
  const web = repository(registry.host, {}, { username: "anna", password: "geheim" });
  expect(await web.uploadBlob({ ...blob, mountFrom: ["team/base"] })).toBe("mounted");
  expect(scopes).toEqual([["repository:team/web:pull,push"], ["repository:team/web:pull,push", "repository:team/base:pull"]]);
  expect(registry.lines.at(-1)).toBe(`POST /v2/team/web/blobs/uploads/?mount=${encodeURIComponent(DIGEST)}&from=team%2Fbase`);
});

test("a mount that comes to nothing is an upload", async () => {
  const store = storing();
  await using registry = await scriptedRegistry((request) => (request.path.includes("from=team%2Fsecret") ? request.reply(403, {}, '{"errors":[{"code":"DENIED"}]}') : store.answer(request)));
  for (const mountFrom of [["team/unknown"], ["team/secret"], ["team/secret", "team/unknown"]]) expect(await repository(registry.host).uploadBlob({ ...blob, mountFrom })).toBe("uploaded");
  expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
});

test("an upload that is cut goes on from where it stopped, as often as it takes", async () => {
  const store = storing();
  let cuts = 0;
  await using registry = await scriptedRegistry((request) => {
    const isCut = (request.method === "PUT" && cuts === 0) || (request.method === "PATCH" && cuts === 1);
    if (!isCut) return store.answer(request);
    store.keepOnly(request, 400_000 * ++cuts);
    request.socket.destroy();
  });
  const progress: number[] = [];
  expect(await repository(registry.host).uploadBlob(blob, { onProgress: (bytes) => progress.push(bytes) })).toBe("uploaded");
  expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
  expect(registry.requests.filter(({ method }) => method === "PATCH").map(({ headers }) => headers.get("content-range"))).toEqual(["400000-999999", "800000-999999"]);
  expect(registry.requests.filter(({ method }) => method === "POST").length).toBe(1);
  expect(progress.at(-1)).toBe(BLOB.length);
});

test("an upload that a registry forgot, or whose rest it does not take, is sent again as a whole", async () => {
  for (const lost of ["GET", "PATCH"]) {
    const store = storing();
    let cuts = 0;
    await using registry = await scriptedRegistry((request) => {
      if (request.method === lost && request.path.includes("/uploads/")) return request.reply(lost === "GET" ? 404 : 416);
      if (request.method !== "PUT" || cuts++ > 0) return store.answer(request);
      store.keepOnly(request, 400_000);
      request.socket.destroy();
    });
    expect(await repository(registry.host).uploadBlob(blob)).toBe("uploaded");
    expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
    expect(registry.requests.filter(({ method }) => method === "POST").length).toBe(2);
  }
});

test("an upload that is cut or refused for a moment is done again from its beginning", async () => {
  const store = storing();
  let failures = 0;
  await using registry = await scriptedRegistry((request) => {
    if (request.method !== "PUT" || failures === 2) return store.answer(request);
    failures += 1;
    if (failures === 1) request.socket.destroy();
    else request.reply(503);
  });
  expect(await repository(registry.host).uploadBlob(blob)).toBe("uploaded");
  expect(store.stored.get(DIGEST)?.equals(BLOB)).toBe(true);
  expect(registry.requests.filter(({ method }) => method === "DELETE").length).toBe(2);
});

test("a registry that refuses before it has read all is heard", async () => {
  const words = '{"errors":[{"code":"SIZE_INVALID","message":"this is larger than I am"}]}';
  const answers: Readonly<Record<string, string>> = {
    GET: "200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    HEAD: "404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    POST: "202 Accepted\r\nLocation: /upload\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
    PUT: `413 Payload Too Large\r\nContent-Length: ${words.length}\r\n\r\n${words}`,
    DELETE: "204 No Content\r\nConnection: close\r\n\r\n",
  };
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", (head: Buffer) => {
      const method = head.toString("latin1").split(" ")[0] ?? "";
      if (method === "PUT") socket.pause();
      socket.write(`HTTP/1.1 ${answers[method] ?? "400 Bad Request\r\nConnection: close\r\n\r\n"}`);
      if (method !== "PUT") socket.end();
    });
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  let sent = 0;
  const large = {
    digest: DIGEST,
    size: 2 ** 30,
    open: async function* () {
      for (; sent < 2 ** 30; sent += 2 ** 20) yield Buffer.alloc(2 ** 20);
    },
  };
  const error = await refusal(repository(`127.0.0.1:${(server.address() as AddressInfo).port}`, { limits: { ...QUICK, windowMs: 5000 } }).uploadBlob(large));
  server.close();
  expect(error.message).toBe("size invalid: this is larger than I am");
  expect(sent).toBeLessThan(2 ** 27);
});

test("a source that fails, or has another size than it says, ends the upload", async () => {
  await using registry = await scriptedRegistry(storing().answer);
  const broken = { ...blob, open: async function* () { yield BLOB.subarray(0, 10); throw new Error("the disk is gone"); } };
  expect((await refusal(repository(registry.host).uploadBlob(broken))).message).toBe("the disk is gone");
  const short = { ...blob, open: async function* () { yield BLOB.subarray(0, 10); } };
  expect((await refusal(repository(registry.host).uploadBlob(short))).message).toContain("http: ContentLength=1000000 with Body length 10");
});

test("a location elsewhere gets the bytes, but no credentials", async () => {
  const bytes: Buffer[] = [];
  await using store = await scriptedRegistry(({ body, reply }) => {
    bytes.push(body);
    reply(201);
  });
  await using registry = await scriptedRegistry(({ method, path, headers, reply }) => {
    if (!headers.has("authorization")) return reply(401, { "WWW-Authenticate": 'Basic realm="r"' });
    if (path === "/v2/") return reply(200);
    reply(method === "HEAD" ? 404 : 202, { Location: `http://${store.host}/bucket/1` });
  });
  expect(await repository(registry.host, {}, { username: "anna", password: "geheim" }).uploadBlob(blob)).toBe("uploaded");
  expect(bytes[0]?.equals(BLOB)).toBe(true);
  expect(store.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
});

test("a manifest is put under its tag or digest, and must be kept as it is", async () => {
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2 }));
  let kept: string = digestOf(manifest);
  await using registry = await scriptedRegistry(({ path, reply }) => (path === "/v2/" ? reply(200) : reply(201, { "Docker-Content-Digest": kept })));
  const web = repository(registry.host);
  expect(await web.putManifest("one", MEDIA.ociManifest, manifest)).toBe(digestOf(manifest));
  expect(await web.putManifest(digestOf(manifest), MEDIA.ociManifest, manifest)).toBe(digestOf(manifest));
  expect(registry.lines).toEqual(["PUT /v2/team/web/manifests/one", `PUT /v2/team/web/manifests/${digestOf(manifest)}`]);
  expect(registry.requests.at(-1)?.headers.get("content-type")).toBe(MEDIA.ociManifest);
  expect(registry.requests.at(-1)?.body.equals(manifest)).toBe(true);
  kept = digestOf("something else");
  expect((await refusal(web.putManifest("one", MEDIA.ociManifest, manifest))).message).toBe(`the registry keeps the manifest ${digestOf(manifest)} as ${kept}`);
});

test("what a tag names at the registry itself is asked with the right to push", async () => {
  const manifest = digestOf("manifest");
  await using mirror = await scriptedRegistry(({ reply }) => reply(200, { "Docker-Content-Digest": digestOf("an older one") }));
  await using registry = await scriptedRegistry(({ path, reply }) => reply(path === "/v2/" || path.endsWith("/one") ? 200 : 404, { "Docker-Content-Digest": manifest }));
  const web = repository(registry.host, { mirrors: { "*": [`http://${mirror.host}`] } });
  expect(await web.keptAs("one")).toBe(manifest);
  expect(await web.keptAs("two")).toBeUndefined();
  expect(mirror.requests.length).toBe(0);
  await using closed = await scriptedRegistry(({ reply }) => reply(401, { "WWW-Authenticate": 'Basic realm="r"' }));
  expect((await refusal(repository(closed.host).keptAs("one"))).message).toBe("no basic auth credentials");
  expect((await refusal(repository(closed.host).uploadBlob(blob))).message).toBe("no basic auth credentials");
});
