/** Limits of containers that run: update, labels, the cgroup's own files, and what happens beyond the limit. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
}, 120_000);
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
}, 120_000);

const MEGABYTE = 1024 * 1024;
const isV1 = existsSync("/sys/fs/cgroup/memory/memory.limit_in_bytes");
const sleeper = (...flags: string[]): Promise<string> => engine.ok("run", "-d", ...flags, BUSYBOX, "sleep", "1000");
/** By the name that v1 has and the one that v2 has. */
const control = (id: string, [controller, v1]: [string, string], v2: string): string =>
  readFileSync(isV1 ? `/sys/fs/cgroup/${controller}/${engine.cgroupParent}/${id}/${v1}` : `/sys/fs/cgroup/${engine.cgroupParent}/${id}/${v2}`, "utf8").trim();
const memoryLimit = (id: string): string => control(id, ["memory", "memory.limit_in_bytes"], "memory.max");
const pidsLimit = (id: string): string => control(id, ["pids", "pids.max"], "pids.max");
const update = async (id: string, body: unknown): Promise<[number, unknown]> => {
  const answer = await engine.api("POST", `/containers/${id}/update`, body);
  return [answer.status, await answer.json()];
};

test("update reaches the kernel at once, and every later start", async () => {
  const id = await sleeper("-m", "64m", "--memory-swap", "128m", "--pids-limit", "50", "--name", "grown");
  expect([memoryLimit(id), pidsLimit(id)]).toEqual([String(64 * MEGABYTE), "50"]);
  expect(await engine.ok("update", "-m", "256m", "--memory-swap", "512m", "--pids-limit", "-1", "--cpus", "0.5", "--cpu-shares", "512", "grown")).toBe("grown");
  expect([memoryLimit(id), pidsLimit(id)]).toEqual([String(256 * MEGABYTE), "max"]);
  expect(control(id, ["cpu", "cpu.cfs_quota_us"], "cpu.max").split(" ")[0]).toBe("50000");
  await engine.ok("update", "-m", "16m", "--memory-swap", "16m", "grown");
  await engine.ok("restart", "-t", "0", "grown");
  expect(memoryLimit(id)).toBe(String(16 * MEGABYTE));
  expect(await engine.ok("inspect", "-f", "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}}", "grown")).toBe(`${16 * MEGABYTE} ${16 * MEGABYTE} 500000000 0`);
  await engine.ok("rm", "-f", "grown");
}, 120_000);

/** v1 has most of the limits that Docker knows; what v2 has of them is looked at in test/guest. */
test.skipIf(!isV1)(`every limit lies in its file${isV1 ? "" : " (skipped: this machine has cgroup v2)"}`, async () => {
  const device = readFileSync("/proc/partitions", "utf8").match(/^ +(\d+) +(\d+) +\d+ (?!loop|ram|zram)(\S+)$/m) ?? [];
  const throttles = device[3] ? ["--device-read-bps", `/dev/${device[3]}:1mb`, "--device-write-bps", `/dev/${device[3]}:2mb`, "--device-read-iops", `/dev/${device[3]}:30`, "--device-write-iops", `/dev/${device[3]}:40`] : [];
  const id = await sleeper(
    "-m", "64m", "--memory-swap", "96m", "--memory-reservation", "32m", "--memory-swappiness", "7", "--oom-kill-disable", "--oom-score-adj", "123", "--cpu-shares", "512", "--cpu-period", "50000", "--cpu-quota", "25000",
    "--cpuset-cpus", "0", "--cpuset-mems", "0", "--pids-limit", "33", "--ulimit", "nofile=100:200", "--device-cgroup-rule", "c 42:* rw", ...throttles,
  );
  const at = (controller: string, file: string): string => control(id, [controller, file], "");
  expect({
    memory: ["limit_in_bytes", "memsw.limit_in_bytes", "soft_limit_in_bytes", "swappiness"].map((file) => at("memory", `memory.${file}`)).join(" "),
    killer: /^oom_kill_disable 1$/m.test(at("memory", "memory.oom_control")),
    cpu: ["cpu.shares", "cpu.cfs_period_us", "cpu.cfs_quota_us"].map((file) => at("cpu", file)).join(" "),
    cpuset: [at("cpuset", "cpuset.cpus"), at("cpuset", "cpuset.mems")].join(" "),
    pids: at("pids", "pids.max"),
    devices: at("devices", "devices.list").includes("c 42:* rw"),
    inside: await engine.ok("exec", id, "sh", "-c", "cat /proc/1/oom_score_adj; ulimit -n"),
  }).toEqual({
    memory: `${64 * MEGABYTE} ${96 * MEGABYTE} ${32 * MEGABYTE} 7`, killer: true, cpu: "512 50000 25000", cpuset: "0 0", pids: "33", devices: true, inside: "123\n100",
  });
  // An update leaves what it does not name.
  expect(await engine.ok("update", "--pids-limit", "34", id)).toBe(id);
  if (device[3]) {
    const number = `${device[1]}:${device[2]}`;
    expect(["read_bps", "write_bps", "read_iops", "write_iops"].map((kind) => at("blkio", `blkio.throttle.${kind}_device`))).toEqual([`${number} 1048576`, `${number} 2097152`, `${number} 30`, `${number} 40`]);
  }
  await engine.ok("rm", "-f", id);
}, 120_000);

