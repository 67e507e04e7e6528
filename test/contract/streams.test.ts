/** Connections that stop being HTTP, and answers that take their time. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { call, formatRequest, parseAnswer, Wire, type Request } from "./wire.ts";
import { startFake, type RunningFake } from "./running-fake.ts";
import { settled, until } from "../until.ts";

const UPGRADE = { Connection: "Upgrade", Upgrade: "tcp" };
const JSON_BODY = { "Content-Type": "application/json" };
const frame = (text: string): string => `\x01\0\0\0\0\0\0${String.fromCharCode(text.length)}${text}`;
const headOf = (received: string): string => received.slice(0, received.indexOf("\r\n\r\n") + 4);
const afterHead = (received: string): string => received.slice(received.indexOf("\r\n\r\n") + 4);

let fake: RunningFake;
beforeEach(async () => {
  fake = await startFake();
});
afterEach(async () => fake[Symbol.asyncDispose]());

const attach = (id: string, headers: Record<string, string> = UPGRADE, version = ""): Request => ({ method: "POST", target: `${version}/containers/${id}/attach?stream=1&stdin=1&stdout=1`, headers });
const startExec = (headers: Record<string, string> = UPGRADE, body = "{}"): Request => ({ method: "POST", target: "/exec/e-web/start", headers: { ...JSON_BODY, ...headers }, body });

async function open(request: Request): Promise<Wire> {
  const wire = await Wire.open(fake.socket);
  wire.send(formatRequest(request));
  return wire;
}

describe("the head of a hijacked connection", () => {
  const upgraded = (type: string): string => `HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.${type}-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
  const cases: [string, () => Request, string][] = [
    ["is 101 with frames", () => attach("web"), upgraded("multiplexed")],
    ["names a terminal's stream raw", () => attach("term"), upgraded("raw")],
    ["names frames raw before version 1.42", () => attach("web", UPGRADE, "/v1.41"), upgraded("raw")],
    ["is 101 for an exec", () => startExec(), upgraded("multiplexed")],
    ["is 200 without Upgrade", () => attach("web", {}), "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"],
    ["is 200 for an exec without Upgrade", () => startExec({}), "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n"],
    ["is 101 for Upgrade without Connection", () => attach("web", { Upgrade: "tcp" }), upgraded("multiplexed")],
  ];
  for (const [name, request, head] of cases)
    test(name, async () => {
      using wire = await open(request());
      expect(headOf(await wire.until((text) => text.includes("\r\n\r\n")))).toBe(head);
    });
});

describe("a hijacked connection", () => {
  const kinds: [string, () => Request][] = [
    ["upgraded", () => attach("web")],
    ["without Upgrade", () => attach("web", {})],
    ["exec, upgraded", () => startExec()],
    ["exec, without Upgrade", () => startExec({})],
  ];
  for (const [name, request] of kinds) {
    test(`${name}: the end of the client's input does not end the output`, async () => {
      using wire = await open(request());
      await wire.until((text) => text.includes("\r\n\r\n"));
      wire.send("hello");
      await wire.until((text) => text.endsWith(frame("hello")));
      wire.endInput();
      expect(afterHead(await wire.untilEnd())).toBe(frame("hello") + frame("bye"));
    });

    test(`${name}: input sent together with the request is not lost`, async () => {
      using wire = await Wire.open(fake.socket);
      wire.send(`${formatRequest(request())}DELETE everything`);
      await wire.until((text) => text.includes("everything"));
      wire.endInput();
      expect(afterHead(await wire.untilEnd())).toBe(frame("DELETE everything") + frame("bye"));
    });
  }

  test("takes a body that comes in pieces", async () => {
    using wire = await Wire.open(fake.socket);
    for (const piece of formatRequest(startExec(UPGRADE, '{"Tty": false}')).match(/[\s\S]{1,20}/g) ?? []) {
      wire.send(piece);
      await Bun.sleep(2);
    }
    wire.send("x");
    expect(await wire.until((text) => text.endsWith(frame("x")))).toStartWith("HTTP/1.1 101 UPGRADED");
  });

  test("takes a body in chunks", async () => {
    for (const headers of [UPGRADE, {}]) {
      using wire = await Wire.open(fake.socket);
      wire.send(`${formatRequest({ ...startExec({ ...headers, "Transfer-Encoding": "chunked" }), body: undefined })}2\r\n{}\r\n0\r\n\r\n`);
      await wire.until((text) => text.includes("\r\n\r\n"));
      wire.send("x");
      await wire.until((text) => text.endsWith(frame("x")));
    }
  });

  test("a body above the limit is refused", async () => {
    for (const headers of [UPGRADE, {}]) {
      using wire = await Wire.open(fake.socket);
      wire.send(`${formatRequest({ method: "POST", target: "/exec/e-web/start", headers: { ...JSON_BODY, ...headers, "Content-Length": String(17 << 20) } })}`);
      if (headers !== UPGRADE) wire.send(Buffer.alloc(17 << 20, "x"));
      expect(parseAnswer(await wire.until((text) => text.includes("}\n"))).status).toBe(413);
    }
  });

  test("works after other requests on the same connection", async () => {
    for (const headers of [UPGRADE, {}]) {
      using wire = await Wire.open(fake.socket);
      wire.send(formatRequest({ method: "GET", target: "/_ping" }));
      await wire.until((text) => text.endsWith("OK"));
      wire.send(formatRequest(startExec(headers as Record<string, string>)));
      await wire.until((text) => text.endsWith("-stream\r\n\r\n") || text.endsWith("Upgrade: tcp\r\n\r\n"));
      wire.send("x");
      await wire.until((text) => text.endsWith(frame("x")));
    }
  });

  test("passes a megabyte both ways", async () => {
    using wire = await open(attach("term"));
    await wire.until((text) => text.includes("\r\n\r\n"));
    const bytes = Buffer.alloc(1 << 20, "0123456789abcdef");
    wire.send(bytes);
    wire.endInput();
    const echoed = afterHead(await wire.untilEnd());
    expect(echoed.length).toBe(bytes.length + 3);
    expect(echoed.endsWith("bye")).toBe(true);
  });

  test("a refusal is an ordinary answer, and the end", async () => {
    for (const request of [attach("nope"), attach("nope", {}), startExec(UPGRADE, '{"Tty": 1}'), startExec({}, "{")]) {
      using wire = await open(request);
      const answer = parseAnswer(await wire.untilEnd());
      expect(answer.status).toBe(request.target.includes("nope") ? 404 : 400);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(JSON.parse(answer.text)).toHaveProperty("message");
    }
  });

  test("a detached exec answers 200 without a body", async () => {
    const answer = await call(fake.socket, { method: "POST", target: "/exec/e-detached/start", headers: JSON_BODY, body: '{"Detach": true}' });
    expect([answer.status, answer.text]).toEqual([200, ""]);
  });

  test("a session that breaks is reported and ends the connection, not the engine", async () => {
    fake.probe.failSession = true;
    for (const request of [attach("web"), attach("web", {})]) {
      using wire = await open(request);
      await wire.until((text) => text.includes("\r\n\r\n"));
      wire.send("x");
      await wire.untilEnd();
    }
    expect(fake.reports).toHaveLength(2);
    expect((await call(fake.socket, { method: "GET", target: "/_ping" })).status).toBe(200);
  });

  test("does not disturb others, whatever flows through it", async () => {
    for (const headers of [UPGRADE, {}]) {
      using wire = await open(attach("term", headers));
      await wire.until((text) => text.includes("\r\n\r\n"));
      for (let i = 1; i <= 20; i++) {
        const other = await Wire.open(fake.socket);
        wire.send(formatRequest({ method: "GET", target: `/v1.51/info?${i}` }));
        other.send("GET /_ping HTTP/1.1\r\nHost: ");
        await wire.until((text) => text.includes(`/info?${i} HTTP`));
        other.send("test\r\nConnection: close\r\n\r\n");
        expect(parseAnswer(await other.untilEnd()).text).toBe("OK");
      }
    }
  });

  test("waits for a client that does not read, and ends with it", async () => {
    for (const headers of [UPGRADE, {}]) {
      const before = fake.probe.aborted;
      const wire = await Wire.open(fake.socket);
      wire.pause();
      wire.send(formatRequest(attach("flood", headers)));
      await until(() => fake.probe.floodBytes > 0);
      expect(await settled(() => fake.probe.floodBytes)).toBeLessThan(8 << 20);
      wire.abort();
      await until(() => fake.probe.aborted === before + 1);
      fake.probe.floodBytes = 0;
    }
  });

  test("takes no more input than a bound while nobody reads it", async () => {
    using wire = await open(attach("flood"));
    await wire.until((text) => text.includes("\r\n\r\n"));
    wire.pause();
    wire.send(Buffer.alloc(32 << 20));
    await Bun.sleep(300);
    expect(wire.untaken).toBeGreaterThan(24 << 20);
  });

  test("a client that resets is no failure", async () => {
    for (const request of [attach("web"), attach("web", {}), startExec()]) {
      const wire = await open(request);
      await wire.until((text) => text.includes("\r\n\r\n"));
      wire.abort();
    }
    await Bun.sleep(50);
    expect((await call(fake.socket, { method: "GET", target: "/_ping" })).status).toBe(200);
  });
});

describe("an answer that takes its time", () => {
  test("wait sends its head at once and the code when the container ends", async () => {
    using wire = await open({ method: "POST", target: "/containers/web/wait", headers: { Connection: "close" } });
    expect(await wire.until((text) => text.includes("\r\n\r\n"))).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(wire.received).not.toContain("StatusCode");
    fake.probe.exit(3);
    expect(JSON.parse(parseAnswer(await wire.untilEnd()).text)).toEqual({ StatusCode: 3 });
  });

  test("wait ends when its client leaves", async () => {
    const wire = await open({ method: "POST", target: "/containers/web/wait" });
    await wire.until((text) => text.includes("\r\n\r\n"));
    wire.abort();
    await Bun.sleep(50);
    fake.probe.exit(0);
    expect(fake.reports).toEqual([]);
  });

  test("events come one line at a time, and end with the client", async () => {
    const wire = await open({ method: "GET", target: "/events" });
    await wire.until((text) => text.includes('"Type":"container","Action":"create"}\n'));
    wire.abort();
    await until(() => fake.probe.aborted === 1);
  });

  test("logs name their type by version and terminal", async () => {
    const type = async (target: string): Promise<string | undefined> => (await call(fake.socket, { method: "GET", target })).headers.get("content-type");
    expect(await type("/containers/web/logs?stdout=1")).toBe("application/vnd.docker.multiplexed-stream");
    expect(await type("/v1.41/containers/web/logs?stdout=1")).toBe("application/vnd.docker.raw-stream");
    expect(await type("/containers/term/logs?stdout=1")).toBe("application/vnd.docker.raw-stream");
  });

  test("followed logs end when their client leaves", async () => {
    const wire = await open({ method: "GET", target: "/containers/web/logs?stdout=1&follow=1" });
    await wire.until((text) => text.includes("first line"));
    wire.abort();
    await until(() => fake.probe.aborted === 1);
  });

  test("a reader that stalls is waited for, and gone when it leaves", async () => {
    const wire = await Wire.open(fake.socket);
    wire.pause();
    wire.send(formatRequest({ method: "GET", target: "/containers/flood/logs?stdout=1&follow=1" }));
    await Bun.sleep(200);
    const before = process.memoryUsage().rss;
    await Bun.sleep(300);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
    wire.abort();
    await until(() => fake.probe.aborted === 1);
  });
});

describe("a body that is streamed", () => {
  const load = (body: string): Promise<ReturnType<typeof parseAnswer>> => call(fake.socket, { method: "POST", target: "/images/load", headers: { "Content-Type": "application/x-tar" }, body });

  test("load answers with progress", async () => {
    const answer = await load("tar of ten");
    expect([answer.status, answer.text]).toEqual([200, '{"stream":"10 bytes\\n"}\n']);
  });

  test("a failure before the first message is an ordinary refusal", async () => {
    const answer = await load("!");
    expect([answer.status, JSON.parse(answer.text)]).toEqual([400, { message: "not an archive" }]);
  });

  test("a failure later is the last line", async () => {
    const answer = await load("tar");
    expect(answer.text.trim().split("\n").map((line) => JSON.parse(line) as unknown)).toEqual([
      { stream: "3 bytes\n" },
      { errorDetail: { message: "unexpected EOF" }, error: "unexpected EOF" },
    ]);
  });

  test("chunks are taken too", async () => {
    using wire = await Wire.open(fake.socket);
    wire.send("POST /images/create?fromSrc=-&repo=x HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nabcde\r\n0\r\n\r\n");
    expect(parseAnswer(await wire.untilEnd()).text).toBe('{"stream":"5 bytes\\n"}\n');
  });
});

describe("a connection", () => {
  test("serves many requests one after another", async () => {
    using wire = await Wire.open(fake.socket);
    for (let i = 1; i <= 50; i++) {
      wire.send(formatRequest({ method: "POST", target: "/containers/term/start" }));
      await wire.until((text) => text.split("HTTP/1.1 204").length - 1 === i);
    }
  });

  test("is answered with 431 above a megabyte of headers, 400 for what is no HTTP", async () => {
    expect((await call(fake.socket, { method: "GET", target: "/_ping", headers: { X: "a".repeat(2 << 20) } })).status).toBe(431);
    using wire = await Wire.open(fake.socket);
    wire.send("what?\r\n\r\n");
    expect(parseAnswer(await wire.untilEnd()).status).toBe(400);
  });

  test("a body larger than the limit is refused", async () => {
    const answer = await call(fake.socket, { method: "POST", target: "/containers/create", headers: JSON_BODY, body: JSON.stringify({ Image: "a".repeat(17 << 20) }) });
    expect(answer.status).toBe(413);
  });

  test("that is cut in the middle of a body harms nothing", async () => {
    const wire = await Wire.open(fake.socket);
    wire.send("POST /containers/create HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    await Bun.sleep(20);
    wire.abort();
    const upgrading = await Wire.open(fake.socket);
    upgrading.send("POST /exec/e-web/start HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
    await Bun.sleep(20);
    upgrading.abort();
    await Bun.sleep(20);
    expect((await call(fake.socket, { method: "GET", target: "/_ping" })).status).toBe(200);
  });
});
