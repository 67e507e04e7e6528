import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Socket } from "node:net";
import { join } from "node:path";
import { scratchFolder } from "../scratch.ts";

/** The command line against an engine of a few lines: what it asks in which order, and its exit codes. */
const folder = scratchFolder();
const socketPath = join(folder, "s");
const ID = "a".repeat(64);
const MAIN = join(import.meta.dir, "../../src/cli/main.ts");

let server: Server;
let asked: string[] = [];
let startFailure: string | undefined;
let exitCode = 0;
let output: Buffer = Buffer.alloc(0);
let killed: (() => void) | undefined;
let attached: Socket | undefined;
let finish: (() => void) | undefined;
/** It knows the requests that are ours alone. */
let own = false;

const frame = (stream: number, text: string): Buffer => {
  const head = Buffer.from([stream, 0, 0, 0, 0, 0, 0, 0]);
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
};

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(nameOf(request));
    const answer = (status: number, body?: unknown) => response.writeHead(status, { "Content-Type": "application/json" }).end(body === undefined ? undefined : JSON.stringify(body));
    if (request.url?.includes("/create")) return void (request.url.includes("name=taken") ? answer(409, { message: "Conflict." }) : answer(201, { Id: ID, Warnings: ["careful"] }));
    if (request.url?.includes("/wait")) {
      response.writeHead(200, { "Content-Type": "application/json" }).flushHeaders();
      finish = () => void response.end(JSON.stringify({ StatusCode: exitCode }));
      return;
    }
    if (request.url?.includes("/kill")) {
      answer(204);
      return void killed?.();
    }
    if (request.url?.includes("/start")) {
      if (startFailure !== undefined) return void answer(400, { message: startFailure });
      answer(204);
      if (killed) return;
      attached?.end(output);
      return void finish?.();
    }
    answer(404, { message: "page not found" });
  });
  server.on("upgrade", (request, socket) => {
    asked.push(nameOf(request));
    attached = socket as Socket;
    socket.on("error", () => undefined);
    const isOwn = request.url?.includes("/hako/") ?? false;
    if (isOwn && !own) return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 29\r\nConnection: close\r\n\r\n{"message":"page not found"}\n');
    socket.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
    if (isOwn) socket.end(output);
  });
  await new Promise<void>((listening) => server.listen(socketPath, listening));
});

afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

const nameOf = (request: IncomingMessage): string => `${request.method ?? ""} ${(request.url ?? "").replace(/^\/v[\d.]+/, "").replace(ID, "ID")}`;

