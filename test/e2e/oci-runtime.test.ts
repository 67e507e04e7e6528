/** hako-runtime as the engines of others call it: the specification's life cycle, and the same container with runc and crun. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultConfig } from "../../src/oci-runtime/default-config.ts";
import { removeCgroups } from "../leaks.ts";
import { type Config, unpackBusybox, writeBundle } from "../oci-bundle.ts";
import { Live, type Result, run } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";
import { until } from "../until.ts";

const folder = scratchFolder();
const rootfs = join(folder, "rootfs");
const program = join(folder, "hako-runtime");
const cgroup = folder.slice("/tmp/".length);
let count = 0;

beforeAll(async () => {
  await unpackBusybox(rootfs);
  symlinkSync(join(import.meta.dir, "..", "..", "build", "hako"), program);
});
afterAll(async () => {
  for (const id of (await runtime("list", "-q")).stdout.split("\n").filter((line) => line !== "")) await runtime("delete", "-f", id);
  const left = removeCgroups(cgroup);
  rmSync(folder, { recursive: true, force: true });
  expect(left.filter((path) => !path.endsWith(cgroup))).toEqual([]);
}, 120_000);

const runtime = async (...words: string[]): Promise<Result> => await run([program, "--root", join(folder, "state"), ...words]);
/** The container keeps the caller's streams: those must not be pipes that the test reads to their end. */
async function leaving(...words: string[]): Promise<Result> {
  const [out, err] = [join(folder, "out"), join(folder, "err")];
  const { code } = await run(["sh", "-c", `exec "$@" </dev/null >${out} 2>${err}`, "sh", program, "--root", join(folder, "state"), ...words]);
  return { code, stdout: readFileSync(out, "utf8"), stderr: readFileSync(err, "utf8") };
}
const status = async (id: string): Promise<string> => (JSON.parse((await runtime("state", id)).stdout) as { status: string }).status;

/** A bundle that runs a shell script. */
function bundle(script: string, change?: (config: Config) => void): { id: string; dir: string } {
  const id = `c${count++}`;
  const dir = join(folder, `bundle-${id}`);
  writeBundle(dir, rootfs, `/${cgroup}/${id}`, script, change);
  return { id, dir };
}

async function untilStatus(id: string, wanted: string): Promise<void> {
  await until(async () => (await status(id)) === wanted, `${id} as ${wanted}`);
}

