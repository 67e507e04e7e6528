/** What surrounds the commands: completion in a real shell, another name, another machine, the configuration file. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, HAKO, Live, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
const bin = join(folder, "bin");
let engine: TestEngine;
let env: Record<string, string>;
beforeAll(async () => {
  engine = await startEngine();
  mkdirSync(bin);
  for (const name of ["hako", "docker"]) symlinkSync(HAKO, join(bin, name));
  env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: folder, HAKO_HOST: engine.host };
  await engine.ok("run", "-d", "--name", "completable", "--network", "none", BUSYBOX, "sleep", "1000");
  await engine.ok("create", "--name", "contained", "--network", "none", BUSYBOX, "true");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const hako = (...words: string[]): Promise<Result> => run(["hako", ...words], { env });

describe("__complete", () => {
  const names = async (...words: string[]) => (await hako("__completeNoDesc", ...words)).stdout.trimEnd().split("\n");

  test("knows commands, flags and their values", async () => {
    expect(await names("contai")).toEqual(["container", ":4"]);
    expect(await names("container", "l")).toEqual(["logs", "ls", ":4"]);
    expect(await names("ps", "--no")).toEqual(["--no-trunc", ":4"]);
    expect(await names("ps", "--no-trunc", "--no")).toEqual([":4"]);
    expect(await names("run", "--pull", "")).toEqual(["always", "missing", "never", ":4"]);
    expect(await names("run", "--pull=ne")).toEqual(["--pull=never", ":4"]);
    expect(await names("ps", "--filter", "stat")).toEqual(["status=", ":6"]);
    expect(await names("ps", "--filter", "status=ex")).toEqual(["status=exited", ":4"]);
    expect(await names("nosuch", "")).toEqual([":4"]);
  });

  test("knows what is there now, and what a command can be done to", async () => {
    expect(await names("stop", "")).toEqual(["completable", ":4"]);
    expect(await names("rm", "")).toEqual(["contained", ":4"]);
    expect(await names("rm", "-f", "")).toEqual(["contained", "completable", ":4"]);
    expect(await names("inspect", "contained", "co")).toEqual(["completable", ":4"]);
    expect(await names("run", "busy")).toEqual([BUSYBOX, ":4"]);
    expect(await names("run", "--network", "no")).toEqual(["none", ":4"]);
    expect(await names("run", "-it", BUSYBOX, "")).toEqual([":0"]);
    expect(await names("network", "connect", "bri")).toEqual(["bridge", ":4"]);
    expect(await names("network", "connect", "bridge", "comp")).toEqual(["completable", ":4"]);
    expect(await names("cp", "cont")).toEqual(["contained:", ":2"]);
    expect(await names("daemon", "--data-r")).toEqual(["--data-root", ":4"]);
    expect(await names("-H", engine.host, "start", "")).toEqual(["contained", ":4"]);
  });

  test("knows the services of the project that the line names", async () => {
    const file = join(scratchFolder(), "compose.yaml");
    writeFileSync(file, `name: c\nservices: { web: { image: ${BUSYBOX} }, worker: { image: ${BUSYBOX}, profiles: [later] }, db: { image: ${BUSYBOX} } }\n`);
    expect(await names("compose", "-f", file, "logs", "-f", "w")).toEqual(["web", "worker", ":4"]);
    expect(await names("compose", "-f", file, "exec", "")).toEqual(["db", "web", "worker", ":4"]);
    expect(await names("compose", "-f", file, "exec", "web", "")).toEqual([":0"]);
    expect(await names("compose", "-f", "")).toEqual([":0"]);
    expect(await names("compose", "--proj")).toEqual(["--project-directory", "--project-name", ":4"]);
    expect(await names("compose", "-f", "/nowhere.yaml", "up", "")).toEqual([":1"]);
  });

  test("describes, and is silent without an engine", async () => {
    expect((await hako("__complete", "rm", "")).stdout).toBe(`contained\t${BUSYBOX}, Created\n:4\n`);
    expect((await hako("__complete", "-H", "unix:///nowhere", "rm", "")).stdout).toBe(":1\n");
  });
});

describe("completion in bash", () => {
  /** What stands on the line after the tab, in a real interactive shell. */
  async function completed(typed: string): Promise<string> {
    const startup = join(folder, "startup");
    writeFileSync(startup, `source <(hako completion bash)\nsource <(docker completion bash)\nPS1=\nbind 'set bell-style none'\nfinish() { printf 'line<%s>' "$READLINE_LINE"; }\nbind -x '"\\C-x": finish'\necho read''y\n`);
    const settings = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    using shell = Live.terminal(["env", ...settings, "bash", "--noprofile", "--rcfile", startup, "-i"], { cols: 200, rows: 24 });
    await shell.until("ready");
    const from = shell.output.length;
    shell.write(`${typed}\t\x18`);
    return /line<(.*?)>/.exec(await shell.until(/line<.*>/, 20_000, from))?.[1] ?? "";
  }

  test("of commands, flags and live names", async () => {
    expect(await completed("hako contai")).toBe("hako container ");
    expect(await completed("hako stop comp")).toBe("hako stop completable ");
    expect(await completed("docker rm ")).toBe("docker rm contained ");
    expect(await completed("hako ps --no-t")).toBe("hako ps --no-trunc ");
  });

  test("of words with colons and equals signs in them", async () => {
    expect(await completed("hako run busybox:t")).toBe("hako run busybox:test ");
    expect(await completed("hako run --pull=nev")).toBe("hako run --pull=never ");
    expect(await completed("hako ps --filter stat")).toBe("hako ps --filter status=");
    expect(await completed("hako ps --filter status=exi")).toBe("hako ps --filter status=exited ");
  });

  test("of files where files are meant", async () => {
    writeFileSync(join(folder, "variables.env"), "");
    expect(await completed(`hako run --env-file ${folder}/vari`)).toBe(`hako run --env-file ${folder}/variables.env `);
  });
});

