/** Registries that lie, stall or shout: each ends in a sentence, soon, and with bounded memory. */
import { expect, test } from "bun:test";
import { openRegistryClient, RegistryError, type RegistryAuth, type RegistryClientOptions } from "../../src/registry/mod.ts";
import { MEDIA, parseReference } from "../../src/spec/mod.ts";
import { digestOf, QUICK, readAll, refusal, scriptedRegistry, type Request } from "./scripted-registry.ts";
import { settled } from "../until.ts";

const MANIFEST = JSON.stringify({ schemaVersion: 2, mediaType: MEDIA.ociManifest, config: {}, layers: [] });
const BLOB = digestOf("a blob");
const MiB = 1 << 20;

const repository = (host: string, options: Partial<RegistryClientOptions> = {}, auth: RegistryAuth = {}) =>
  openRegistryClient({ userAgent: "test", limits: QUICK, ...options }).repository(parseReference(`${host}/team/web`), auth);

/** A registry that greets well and answers everything else as told. */
const liar = (answer: (request: Request) => unknown) => scriptedRegistry((request) => (request.path === "/v2/" ? request.reply(200) : answer(request)));

const ociManifest = { "Content-Type": MEDIA.ociManifest };

/** Bytes without end, as fast as they are taken. @returns how many were sent until the other side closed */
function pour(socket: Request["socket"], maxBytes = 256 * MiB): { sentBytes: number } {
  const poured = { sentBytes: 0 };
  const chunk = Buffer.alloc(256 * 1024, "a");
  const more = (): void => {
    while (!socket.destroyed && poured.sentBytes < maxBytes) {
      poured.sentBytes += chunk.length;
      if (!socket.write(chunk)) return void socket.once("drain", more);
    }
  };
  more();
  return poured;
}

test("a manifest that is not what was asked for is refused", async () => {
  await using registry = await liar(({ reply }) => reply(200, ociManifest, MANIFEST));
  const wanted = digestOf("another manifest");
  expect((await refusal(repository(registry.host).manifest(wanted))).message).toBe(`manifest verification failed for digest ${wanted}`);
});

test("a manifest that is not what its header says is refused", async () => {
  await using registry = await liar(({ reply }) => reply(200, { ...ociManifest, "Docker-Content-Digest": digestOf("x") }, MANIFEST));
  expect((await refusal(repository(registry.host).manifest("one"))).message).toBe(`manifest verification failed for digest ${digestOf("x")}`);
});

test("a digest that is none is refused before anything is made of it", async () => {
  await using registry = await liar(({ reply }) => reply(200, { ...ociManifest, "Docker-Content-Digest": "sha256:../../etc/passwd", "Content-Length": "9" }, "123456789"));
  expect((await refusal(repository(registry.host).resolve("one"))).message).toBe('invalid digest "sha256:../../etc/passwd"');
});

test("a manifest of another type than it says is refused", async () => {
  const answers: Array<[Record<string, string>, string, string]> = [
    [{ "Content-Type": MEDIA.ociIndex }, MANIFEST, `the manifest says that it is "${MEDIA.ociManifest}", the registry that it is "${MEDIA.ociIndex}"`],
    [{ "Content-Type": "text/html" }, "{}", 'unsupported media type of the manifest: "text/html"'],
    [{ "Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws" }, "{}", 'unsupported media type of the manifest: "application/vnd.docker.distribution.manifest.v1+prettyjws"'],
    [ociManifest, "<html>", "the manifest is not JSON"],
    [ociManifest, "[]", "the manifest is not a JSON object"],
  ];
  for (const [headers, body, message] of answers) {
    await using registry = await liar(({ reply }) => reply(200, headers, body));
    expect((await refusal(repository(registry.host).manifest("one"))).message).toBe(message);
  }
});

test("a manifest larger than the limit is not read", async () => {
  const limit = `the manifest one is larger than ${4 * MiB} bytes, which is the limit`;
  await using stated = await liar(({ raw }) => raw(`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\nContent-Length: 99999999999\r\n\r\n`));
  expect((await refusal(repository(stated.host).manifest("one"))).message).toBe(limit);
  let poured = { sentBytes: 0 };
  await using endless = await liar(({ raw, socket }) => {
    raw(`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\n\r\n`);
    poured = pour(socket);
  });
  expect((await refusal(repository(endless.host).manifest("one"))).message).toBe(limit);
  expect(poured.sentBytes).toBeLessThan(64 * MiB);
});