describe("the life cycle of the specification", () => {
  test("run gives output and code, and leaves nothing", async () => {
    const { id, dir } = bundle("echo out; echo err >&2; hostname; exit 3");
    const { code, stdout, stderr } = await runtime("run", "--bundle", dir, id);
    expect([code, stdout, stderr]).toEqual([3, "out\nhako\n", "err\n"]);
    expect((await runtime("state", id)).stderr).toContain("container does not exist");
  });

  test("create stops before the program, start lets it go, kill ends it, delete forgets it", async () => {
    const { id, dir } = bundle("echo ran > /ran; trap 'exit 7' TERM; while :; do sleep 0.05; done");
    rmSync(join(rootfs, "ran"), { force: true });
    const pidFile = join(folder, "pid");
    expect((await leaving("create", "--bundle", dir, "--pid-file", pidFile, id)).code).toBe(0);
    const state = JSON.parse((await runtime("state", id)).stdout) as Record<string, unknown>;
    expect(state).toMatchObject({ ociVersion: "1.0.2", id, status: "created", pid: Number(readFileSync(pidFile, "utf8")), bundle: dir });
    expect(existsSync(join(rootfs, "ran"))).toBe(false);
    expect((await leaving("create", "--bundle", dir, id)).stderr).toContain("container with given ID already exists");
    expect((await runtime("start", id)).code).toBe(0);
    expect(await status(id)).toBe("running");
    expect((await runtime("start", id)).stderr).toContain("already running");
    expect((await runtime("delete", id)).stderr).toContain("is not stopped: running");
    expect(JSON.parse((await runtime("ps", "--format", "json", id)).stdout)).toContain(state["pid"]);
    expect((await runtime("list")).stdout).toContain(`${id} `);
    while (!existsSync(join(rootfs, "ran"))) await Bun.sleep(10);
    expect((await runtime("kill", id)).code).toBe(0);
    await untilStatus(id, "stopped");
    expect((await runtime("kill", id)).stderr).toContain("container not running");
    expect((await runtime("delete", id)).code).toBe(0);
    expect((await runtime("delete", id)).code).toBe(1);
    expect((await runtime("delete", "--force", id)).code).toBe(0);
  });

  test("pause and resume", async () => {
    const { id, dir } = bundle("sleep 1000");
    await leaving("run", "--detach", "--bundle", dir, id);
    expect((await runtime("pause", id)).code).toBe(0);
    expect(await status(id)).toBe("paused");
    expect((await runtime("exec", id, "true")).stderr).toContain("cannot exec in a paused container");
    expect((await runtime("resume", id)).code).toBe(0);
    expect(await status(id)).toBe("running");
    expect((await runtime("delete", "--force", id)).code).toBe(0);
  });

  test("exec joins the container with its own code, user, folder and pid file", async () => {
    const { id, dir } = bundle("sleep 1000");
    await leaving("run", "--detach", "--bundle", dir, id);
    const { code, stdout } = await runtime("exec", "--user", "1000:1001", "--cwd", "/tmp", "--env", "A=b", id, "sh", "-c", "id -u; id -g; pwd; echo $A; hostname; exit 6");
    expect([code, stdout]).toEqual([6, "1000\n1001\n/tmp\nb\nhako\n"]);
    const process = join(folder, "process.json");
    writeFileSync(process, JSON.stringify({ user: { uid: 0, gid: 0 }, args: ["sleep", "1000"], env: ["PATH=/bin"], cwd: "/" }));
    const pidFile = join(folder, "exec-pid");
    expect((await leaving("exec", "--detach", "--process", process, "--pid-file", pidFile, id)).code).toBe(0);
    expect(JSON.parse((await runtime("ps", "-f", "json", id)).stdout)).toContain(Number(readFileSync(pidFile, "utf8")));
    const missing = await runtime("exec", id, "nosuch");
    expect([missing.code, missing.stderr]).toEqual([255, `hako-runtime: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH\n`]);
    await runtime("delete", "--force", id);
  });

  test("limits hold and are updated", async () => {
    const { id, dir } = bundle("sleep 1000", (config) => Object.assign(config.linux, { resources: { memory: { limit: 64 << 20 }, pids: { limit: 20 } } }));
    await leaving("run", "--detach", "--bundle", dir, id);
    const limit = async (): Promise<string> => (await runtime("exec", id, "sh", "-c", "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null")).stdout.trim();
    expect(await limit()).toBe(String(64 << 20));
    const updated = await run([program, "--root", join(folder, "state"), "update", "--resources", "-", id], { stdin: JSON.stringify({ memory: { limit: 80 << 20 } }) });
    expect(updated.code).toBe(0);
    expect(await limit()).toBe(String(80 << 20));
    await runtime("delete", "--force", id);
  });

  test("a created container that is deleted never runs its program", async () => {
    const { id, dir } = bundle("echo ran > /never");
    await leaving("create", "--bundle", dir, id);
    expect((await runtime("delete", id)).code).toBe(0);
    expect(existsSync(join(rootfs, "never"))).toBe(false);
  });

  test("a create that is killed half-way is taken back by delete --force", async () => {
    const held = join(folder, "held");
    writeFileSync(held, "");
    const { id, dir } = bundle("true", (config) => (config.hooks = { createRuntime: [{ path: "/bin/sh", args: ["sh", "-c", `while [ -e ${held} ]; do sleep 0.05; done`], env: ["PATH=/bin:/usr/bin"] }] }));
    using live = Live.spawn([program, "--root", join(folder, "state"), "create", "--bundle", dir, id]);
    while (!existsSync(join(folder, "state", id, "hooks"))) await Bun.sleep(10);
    live.signal("SIGKILL");
    await live.exited;
    expect(await status(id)).toBe("creating");
    expect((await runtime("delete", "--force", id)).code).toBe(0);
    expect((await runtime("list", "-q")).stdout.split("\n")).not.toContain(id);
    rmSync(held);
  });
});

test("a terminal goes to the console socket", async () => {
  const { id, dir } = bundle("tty; stty size; exit 4", (config) => Object.assign(config.process, { terminal: true, consoleSize: { height: 30, width: 100 } }));
  expect((await leaving("create", "--bundle", dir, id)).stderr).toContain("without setting console socket");
  const path = join(folder, "console");
  using terminal = Live.spawn(["python3", "-c", RECEIVE, path]);
  await terminal.until("listening");
  expect((await leaving("create", "--bundle", dir, "--console-socket", path, id)).code).toBe(0);
  await runtime("start", id);
  await terminal.until("30 100");
  expect(terminal.output).toContain("/dev/pts/0");
  await runtime("delete", "--force", id);
});

/** Takes a terminal as engines do, and prints what comes out of it. */
const RECEIVE = `
import array, os, socket, sys
listener = socket.socket(socket.AF_UNIX); listener.bind(sys.argv[1]); listener.listen(1)
print("listening", flush=True)
connection = listener.accept()[0]
name, control, *_ = connection.recvmsg(4096, socket.CMSG_LEN(4))
master = array.array("i", control[0][2][:4])[0]
try:
    while True: os.write(1, os.read(master, 4096))
except OSError: pass
`;

