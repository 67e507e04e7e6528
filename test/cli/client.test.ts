import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { ApiError, Client, ConnectError, FrameReader, ownSession, parseEndpoint, readText } from "../../src/client/mod.ts";
import { scratchFolder } from "../scratch.ts";

/** A server that answers each request by a script, byte for byte. */
type Script = (socket: Socket, request: string) => void;

const folder = scratchFolder();
const path = join(folder, "s");
let script: Script = () => undefined;
let connections = 0;
let server: Server;

beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    connections++;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      if (chunk.includes("HTTP/1.1\r\n")) script(socket, chunk.toString());
    });
  });
  await new Promise<void>((listening) => server.listen(path, listening));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const client = () => new Client({ kind: "unix", path });
const json = (body: string, status = "200 OK") => `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

describe("Client", () => {
  test("uses one connection for requests that follow each other", async () => {
    const before = connections;
    script = (socket) => socket.write(json('{"a":1}'));
    const one = client();
    for (let round = 0; round < 3; round++) expect(await one.json<{ a: number }>("GET", "/x")).toEqual({ a: 1 });
    expect(connections - before).toBe(1);
    one.close();
  });

  test("reads chunks however they are cut", async () => {
    script = (socket) => {
      const bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nTrailer: x\r\n\r\n";
      let at = 0;
      const timer = setInterval(() => (at < bytes.length ? socket.write(bytes.slice(at, (at += 7))) : clearInterval(timer)), 1);
    };
    const one = client();
    expect(await readText((await one.request("GET", "/x")).body)).toBe("hello, world");
    script = (socket) => socket.write(json("1"));
    expect(await one.json<number>("GET", "/y")).toBe(1);
    one.close();
  });

  test("makes errors of the engine's sentences", async () => {
    script = (socket) => socket.write(json('{"message":"No such container: x"}', "404 Not Found"));
    const failure = await client().send("GET", "/x").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status: 404, message: "Error response from daemon: No such container: x" });
  });

  test("speaks an older version to an engine that refuses ours", async () => {
    const asked: string[] = [];
    script = (socket, request) => {
      asked.push(request.split(" ")[1] ?? "");
      socket.write(request.includes("/v1.51/") ? json('{"message":"client version 1.51 is too new. Maximum supported API version is 1.43"}', "400 Bad Request") : json("1"));
    };
    expect(await client().json<number>("GET", "/x")).toBe(1);
    (await client().hijack("/y", { json: {} })).connection.close();
    expect(asked).toEqual(["/v1.51/x", "/v1.43/x", "/v1.51/y", "/v1.43/y"]);
  });

  test("has no session of our own where the engine, or a proxy before it, knows none", async () => {
    for (const status of ["403 Forbidden", "404 Not Found", "405 Method Not Allowed"]) {
      script = (socket) => socket.write(json("<html>no</html>", status));
      expect(await ownSession(client(), "/containers/x/run", {})).toBeUndefined();
    }
    script = (socket) => socket.write(json('{"message":"No such container: x"}', "404 Not Found"));
    expect(await ownSession(client(), "/containers/x/run", {}).catch((error: unknown) => error)).toBeInstanceOf(ApiError);
  });

  test("tries again when a kept connection was closed meanwhile", async () => {
    let served = 0;
    script = (socket) => {
      if (served++ === 1) return void socket.destroy();
      socket.write(json("1"));
    };
    const one = client();
    await one.json("GET", "/x");
    expect(await one.json<number>("GET", "/x")).toBe(1);
    one.close();
  });

  test("says when the answer is cut short", async () => {
    script = (socket) => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    expect(client().json("GET", "/x")).rejects.toThrow("the connection to the engine was lost while reading its answer");
  });

  test("hijacks: bytes behind the head count, a half-close leaves the other direction open", async () => {
    script = (socket) => {
      socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nfirst,");
      let received = "";
      socket.on("data", (chunk: Buffer) => (received += chunk.includes("HTTP/1.1") ? "" : chunk.toString()));
      socket.on("end", () => socket.end(received.toUpperCase()));
    };
    const { connection } = await client().hijack("/attach");
    await connection.write("typed");
    connection.endWriting();
    let text = "";
    for (let chunk = await connection.read(); chunk; chunk = await connection.read()) text += Buffer.from(chunk).toString();
    expect(text).toBe("first,TYPED");
  });

  test("sends a large body whole and reads a large answer whole", async () => {
    const sizeBytes = 8 << 20;
    script = (socket) => {
      let left = -1;
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${sizeBytes}\r\n\r\n`);
      socket.write(Buffer.alloc(sizeBytes, 1), () => (left = 0));
      void left;
    };
    async function* body() {
      for (let sent = 0; sent < sizeBytes; sent += 1 << 20) yield new Uint8Array(1 << 20);
    }
    const answer = await client().request("POST", "/load", { body: body() });
    let received = 0;
    for await (const piece of answer.body) received += piece.length;
    expect(received).toBe(sizeBytes);
  });

  test("starts the engine once when nobody listens", async () => {
    let starts = 0;
    const lonely = new Client({ kind: "unix", path: join(folder, "nobody") }, async () => void starts++);
    expect(await lonely.send("GET", "/x").catch((error: unknown) => error)).toBeInstanceOf(ConnectError);
    await lonely.send("GET", "/x").catch(() => undefined);
    expect(starts).toBe(1);
  });
});

test("parseEndpoint() reads sockets and addresses", () => {
  expect(parseEndpoint("unix:///a/b")).toEqual({ kind: "unix", path: "/a/b" });
  expect(parseEndpoint("tcp://[::1]:99")).toEqual({ kind: "tcp", hostname: "::1", port: 99 });
  expect(parseEndpoint("tcp://host")).toEqual({ kind: "tcp", hostname: "host", port: 2375 });
  expect(parseEndpoint("host:99")).toEqual({ kind: "tcp", hostname: "host", port: 99 });
  expect(parseEndpoint("tcp://host", { verify: true })).toEqual({ kind: "tcp", hostname: "host", port: 2376, tls: { verify: true } });
  expect(parseEndpoint("ssh://me@host:22/run/x.sock")).toEqual({ kind: "ssh", hostname: "host", user: "me", port: 22, path: "/run/x.sock" });
  for (const bad of ["http://a", "foo://a", "tcp://h:99999", "ssh://", "ssh://me:pw@host", "ssh://-oProxyCommand=x", "ssh://h?x"]) expect(() => parseEndpoint(bad)).toThrow();
});

test("FrameReader finds frames over any cut", () => {
  const wire = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 3, 97, 98, 99, 2, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 120);
  for (let cut = 0; cut <= wire.length; cut++) {
    const reader = new FrameReader();
    const frames = [...reader.push(wire.slice(0, cut)), ...reader.push(wire.slice(cut))];
    const text = (stream: number) => frames.filter((frame) => frame.stream === stream).map(({ payload }) => Buffer.from(payload).toString()).join("");
    expect([text(1), text(2)]).toEqual(["abc", "x"]);
  }
});
