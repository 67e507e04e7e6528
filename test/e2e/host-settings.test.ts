/** Flags of `hako daemon` about the host: socket, firewall, process, system call filter, the engine's own log. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SystemInfo } from "../../src/spec/mod.ts";
import { BUSYBOX, Live, run, startEngine, type TestEngine } from "../harness.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
const profile = join(folder, "profile.json");
const pidFile = join(folder, "pid");
const GROUP = 2; // bin

let engine: TestEngine;
beforeAll(async () => {
  writeFileSync(profile, JSON.stringify({ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }] }));
  const flags = ["--seccomp-profile", profile, "--group", String(GROUP), "--iptables=false", "--ip-forward=false", "--log-format", "json", "--oom-score-adjust", "77", "--pidfile", pidFile, "--default-cgroupns-mode", "private", "-H", "tcp://127.0.0.1:23750"];
  engine = await startEngine({ flags });
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const info = async (): Promise<SystemInfo> => (await (await engine.api("GET", "/info")).json()) as SystemInfo;

test("the profile holds for containers and for what is run in them, unless they have another", async () => {
  const denied = await engine.hako("run", "--rm", BUSYBOX, "mkdir", "/made");
  expect(denied).toMatchObject({ code: 1, stderr: expect.stringContaining("Operation not permitted") });
  for (const option of ["seccomp=unconfined", "seccomp=builtin"]) expect(await engine.hako("run", "--rm", "--security-opt", option, BUSYBOX, "mkdir", "/made")).toMatchObject({ code: 0 });
  expect(await engine.hako("run", "--rm", "--privileged", BUSYBOX, "mkdir", "/made")).toMatchObject({ code: 0 });
  await engine.ok("run", "-d", "--name", "stays", BUSYBOX, "sleep", "100");
  expect((await engine.hako("exec", "stays", "mkdir", "/made")).stderr).toContain("Operation not permitted");
  await engine.ok("rm", "-f", "stays");
  expect((await info()).SecurityOptions).toEqual(expect.arrayContaining([`name=seccomp,profile=${profile}`, "name=cgroupns"]));
});

test("the socket belongs to the group", () => {
  expect(statSync(engine.socket)).toMatchObject({ uid: 0, gid: GROUP });
});

test("firewall and forwarding are left alone", async () => {
  expect((await engine.inNetwork("nft", "list", "tables")).stdout).not.toContain("hako");
  expect((await engine.inNetwork("cat", "/proc/sys/net/ipv4/ip_forward")).stdout).toBe("0\n");
  expect((await info()).Warnings).toContain("WARNING: IPv4 forwarding is disabled");
});

test("the bridge is where it was asked for, and its containers leave as they are", async () => {
  await using other = await startEngine({ busybox: false, flags: ["--bip", "10.214.0.1/24", "--ip-masq=false", "--mtu", "1300"] });
  const rules = (await other.inNetwork("nft", "list", "ruleset")).stdout;
  expect(rules).toMatch(/set bridges \{\s+type ifname\s+elements = \{ "hakot0" \}/);
  expect(rules).toMatch(/set translated \{\s+type ipv4_addr\s+flags interval\s+\}/);
  expect((await other.inNetwork("ip", "addr", "show", "hakot0")).stdout).toMatch(/mtu 1300[^]*inet 10\.214\.0\.1\/24/);
});

test("the engine's process is as asked for", () => {
  expect(readFileSync(`/proc/${engine.pid}/oom_score_adj`, "utf8")).toBe("77\n");
  expect(readFileSync(pidFile, "utf8")).toBe(String(engine.pid));
});

test("containers are no safer from the kernel than others", async () => {
  expect(await engine.ok("run", "--rm", BUSYBOX, "cat", "/proc/self/oom_score_adj")).toBe("0");
});

test("another engine does not take the file of its number", async () => {
  const { code, stderr } = await run(engine.daemonCommand("--data-root", join(folder, "other"), "--run-root", join(folder, "run"), "--pidfile", pidFile));
  expect(code).toBe(1);
  expect(stderr).toContain(`delete ${pidFile}: process with PID ${engine.pid} is still running`);
});

test("a host without names of protocols and services", async () => {
  await using other = await startEngine();
  await other.stop();
  using bare = Live.spawn(["unshare", "--mount", "sh", "-c", 'for f in /etc/protocols /etc/services; do [ ! -e $f ] || mount --bind /dev/null $f; done; exec "$@"', "sh", ...other.daemonCommand()]);
  await bare.until(/^ready$/m, 60_000);
  await other.ok("network", "create", "-o", "com.docker.network.bridge.gateway_mode_ipv4=routed", "routed");
  await other.ok("run", "-d", "--network", "routed", "-p", "8080:80", "-p", "8053:53/udp", BUSYBOX, "sleep", "100");
  const set = (await other.inNetwork("nft", "list", "set", "inet", "hako", "reachable")).stdout;
  for (const each of ["tcp . 80", "udp . 53"]) expect(set).toContain(each);
  await other.clear();
  await other.ok("network", "rm", "routed");
  bare.signal("SIGTERM");
  expect(await bare.exitCode()).toBe(0);
}, 120_000);

test("lines of the log are objects, and an open address is warned of", async () => {
  const lines = engine.log.split("\n").filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
  expect(lines).toContainEqual({ level: "info", msg: expect.stringContaining("API listen on"), time: expect.stringMatching(/^\d{4}-/) });
  expect(lines).toContainEqual({ level: "warn", msg: expect.stringContaining("Binding to IP address without --tlsverify is insecure"), time: expect.any(String) });
  expect((await info()).Warnings?.join("\n")).toContain("WARNING: API is accessible on http://127.0.0.1:23750 without encryption.");
  const answer = await engine.inNetwork("curl", "-s", "http://127.0.0.1:23750/_ping");
  expect(answer.stdout).toBe("OK");
});
