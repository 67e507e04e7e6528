import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUSYBOX, HAKO, Live, startEngine, type Result, type TestEngine } from "../harness.ts";

setDefaultTimeout(120_000);

const PROJECT = `
name: desk
services:
  web:
    image: ${BUSYBOX}
    command: sh -c 'echo hello; trap "exit 0" TERM; while :; do sleep 1 & wait; done'
    expose: ["99"]
    ports: ["127.0.0.1::80"]
    deploy: { replicas: 2 }
    volumes: [data:/data]
    restart: always
  job:
    image: ${BUSYBOX}
    command: sh -c 'echo did; exit 3'
  tool:
    image: ${BUSYBOX}
    command: ["echo", "own"]
    depends_on: { db: { condition: service_healthy } }
    profiles: [tools]
    ports: ["127.0.0.1::8080"]
  db:
    image: ${BUSYBOX}
    command: sh -c 'trap "exit 0" TERM; touch /ready; while :; do sleep 1 & wait; done'
    healthcheck: { test: test -e /ready, interval: 100ms }
    profiles: [tools]
volumes: { data: {} }
`;

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = mkdtempSync(join(tmpdir(), "hako-desk-"));
  writeFileSync(join(folder, "compose.yaml"), PROJECT);
  expect((await compose("up", "-d", "--quiet-pull")).code).toBe(0);
  await engine.ok("wait", "desk-job-1");
});
afterAll(async () => {
  await compose("--profile", "*", "down", "-v", "-t", "0", "--remove-orphans");
  rmSync(folder, { recursive: true, force: true });
  await engine[Symbol.asyncDispose]();
});

const compose = (...args: string[]) => engine.hako("compose", "-f", join(folder, "compose.yaml"), ...args);
async function shown(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await compose(...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trimEnd();
}

describe("what there is", () => {
  test("ps shows what runs, or all of it, as a table, ids, services, JSON or by a template", async () => {
    expect((await shown("ps")).split("\n").map((line) => line.split(/ {2,}/)[0])).toEqual(["NAME", "desk-web-1", "desk-web-2"]);
    expect(await shown("ps", "-a", "--services")).toBe("job\nweb");
    expect(await shown("ps", "-q", "web")).toMatch(/^[0-9a-f]{64}\n[0-9a-f]{64}$/);
    expect(await shown("ps", "--status", "exited", "--format", "{{.Name}} {{.ExitCode}} {{.State}}")).toBe("desk-job-1 3 exited");
    const [row] = (await shown("ps", "--format", "json", "web")).split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(row).toMatchObject({ Name: "desk-web-1", Service: "web", Project: "desk", State: "running", ExitCode: 0, Health: "", Publishers: [{ URL: "127.0.0.1", TargetPort: 80 }, { URL: "", TargetPort: 99, PublishedPort: 0 }] });
    expect(await compose("ps", "nosuch")).toMatchObject({ code: 1, stderr: "no such service: nosuch\n" });
    expect(await compose("ps", "--filter", "source=x")).toMatchObject({ code: 1, stderr: "not implemented\n" });
  });

  test("ls shows projects and what their containers do", async () => {
    expect(JSON.parse(await shown("ls", "-a", "--format", "json"))).toEqual([{ Name: "desk", Status: "exited(1), running(2)", ConfigFiles: join(folder, "compose.yaml") }]);
    expect(await shown("ls", "-q", "--filter", "name=^d")).toBe("desk");
    expect(await shown("ls", "-q", "--filter", "name=^x")).toBe("");
  });

  test("logs puts names before lines, those of one container alone too", async () => {
    expect(await shown("logs")).toBe("job-1  | did\nweb-1  | hello\nweb-2  | hello");
    expect(await shown("logs", "--no-log-prefix", "--index", "2", "web")).toBe("hello");
    expect(await shown("logs", "-t", "--tail", "1", "job")).toMatch(/^job-1 {2}\| \d{4}-\d\d-\d\dT\S+Z did$/);
  });

  test("logs -f shows what starts later too, and ends with the last container", async () => {
    using following = Live.spawn([HAKO, "-H", engine.host, "compose", "-f", join(folder, "compose.yaml"), "logs", "-f", "web"]);
    await following.until("web-1  | hello");
    await following.until("web-2  | hello");
    await engine.ok("restart", "desk-web-1");
    await following.until(/web-1 {2}\| hello[^]*web-1 {2}\| hello/);
    await compose("stop", "web");
    await following.until("web-2 exited with code 0");
    expect(await following.exited).toBe(0);
    await compose("start", "web");
  });

  test("port, images, top, stats and volumes", async () => {
    expect(await shown("port", "web", "80", "--index", "2")).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await compose("port", "web", "81")).stderr).toMatch(/^no port 81\/tcp for container desk-web-1: /);
    expect(await compose("port", "job", "80")).toMatchObject({ code: 1, stderr: 'service "job" is not running\n' });
    expect((await shown("images")).split("\n").map((line) => line.split(/ +/)[0])).toEqual(["CONTAINER", "desk-job-1", "desk-web-1", "desk-web-2"]);
    expect((await shown("top", "web")).split("\n")[0]).toMatch(/^SERVICE {2}# {3}\S/);
    expect((await shown("stats", "--no-stream", "--format", "{{.Name}}")).split("\n").toSorted()).toEqual(["desk-web-1", "desk-web-2"]);
    expect(await shown("volumes", "-q", "web")).toBe("desk_data");
    expect(await shown("volumes", "-q", "job")).toBe("");
  });

  test("events as lines and as JSON", async () => {
    const since = String(Math.floor(Date.now() / 1000));
    await engine.ok("pause", "desk-web-1");
    await engine.ok("unpause", "desk-web-1");
    const until = String(Math.floor(Date.now() / 1000) + 1);
    expect(await shown("events", "--since", since, "--until", until)).toMatch(/^\S+ \S+\.\d{6} container pause [0-9a-f]{64} \(image=\S+, name=desk-web-1\)\n\n/);
    const [event] = (await shown("events", "--json", "--since", since, "--until", until, "web")).split("\n");
    expect(JSON.parse(event ?? "")).toMatchObject({ action: "pause", service: "web", type: "container", attributes: { name: "desk-web-1" } });
  });
});