test.skipIf(!isV1)(`a cgroup parent of one's own${isV1 ? "" : " (skipped: looks into v1's folders)"}`, async () => {
  const parent = `/${engine.cgroupParent}/of-my-own`;
  const id = await sleeper("--cgroup-parent", parent, "--pids-limit", "12");
  const limit = (): string => readFileSync(`/sys/fs/cgroup/pids${parent}/${id}/pids.max`, "utf8").trim();
  expect(limit()).toBe("12");
  await engine.ok("update", "--pids-limit", "13", id);
  expect(limit()).toBe("13");
  expect(await engine.ok("stats", "--no-stream", "--format", "{{.PIDs}}", id)).toBe("1");
  await engine.ok("rm", "-f", id);
  expect(existsSync(`/sys/fs/cgroup/pids${parent}/${id}`)).toBe(false);
}, 120_000);

test("what update refuses is refused in Docker's words and changes nothing", async () => {
  const id = await sleeper("-m", "64m");
  const cannot = (reason: string) => ({ message: `Cannot update container ${id}: ${reason}` });
  const swapFirst = cannot("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time");
  expect(await update(id, { Memory: 1 })).toEqual([400, { message: "Minimum memory limit allowed is 6MB" }]);
  expect(await update(id, { Memory: 200 * MEGABYTE })).toEqual([409, swapFirst]);
  expect(await update(id, { NanoCpus: 1e9, CpuPeriod: 1000 })).toEqual([400, { message: "Conflicting options: Nano CPUs and CPU Period cannot both be set" }]);
  expect(await update(id, { CpuQuota: 50_000 })).toEqual([200, { Warnings: null }]);
  expect(await update(id, { NanoCpus: 1e9 })).toEqual([409, cannot("Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set")]);
  expect(await update(id, { RestartPolicy: { Name: "bad" } })).toEqual([400, { message: "invalid restart policy: unknown policy 'bad'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'" }]);
  expect(await update(id, "text")).toEqual([400, { message: expect.stringContaining("invalid JSON") }]);
  expect(await update("nosuch", {})).toEqual([404, { message: "No such container: nosuch" }]);
  expect(memoryLimit(id)).toBe(String(64 * MEGABYTE));
  expect((await engine.hako("update", id)).stderr).toBe("you must provide one or more flags when using this command\n");
  await engine.ok("rm", "-f", id);
}, 120_000);

test("after a crash a container that goes on has the limits of its row", async () => {
  const id = await sleeper("--pids-limit", "20", "-m", "64m");
  await engine.kill9();
  const raised = isV1 ? `/sys/fs/cgroup/pids/${engine.cgroupParent}/${id}/pids.max` : `/sys/fs/cgroup/${engine.cgroupParent}/${id}/pids.max`;
  writeFileSync(raised, "99");
  await engine.start();
  expect([pidsLimit(id), memoryLimit(id)]).toEqual(["20", String(64 * MEGABYTE)]);
  await engine.ok("rm", "-f", id);
}, 120_000);

