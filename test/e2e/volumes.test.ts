/** What the driver `local` keeps and mounts, how volumes are shared, renamed, saved and loaded, and what a crash leaves of them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { run } from "../processes.ts";
import { until } from "../until.ts";

let engine: TestEngine;
beforeAll(async () => void (engine = await startEngine()));
afterAll(async () => engine[Symbol.asyncDispose]());

const create = (name: string, ...options: string[]): Promise<string> => engine.ok("volume", "create", ...options.flatMap((option) => ["-o", option]), name);
const refusal = async (...args: string[]): Promise<string> => (await engine.hako(...args)).stderr.split("\n")[0] ?? "";
const runs = (volume: string, ...command: string[]): Promise<string> => engine.ok("run", "--rm", "--network", "none", "-v", `${volume}:/x`, BUSYBOX, ...command);
const mounted = (name: string): boolean => readFileSync("/proc/self/mountinfo", "utf8").includes(` ${join(engine.runRoot, "v", name)} `);
const data = (name: string): string => join(engine.dataRoot, "volumes", name, "_data");

test("options of the driver local are refused in Docker's words", async () => {
  for (const [options, words] of [
    [["bad=1"], 'invalid option: "bad"'],
    [["type=tmpfs"], 'missing required option: "device"'],
    [["device=x"], 'missing required option: "type"'],
    [["o=x", "type=tmpfs"], 'missing required option: "device"'],
    [["size=zz"], "invalid size: 'zz'"],
    [["size=10m"], "quota size requested but no quota support"],
    [["type=cifs", "device=//host:33/x"], "port not allowed in CIFS device URL, include 'port' in 'o='"],
    [["uid=x"], 'invalid uid: "x"'],
    [["mode=9"], 'invalid mode: "9"'],
    [["uid=5", "type=ext4", "device=/dev/none"], 'uid, gid and mode are for folders and for type "tmpfs": what is mounted has its own'],
  ] as const) expect(await refusal("volume", "create", ...options.flatMap((option) => ["-o", option]), "refused")).toBe(`Error response from daemon: create refused: ${words}`);
  expect(await engine.ok("volume", "ls", "-q")).toBe("");
});

test("what cannot be mounted keeps a container from starting, in Docker's words", async () => {
  await create("gone", "type=none", "o=bind", `device=${engine.runRoot}/none`);
  await create("unknown", "type=badfs", "device=x", "o=password=secret,ro");
  await create("unnamed", "type=nfs", "device=:/x", "o=addr=no-such-host.invalid");
  const failing = (name: string): Promise<string> => refusal("run", "--rm", "-v", `${name}:/x`, BUSYBOX, "true");
  const told = (name: string): string => `hako: Error response from daemon: error while mounting volume '${data(name)}': `;
  expect(await failing("gone")).toBe(`${told("gone")}failed to mount local volume: mount ${engine.runRoot}/none:${data("gone")}, flags: 0x1000: no such file or directory`);
  expect(await failing("unknown")).toBe(`${told("unknown")}failed to mount local volume: mount x:${data("unknown")}, flags: 0x1, data: password=********: no such device`);
  expect(await failing("unnamed")).toBe(`${told("unnamed")}error resolving passed in network volume address: lookup no-such-host.invalid: no such host`);
  await engine.ok("volume", "rm", "gone", "unknown", "unnamed");
});

test("a folder of the host as a volume: its files, read-only where that was asked", async () => {
  const folder = join(engine.runRoot, "shown");
  mkdirSync(folder);
  writeFileSync(join(folder, "f"), "of the host");
  await create("bound", "type=none", "o=bind,ro", `device=${folder}`);
  expect(await runs("bound", "sh", "-c", "cat /x/f; touch /x/g 2>&1; true")).toBe("of the hosttouch: /x/g: Read-only file system");
  await engine.ok("volume", "rm", "bound");
  expect(readdirSync(folder)).toEqual(["f"]);
});

test("memory is shared by all that use it, outlives the engine, and goes with the last user", async () => {
  await create("memory", "type=tmpfs", "device=tmpfs", "o=size=1m", "uid=7", "mode=0750");
  await engine.ok("run", "-d", "--name", "first", "--network", "none", "-v", "memory:/x", BUSYBOX, "sh", "-c", "echo shared > /x/f; exec sleep 1000");
  expect(await runs("memory", "sh", "-c", "until [ -s /x/f ]; do :; done; cat /x/f; stat -c '%u %a' /x; grep -c ' /x tmpfs .*size=1024k' /proc/mounts")).toBe("shared\n7 750\n1");
  expect(mounted("memory")).toBe(true);
  expect(await engine.ok("volume", "inspect", "-f", "{{.Mountpoint}}", "memory")).toBe(join(engine.runRoot, "v", "memory"));
  await engine.restart();
  expect(await runs("memory", "cat", "/x/f")).toBe("shared");
  await engine.ok("rm", "-f", "first");
  expect(mounted("memory")).toBe(false);
  expect(await runs("memory", "ls", "/x")).toBe("");
  expect(mounted("memory")).toBe(false);
});

test("what a container had mounted that ended while no engine ran is unmounted at the next start", async () => {
  const id = await engine.ok("run", "-d", "--network", "none", "-v", "memory:/x", BUSYBOX, "sleep", "1000");
  const pid = Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", id));
  await engine.kill9();
  process.kill(pid, "SIGKILL");
  await engine.ended(id);
  expect(mounted("memory")).toBe(true);
  await engine.start();
  await until(() => !mounted("memory") && readdirSync(join(engine.runRoot, "u")).length === 0, "an end of the mount");
  await engine.ok("rm", id);
  await engine.ok("volume", "rm", "memory");
});

test("a disk is mounted for its users, and its files stay on it", async () => {
  const disk = await loopDisk("disk");
  try {
    await create("disk", "type=ext4", `device=${disk.device}`, "o=noatime");
    await runs("disk", "sh", "-c", "echo kept > /x/f");
    expect(mounted("disk")).toBe(false);
    expect(await runs("disk", "sh", "-c", "cat /x/f; grep -c ' /x ext4 rw,noatime' /proc/mounts")).toBe("kept\n1");
    // Also of one that does not run.
    await engine.ok("create", "--name", "resting", "-v", "disk:/x", BUSYBOX, "true");
    expect((await run(["sh", "-c", `${engine.command("cp", "resting:/x/f", "-").join(" ")} | tar -xO`])).stdout).toBe("kept\n");
    await engine.ok("rm", "resting");
    await engine.ok("volume", "rm", "disk");
  } finally {
    await disk.free();
  }
});

test("owner and mode of a new volume's folder are as asked, also where the image has files", async () => {
  await create("owned", "uid=1234", "gid=56", "mode=2770");
  expect(await runs("owned", "stat", "-c", "%u %g %a", "/x")).toBe("1234 56 2770");
  await engine.ok("run", "--rm", "--network", "none", "-v", "owned:/etc", BUSYBOX, "true");
  const { uid, gid, mode } = statSync(data("owned"));
  expect([uid, gid, mode & 0o7777]).toEqual([1234, 56, 0o2770]);
  expect(existsSync(join(data("owned"), "passwd"))).toBe(true);
  await engine.ok("volume", "rm", "owned");
});

test("a volume gets another name while nobody has it", async () => {
  await create("old");
  await runs("old", "touch", "/x/f");
  await engine.ok("create", "--name", "user", "-v", "old:/x", BUSYBOX, "true");
  expect(await refusal("volume", "rename", "old", "new")).toMatch(/^Error response from daemon: rename old: volume is in use - \[[0-9a-f]{64}\]$/);
  await engine.ok("rm", "user");
  await create("other");
  expect(await refusal("volume", "rename", "old", "other")).toBe("Error response from daemon: rename old: volume other is already there");
  expect(await refusal("volume", "rename", "old", "a/b")).toContain('"a/b" includes invalid characters');
  expect(await refusal("volume", "rename", "nobody", "b1")).toBe("Error response from daemon: get nobody: no such volume");
  await engine.ok("volume", "rename", "old", "new");
  await engine.restart();
  expect(await runs("new", "ls", "/x")).toBe("f");
  expect((await engine.ok("volume", "ls", "-q")).split("\n")).toEqual(["new", "other"]);
  expect(existsSync(join(engine.dataRoot, "volumes", "old"))).toBe(false);
  await engine.ok("volume", "rm", "new", "other");
});

test("a volume's archive keeps owners, modes, links, attributes and holes", async () => {
  await create("full");
  const from = data("full");
  writeFileSync(join(from, "plain"), "x");
  chownSync(join(from, "plain"), 1000, 1001);
  chmodSync(join(from, "plain"), 0o4711);
  linkSync(join(from, "plain"), join(from, "second"));
  await run(["sh", "-c", `cd ${from} && setfattr -n user.kept -v yes plain; truncate -s 64M holes; echo end >> holes; mkfifo pipe; ln -s plain link; chmod 1777 .`]);
  const archive = join(engine.runRoot, "full.tar");
  await engine.ok("volume", "save", "-o", archive, "full");
  expect(statSync(archive).size).toBeLessThan(1024 * 1024);
  await engine.ok("volume", "load", "-i", archive, "again");
  const listing = (folder: string): Promise<{ stdout: string }> => run(["sh", "-c", `cd ${folder} && stat -c '%n %u %g %a %F %h %s' * && cat holes | md5sum && getfattr -d plain && readlink link`]);
  expect((await listing(data("again"))).stdout).toBe((await listing(from)).stdout);
  expect(statSync(join(data("again"), "holes")).blocks).toBeLessThan(1024);
  expect(statSync(data("again")).mode & 0o7777).toBe(0o1777);
  await engine.ok("volume", "rm", "full", "again");
});

test("a running container's volume is not loaded over, and a bad archive leaves a volume that can be used", async () => {
  await engine.ok("run", "-d", "--name", "busy", "--network", "none", "-v", "taken:/x", BUSYBOX, "sleep", "1000");
  const load = (name: string, stdin: string): Promise<{ code: number; stderr: string }> => engine.hakoWith({ stdin }, "volume", "load", name);
  expect((await load("taken", "")).stderr).toContain("load taken: volume is in use - [");
  await engine.ok("rm", "-f", "busy");
  const { code, stderr } = await load("taken", "no archive".repeat(200));
  expect([code, stderr.startsWith("Error response from daemon: ")]).toEqual([1, true]);
  expect(await runs("taken", "sh", "-c", "touch /x/f && ls /x")).toBe("f");
  await engine.ok("volume", "rm", "taken");
});

test("what a crash has left of a removal or of a rename is finished by the next start", async () => {
  await create("removed");
  await create("renamed");
  await runs("renamed", "touch", "/x/f");
  await engine.ok("volume", "rename", "renamed", "renamed2");
  await engine.kill9();
  const volumes = join(engine.dataRoot, "volumes");
  renameSync(join(volumes, "removed"), join(volumes, ".gone-removed"));
  await engine.start();
  expect(await engine.ok("volume", "ls", "-q")).toBe("renamed2");
  expect(readdirSync(volumes)).toEqual(["renamed2"]);
  expect(await runs("renamed2", "ls", "/x")).toBe("f");
  await engine.ok("volume", "rm", "renamed2");
});

test("cluster volumes are refused in Docker's words", async () => {
  await create("local");
  expect(await refusal("volume", "update", "--availability", "pause", "local")).toBe("can only update cluster volumes");
  expect(await refusal("volume", "create", "--type", "block", "x1")).toStartWith("Error response from daemon: This node is not a swarm manager.");
  const response = await engine.api("POST", "/volumes/create", { Name: "x1", ClusterVolumeSpec: {} });
  expect([response.status, ((await response.json()) as { message: string }).message]).toEqual([503, 'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.']);
  await engine.ok("volume", "rm", "local");
});

/** A disk in a file, with an ext4 on it. */
async function loopDisk(name: string, ...features: string[]): Promise<{ device: string; free(): Promise<void> }> {
  const file = join(engine.runRoot, `${name}.img`);
  const made = await run(["sh", "-c", `truncate -s 32M ${file} && mkfs.ext4 -q ${features.join(" ")} ${file} && losetup --find --show ${file}`]);
  const device = made.stdout.trim();
  expect([made.stderr, device.startsWith("/dev/loop")]).toEqual(["", true]);
  return { device, free: async () => void (await run(["losetup", "-d", device])) };
}
