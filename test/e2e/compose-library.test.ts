/** `hakobune/compose` as a test of somebody's application uses it. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ComposeError, down, loadProject, up, upWithProgress, type Project, type ProgressEvent } from "hakobune/compose";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

setDefaultTimeout(120_000);

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = scratchFolder();
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

const SHOP = `
services:
  web:
    image: ${BUSYBOX}
    command: ["sh", "-c", "echo serving; echo odd >&2; echo hello >/tmp/index.html; exec httpd -f -p 80 -h /tmp"]
    init: true
    ports: ["127.0.0.1::80"]
    healthcheck: { test: ["CMD", "wget", "-qO-", "http://127.0.0.1/"], interval: 100ms, start_period: 10s, start_interval: 100ms }
    depends_on: { db: { condition: service_healthy } }
  db:
    image: ${BUSYBOX}
    command: ["sh", "-c", "touch /data/up; exec sleep 1000"]
    init: true
    volumes: ["data:/data"]
    healthcheck: { test: ["CMD", "test", "-e", "/data/up"], interval: 100ms, start_period: 10s, start_interval: 100ms }
volumes: { data: {} }
`;

function load(text: string, projectName: string): Project {
  writeFileSync(join(folder, `${projectName}.yaml`), text);
  return loadProject({ files: [`${projectName}.yaml`], currentDirectory: folder, projectName, environment: { DOCKER_HOST: engine.host } });
}
const containersOf = (name: string): Promise<string> => engine.ok("ps", "-aq", "--filter", `label=com.docker.compose.project=${name}`);

test("a project is up and healthy when `up` resolves, and gone at the end of the block", async () => {
  const project = load(SHOP, "lib-shop");
  {
    await using shop = await up(project);
    const { host, port } = shop.address("web", 80);
    expect(host).toBe("127.0.0.1");
    expect((await engine.inNetwork("busybox", "wget", "-qO-", `http://${host}:${port}/`)).stdout).toBe("hello\n");
    expect(await shop.service("db").exec(["sh", "-c", "ls /data; echo why >&2; exit 3"])).toEqual({ exitCode: 3, stdout: "up\n", stderr: "why\n" });
    expect(await shop.service("web").logs()).toEqual({ stdout: "serving\n", stderr: "odd\n" });
    expect(() => shop.address("db", 5432)).toThrow("db does not publish port 5432/tcp");
    expect(() => shop.service("nosuch")).toThrow("no such service: nosuch");
  }
  expect(await containersOf("lib-shop")).toBe("");
  expect(await engine.ok("volume", "ls", "-q")).toBe("");
});

test("two of the same file stand side by side", async () => {
  await using one = await up(load(SHOP, "lib-one"));
  await using two = await up(load(SHOP, "lib-two"));
  expect(one.address("web", 80).port).not.toBe(two.address("web", 80).port);
});

test("progress comes as it happens", async () => {
  const steps = upWithProgress(load(SHOP, "lib-steps"));
  const events: ProgressEvent[] = [];
  for await (const event of steps) events.push(event);
  await using _ = await steps.result;
  const texts = events.map(({ id, text }) => `${id} ${text}`);
  expect(texts.indexOf("Container lib-steps-db-1 Healthy")).toBeLessThan(texts.indexOf("Container lib-steps-web-1 Starting"));
  expect(texts).toContain("Volume lib-steps_data Created");
});

test("a port is waited for without a program in the image", async () => {
  await using project = await up(load(`
services:
  web:
    image: ${BUSYBOX}
    command: ["sh", "-c", "sleep 0.3; echo hello >/tmp/index.html; exec httpd -f -p 80 -h /tmp"]
    init: true
    healthcheck: { test: ["HTTP", "80/index.html"], interval: 100ms, start_period: 10s, start_interval: 100ms }
    depends_on: { db: { condition: service_healthy } }
  db: { image: "${BUSYBOX}", init: true, command: ["httpd", "-f", "-p", "5432"], healthcheck: { test: ["TCP", "5432"], interval: 100ms, start_period: 10s, start_interval: 100ms } }
`, "lib-ports"));
  expect(project.service("web").containers[0]?.status).toContain("(healthy)");
});

test("a service that dies is told with its name, and nothing of the project stays", async () => {
  const failing = up(load(`services: { web: { image: "${BUSYBOX}", command: ["sh", "-c", "exit 7"], healthcheck: { test: "true", interval: 100s } } }`, "lib-dies"));
  await expect(failing).rejects.toThrow("container lib-dies-web-1 exited (7)");
  expect(await containersOf("lib-dies")).toBe("");
});

test("nothing stays of a project whose network cannot be made", async () => {
  const services = `services: { web: { image: "${BUSYBOX}", command: ["sleep", "100"] } }\n`;
  const taken = `${services}networks: { default: { ipam: { config: [{ subnet: 10.216.5.0/24 }] } } }\n`;
  await using _ = await up(load(taken, "lib-first"));
  await expect(up(load(taken, "lib-second"), { keepOnFailure: true })).rejects.toThrow(/overlap/);
  expect(await containersOf("lib-second")).toBe("");
});

const BUILT = `
services:
  web:
    build: { context: built, additional_contexts: { below: "service:base" }, secrets: [word] }
    command: ["sh", "-c", "cat /of-base /word; sleep 1000"]
  base: { build: { context: ., dockerfile_inline: "FROM ${BUSYBOX}\\nRUN echo base >/of-base" }, command: ["sleep", "1000"] }
secrets: { word: { environment: WORD } }
`;

test("what services build is built, with secrets of the project's own environment", async () => {
  mkdirSync(join(folder, "built"), { recursive: true });
  writeFileSync(join(folder, "built/Dockerfile"), "FROM below\nRUN --mount=type=secret,id=word cp /run/secrets/word /word\n");
  writeFileSync(join(folder, ".env"), "WORD=of .env\n");
  const steps = upWithProgress(load(BUILT, "lib-builds"));
  const texts: string[] = [];
  for await (const { id, text } of steps) texts.push(`${id} ${text}`);
  rmSync(join(folder, ".env"));
  {
    await using project = await steps.result;
    expect(texts.filter((text) => text.startsWith("Image lib-builds-web"))).toEqual(["Image lib-builds-web Building", "Image lib-builds-web Built"]);
    const { stdout } = await project.service("web").exec(["cat", "/of-base", "/word"]);
    expect(stdout).toBe("base\nof .env");
  }
  await engine.ok("rmi", "lib-builds-web", "lib-builds-base");
});

test("a build that fails is told with what it has printed, and nothing of the project stays", async () => {
  const failing = up(load(`services: { web: { build: { context: ., dockerfile_inline: "FROM ${BUSYBOX}\\nRUN echo words of the step; exit 3" } } }`, "lib-fails"));
  await expect(failing).rejects.toThrow(ComposeError);
  await expect(failing).rejects.toThrow(/failed to build web: [^]*words of the step/);
  expect(await containersOf("lib-fails")).toBe("");
});

test("called off, it leaves nothing", async () => {
  const stop = new AbortController();
  const never = SHOP.replace("test -e", "test -f").replace('"/data/up"]', '"/data/never"]').replaceAll("10s", "100s");
  const failing = up(load(never, "lib-stopped"), { signal: stop.signal, onProgress: ({ text }) => text === "Waiting" && stop.abort(new Error("enough")) });
  await expect(failing).rejects.toThrow("enough");
  expect(await containersOf("lib-stopped")).toBe("");
});

test("`down` needs but the name", async () => {
  const project = load(SHOP, "lib-left");
  const left = await up(project, { host: engine.host });
  expect(left.name).toBe("lib-left");
  await down({ name: "lib-left" }, { host: engine.host, removeVolumes: true, timeoutSeconds: 1 });
  expect(await containersOf("lib-left")).toBe("");
});

test("no engine is told as such", async () => {
  await expect(up(load(SHOP, "lib-nobody"), { host: `unix://${folder}/none.sock` })).rejects.toThrow(/Cannot connect|none\.sock/);
});