test("a blob without end stops at its size", async () => {
  let poured = { sentBytes: 0 };
  await using registry = await liar(({ raw, socket }) => {
    raw("HTTP/1.1 200 OK\r\n\r\n");
    poured = pour(socket);
  });
  const blob = await repository(registry.host).blob(BLOB, { expectedSize: 100_000 });
  expect((await refusal(readAll(blob))).message).toMatch(new RegExp(`^the registry sends \\d+ bytes of blob ${BLOB}, which has 100000$`));
  expect(poured.sentBytes).toBeLessThan(64 * MiB);
});

test("a blob of another size than the manifest says is refused before it is read", async () => {
  await using registry = await liar(({ reply }) => reply(200, {}, "too long"));
  expect((await refusal(repository(registry.host).blob(BLOB, { expectedSize: 6 }))).message).toBe(`the registry sends 8 bytes of blob ${BLOB}, which has 6`);
});

test("a range that was not asked for is refused", async () => {
  await using registry = await liar(({ reply }) => reply(206, { "Content-Range": "bytes 9-9/10" }, "x"));
  expect((await refusal(repository(registry.host).blob(BLOB, { expectedSize: 10, offset: 5 }))).message).toBe(`the registry sends blob ${BLOB} from byte 9, asked for 5`);
});

test("a reader that takes its time holds the sender up, not the memory", async () => {
  let poured = { sentBytes: 0 };
  await using registry = await liar(({ raw, socket }) => {
    raw(`HTTP/1.1 200 OK\r\nContent-Length: ${256 * MiB}\r\n\r\n`);
    poured = pour(socket);
  });
  const blob = await repository(registry.host).blob(BLOB, { expectedSize: 256 * MiB });
  const chunks = blob[Symbol.asyncIterator]();
  await chunks.next();
  // Until the sender stands still.
  expect(await settled(() => poured.sentBytes)).toBeLessThan(64 * MiB);
  await chunks.return?.();
});

test("redirects in a circle end", async () => {
  await using registry = await liar(({ path, reply }) => reply(307, { Location: path }));
  const { host } = registry;
  expect((await refusal(repository(host).manifest("one"))).message).toBe(`Get "http://${host}/v2/team/web/manifests/one": stopped after 5 redirects`);
  expect(registry.lines.length).toBe(6);
});

test("redirects lead to http and https only", async () => {
  for (const location of ["file:///etc/passwd", "ftp://127.0.0.1/x", "unix:///run/hako.sock", "javascript:alert(1)", "http://"]) {
    await using registry = await liar(({ reply }) => reply(307, { Location: location }));
    expect((await refusal(repository(registry.host).blob(BLOB, { expectedSize: 6 }))).message).toContain(`redirected to ${JSON.stringify(location)}, which is neither http nor https`);
  }
});

test("credentials do not follow a redirect to another host, nor does what that one says come back", async () => {
  await using store = await scriptedRegistry(({ path, reply }) => (path.startsWith("/good") ? reply(200, {}, "a blob") : reply(403, {}, '{"errors":[{"code":"DENIED","message":"secrets of the metadata service"}]}')));
  let target = "/good?X-Amz-Signature=s3cret";
  await using registry = await scriptedRegistry(({ path, headers, reply }) => {
    if (!headers.has("authorization")) return reply(401, { "WWW-Authenticate": 'Basic realm="r"' });
    if (path === "/v2/") return reply(200);
    reply(307, { Location: `http://${store.host}${target}` });
  });
  const web = repository(registry.host, {}, { username: "anna", password: "geheim" });
  expect((await readAll(await web.blob(BLOB, { expectedSize: 6 }))).toString()).toBe("a blob");
  target = "/bad?X-Amz-Signature=s3cret";
  expect((await refusal(web.blob(BLOB, { expectedSize: 6 }))).message).toBe("received unexpected HTTP status: 403 Words");
  expect(store.requests.some(({ headers }) => headers.has("authorization"))).toBe(false);
});