describe("output", () => {
  const script = ["sh", "-c", "echo first; touch /seen/begun; sleep 0.1; echo second; sleep 0.1; seq 3000; echo last"];
  const expected = `first\nsecond\n${Array.from({ length: 3000 }, (_, i) => `${i + 1}\n`).join("")}last\n`;
  beforeAll(() => engine.ok("run", "-d", "--name", "writer", "--network", "none", "-v", `${folder}:/seen`, BUSYBOX, "sleep", "1000"));
  afterAll(() => engine.ok("rm", "-f", "writer"));

  test("into a file is whole, in order, and behind what is there", async () => {
    const path = join(folder, "output");
    const { code } = await run(["sh", "-c", 'echo before > "$0"; "$@" >> "$0"', path, "hako", "exec", "writer", ...script], { env });
    expect(code).toBe(0);
    expect(readFileSync(path, "utf8")).toBe(`before\n${expected}`);
  });

  test("into a full pipe that does not block waits for its reader", async () => {
    const begun = join(folder, "begun");
    rmSync(begun, { force: true });
    // dd leaves the pipe as it made it: full, and refusing more.
    const piped = '{ dd if=/dev/zero bs=1 oflag=nonblock 2>/dev/null; "$@"; } | { until [ -e "$0" ]; do sleep 0.02; done; cat; }';
    const { stdout } = await run(["sh", "-c", piped, begun, "hako", "exec", "writer", ...script], { env });
    expect(stdout).toStartWith("\0".repeat(4096));
    expect(stdout.replace(/^\0+/, "")).toBe(expected);
  });
});

test("under docker's name it calls itself docker", async () => {
  const docker = (...words: string[]): Promise<Result> => run(["docker", ...words], { env });
  expect((await docker("ps", "--help")).stdout).toStartWith("Usage:  docker ps [OPTIONS]\n");
  expect((await docker("inspcet")).stderr).toBe("docker: unknown command: docker inspcet\n\nDid you mean this?\n  docker inspect\n\nRun 'docker --help' for more information\n");
  expect((await docker("-H", "unix:///nowhere", "ps")).stderr).toBe("Cannot connect to the Docker daemon at unix:///nowhere. Is the docker daemon running?\n");
  expect((await docker("ps", "--formt", "x")).stderr).toStartWith("unknown flag: --formt\n\nDid you mean this?\n  --format\n\nUsage:  docker ps [OPTIONS]\n");
});

