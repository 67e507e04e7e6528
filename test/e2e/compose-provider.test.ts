import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUSYBOX, HAKO, Live, startEngine, type TestEngine } from "../harness.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = mkdtempSync(join(tmpdir(), "hako-provider-"));
  writeFileSync(join(folder, "docker-cloud"), `#!/bin/sh
echo "$@" >>"${join(folder, "calls")}"
echo '{"type":"info","message":"reserving"}'
[ "$3" = up ] && echo '{"type":"setenv","message":"URL=db://there?a=b"}'
[ -e "${join(folder, "broken")}" ] && echo '{"type":"error","message":"no more databases"}' && exit 1
exit 0
`);
  chmodSync(join(folder, "docker-cloud"), 0o755);
  writeFileSync(join(folder, "compose.yaml"), `
name: app
services:
  database: { provider: { type: cloud, options: { size: 2, kind: [a, b] } } }
  web: { image: ${BUSYBOX}, command: sleep 100, init: true, depends_on: [database] }
`);
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

async function compose(...args: string[]): Promise<{ code: number; output: string }> {
  using live = Live.spawn([HAKO, "-H", engine.host, "compose", "-f", join(folder, "compose.yaml"), ...args], { PATH: `${folder}:${process.env["PATH"] ?? ""}` });
  const code = await live.exited;
  return { code, output: live.output };
}

test("a provider makes its service, tells those who depend on it, and takes it down", async () => {
  const { code, output } = await compose("up", "-d");
  expect(output).toContain(" database  reserving\n");
  expect(code).toBe(0);
  expect(await engine.ok("exec", "app-web-1", "sh", "-c", "echo $DATABASE_URL")).toBe("db://there?a=b");
  const id = await engine.ok("inspect", "--format", "{{.Id}}", "app-web-1");
  expect((await compose("up", "-d")).code).toBe(0);
  expect(await engine.ok("inspect", "--format", "{{.Id}}", "app-web-1")).toBe(id);
  expect((await compose("run", "--rm", "-T", "web", "sh", "-c", "echo $DATABASE_URL")).output).toContain("db://there?a=b");
  expect((await compose("down", "-t", "0")).code).toBe(0);
  const calls = readFileSync(join(folder, "calls"), "utf8").trim().split("\n");
  expect(calls[0]).toBe("compose --project-name=app up --size=2 --kind=a --kind=b database");
  expect(calls.at(-1)).toBe("compose --project-name=app down --size=2 --kind=a --kind=b database");
});

test("what a provider cannot do fails the command in its words", async () => {
  writeFileSync(join(folder, "broken"), "");
  expect(await compose("up", "-d")).toMatchObject({ code: 1, output: expect.stringContaining("no more databases") });
  rmSync(join(folder, "broken"));
  rmSync(join(folder, "docker-cloud"));
  expect(await compose("up", "-d")).toMatchObject({ code: 1, output: expect.stringContaining('required plugin "cloud" not found') });
});
