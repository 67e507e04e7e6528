/** Use cases against the kernel that no other suite looks at: joined namespaces, restart policies, volumes, damage, uninstalling. */
import { Database } from "bun:sqlite";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, run, startEngine, type Result, type TestEngine } from "../harness.ts";
import { cgroupFolders } from "../leaks.ts";
import { scratchFolder } from "../scratch.ts";
import { until } from "../until.ts";

let engine: TestEngine;
let scratch: string;
beforeAll(async () => {
  scratch = scratchFolder();
  engine = await startEngine();
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(scratch, { recursive: true, force: true });
}, 120_000);

test("network, pid and ipc of another container", async () => {
  await engine.ok("run", "-d", "--name", "donor", "--hostname", "donorhost", "--ipc", "shareable", BUSYBOX, "sleep", "1000");
  expect(await engine.ok("run", "--rm", "--network", "container:donor", BUSYBOX, "hostname")).toBe("donorhost");
  expect(await engine.ok("run", "--rm", "--pid", "container:donor", BUSYBOX, "ps")).toContain("sleep 1000");
  await engine.ok("run", "--rm", "--ipc", "container:donor", BUSYBOX, "touch", "/dev/shm/shared");
  expect(await engine.ok("exec", "donor", "ls", "/dev/shm")).toBe("shared");
  await engine.ok("rm", "-f", "donor");
}, 120_000);

test("joining a container that does not run is refused in Docker's words, and nothing is left", async () => {
  const id = await engine.ok("create", "--name", "still", BUSYBOX, "true");
  const refusal = async (...flags: string[]): Promise<string> => (await engine.hako("run", "--rm", ...flags, BUSYBOX, "true")).stderr;
  expect(await refusal("--network", "container:still")).toContain("cannot join network namespace of a non running container: container still is created");
  expect(await refusal("--pid", "container:still")).toContain(`failed to join PID namespace: container ${id} is not running`);
  expect(await refusal("--ipc", "container:nosuch")).toContain("No such container: nosuch");
  await engine.ok("rm", "still");
  expect(await engine.ok("ps", "-aq")).toBe("");
}, 120_000);

test("a program of no known format ends with 255 and says so on standard error", async () => {
  const program = join(scratch, "garbage");
  writeFileSync(program, "garbage");
  chmodSync(program, 0o755);
  const { code, stdout, stderr } = await engine.hako("run", "--rm", "-v", `${program}:/g`, BUSYBOX, "/g");
  expect({ code, stdout, stderr }).toEqual({ code: 255, stdout: "", stderr: "exec /g: exec format error\n" });
}, 120_000);

test("on-failure:2 restarts twice and keeps the code; stop ends a restart", async () => {
  await engine.ok("run", "-d", "--name", "tries", "--restart", "on-failure:2", BUSYBOX, "sh", "-c", "exit 5");
  await until(async () => (await engine.ok("inspect", "-f", "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}", "tries")) === "2 exited 5");
  await engine.ok("run", "-d", "--name", "always", "--restart", "always", BUSYBOX, "false");
  await until(async () => Number(await engine.ok("inspect", "-f", "{{.RestartCount}}", "always")) >= 2);
  await engine.ok("stop", "always");
  expect(await engine.ok("inspect", "-f", "{{.State.Status}}", "always")).toBe("exited");
  await engine.ok("rm", "tries", "always");
}, 120_000);

test("named volumes outlive containers, nameless ones go with rm -v", async () => {
  await engine.ok("run", "--rm", "-v", "kept:/v", BUSYBOX, "sh", "-c", "echo here > /v/file");
  expect(await engine.ok("run", "--rm", "-v", "kept:/v:ro", BUSYBOX, "cat", "/v/file")).toBe("here");
  await engine.ok("create", "--name", "holder", "-v", "kept:/v", "-v", "/nameless", BUSYBOX, "true");
  expect((await engine.hako("volume", "rm", "kept")).stderr).toContain("volume is in use");
  await engine.ok("rm", "-v", "holder");
  expect(await engine.ok("volume", "ls", "-q")).toBe("kept");
  await engine.ok("volume", "rm", "kept");
}, 120_000);

/** While no engine has it: the store is its engine's alone. */
function alterStore(statement: string): void {
  using db = new Database(join(engine.dataRoot, "hako.db"));
  db.run(statement);
}