describe("ssh://", () => {
  beforeAll(() => {
    // Stands in for ssh: notes how it was called, then does here what it was to do over there.
    writeFileSync(join(bin, "ssh"), `#!/bin/sh\nprintf '%s\\n' "$@" >${folder}/called\ncase " $* " in *" -- lost "*) echo 'no route' >&2; exit 255;; esac\nfor command; do :; done\nexec sh -c "$command"\n`);
    chmodSync(join(bin, "ssh"), 0o755);
  });
  const over = (host: string, words: readonly string[], stdin?: string): Promise<Result> => run(["hako", "-H", host, ...words], { env, ...(stdin !== undefined && { stdin }) });

  test("runs containers over there, with input, both streams and an exit code", async () => {
    const input = "x".repeat(400_000);
    const result = await over("ssh://me@box:2222", ["run", "--rm", "-i", "--network", "none", BUSYBOX, "sh", "-c", "wc -c; echo wrong >&2; exit 3"], input);
    expect(result).toEqual({ code: 3, stdout: "400000\n", stderr: "wrong\n" });
    const called = readFileSync(join(folder, "called"), "utf8");
    expect(called).toStartWith("-l\nme\n-p\n2222\n-o\nConnectTimeout=30\n-T\n--\nbox\n");
    expect(called).toContain("hako system dial-stdio");
  });

  test("brings the whole of a large output", async () => {
    const { code, stdout } = await over("ssh://box", ["run", "--rm", "--network", "none", BUSYBOX, "sh", "-c", "yes 0123456789 | head -c 3000000"]);
    expect({ code, length: stdout.length }).toEqual({ code: 0, length: 3_000_000 });
  });

  test("names another socket over there", async () => {
    const elsewhere = { ...env, HAKO_HOST: "unix:///nowhere" };
    expect((await run(["hako", "-H", `ssh://box${engine.socket}`, "ps", "--format", "{{.Names}}"], { env: elsewhere })).stdout).toBe("completable\n");
  });

  test("passes on what ssh says when it fails", async () => {
    const { code, stderr } = await over("ssh://lost", ["ps"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^error during connect: command \[ssh .*\] has exited with exit status 255, .*stderr=no route\n/);
  });

  test("refuses what ssh would read as an option", async () => {
    expect((await over("ssh://-oProxyCommand=x", ["ps"])).stderr).toBe("Failed to initialize: unable to resolve docker endpoint: ssh host connection is not valid: invalid SSH URL: ssh://-oProxyCommand=x\n");
  });
});

describe("the configuration file", () => {
  const withFile = async (file: unknown, ...words: string[]): Promise<Result> => {
    mkdirSync(join(folder, ".docker"), { recursive: true });
    writeFileSync(join(folder, ".docker", "config.json"), typeof file === "string" ? file : JSON.stringify(file));
    return hako(...words);
  };
  afterAll(() => rmSync(join(folder, ".docker"), { recursive: true, force: true }));

  test("gives lists their format and new containers their proxies", async () => {
    expect((await withFile({ psFormat: "{{.Names}}!" }, "ps")).stdout).toBe("completable!\n");
    expect((await withFile({ psFormat: "table {{.Names}}" }, "ps")).stdout).toBe("NAMES\ncompletable\n");
    const proxies = { [engine.host]: { httpProxy: "http://proxy:1" } };
    expect((await withFile({ proxies }, "run", "--rm", "--network", "none", BUSYBOX, "sh", "-c", "echo $HTTP_PROXY $http_proxy")).stdout).toBe("http://proxy:1 http://proxy:1\n");
  });

  test("is left aside, with a warning, when it is broken", async () => {
    expect(await withFile("{x", "ps", "-q", "--no-trunc", "--filter", "name=nosuch")).toEqual({ code: 0, stdout: "", stderr: `WARNING: Error parsing config file (${folder}/.docker/config.json): invalid character 'x' looking for beginning of object key string\n` });
  });
});