async function hako(words: readonly string[], during?: (pid: number) => void): Promise<{ code: number; stdout: string; stderr: string }> {
  asked = [];
  const child = Bun.spawn([process.execPath, MAIN, ...words], { env: { ...process.env, HAKO_HOST: `unix://${socketPath}` }, stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  during?.(child.pid);
  const [stdout, stderr, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, stdout, stderr };
}

describe("hako run", () => {
  test("of our own engine asks twice: the last frame has the container's code, or why it was not started", async () => {
    own = true;
    const outcomes = [
      [{ StatusCode: 42 }, 42, "out\n", "err\n"],
      [{ status: 400, message: "exec: permission denied" }, 126, "out\n", "err\nhako: Error response from daemon: exec: permission denied\n\nRun 'hako run --help' for more information\n"],
    ] as const;
    for (const [outcome, code, stdout, stderr] of outcomes) {
      output = Buffer.concat([frame(1, "out\n"), frame(2, "err\n"), frame(4, JSON.stringify(outcome))]);
      expect(await hako(["run", "--rm", "img", "x"])).toEqual({ code, stdout, stderr: `WARNING: careful\n${stderr}` });
      expect(asked).toEqual(["POST /containers/create", "POST /hako/containers/ID/run?stdout=1&stderr=1&condition=removed"]);
    }
    const whole = Buffer.concat([frame(1, "out\n"), frame(4, JSON.stringify({ StatusCode: 0 }))]);
    for (const cut of [frame(1, "out\n"), whole.subarray(0, -3)]) {
      output = cut;
      expect(await hako(["run", "img", "x"])).toMatchObject({ code: 125, stderr: expect.stringContaining("the connection to the engine was lost while waiting for the end") as string });
    }
    output = Buffer.alloc(0);
    own = false;
  });

  test("creates, attaches, waits, starts; ends with the container's code", async () => {
    exitCode = 42;
    output = Buffer.concat([frame(1, "out\n"), frame(2, "err\n")]);
    expect(await hako(["run", "--rm", "img", "x"])).toEqual({ code: 42, stdout: "out\n", stderr: "WARNING: careful\nerr\n" });
    expect(asked[0]).toBe("POST /containers/create");
    expect(asked.slice(2, 4).toSorted()).toEqual(["POST /containers/ID/attach?stream=1&stdout=1&stderr=1", "POST /containers/ID/wait?condition=removed"]);
    expect(asked[4]).toBe("POST /containers/ID/start");
    output = Buffer.alloc(0);
    exitCode = 0;
  });

  test("ends with 127, 126 or 125 when the container does not start", async () => {
    for (const [sentence, code] of [['exec: "x": executable file not found in $PATH', 127], ["exec: permission denied", 126], ["no", 125]] as const) {
      startFailure = sentence;
      const result = await hako(["run", "img"]);
      expect(result.code).toBe(code);
      expect(result.stderr).toEndWith(`hako: Error response from daemon: ${sentence}\n\nRun 'hako run --help' for more information\n`);
    }
    startFailure = undefined;
    expect((await hako(["run", "--name", "taken", "img"])).code).toBe(125);
    expect((await hako(["run", "--nope", "img"])).code).toBe(125);
    expect((await hako(["run", "-it", "img"])).stderr).toBe("the input device is not a TTY\n");
  });

  test("prints the id when detached and writes the cid file", async () => {
    const cid = join(folder, "cid");
    expect(await hako(["run", "-d", "--cidfile", cid, "img"])).toEqual({ code: 0, stdout: `${ID}\n`, stderr: "WARNING: careful\n" });
    expect(readFileSync(cid, "utf8")).toBe(ID);
    expect((await hako(["run", "-d", "--cidfile", cid, "img"])).stderr).toStartWith("hako: container ID file found, make sure the other container isn't running or delete");
  });

  test("passes signals on and waits for the end they bring", async () => {
    exitCode = 143;
    const killArrived = Promise.withResolvers<void>();
    killed = () => {
      killArrived.resolve();
      attached?.end();
      finish?.();
    };
    const sendWhenStarted = (pid: number) => {
      const timer = setInterval(() => {
        if (!asked.some((name) => name.endsWith("/start"))) return;
        clearInterval(timer);
        process.kill(pid, "SIGTERM");
      }, 5);
    };
    const result = await hako(["run", "img"], sendWhenStarted);
    await killArrived.promise;
    expect(asked).toContain("POST /containers/ID/kill?signal=TERM");
    expect(result.code).toBe(143);
    killed = undefined;
    exitCode = 0;
  });
});

test("a reader that has gone ends the command as SIGPIPE would", async () => {
  const child = Bun.spawn(["sh", "-c", `"$0" "$1" --help | true; "$0" "$1" run --help >/dev/null`, process.execPath, MAIN], { stdout: "ignore", stderr: "pipe" });
  expect(await child.exited).toBe(0);
  expect(await new Response(child.stderr).text()).toBe("");
});

test("help has docker's layout", async () => {
  const { stdout, code } = await hako(["rm", "--help"]);
  expect(code).toBe(0);
  expect(stdout).toStartWith("Usage:  hako rm [OPTIONS] CONTAINER [CONTAINER...]\n\nRemove containers\n\nAliases:\n  hako container rm, hako container remove, hako rm\n\nOptions:\n  -f, --force     Remove");
});

test("an engine that is not there is one sentence", async () => {
  const result = await hako(["-H", "unix:///nowhere/s", "ps"]);
  expect([result.code, result.stdout]).toEqual([1, ""]);
  expect(result.stderr).toBe("Cannot connect to the hako engine at unix:///nowhere/s. Is it running? Start it with `hako daemon` as root, or name another with -H or DOCKER_HOST.\n");
});
