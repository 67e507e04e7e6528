/** Wrong requests get Docker's status and words; nothing half-made stays and the engine goes on. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

async function request(path: string, init: RequestInit = {}): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://localhost${path}`, { ...init, unix: engine.socket } as RequestInit);
  return { status: response.status, text: await response.text() };
}

const create = (body: unknown): Promise<{ status: number; text: string }> =>
  request("/v1.51/containers/create", { method: "POST", headers: { "Content-Type": "application/json" }, body: typeof body === "string" ? body : JSON.stringify(body) });

describe("the API", () => {
  test.each([
    ["/v1.99/containers/json", 400, "client version 1.99 is too new"],
    ["/v1.10/containers/json", 400, "client version 1.10 is too old"],
    ["/v1.51/nosuchroute", 404, "page not found"],
    ["/v1.51/containers/nosuch/json", 404, "No such container: nosuch"],
    ["/v1.51/images/nosuch/json", 404, "No such image: nosuch:latest"],
    ["/v1.51/exec/nosuch/json", 404, "No such exec instance: nosuch"],
    ["/v1.51/containers/json?filters=notjson", 400, ""],
    ["/v1.51/containers/json?filters=%7B%22nosuch%22%3A%5B%22x%22%5D%7D", 400, "invalid filter 'nosuch'"],
    ["/v1.51/containers/json?limit=abc", 400, ""],
  ])("GET %s is %d", async (path, status, words) => {
    const answer = await request(path);
    expect({ status: answer.status, text: answer.text }).toEqual({ status, text: expect.stringContaining(words) });
  });

  test("ids with slashes and dots name nothing", async () => {
    for (const id of ["..%2F..%2Fetc", "a%2Fb", "..", "%2e%2e"]) {
      const { status } = await request(`/v1.51/containers/${id}/json`, { redirect: "manual" });
      expect(status).toBeOneOf([301, 400, 404]);
    }
  });

  test.each([
    ["not JSON", "{"],
    ["an array", "[]"],
    ["a number", "1"],
    ["Cmd of a wrong type", { Image: BUSYBOX, Cmd: { a: 1 } }],
    ["Env of a wrong type", { Image: BUSYBOX, Env: [1, 2] }],
    ["Memory of a wrong type", { Image: BUSYBOX, HostConfig: { Memory: "much" } }],
    ["Binds of a wrong type", { Image: BUSYBOX, HostConfig: { Binds: "x" } }],
    ["a relative bind target", { Image: BUSYBOX, HostConfig: { Binds: ["/tmp:rel"] } }],
    ["a negative memory", { Image: BUSYBOX, HostConfig: { Memory: -5 } }],
    ["too little memory", { Image: BUSYBOX, HostConfig: { Memory: 1000 } }],
    ["an unknown capability", { Image: BUSYBOX, HostConfig: { CapAdd: ["NO_SUCH"] } }],
    ["an unknown signal", { Image: BUSYBOX, StopSignal: "SIGNOPE" }],
  ])("create with %s is a 4xx and makes nothing", async (_name, body) => {
    const { status, text } = await create(body);
    expect({ refused: status >= 400 && status < 500, status, text }).toEqual({ refused: true, status, text: expect.stringContaining("message") });
    expect(await engine.ok("ps", "-aq")).toBe("");
  });

  test("create ignores fields it does not know, and __proto__", async () => {
    const { status, text } = await create(`{"Image":"${BUSYBOX}","Cmd":["true"],"NoSuchField":{"deep":[1]},"__proto__":{"polluted":true},"HostConfig":{"__proto__":{"x":1}}}`);
    expect(status).toBe(201);
    await engine.ok("rm", (JSON.parse(text) as { Id: string }).Id);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });

  test("deep nesting and a large body are refused, not fatal", async () => {
    expect((await create(`${"[".repeat(200_000)}`)).status).toBeWithin(400, 500);
    expect((await create(`{"Image":"${BUSYBOX}","x":"${"y".repeat(64 << 20)}"}`)).status).toBeWithin(400, 500);
  });

  test("huge headers: 100 KB are taken, 10 MB are refused", async () => {
    expect((await request("/_ping", { headers: { "X-Registry-Auth": "a".repeat(100 << 10) } })).status).toBe(200);
    const refused = await request("/_ping", { headers: { "X-Registry-Auth": "a".repeat(10 << 20) } }).then((answer) => answer.status, () => 431);
    expect(refused).toBeWithin(400, 500);
  });

  test("the engine goes on", async () => {
    expect((await request("/_ping")).text).toBe("OK");
    expect(await engine.ok("run", "--rm", BUSYBOX, "echo", "on")).toBe("on");
  });
});

describe("the command line", () => {
  test.each([
    [["nosuchcommand"], 1, "nosuchcommand"],
    [["run"], 1, "requires at least 1 argument"],
    [["inspect", "nosuch"], 1, "No such object: nosuch"],
    [["rm", "nosuch"], 1, "No such container: nosuch"],
    [["run", "--name", "in/valid", BUSYBOX, "true"], 125, "Invalid container name (in/valid)"],
    [["run", "-v", "a:b:c:d", BUSYBOX, "true"], 125, "invalid"],
    [["run", "-e", "=x", BUSYBOX], 125, "invalid environment variable: =x"],
    [["run", "-m", "abc", BUSYBOX], 125, "invalid"],
    [["run", "--rm", "--network", "nosuch", BUSYBOX, "true"], 125, "network nosuch not found"],
    [["run", "Upper/Case", "true"], 125, "must be lowercase"],
  ])("hako %p", async (args, code, words) => {
    const result = await engine.hako(...args);
    expect({ code: result.code, stderr: result.stderr }).toEqual({ code, stderr: expect.stringContaining(words) });
  });

  test("failed runs leave no container", async () => {
    expect(await engine.ok("ps", "-aq")).toBe("");
  });
});

describe("archives", () => {
  const ingest = (): string[] => readdirSync(join(engine.dataRoot, "content", "ingest"));

  test.each([
    ["garbage", "this is no archive at all"],
    ["an empty file", ""],
    ["a truncated tar", "x".repeat(100).padEnd(300, "\0")],
  ])("load of %s fails with a sentence", async (name, text) => {
    const path = join(engine.runRoot, `bad-${name.replaceAll(" ", "-")}.tar`);
    writeFileSync(path, text);
    const before = await engine.ok("images", "-q");
    const { code, stderr } = await engine.hako("load", "-i", path);
    expect(code).toBe(1);
    expect(stderr.length).toBeGreaterThan(10);
    expect(await engine.ok("images", "-q")).toBe(before);
    expect(ingest()).toEqual([]);
  });

  test("import of garbage fails and leaves nothing", async () => {
    const path = join(engine.runRoot, "garbage.tar");
    writeFileSync(path, "garbage".repeat(1000));
    const before = await engine.ok("images", "-q");
    expect((await engine.hako("import", path, "garbage:x")).code).toBe(1);
    expect(await engine.ok("images", "-q")).toBe(before);
    expect(ingest()).toEqual([]);
  });

  test("import of a missing file", async () => {
    const { code, stderr } = await engine.hako("import", "/no/such/file.tar", "x:y");
    expect(code).toBe(1);
    expect(stderr).toContain("/no/such/file.tar");
  });
});