test("a registry that refuses every proof is not asked for ever", async () => {
  const challenges = ['Basic realm="r"', 'Bearer realm="http://HOST/token",service="s"', "Bearer", "Digest x=y", "", ",,,,", `Basic ${"a=b,".repeat(1000)}`];
  for (const challenge of challenges) {
    await using registry = await scriptedRegistry(({ path, headers, reply }) => {
      if (path.startsWith("/token")) return reply(200, {}, '{"token":"t"}');
      reply(401, { "WWW-Authenticate": challenge.replace("HOST", headers.get("host") ?? "") });
    });
    await refusal(repository(registry.host, {}, { username: "anna", password: "geheim" }).manifest("one"));
    expect(registry.requests.length).toBeLessThan(8);
  }
});

test("tokens come from http and https only", async () => {
  for (const realm of ["file:///etc/passwd", "", "gopher://x", "/relative"]) {
    await using registry = await scriptedRegistry(({ reply }) => reply(401, { "WWW-Authenticate": `Bearer realm="${realm}",service="s"` }));
    expect((await refusal(repository(registry.host).manifest("one"))).message).toContain(`no usable place to get a token from: ${JSON.stringify(realm)}`);
  }
});

test("a token that would break out of its header is refused", async () => {
  await using registry = await scriptedRegistry(({ path, headers, reply }) => {
    if (path.startsWith("/token")) return reply(200, {}, JSON.stringify({ token: "t\r\nX-Injected: yes" }));
    reply(401, { "WWW-Authenticate": `Bearer realm="http://${headers.get("host")}/token",service="s"` });
  });
  expect((await refusal(repository(registry.host).manifest("one"))).message).toContain("authorization server did not include a token in the response");
});

test("headers without end are not read", async () => {
  let poured = { sentBytes: 0 };
  for (const head of ["HTTP/1.1 200 OK\r\nX-Long: ", "HTTP/1.1 200 OK\r\n", ""]) {
    await using registry = await liar(({ raw, socket }) => {
      raw(head);
      poured = pour(socket);
    });
    expect((await refusal(repository(registry.host).manifest("one"))).message).toContain("net/http: server response headers exceeded the limit; aborted");
    expect(poured.sentBytes).toBeLessThan(64 * MiB);
  }
  await using many = await liar(({ raw }) => raw(`HTTP/1.1 200 OK\r\n${"X: y\r\n".repeat(100_000)}`));
  expect((await refusal(repository(many.host).manifest("one"))).message).toContain("net/http: server response headers exceeded the limit; aborted");
});