describe("inside of a service's container", () => {
  test("exec runs a command and ends with its code", async () => {
    expect(await compose("exec", "-T", "--index", "2", "-e", "A=b", "web", "sh", "-c", "echo $A; exit 7")).toMatchObject({ code: 7, stdout: "b\n" });
    expect(await compose("exec", "-T", "--index", "5", "web", "true")).toMatchObject({ code: 1, stderr: 'service "web" is not running container #5\n' });
  });

  test("run starts what the service depends on, waits for it, and is none of its containers", async () => {
    const { code, stdout, stderr } = await compose("run", "--rm", "-T", "-e", "A=b", "-l", "x=y", "tool", "sh", "-c", "echo $A; cat; exit 4");
    expect({ code, stdout }).toEqual({ code: 4, stdout: "b\n" });
    expect(stderr).toContain("Container desk-db-1  Healthy");
    expect(stderr).not.toContain("orphan");
    expect(await shown("--profile", "tools", "ps", "-a", "-q", "tool")).toBe("");
    expect((await compose("run", "-T", "--rm", "--no-deps", "--entrypoint", "echo entry", "tool", "word")).stdout).toBe("entry word\n");
  });

  test("run -d leaves a container that has a name and labels of its own; down removes it", async () => {
    const { stdout } = await compose("run", "-d", "--no-deps", "--service-ports", "--name", "desk-own", "-v", `${folder}:/here:ro`, "tool", "sh", "-c", "ls /here; sleep 100");
    const id = stdout.trim();
    const labels = JSON.parse(await engine.ok("inspect", "--format", "{{json .Config.Labels}}", id)) as Record<string, string>;
    expect(labels).toMatchObject({ "com.docker.compose.oneoff": "True", "com.docker.compose.service": "tool" });
    expect(labels["com.docker.compose.slug"]).toMatch(/^[0-9a-f]{64}$/);
    expect(labels).not.toHaveProperty("com.docker.compose.container-number");
    expect(await engine.ok("port", id, "8080")).toMatch(/^127\.0\.0\.1:\d+$/);
    expect((await compose("--profile", "tools", "down", "-t", "0", "tool")).code).toBe(0);
    expect((await engine.hako("inspect", id)).code).toBe(1);
  });

  test("exec, run and attach have a terminal where there is one", async () => {
    const terminal = (...args: string[]): Live => Live.terminal([HAKO, "-H", engine.host, "compose", "-f", join(folder, "compose.yaml"), ...args], { cols: 93, rows: 21 });
    {
      using exec = terminal("exec", "web", "sh", "-c", "tty >/dev/null && stty size; read line; echo got $line");
      await exec.until("21 93");
      exec.write("word\r");
      await exec.until("got word");
      expect(await exec.exited).toBe(0);
    }
    using run = terminal("run", "--rm", "--no-deps", "tool", "sh", "-c", "test -t 0 && echo terminal; read line; echo got $line; exit 5");
    await run.until("terminal");
    run.write("other\r");
    await run.until("got other");
    expect(await run.exited).toBe(5);
    expect(await engine.ok("ps", "-aq", "--filter", "label=com.docker.compose.oneoff=True")).toBe("");
    using attached = Live.spawn([HAKO, "-H", engine.host, "compose", "-f", join(folder, "compose.yaml"), "attach", "--index", "2", "--no-stdin", "web"]);
    using speaking = engine.live("exec", "desk-web-2", "sh", "-c", "until [ -e /heard ]; do echo seen >/proc/1/fd/1; sleep 0.05; done");
    await attached.until("seen");
    await engine.ok("exec", "desk-web-2", "touch", "/heard");
    expect(await speaking.exited).toBe(0);
    attached.signal("SIGKILL");
  });

  test("cp goes to all containers, and comes from one", async () => {
    writeFileSync(join(folder, "given"), "text");
    const { code, stderr } = await compose("cp", join(folder, "given"), "web:/tmp/given");
    expect({ code, lines: stderr.trim().split("\n").length }).toEqual({ code: 0, lines: 4 });
    expect(await engine.ok("exec", "desk-web-2", "cat", "/tmp/given")).toBe("text");
    expect((await compose("cp", "--index", "2", "web:/tmp/given", join(folder, "back"))).code).toBe(0);
    expect(readFileSync(join(folder, "back"), "utf8")).toBe("text");
    expect(await compose("cp", "nosuch:/x", ".")).toMatchObject({ code: 1, stderr: 'no container found for service "nosuch"\n' });
  });

  test("commit, export and wait", async () => {
    expect((await compose("commit", "web", "desk:kept")).stderr).toMatch(/ desk-web-1 Commit desk-web-1 Committed as sha256:[0-9a-f]{64}\n$/);
    expect((await compose("export", "-o", join(folder, "web.tar"), "web")).code).toBe(0);
    // Nothing shows that somebody waits by now: on a busy machine the end may come first, and is repeated.
    const ended = async (attempt: number): Promise<Result> => {
      const waiting = compose("wait", "db");
      for (let look = 0; look < attempt; look++) await compose("ps");
      await compose("--profile", "tools", "kill", "-s", "KILL", "db");
      const result = await waiting;
      if (result.code === 137 || attempt > 10) return result;
      await compose("start", "db");
      return await ended(attempt + 1);
    };
    expect(await ended(1)).toMatchObject({ code: 137, stdout: expect.stringMatching(/^container "[0-9a-f]{64}" exited with status code 137\n$/) });
    expect(await compose("wait", "job")).toMatchObject({ code: 1, stderr: 'no containers for project "desk"\n' });
    await engine.ok("rmi", "desk:kept");
  });
});