describe("hooks", () => {
  const trace = join(folder, "trace");
  const noting = (name: string): Record<string, unknown> => ({ path: "/bin/sh", args: ["sh", "-c", `read -r state; echo "${name} $(echo "$state" | sed 's/.*"status":"\\([a-z]*\\)","pid":\\([0-9]*\\).*/\\1 \\2/') $A" >> ${trace}`], env: ["A=b", "PATH=/bin:/usr/bin"] });

  test("run at their time, with the state, and inside only where they should", async () => {
    const inside = (name: string): Record<string, unknown> => ({ path: "/bin/sh", args: ["sh", "-c", `cat > /${name}`], env: ["PATH=/bin"] });
    const { id, dir } = bundle("cat /start; echo", (config) => {
      config.hooks = { prestart: [noting("prestart")], createRuntime: [noting("createRuntime")], createContainer: [noting("createContainer")], startContainer: [inside("start")], poststart: [noting("poststart")], poststop: [noting("poststop")] };
    });
    expect((await leaving("create", "--bundle", dir, id)).stderr).toBe("");
    const { pid } = JSON.parse((await runtime("state", id)).stdout) as { pid: number };
    expect(readFileSync(trace, "utf8")).toBe(`prestart creating ${pid} b\ncreateRuntime creating ${pid} b\ncreateContainer creating 1 b\n`);
    await runtime("start", id);
    await untilStatus(id, "stopped");
    await runtime("delete", id);
    expect(readFileSync(trace, "utf8")).toEndWith(`poststart running ${pid} b\npoststop stopped 0 b\n`);
    expect(JSON.parse(readFileSync(join(rootfs, "start"), "utf8"))).toMatchObject({ id, status: "created", pid: 1 });
  });

  test.each(["createRuntime", "createContainer"])("a %s hook that fails ends the creation, and nothing is left", async (point) => {
    const { id, dir } = bundle("true", (config) => (config.hooks = { [point]: [{ path: "/bin/sh", args: ["sh", "-c", "echo broken >&2; exit 1"] }] }));
    const { code, stderr } = await leaving("create", "--bundle", dir, id);
    expect(code).toBe(1);
    expect(stderr).toContain("/bin/sh");
    expect((await runtime("state", id)).stderr).toContain("container does not exist");
  });

  test("a hook that takes too long is ended", async () => {
    const { id, dir } = bundle("true", (config) => (config.hooks = { createContainer: [{ path: "/bin/sleep", args: ["sleep", "1000"], timeout: 1 }] }));
    const { code, stderr } = await leaving("create", "--bundle", dir, id);
    expect([code, stderr]).toEqual([1, expect.stringContaining("timed out")]);
  });
});

describe("what cannot be had is said in words", () => {
  test.each<[string, (config: Config) => void]>([
    ["a user namespace needs both", (config) => (config.linux["namespaces"] = [{ type: "user" }, { type: "mount" }])],
    ["a user namespace cannot be joined", (config) => (config.linux["namespaces"] = [{ type: "user", path: "/proc/1/ns/user" }, { type: "mount" }])],
    ["not by systemd", (config) => (config.linux["cgroupsPath"] = "user.slice:hako:x")],
    ["mapped owners", (config) => (config["mounts"] as Record<string, unknown>[]).push({ destination: "/m", type: "bind", source: "/tmp", options: ["bind"], uidMappings: [{ containerID: 0, hostID: 1, size: 1 }] })],
    ["process.cwd: must be an absolute path", (config) => (config.process["cwd"] = "tmp")],
    ["process.args: must not be empty", (config) => (config.process["args"] = [])],
    ["linux.namespaces[0].type: not one of", (config) => (config.linux["namespaces"] = [{ type: "moon" }])],
    ["intelRdt: cannot be set", (config) => (config.linux["intelRdt"] = { closID: "x" })],
    [`exec: "nosuch": executable file not found in $PATH`, (config) => (config.process["args"] = ["nosuch"])],
    [`exec: "/etc": is a directory: permission denied`, (config) => (config.process["args"] = ["/etc"])],
  ])("%s", async (message, change) => {
    const { id, dir } = bundle("true", change);
    const log = join(folder, "log");
    const { code, stderr } = await leaving("--log", log, "--log-format", "json", "create", "--bundle", dir, id);
    expect([code, stderr]).toEqual([1, expect.stringContaining(message)]);
    expect(JSON.parse(readFileSync(log, "utf8").trim().split("\n").at(-1) ?? "")).toMatchObject({ level: "error", msg: expect.stringContaining(message) });
    expect((await runtime("state", id)).code).toBe(1);
  });

  test("a config that is no JSON, or too deep in the wrong place, is refused", async () => {
    const { id, dir } = bundle("true");
    for (const text of ["{", "[]", `{"ociVersion":"2.0.0"}`, `{"ociVersion":"1.0.0","process":[]}`, `{"ociVersion":"1.0.0","linux":{"namespaces":[{"type":"mount"}]},"process":{"args":[1]}}`]) {
      writeFileSync(join(dir, "config.json"), text);
      expect((await leaving("create", "--bundle", dir, id)).code).toBe(1);
    }
  });
});

test("features and spec speak the specification's language", async () => {
  const features = JSON.parse((await runtime("features")).stdout) as { hooks: string[]; mountOptions: string[]; linux: { namespaces: string[] } };
  expect(features.hooks).toContain("createRuntime");
  expect(features.mountOptions).toContain("rro");
  expect(features.linux.namespaces).toContain("cgroup");
  const dir = join(folder, "spec");
  mkdirSync(dir);
  expect((await runtime("spec", "--bundle", dir)).code).toBe(0);
  expect(JSON.parse(readFileSync(join(dir, "config.json"), "utf8"))).toEqual(defaultConfig());
  expect((await runtime("spec", "--bundle", dir)).code).toBe(1);
});