test("a damaged row costs one container: the others are there, and the engine says which", async () => {
  await engine.ok("create", "--name", "sound", BUSYBOX, "true");
  await engine.ok("create", "--name", "broken", BUSYBOX, "true");
  await engine.kill9();
  alterStore("UPDATE containers SET facts = '{\"half' WHERE name = 'broken'");
  await engine.start();
  expect(await engine.ok("ps", "-a", "--format", "{{.Names}}")).toBe("sound");
  expect(engine.log).toContain("is damaged in the store and skipped");
  await engine.kill9();
  alterStore("DELETE FROM containers WHERE name = 'broken'");
  await engine.start();
  await engine.ok("rm", "sound");
}, 120_000);

test("a start that a crash cut short at its very beginning leaves the last run's end as it was, told once", async () => {
  await engine.hako("run", "--name", "ended", BUSYBOX, "sh", "-c", "exit 3");
  const before = await engine.ok("inspect", "--format", "{{json .State}}", "ended");
  await engine.kill9();
  alterStore("UPDATE container_states SET state = json_object('status', 'starting', 'from', json(state)) WHERE id = (SELECT id FROM containers WHERE name = 'ended')");
  await engine.start();
  expect(await engine.ok("inspect", "--format", "{{json .State}}", "ended")).toBe(before);
  const deaths = await engine.ok("events", "--since", "1h", "--until", "0s", "--filter", "container=ended", "--filter", "event=die", "--format", "{{.Action}}");
  expect(deaths).toBe("die");
  await engine.ok("rm", "ended");
}, 120_000);

async function uninstall(other: TestEngine): Promise<Result> {
  const [program = ""] = other.command();
  const settings = ["--data-root", other.dataRoot, "--run-root", other.runRoot, "--bridge", "hakot0", "--cgroup-parent", other.cgroupParent];
  return await run(["nsenter", `--net=/proc/${other.networkHolder}/ns/net`, "--", program, "system", "uninstall", "--force", ...settings]);
}

test("uninstall stops containers and engine and leaves no folder, cgroup, interface or table", async () => {
  await using other = await startEngine();
  await other.ok("run", "-d", BUSYBOX, "sleep", "1000");
  const { code, stderr } = await uninstall(other);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await other.stop()).toBe(0);
  expect(existsSync(other.dataRoot)).toBe(false);
  expect(cgroupFolders(other.cgroupParent)).toEqual([]);
  const links = (await other.inNetwork("ip", "-o", "link")).stdout;
  expect(links).not.toContain("hakot0");
  expect((await other.inNetwork("nft", "list", "tables")).stdout).toBe("");
}, 120_000);

test("uninstall needs no readable store", async () => {
  await using other = await startEngine();
  await other.ok("run", "-d", BUSYBOX, "sleep", "1000");
  await other.stop();
  writeFileSync(join(other.dataRoot, "hako.db"), "not a database");
  const { code, stderr } = await uninstall(other);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(existsSync(other.dataRoot)).toBe(false);
  expect(await other.settledLeaks()).toEqual([]);
  expect((await other.inNetwork("nft", "list", "tables")).stdout).toBe("");
}, 120_000);

test("uninstall gives the forwarding switch back, also when the store is of a newer release", async () => {
  await using other = await startEngine({ busybox: false });
  const forwarding = async (): Promise<string> => (await other.inNetwork("cat", "/proc/sys/net/ipv4/ip_forward")).stdout.trim();
  // A new namespace may have it from the host: off before this start, it is the engine's to switch.
  await other.stop();
  await other.inNetwork("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward");
  await other.start();
  expect(await forwarding()).toBe("1");
  await other.stop();
  {
    using db = new Database(join(other.dataRoot, "hako.db"));
    expect(db.query("SELECT value FROM network_state WHERE key = 'forwarding'").get()).toEqual({ value: "ours" });
    db.run("UPDATE schema_versions SET version = 99 WHERE module = 'image'");
  }
  const { code, stderr } = await uninstall(other);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await forwarding()).toBe("0");
}, 120_000);

test("an engine that is stopped leaves no cgroup while nothing runs", async () => {
  await using other = await startEngine({ busybox: false });
  expect(cgroupFolders(other.cgroupParent)).not.toEqual([]);
  expect(await other.stop()).toBe(0);
  expect(cgroupFolders(other.cgroupParent)).toEqual([]);
}, 120_000);