test("several containers: those that can are updated, the others named", async () => {
  const id = await sleeper("--name", "present");
  const { code, stdout, stderr } = await engine.hako("update", "--pids-limit", "9", "present", "absent");
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "present\n", stderr: "Error response from daemon: No such container: absent\n" });
  expect(pidsLimit(id)).toBe("9");
  await engine.ok("rm", "-f", "present");
}, 120_000);

test("update --restart counts at the next exit, and survives the engine", async () => {
  await engine.ok("run", "-d", "--name", "again", BUSYBOX, "sh", "-c", "sleep 1000");
  await engine.ok("update", "--restart", "on-failure:3", "again");
  await engine.restart();
  expect(await engine.ok("inspect", "-f", "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}", "again")).toBe("on-failure:3");
  await engine.ok("update", "--restart", "no", "again");
  await engine.ok("kill", "again");
  await engine.ok("wait", "again");
  expect(await engine.ok("inspect", "-f", "{{.State.Status}} {{.RestartCount}}", "again")).toBe("exited 0");
  const once = await engine.ok("run", "-d", "--rm", BUSYBOX, "sleep", "1000");
  expect((await update(once, { RestartPolicy: { Name: "always" } }))[0]).toBe(409);
  await engine.ok("rm", "-f", "again", once);
}, 120_000);

test("labels change while a container runs: inspect, filters and events know", async () => {
  const id = await sleeper("--label", "a=1", "--label", "b=2", "--name", "labelled");
  await engine.ok("update", "--label-add", "c=3", "--label-add", "a=new", "--label-rm", "b", "labelled");
  expect(JSON.parse(await engine.ok("inspect", "-f", "{{json .Config.Labels}}", "labelled"))).toEqual({ a: "new", c: "3" });
  expect(await engine.ok("ps", "-q", "--no-trunc", "--filter", "label=c=3")).toBe(id);
  expect(await engine.ok("ps", "-q", "--filter", "label=b")).toBe("");
  expect(await engine.ok("events", "--since", "1m", "--until", "0s", "--filter", "event=update", "--filter", "label=c=3", "--format", "{{.Actor.ID}}")).toBe(id);
  await engine.restart();
  expect(await engine.ok("ps", "-q", "--no-trunc", "--filter", "label=a=new")).toBe(id);
  const refused = await engine.api("POST", `/hako/containers/${id}/labels`, { Add: { x: "1" }, Remove: ["x"] });
  expect([refused.status, await refused.json()]).toEqual([400, { message: 'the label "x" cannot be both added and removed' }]);
  await engine.ok("rm", "-f", "labelled");
}, 120_000);

test("out of memory: the container says so, an event tells, the code is 137", async () => {
  const { code } = await engine.hako("run", "--name", "greedy", "-m", "16m", "--memory-swap", "16m", BUSYBOX, "tail", "/dev/zero");
  expect(code).toBe(137);
  expect(await engine.ok("inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "greedy")).toBe("true 137");
  const happened = (await engine.ok("events", "--since", "1m", "--until", "0s", "--filter", "container=greedy", "--format", "{{.Action}}")).split("\n");
  expect(happened.filter((action) => ["oom", "die"].includes(action))).toEqual(["oom", "die"]);
  await engine.ok("rm", "greedy");
}, 120_000);

test("a limit that the kernel refuses is the request's mistake, and leaves nothing", async () => {
  if (!existsSync("/dev/null")) throw new Error("no /dev/null here");
  const id = await engine.ok("create", "--device-read-bps", "/dev/null:1mb", BUSYBOX, "true");
  const start = await engine.api("POST", `/containers/${id}/start`);
  expect([start.status, await start.json()]).toEqual([400, { message: expect.stringMatching(/^failed to create task for container: .*error setting cgroup config.*1:3 1048576.*no such device$/) }]);
  await engine.ok("rm", id);
  const missing = await engine.ok("create", "--device-write-iops", "/dev/no-such:5", BUSYBOX, "true");
  expect(await (await engine.api("POST", `/containers/${missing}/start`)).json()).toEqual({ message: "stat /dev/no-such: no such file or directory" });
  await engine.ok("rm", missing);
}, 120_000);
