/** Real control groups of this machine, below a parent of the test's own. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { AT, closeFd, kill, O, openat2, openCgroups, spawnFd, waitExit, type Cgroup, type CgroupResources, type Cgroups } from "../../src/linux/mod.ts";
import { scratchFolder, scratchName } from "../scratch.ts";
import { until } from "../until.ts";

const MEGABYTE = 1024 * 1024;
const cgroups: Cgroups = openCgroups({ parent: scratchName("test") });
const open: Cgroup[] = [];
const folder = scratchFolder();

/** What Docker gives every container. */
const DEVICES: CgroupResources["devices"] = [
  { allow: false, access: "rwm" },
  { allow: true, type: "c", access: "m" },
  { allow: true, type: "b", access: "m" },
  ...[[1, 3], [1, 5], [1, 7], [1, 8], [1, 9], [5, 0], [5, 1], [5, 2], [10, 200]].map(([major = 0, minor = 0]) => ({ allow: true, type: "c" as const, major, minor, access: "rwm" })),
  { allow: true, type: "c", major: 136, access: "rwm" },
];

function create(id: string, resources: Partial<CgroupResources> = {}): Cgroup {
  const group = cgroups.create(id, { devices: DEVICES, ...resources });
  open.push(group);
  return group;
}

let shell = -1;
let nothing = -1;
beforeAll(() => {
  shell = openat2(AT.FDCWD, "/bin/sh", { flags: O.RDONLY });
  nothing = openat2(AT.FDCWD, "/dev/null", { flags: O.RDWR });
});

afterAll(async () => {
  for (const group of open) {
    group.killAll();
    await group.remove();
  }
  cgroups.removeParent();
  rmSync(folder, { recursive: true, force: true });
  closeFd(shell);
  closeFd(nothing);
});

/** A shell that enters the group itself, as the shim does, and then runs the script. */
function runInside(group: Cgroup, script: string): number {
  const files = group.join.kind === "v1" ? group.join.tasksFiles : [`${group.join.dir}/cgroup.procs`];
  const join = files.map((file) => `echo 0 > ${file}`).join(" && ");
  return spawnFd({ exeFd: shell, argv: ["sh", "-c", `${join} || exit 99; ${script}`], env: ["PATH=/usr/bin:/bin"], fds: [nothing, nothing, nothing] });
}

