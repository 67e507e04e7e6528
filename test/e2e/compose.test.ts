import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

const SLEEP = "sh -c 'trap \"exit 0\" TERM; while :; do sleep 1 & wait; done'";

setDefaultTimeout(120_000);

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = mkdtempSync(join(tmpdir(), "hako-compose-"));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

/** Writes the project's file and runs a command on it. */
async function compose(text: string, ...args: string[]) {
  writeFileSync(join(folder, "compose.yaml"), text);
  return await engine.hako("compose", "-f", join(folder, "compose.yaml"), ...args);
}
const idOf = (name: string): Promise<string> => engine.ok("inspect", "--format", "{{.Id}}", name);
const stateOf = (name: string): Promise<string> => engine.ok("inspect", "--format", "{{.State.Status}}", name);

describe("a project of several services", () => {
  const project = (command = "echo initialised"): string => `
name: shop
services:
  db:
    image: ${BUSYBOX}
    command: ${SLEEP}
    healthcheck: { test: ["CMD", "test", "-e", "/data/ready"], interval: 200ms, start_period: 10s, start_interval: 50ms }
    post_start: [{ command: ["touch", "/data/ready"] }]
    volumes: ["data:/data", "/scratch"]
    networks: { back: { aliases: [store] } }
  init:
    image: ${BUSYBOX}
    command: ${command}
    network_mode: none
  web:
    image: ${BUSYBOX}
    command: ${SLEEP}
    depends_on: { db: { condition: service_healthy }, init: { condition: service_completed_successfully } }
    networks: [back, front]
    secrets: [token]
    configs: [{ source: motd, target: /etc/motd }]
    deploy: { replicas: 2 }
  sidecar:
    image: ${BUSYBOX}
    command: ${SLEEP}
    network_mode: service:web
networks: { front: {}, back: { internal: true } }
volumes: { data: {} }
secrets: { token: { environment: HOME } }
configs: { motd: { content: "welcome to \${COMPOSE_PROJECT_NAME}" } }
`;

  test("up makes networks, volumes and containers, in the order of their dependencies", async () => {
    const { code, stderr } = await compose(project(), "up", "-d");
    expect(stderr).toContain(" Container shop-web-1  Started\n");
    expect(code).toBe(0);
    expect(stderr.indexOf("Container shop-db-1  Healthy")).toBeLessThan(stderr.indexOf("Container shop-web-1  Starting"));
    expect(stderr.indexOf("Container shop-init-1  Exited")).toBeLessThan(stderr.indexOf("Container shop-web-1  Starting"));
    expect(await Promise.all(["shop-db-1", "shop-web-1", "shop-web-2", "shop-sidecar-1", "shop-init-1"].map(stateOf))).toEqual(["running", "running", "running", "running", "exited"]);
  });

  test("names, secrets, configs and namespaces are what the file says", async () => {
    expect(await engine.ok("exec", "shop-web-1", "sh", "-c", "cat /run/secrets/token /etc/motd")).toMatch(/^\/.*welcome to shop$/);
    for (const name of ["db", "store", "shop-db-1"]) expect(await engine.ok("exec", "shop-web-2", "nslookup", name)).toContain("Address");
    expect(await engine.ok("exec", "shop-sidecar-1", "hostname", "-i")).toBe(await engine.ok("exec", "shop-web-1", "hostname", "-i"));
  });

  test("up with nothing to do leaves everything as it is, and does not repeat work that is done", async () => {
    const before = await Promise.all(["shop-db-1", "shop-web-1", "shop-init-1"].map(idOf));
    const started = await engine.ok("inspect", "--format", "{{.State.StartedAt}}", "shop-init-1");
    expect((await compose(project(), "up", "-d")).code).toBe(0);
    expect(await Promise.all(["shop-db-1", "shop-web-1", "shop-init-1"].map(idOf))).toEqual(before);
    expect(await engine.ok("inspect", "--format", "{{.State.StartedAt}}", "shop-init-1")).toBe(started);
  });

  test("only what changed is made anew; a volume without a name goes over to the new container", async () => {
    await engine.ok("exec", "shop-db-1", "touch", "/scratch/kept");
    const web = await idOf("shop-web-1");
    const [db, init] = await Promise.all(["shop-db-1", "shop-init-1"].map(idOf));
    const { code } = await compose(project("echo again").replace("aliases: [store]", "aliases: [storage]"), "up", "-d");
    expect(code).toBe(0);
    expect(await idOf("shop-web-1")).toBe(web);
    expect(await idOf("shop-db-1")).not.toBe(db);
    expect(await idOf("shop-init-1")).not.toBe(init);
    expect(await engine.ok("exec", "shop-db-1", "ls", "/scratch")).toBe("kept");
    expect(await engine.ok("logs", "shop-init-1")).toBe("again");
  });

  test("a recreation that was cut short is finished by the next up", async () => {
    const id = await idOf("shop-web-2");
    await engine.ok("rename", "shop-web-2", "shop-old");
    await engine.ok("rename", "shop-old", `${id.slice(0, 12)}_shop-web-2`);
    const labels = (name: string): string[] => ["com.docker.compose.project=shop", `com.docker.compose.service=${name}`, "com.docker.compose.config-hash=x", "com.docker.compose.container-number=1", "com.docker.compose.replace=shop-db-1"].flatMap((label) => ["--label", label]);
    await engine.ok("create", "--name", "left-over", ...labels("db"), BUSYBOX, "true");
    expect((await compose(project("echo again").replace("aliases: [store]", "aliases: [storage]"), "up", "-d")).code).toBe(0);
    expect((await engine.hako("inspect", "left-over")).code).toBe(1);
    expect(await stateOf("shop-db-1")).toBe("running");
  });

  test("scaling down removes the youngest, stop and start work in order", async () => {
    expect((await compose(project("echo again"), "up", "-d", "--scale", "web=1")).code).toBe(0);
    expect((await engine.hako("inspect", "shop-web-2")).code).toBe(1);
    const stopped = await compose(project("echo again"), "stop");
    expect(stopped.stderr.indexOf("Container shop-web-1  Stopped")).toBeLessThan(stopped.stderr.indexOf("Container shop-db-1  Stopping"));
    expect((await compose(project("echo again"), "start")).code).toBe(0);
    expect(await stateOf("shop-web-1")).toBe("running");
  });

  test("what the file no longer has is told of, and removed when asked for", async () => {
    const less = project("echo again").replace(/ {2}sidecar:[^]*?(?=networks: \{ front)/, "");
    const told = await compose(less, "up", "-d");
    expect(told.stderr).toContain("Found orphan containers ([shop-sidecar-1]) for this project");
    expect((await compose(less, "up", "-d", "--remove-orphans")).code).toBe(0);
    expect((await engine.hako("inspect", "shop-sidecar-1")).code).toBe(1);
  });

  test("down removes all of it, by the project's name alone too", async () => {
    const { code, stderr } = await engine.hako("compose", "-p", "shop", "down", "-v");
    expect(stderr.indexOf("Container shop-web-1  Removed")).toBeLessThan(stderr.indexOf("Container shop-db-1  Stopping"));
    expect(code).toBe(0);
    expect(await engine.ok("ps", "-aq")).toBe("");
    expect(await engine.ok("volume", "ls", "-q")).toBe("");
    expect(await engine.ok("network", "ls", "--filter", "type=custom", "-q")).toBe("");
  });
});

describe("what goes wrong is one message, and the next command finishes", () => {
  test.each([
    ["a dependency that dies", "db: { image: IMAGE, command: 'false' }\n  web: { image: IMAGE, command: sleep 100, depends_on: { db: { condition: service_completed_successfully } } }", "dependency failed to start: container bad-db-1 didn't complete successfully: exit 1"],
    ["one that is never healthy", "db: { image: IMAGE, command: sleep 100, healthcheck: { test: ['CMD', 'false'], interval: 50ms, retries: 1 } }\n  web: { image: IMAGE, command: sleep 100, depends_on: { db: { condition: service_healthy } } }", "dependency failed to start: container bad-db-1 is unhealthy"],
    ["one without a probe", "db: { image: IMAGE, command: sleep 100 }\n  web: { image: IMAGE, command: sleep 100, depends_on: { db: { condition: service_healthy } } }", "container bad-db-1 has no healthcheck configured"],
    ["an image that is nowhere", "web: { image: 'nowhere.invalid/x', pull_policy: never }", "No such image: nowhere.invalid/x"],
    ["an external network that is missing", "web: { image: IMAGE, command: sleep 100, networks: [out] }\nnetworks: { out: { external: true } }", "network out declared as external, but could not be found"],
    ["an external volume that is missing", "web: { image: IMAGE, command: sleep 100, volumes: ['out:/x'] }\nvolumes: { out: { external: true } }", 'external volume "out" not found'],
  ])("%s", async (_, services, message) => {
    const file = `name: bad\nservices:\n  ${services.replaceAll("IMAGE", BUSYBOX)}\n`;
    const { code, stderr } = await compose(file, "up", "-d");
    expect(stderr).toContain(message);
    expect(code).toBe(1);
    expect((await compose(file, "down", "-t", "0")).code).toBe(0);
    expect(await engine.ok("ps", "-aq")).toBe("");
  });

  test("a service that dies during up --wait", async () => {
    const { code, stderr } = await compose(`name: dying\nservices:\n  web: { image: ${BUSYBOX}, command: sh -c 'sleep 0.3; exit 3' }\n  ok: { image: ${BUSYBOX}, command: sleep 100, healthcheck: { test: ['CMD', 'sh', '-c', 'sleep 5'] } }\n`, "up", "-d", "--wait");
    expect(stderr).toContain("container dying-web-1 exited (3)");
    expect(code).toBe(1);
    await engine.ok("compose", "-p", "dying", "down", "-t", "0");
  });

  test("an optional dependency that fails is a warning", async () => {
    const { code, stderr } = await compose(`name: optional\nservices:\n  db: { image: ${BUSYBOX}, command: 'false' }\n  web: { image: ${BUSYBOX}, command: sleep 100, depends_on: { db: { condition: service_completed_successfully, required: false } } }\n`, "up", "-d");
    expect(stderr).toContain('optional dependency \\"db\\" is not running or is unhealthy');
    expect(code).toBe(0);
    await engine.ok("compose", "-p", "optional", "down", "-t", "0");
  });
});

describe("attached", () => {
  test("output behind names; ends with the service that was chosen, and its code", async () => {
    const { code, stdout } = await compose(`name: att\nservices:\n  one: { image: ${BUSYBOX}, command: sh -c 'echo first; exit 7' }\n  two: { image: ${BUSYBOX}, command: ${SLEEP} }\n`, "up", "--exit-code-from", "one");
    expect(stdout).toContain("one-1  | first\n");
    expect(stdout).toContain("one-1 exited with code 7\n");
    expect(code).toBe(7);
    expect(await stateOf("att-two-1")).toBe("exited");
    await engine.ok("compose", "-p", "att", "down");
  });

  test("on a terminal what containers write while they are stopped stays readable", async () => {
    writeFileSync(join(folder, "compose.yaml"), `name: term\nservices:\n  one: { image: ${BUSYBOX}, command: "sh -c 'trap \\"echo bye; exit 0\\" TERM; echo here; while :; do sleep 1 & wait; done'" }\n`);
    using live = engine.terminal("compose", "-f", join(folder, "compose.yaml"), "up");
    await live.until(/one-1 .*\| .*here/);
    live.signal("SIGINT");
    expect(await live.exitCode()).toBe(130);
    const stopping = live.output.slice(live.output.indexOf("Gracefully Stopping"));
    expect(stopping).toMatch(/bye[^]*one-1 exited with code 0/);
    expect(stopping).toContain(" Container term-one-1  Stopped");
    expect(stopping).not.toMatch(/\x1b\[\d+A/);
    await engine.ok("compose", "-p", "term", "down");
  });

  const SHORT = `name: short\nservices:\n  job: { image: ${BUSYBOX}, command: sh -c 'echo done; exit 7', depends_on: [base] }\n  base: { image: ${BUSYBOX}, command: ${SLEEP} }\n`;

  test("ends with the services that were named, and leaves the others", async () => {
    expect(await compose(SHORT, "up", "job")).toMatchObject({ code: 0, stdout: expect.stringContaining("job-1 exited with code 7\n") });
    expect(await stateOf("short-base-1")).toBe("running");
    await compose(SHORT, "down");
  });

  test("whichever ends ends all, and the code is the chosen one's", async () => {
    const { code, stdout } = await compose(SHORT, "up", "--exit-code-from", "base");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining("base-1 exited with code 0\n") });
    expect((await compose(SHORT, "up", "--abort-on-container-exit")).code).toBe(7);
    expect((await compose(SHORT, "up", "--exit-code-from", "nosuch")).stderr).toBe("no such service: nosuch: not found\n");
    expect((await compose(SHORT, "up", "-d", "--abort-on-container-exit")).stderr).toContain("--detach cannot be combined with");
    await compose(SHORT, "down");
  });

  test("ctrl-c stops the containers and leaves them", async () => {
    writeFileSync(join(folder, "compose.yaml"), `name: intr\nservices:\n  one: { image: ${BUSYBOX}, command: "sh -c 'trap \\"echo bye; exit 0\\" TERM; echo here; while :; do sleep 1 & wait; done'" }\n`);
    using live = engine.live("compose", "-f", join(folder, "compose.yaml"), "up");
    await live.until("one-1  | here");
    live.signal("SIGINT");
    await live.until("one-1  | bye");
    expect(await live.exitCode()).toBe(130);
    expect(await stateOf("intr-one-1")).toBe("exited");
    await engine.ok("compose", "-p", "intr", "down");
  });
});