describe("containers to be, and their end", () => {
  test("scale, create and rm", async () => {
    expect((await compose("scale", "web=1")).code).toBe(0);
    expect(await shown("ps", "--format", "{{.Name}}")).toBe("desk-web-1");
    expect((await compose("create", "--scale", "web=3")).stderr).toContain(" Container desk-web-3  Created\n");
    expect(await compose("scale", "web")).toMatchObject({ code: 1, stderr: "invalid scale specifier: web\n" });
    expect(await compose("rm", "-f", "job")).toMatchObject({ code: 0, stdout: "Going to remove desk-job-1\n" });
    expect((await compose("rm", "-fs", "web")).stdout).toBe("Going to remove desk-web-1, desk-web-2, desk-web-3\n");
    expect((await compose("rm", "-f")).stdout).not.toContain("web");
  });

  test("pull and push say what they leave out", async () => {
    expect((await compose("pull", "--policy", "missing")).stderr).toContain(" Skipped - Image is already present locally \n");
    expect((await compose("push")).stderr).toContain(" web Skipped \n");
  });

  test("--dry-run says what would be done, and does nothing", async () => {
    const { code, stderr } = await compose("--dry-run", "up", "-d", "--wait");
    expect(code).toBe(0);
    expect(stderr).toContain(" DRY-RUN MODE -  Container desk-web-1  Creating\n");
    expect(stderr).toContain(" DRY-RUN MODE -  Container desk-web-1  Healthy\n");
    expect(await shown("ps", "-a", "-q", "web")).toBe("");
    expect((await compose("--progress", "json", "down", "--dry-run")).stderr).toContain('{"dry-run":true,"id":"Network desk_default","status":"Removed"}\n');
    expect(await engine.ok("network", "ls", "-q", "--filter", "name=desk_default")).not.toBe("");
  });

  test("restart takes those with it who depend on a service and say so", async () => {
    const file = join(folder, "chain.yaml");
    const service = (rest: string): string => `{ image: ${BUSYBOX}, command: sleep 100, init: true, network_mode: none, ${rest} }`;
    writeFileSync(file, `name: chain\nservices:\n  a: ${service("")}\n  b: ${service("depends_on: { a: { condition: service_started, restart: true } }, post_start: [{ command: touch /hooked }]")}\n  c: ${service("depends_on: [a]")}\n`);
    const chain = (...args: string[]) => engine.hako("compose", "-f", file, ...args);
    expect((await chain("up", "-d")).code).toBe(0);
    const { stderr } = await chain("restart", "-t", "1", "a");
    expect(stderr.indexOf("chain-a-1  Started")).toBeLessThan(stderr.indexOf("chain-b-1  Restarting"));
    expect(stderr).not.toContain("chain-c-1");
    expect((await chain("restart", "--no-deps", "-t", "1", "a")).stderr).not.toContain("chain-b-1");
    expect((await chain("down", "-t", "0")).code).toBe(0);
  });

  test("explain says what up would change, and why", async () => {
    const file = join(folder, "why.yaml");
    const write = (value: string, rest = ""): void => writeFileSync(file, `name: why\nservices:\n  web: { image: ${BUSYBOX}, command: sleep 100, init: true, environment: { KEY: "${value}" } }\n${rest}`);
    const why = (...args: string[]) => engine.hako("compose", "-f", file, ...args);
    write("1", `  old: { image: ${BUSYBOX}, command: "true" }\n`);
    expect((await why("explain")).stdout).toContain("Network why_default is made\nContainer why-web-1 is made: it is not there\n");
    expect((await why("up", "-d")).code).toBe(0);
    await engine.ok("wait", "why-old-1");
    expect((await why("explain", "web")).stdout).toBe("Nothing would change: 1 container of why runs as the file says\n");
    write("2");
    expect((await why("explain")).stdout).toBe("Container why-web-1 is made anew: its configuration has changed\n  environment: KEY has another value\nLeft over, of services that the file does not have (up --remove-orphans removes them): why-old-1\n");
    expect(JSON.parse((await why("explain", "--format", "json")).stdout)).toMatchObject({ containers: [{ name: "why-web-1", action: "recreate" }], orphans: ["why-old-1"] });
    expect((await why("down", "-t", "0", "--remove-orphans")).code).toBe(0);
  });

  test("viz draws the services as a graph", async () => {
    expect(await shown("--profile", "tools", "viz")).toContain('\n\t"tool" -> "db";\n');
  });
});