test("what is not HTTP is named so", async () => {
  const answers: Array<[string, string]> = [
    ["SSH-2.0-OpenSSH\r\n\r\n", "net/http: malformed HTTP response"],
    ["HTTP/1.1 999999 x\r\n\r\n", "net/http: malformed HTTP response"],
    ["HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "net/http: malformed MIME header"],
    ["HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "net/http: bad Content-Length"],
    ["HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "net/http: bad Content-Length"],
    ["HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "net/http: unsupported transfer encoding"],
    [`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`, "malformed chunked encoding"],
    [`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}xx\r\n`, "malformed chunked encoding"],
  ];
  for (const [answer, message] of answers) {
    await using registry = await liar(({ raw }) => raw(answer));
    expect((await refusal(repository(registry.host).manifest("one"))).message).toContain(message);
  }
});

test("bytes after an answer are not taken for the next one", async () => {
  let asked = 0;
  await using registry = await liar(({ reply, raw }) => {
    asked += 1;
    reply(200, { ...ociManifest, "Docker-Content-Digest": digestOf(MANIFEST) }, MANIFEST);
    if (asked === 1) raw(`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\nContent-Length: 2\r\n\r\n{}`);
  });
  const web = repository(registry.host);
  expect((await web.manifest("one")).descriptor.digest).toBe(digestOf(MANIFEST));
  expect((await web.manifest("two")).descriptor.digest).toBe(digestOf(MANIFEST));
  expect(asked).toBe(2);
});

test("a registry that says nothing, or one byte at a time, is given up", async () => {
  const drip = (request: Request, text: string): void => {
    let at = 0;
    const timer = setInterval(() => (request.socket.destroyed ? clearInterval(timer) : request.raw(text.charAt(at++ % text.length))), 20);
  };
  const stalls: Array<[(request: Request) => unknown, RegExp]> = [
    [() => {}, /timeout awaiting response headers/],
    [(request) => drip(request, "HTTP/1.1 200 OK but very slowly"), /timeout awaiting response headers/],
    [({ raw }) => raw(`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\nContent-Length: 100\r\n\r\n{`), /the manifest one: read: i\/o timeout/],
    [
      (request) => {
        request.raw(`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA.ociManifest}\r\nContent-Length: 100000\r\n\r\n{`);
        drip(request, " ");
      },
      /the manifest one: read: less than 1000 bytes in /,
    ],
  ];
  for (const [answer, message] of stalls) {
    await using registry = await liar(answer);
    expect((await refusal(repository(registry.host, { limits: { ...QUICK, attempts: 1 } }).manifest("one"))).message).toMatch(message);
  }
});

test("a blob that drips is given up", async () => {
  await using registry = await liar(({ raw, socket }) => {
    raw("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    const timer = setInterval(() => (socket.destroyed ? clearInterval(timer) : raw("x")), 20);
  });
  const blob = await repository(registry.host, { limits: { ...QUICK, attempts: 1 } }).blob(BLOB, { expectedSize: 100_000 });
  expect((await refusal(readAll(blob))).message).toMatch(/^blob sha256:[0-9a-f]{64}: read: less than 1000 bytes in /);
});

test("what a registry says cannot drive a terminal", async () => {
  const evil = "\u001b[2J\u001b]0;owned\u0007\r\u009b31m\u202egnp\u0000";
  const answers: Array<(request: Request) => unknown> = [
    ({ reply }) => reply(404, {}, JSON.stringify({ errors: [{ code: `X${evil}`, message: evil }] })),
    ({ reply }) => reply(401, {}, JSON.stringify({ details: evil })),
    ({ reply }) => reply(403, {}, evil),
    ({ raw }) => raw(`HTTP/1.1 500 \u001b[2Jboom\r\nContent-Length: 0\r\n\r\n`),
    ({ reply }) => reply(307, { Location: "x:\u001b[2J" }),
    ({ reply }) => reply(403, { "WWW-Authenticate": `Bearer error="insufficient_scope",error_description="\u001b[2J"` }),
    ({ reply }) => reply(200, { "Content-Type": "x/\u001b[2J" }, "{}"),
    ({ reply }) => reply(200, { "Content-Type": MEDIA.ociManifest }, JSON.stringify({ mediaType: evil })),
  ];
  for (const answer of answers) {
    await using registry = await liar(answer);
    const { message } = await refusal(repository(registry.host, { limits: { ...QUICK, attempts: 1 } }).manifest("one"));
    // Errors may have several lines; every other control character is gone.
    expect(message.replaceAll("\n", "")).toMatch(/^[\P{C}]*$/u);
  }
});

test("a refusal that goes on for ever is cut short", async () => {
  let poured = { sentBytes: 0 };
  await using registry = await liar(({ raw, socket }) => {
    raw("HTTP/1.1 403 Forbidden\r\n\r\n");
    poured = pour(socket);
  });
  const error = await refusal(repository(registry.host).manifest("one"));
  expect(error).toBeInstanceOf(RegistryError);
  expect(error.message.length).toBeLessThan(4096);
  expect(poured.sentBytes).toBeLessThan(64 * MiB);
});

test("a list without end is refused", async () => {
  await using registry = await liar(({ raw, socket }) => {
    raw("HTTP/1.1 200 OK\r\n\r\n");
    pour(socket);
  });
  expect((await refusal(repository(registry.host).tags())).message).toBe(`the list at /v2/team/web/tags/list is larger than ${4 * MiB} bytes, which is the limit`);
});

test("referrers whose pages never end do", async () => {
  let page = 0;
  await using registry = await liar(({ reply }) => reply(200, { Link: `</v2/team/web/referrers/x?page=${++page}>; rel="next"` }, '{"manifests":[]}'));
  expect(await repository(registry.host).referrers(digestOf("subject"))).toEqual([]);
  expect(page).toBe(100);
});

test("an upload is sent nowhere that is not http or https", async () => {
  for (const location of ["file:///etc/passwd", undefined]) {
    await using registry = await liar(({ method, reply }) => (method === "HEAD" ? reply(404) : reply(202, location === undefined ? {} : { Location: location })));
    const upload = repository(registry.host).uploadBlob({ digest: BLOB, size: 6, open: async function* () { yield Buffer.from("a blob"); } });
    expect((await refusal(upload)).message).toBe(`the registry does not say where to send blob ${BLOB}`);
  }
});
