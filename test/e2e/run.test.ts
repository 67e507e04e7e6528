import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const runRm = (...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> => engine.hako("run", "--rm", "--network", "none", ...args);

describe("exit codes", () => {
  test.each([
    ["true", 0],
    ["false", 1],
  ])("run %s exits with %d", async (command, code) => {
    expect((await runRm(BUSYBOX, command)).code).toBe(code);
  });

  test("run passes the command's own code on", async () => {
    expect((await runRm(BUSYBOX, "sh", "-c", "exit 42")).code).toBe(42);
  });

  test("run of an unknown flag is 125", async () => {
    const { code, stderr } = await engine.hako("run", "--no-such-flag", BUSYBOX, "true");
    expect(code).toBe(125);
    expect(stderr).toContain("unknown flag: --no-such-flag");
  });

  test("run of an unknown image is 125", async () => {
    const { code, stderr } = await engine.hako("run", "--rm", "--pull", "never", "nosuch:image");
    expect(code).toBe(125);
    expect(stderr).toContain("No such image: nosuch:image");
  });

  test("run of a folder or a file without the execute bit is 126", async () => {
    expect((await runRm(BUSYBOX, "/etc")).code).toBe(126);
    expect((await runRm(BUSYBOX, "/etc/passwd")).code).toBe(126);
  });

  test("run of an unknown command is 127 and leaves no container", async () => {
    const { code, stderr } = await runRm(BUSYBOX, "nosuchcommand");
    expect(code).toBe(127);
    expect(stderr).toContain('exec: "nosuchcommand": executable file not found in $PATH');
    expect(await engine.ok("ps", "-aq")).toBe("");
  });

  test("run of a killed command is 128 + signal", async () => {
    expect((await runRm("--init", BUSYBOX, "sh", "-c", "kill -9 $$")).code).toBe(137);
  });
});

describe("standard streams", () => {
  test("run keeps stdout and stderr apart", async () => {
    const { stdout, stderr } = await runRm(BUSYBOX, "sh", "-c", "echo out; echo err >&2");
    expect(stdout).toBe("out\n");
    expect(stderr).toBe("err\n");
  });

  test("run -i passes stdin on and its end", async () => {
    const { stdout, code } = await engine.hakoWith({ stdin: "one\ntwo\n" }, "run", "-i", "--rm", BUSYBOX, "wc", "-l");
    expect(stdout.trim()).toBe("2");
    expect(code).toBe(0);
  });

  test("run -i carries 8 MB through cat unchanged", async () => {
    const bytes = new Uint8Array(8 << 20);
    for (let i = 0; i < bytes.length; i++) bytes[i] = 32 + (((i * 2654435761) >>> 13) % 90);
    const { stdout } = await engine.hakoWith({ stdin: bytes }, "run", "-i", "--rm", BUSYBOX, "cat");
    expect(stdout.length).toBe(bytes.length);
    expect(Bun.hash(stdout)).toBe(Bun.hash(new TextDecoder().decode(bytes)));
  });

  test("run without -i gives an empty stdin", async () => {
    expect((await engine.hakoWith({ stdin: "ignored" }, "run", "--rm", BUSYBOX, "cat")).stdout).toBe("");
  });

  test("run output goes on after stdin's end", async () => {
    const { stdout } = await engine.hakoWith({ stdin: "x" }, "run", "-i", "--rm", BUSYBOX, "sh", "-c", "cat; sleep 0.2; echo; echo after");
    expect(stdout).toBe("x\nafter\n");
  });

  test("run prints the last line without an end of line", async () => {
    expect((await runRm(BUSYBOX, "printf", "no newline")).stdout).toBe("no newline");
  });
});

describe("settings", () => {
  test("-e, --env-file and a bare name", async () => {
    const file = join(engine.runRoot, "env");
    writeFileSync(file, "# comment\nFROM_FILE=yes\nHOSTVAR\n");
    const { stdout } = await engine.hakoWith({ env: { HOSTVAR: "host", OTHER: "o" } }, "run", "--rm", "--env-file", file, "-e", "A=1", "-e", "OTHER", "-e", "UNSET_ONE", BUSYBOX, "env");
    expect(stdout).toContain("FROM_FILE=yes\n");
    expect(stdout).toContain("HOSTVAR=host\n");
    expect(stdout).toContain("A=1\n");
    expect(stdout).toContain("OTHER=o\n");
    expect(stdout).not.toContain("UNSET_ONE");
    expect(stdout).toContain("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n");
  });

  test("-w makes the folder and starts there", async () => {
    expect((await runRm("-w", "/made/here", BUSYBOX, "pwd")).stdout).toBe("/made/here\n");
  });

  test.each([
    ["user", "uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)"],
    ["1000:2000", "uid=1000(user) gid=2000(extra)"],
    ["4321", "uid=4321 gid=0(root)"],
    ["root", "uid=0(root) gid=0(root)"],
  ])("-u %s", async (user, line) => {
    expect((await runRm("-u", user, BUSYBOX, "id")).stdout).toContain(line);
  });

  test("-u of an unknown user is refused in Docker's words", async () => {
    const { code, stderr } = await runRm("-u", "nobodyhere", BUSYBOX, "true");
    expect(code).toBeOneOf([125, 126]);
    expect(stderr).toContain("unable to find user nobodyhere: no matching entries in passwd file");
  });

  test("--group-add", async () => {
    expect((await runRm("-u", "user", "--group-add", "4000", BUSYBOX, "id", "-G")).stdout.trim().split(" ")).toContain("4000");
  });

  test("--hostname, and by default the short id", async () => {
    expect((await runRm("--hostname", "box", BUSYBOX, "sh", "-c", "hostname; cat /etc/hostname")).stdout).toBe("box\nbox\n");
    const id = await engine.ok("run", "-d", BUSYBOX, "hostname");
    await engine.ok("wait", id);
    expect(await engine.ok("logs", id)).toBe(id.slice(0, 12));
    await engine.ok("rm", id);
  });

  test("--entrypoint replaces the image's and drops its command", async () => {
    expect((await runRm("--entrypoint", "echo", BUSYBOX, "a", "b")).stdout).toBe("a b\n");
  });

  test("--label and --label-file reach inspect", async () => {
    const id = await engine.ok("create", "--label", "a=b", "--label", "empty", BUSYBOX, "true");
    expect(JSON.parse(await engine.ok("inspect", "--format", "{{json .Config.Labels}}", id))).toEqual({ a: "b", empty: "" });
    await engine.ok("rm", id);
  });

  test("--cidfile holds the id and is not overwritten", async () => {
    const file = join(engine.runRoot, "cid");
    const id = await engine.ok("run", "-d", "--cidfile", file, BUSYBOX, "true");
    expect(readFileSync(file, "utf8")).toBe(id);
    expect((await engine.hako("run", "--rm", "--cidfile", file, BUSYBOX, "true")).code).toBe(125);
    await engine.ok("rm", "-f", id);
  });

  test("--read-only refuses writes, --tmpfs takes them", async () => {
    const { stdout, code } = await runRm("--read-only", "--tmpfs", "/scratch:size=1m,mode=700", BUSYBOX, "sh", "-c", "touch /file 2>&1; touch /scratch/ok && stat -c %a /scratch; df -k /scratch | tail -1 | awk '{print $2}'");
    expect(stdout).toContain("Read-only file system");
    expect(stdout).toContain("700\n1024");
    expect(code).toBe(0);
  });

  test("-v binds folders, files, read-only, and makes a missing source", async () => {
    const folder = join(engine.runRoot, "bind");
    mkdirSync(folder);
    writeFileSync(join(folder, "in"), "from host\n");
    const { stdout } = await runRm("-v", `${folder}:/data`, "-v", `${folder}/in:/etc/one:ro`, "-v", `${folder}/made:/made`, BUSYBOX, "sh", "-c", "cat /data/in /etc/one; echo x > /etc/one; echo back > /data/out; ls -d /made");
    expect(stdout).toBe("from host\nfrom host\n/made\n");
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("back\n");
    expect(existsSync(join(folder, "made"))).toBe(true);
  });

  test("--mount type=bind refuses a missing source", async () => {
    const { code, stderr } = await runRm("--mount", "type=bind,src=/no/such/place,dst=/x", BUSYBOX, "true");
    expect(code).toBe(125);
    expect(stderr).toContain("bind source path does not exist: /no/such/place");
  });

  test("--mount type=tmpfs and readonly bind", async () => {
    const { stdout } = await runRm("--mount", "type=tmpfs,dst=/t", "--mount", `type=bind,src=${engine.runRoot},dst=/r,readonly`, BUSYBOX, "sh", "-c", "grep -c ' /t tmpfs' /proc/mounts; touch /r/x 2>&1");
    expect(stdout).toStartWith("1\n");
    expect(stdout).toContain("Read-only file system");
  });

  test("--ulimit", async () => {
    expect((await runRm("--ulimit", "nofile=123:456", BUSYBOX, "sh", "-c", "ulimit -n; ulimit -Hn")).stdout).toBe("123\n456\n");
  });

  test("--cap-drop ALL, --cap-add, --privileged", async () => {
    const effective = async (...flags: string[]): Promise<string> => (await runRm(...flags, BUSYBOX, "sh", "-c", "grep CapEff /proc/self/status")).stdout.trim().split(/\s+/)[1] ?? "";
    expect(await effective()).toBe("00000000a80425fb");
    expect(await effective("--cap-drop", "ALL")).toBe("0000000000000000");
    expect(await effective("--cap-drop", "ALL", "--cap-add", "NET_ADMIN")).toBe("0000000000001000");
    expect(BigInt(`0x${await effective("--privileged")}`)).toBeGreaterThan(0x1ffffffffn);
    expect(await effective("-u", "user")).toBe("0000000000000000");
  });

  test("--device and its permissions", async () => {
    const { stdout } = await runRm("--device", "/dev/null:/dev/mynull:rw", BUSYBOX, "sh", "-c", "ls -l /dev/mynull; echo x > /dev/mynull && echo written");
    expect(stdout).toContain("1,   3");
    expect(stdout).toContain("written");
  });

  test("--device of an unknown path is refused", async () => {
    const { code, stderr } = await runRm("--device", "/dev/nosuch", BUSYBOX, "true");
    expect(code).toBe(127);
    expect(stderr).toContain("/dev/nosuch");
  });

  test("-m kills what takes more, and says so", async () => {
    const id = await engine.ok("run", "-d", "-m", "16m", BUSYBOX, "sh", "-c", "head -c 64m /dev/zero | tail");
    const code = await engine.ok("wait", id);
    const state = JSON.parse(await engine.ok("inspect", "--format", "{{json .State}}", id)) as { OOMKilled: boolean };
    expect({ code, oom: state.OOMKilled }).toEqual({ code: expect.stringMatching(/^(137|1|0)$/), oom: true });
    await engine.ok("rm", id);
  });

  test("--pids-limit", async () => {
    const { stdout, stderr } = await runRm("--pids-limit", "5", BUSYBOX, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9; do sleep 1 & done; wait");
    expect(stdout + stderr).toContain("can't fork");
  });

  test("--init reaps orphans and passes signals", async () => {
    const { stdout } = await runRm("--init", BUSYBOX, "sh", "-c", "cat /proc/1/comm; (sleep 0.1 &) ; sleep 0.4; ps -o stat | grep -c Z");
    expect(stdout).toMatch(/^(docker-init|hako-shim|init)\n0\n$/);
  });

  test("--stop-signal reaches inspect and stop", async () => {
    const id = await engine.ok("run", "-d", "--stop-signal", "USR1", BUSYBOX, "sh", "-c", "trap 'exit 7' USR1; while :; do sleep 0.05; done");
    await engine.ok("stop", id);
    expect(await engine.ok("wait", id)).toBe("7");
    await engine.ok("rm", id);
  });
});

test("--rm leaves nothing", async () => {
  await engine.ok("run", "--rm", BUSYBOX, "true");
  expect(await engine.ok("ps", "-aq")).toBe("");
  expect(await engine.settledLeaks()).toEqual([]);
});

test("--name is taken once, and free again after rm", async () => {
  const id = await engine.ok("create", "--name", "taken", BUSYBOX, "true");
  const { code, stderr } = await engine.hako("run", "--name", "taken", BUSYBOX, "true");
  expect(code).toBe(125);
  expect(stderr).toContain(`Conflict. The container name "/taken" is already in use by container "${id}"`);
  await engine.ok("rm", "taken");
  await engine.ok("run", "--rm", "--name", "taken", BUSYBOX, "true");
});

test("a foreground run forwards signals", async () => {
  using live = engine.live("run", "--rm", BUSYBOX, "sh", "-c", "trap 'echo got; exit 3' TERM; echo ready; while :; do sleep 0.05; done");
  await live.until("ready");
  live.signal("SIGTERM");
  expect(await live.exitCode()).toBe(3);
  expect(live.output).toContain("got");
});

test("run -d prints the id and the container goes on", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sleep", "100");
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect(await engine.ok("ps", "-q", "--no-trunc")).toBe(id);
  expect(await engine.ok("rm", "-f", id.slice(0, 6))).toBe(id.slice(0, 6));
});

test("hako/hello is there without any registry", async () => {
  const english = await engine.hakoWith({ env: { LANG: "en_US.UTF-8" } }, "run", "--rm", "hako/hello");
  expect(english.stderr).toBe("");
  expect(english.code).toBe(0);
  expect(english.stdout.length).toBeGreaterThan(100);
});