test("up --rolling: the new container is healthy before the old one is stopped; a new one that fails leaves the old one alone", async () => {
  const file = (command: string): string => `name: roll\nservices:\n  web: { image: ${BUSYBOX}, command: ${command}, environment: { V: "${command.length}" }, stop_grace_period: 1s, healthcheck: { test: ["CMD", "test", "-e", "/tmp/up"], interval: 100ms, retries: 2, start_period: 5s, start_interval: 50ms } }\n`;
  const healthy = "sh -c 'touch /tmp/up; sleep 100'";
  expect((await compose(file(healthy), "up", "-d", "--wait")).code).toBe(0);
  const first = await idOf("roll-web-1");
  const broken = await compose(file("sh -c 'exit 9'"), "up", "-d", "--rolling");
  expect([broken.code, broken.stderr.includes("exited (9)")]).toEqual([1, true]);
  expect(await idOf("roll-web-1")).toBe(first);
  expect(await stateOf("roll-web-1")).toBe("running");
  expect((await compose(file(healthy.replace("100", "101 ")), "up", "-d", "--rolling")).code).toBe(0);
  expect(await idOf("roll-web-1")).not.toBe(first);
  expect(await engine.ok("ps", "-aq", "--no-trunc")).toBe(await idOf("roll-web-1"));
  const actions = (await engine.ok("events", "--since", "0", "--until", String(Math.ceil(Date.now() / 1000)), "--filter", "type=container", "--format", "{{.Action}} {{.ID}}")).split("\n");
  const second = await idOf("roll-web-1");
  expect(actions.findIndex((line) => line === `health_status: healthy ${second}`)).toBeLessThan(actions.findLastIndex((line) => line === `kill ${first}`));
  await engine.ok("compose", "-p", "roll", "down", "-t", "0");
}, 120_000);