describe(`cgroup v${cgroups.version}`, () => {
  test("create() gives limits that stats() shows, update() changes them", () => {
    const group = create("limits", {
      memory: { limit: 64 * MEGABYTE, swap: 128 * MEGABYTE, reservation: 32 * MEGABYTE },
      cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: "0" },
      pids: { limit: 33 },
    });
    expect(group.stats()).toMatchObject({ memory: { limitBytes: 64 * MEGABYTE }, pids: { current: 0, limit: 33 } });
    group.update({ devices: [], memory: { limit: 256 * MEGABYTE, swap: 512 * MEGABYTE }, pids: { limit: -1 } });
    expect(group.stats()).toMatchObject({ memory: { limitBytes: 256 * MEGABYTE }, pids: { limit: 0 } });
    group.update({ devices: [], memory: { limit: 16 * MEGABYTE, swap: 16 * MEGABYTE } });
    expect(group.stats().memory.limitBytes).toBe(16 * MEGABYTE);
  });

  test("openStats() tells of every change from files it holds, zeros once the group is gone, and lets go of them", async () => {
    const group = create("watched", { pids: { limit: 7 } });
    const descriptors = (): number => readdirSync("/proc/self/fd").length;
    const before = descriptors();
    {
      using reader = group.openStats();
      expect(reader.read().pids).toEqual({ current: 0, limit: 7 });
      const held = descriptors();
      group.update({ devices: [], pids: { limit: 8 } });
      const pid = runInside(group, "sleep 100");
      await until(() => reader.read().pids.current >= 1);
      expect(reader.read().pids.limit).toBe(8);
      expect(reader.read().memory.stats).toBe(reader.read().memory.stats);
      expect(descriptors()).toBe(held);
      group.killAll();
      await waitExit(pid);
      await group.remove();
      expect(reader.read()).toMatchObject({ pids: { current: 0 }, cpu: { totalNs: 0 }, memory: { usageBytes: 0 } });
    }
    expect(descriptors()).toBe(before);
  });

  test("supports names what this kernel can limit, and what containers may have of its processors", () => {
    expect(cgroups.supports).toMatchObject({ memory: true, cpuShares: true, pids: true });
    expect(cgroups.supports.cpuset?.cpus ?? "0").toMatch(/^\d/);
    expect(cgroups.supports.swappiness).toBe(cgroups.version === 1);
  });

  test("a value that the kernel refuses names the file, and leaves no group behind", () => {
    expect(() => cgroups.create("refused", { devices: [], cpu: { cpus: "9999" } })).toThrow("cpuset.cpus (9999)");
    expect(cgroups.list()).not.toContain("refused");
  });

  test("processes are found, frozen, thawed and killed", async () => {
    const group = create("life");
    const pid = runInside(group, "while :; do :; done & while :; do sleep 0.01; done");
    await until(() => group.pids().length >= 2);
    expect(group.pids()).toContain(pid);
    await group.freeze();
    const before = group.stats().cpu.totalNs;
    await Bun.sleep(30);
    expect(group.stats().cpu.totalNs - before).toBeLessThan(10_000_000);
    group.thaw();
    await until(() => group.stats().cpu.totalNs > before + 10_000_000);
    await group.freeze();
    group.killAll();
    expect(await waitExit(pid)).toMatchObject({ signal: 9 });
    await group.remove();
    await group.remove();
    expect(group.pids()).toEqual([]);
  });

  test("devices outside of the rules are refused, those inside work", async () => {
    const group = create("devices");
    const make = `cd ${folder}; mknod null c 1 3; mknod kmsg c 1 11`;
    expect(await waitExit(runInside(group, `${make}; echo > null || exit 1; cat kmsg 2>/dev/null & wait $! ; test $? -ne 0 || exit 2`))).toEqual({ exitCode: 0, signal: 0 });
  });

  test("making a device node asks for its own permission, and update() replaces the rules", async () => {
    const readNull = { allow: true, type: "c" as const, major: 1, minor: 3, access: "rw" };
    const group = create("nodes", { devices: [{ allow: false, access: "rwm" }, readNull] });
    const probe = (): Promise<unknown> => waitExit(runInside(group, `echo > /dev/null || exit 1; mknod ${folder}/again c 1 3 2>&1 || exit 3`));
    expect(await probe()).toMatchObject({ exitCode: 3 });
    group.update({ devices: [{ allow: false, access: "rwm" }, readNull, { allow: true, type: "c", access: "m" }] });
    expect(await probe()).toMatchObject({ exitCode: 0 });
    group.update({ devices: [{ allow: true, access: "rwm" }, { allow: false, type: "c", major: 1, minor: 3, access: "w" }] });
    expect(await probe()).not.toMatchObject({ exitCode: 0 });
  });

  test("the process limit holds and an OOM kill is counted", async () => {
    const pids = create("pids", { pids: { limit: 1 } });
    // The shell could not fork: 2 is dash's answer.
    expect(await waitExit(runInside(pids, "/bin/true; exit 0"))).toMatchObject({ exitCode: 2 });
    const oom = create("oom", { memory: { limit: 8 * MEGABYTE, swap: 8 * MEGABYTE } });
    expect(await waitExit(runInside(oom, "exec head -c 64m /dev/zero | tail > /dev/null; exit 0"))).toBeDefined();
    expect(readFileSync(oom.oomFile ?? "", "utf8")).toMatch(/^oom_kill [1-9]/m);
  });

  test("list() names what is there, remove() takes nested groups too", async () => {
    const group = create("listed");
    expect(cgroups.list()).toContain("listed");
    const inside = group.join.kind === "v1" ? (group.join.tasksFiles[0] ?? "").replace("/tasks", "") : group.join.dir;
    await Bun.$`mkdir ${inside}/nested`.quiet();
    await group.remove();
    expect(cgroups.list()).not.toContain("listed");
  });

  test("remove() waits for dying processes", async () => {
    const group = create("dying");
    const pid = runInside(group, "sleep 100");
    await until(() => group.pids().length >= 1);
    const removed = group.remove();
    kill(pid, 9);
    group.killAll();
    await waitExit(pid);
    await removed;
    expect(cgroups.list()).not.toContain("dying");
  });
});
