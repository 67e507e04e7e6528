/** Docker's default isolation, read from inside. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const inside = async (...args: string[]): Promise<string> => (await engine.hako("run", "--rm", "--network", "none", BUSYBOX, ...args)).stdout;
const script = async (text: string): Promise<string> => await inside("sh", "-c", `${text}`);

test("capabilities and seccomp are Docker's defaults", async () => {
  const status = await inside("cat", "/proc/self/status");
  const field = (name: string): string => status.match(new RegExp(`^${name}:\\s*(\\S+)`, "m"))?.[1] ?? "";
  expect(field("CapEff")).toBe("00000000a80425fb");
  expect(field("CapPrm")).toBe("00000000a80425fb");
  expect(field("CapBnd")).toBe("00000000a80425fb");
  expect(field("CapInh")).toBe("0000000000000000");
  expect(field("CapAmb")).toBe("0000000000000000");
  expect(field("Seccomp")).toBe("2");
  expect(field("NoNewPrivs")).toBe("0");
});

test.each(["mnt", "pid", "net", "ipc", "uts"])("the %s namespace is its own", async (name) => {
  expect(await inside("readlink", `/proc/self/ns/${name}`)).not.toBe(`${readlinkSync(`/proc/self/ns/${name}`)}\n`);
});

test("process 1 is the command and sees nothing else", async () => {
  expect((await inside("ps", "-o", "pid,comm")).trim().split("\n").length).toBe(2);
});

test("/dev holds Docker's nodes and nothing more", async () => {
  // core is there where the kernel has /proc/kcore.
  const nodes = (await inside("ls", "/dev")).trim().split("\n").filter((name) => name !== "core");
  expect(nodes.sort()).toEqual(["fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]);
});

test("devices outside of the list cannot be opened even when made", async () => {
  expect(await script("mknod /sda b 8 0 && head -c 1 /sda 2>&1; mknod /kmsg c 1 11 && head -c 1 /kmsg 2>&1")).toMatch(/Operation not permitted[\s\S]*Operation not permitted/);
});

test("masked paths are empty", async () => {
  const text = await script("for f in /proc/kcore /proc/keys /proc/timer_list /proc/interrupts; do [ -e $f ] && { head -c 1 $f | wc -c; }; done; ls -A /proc/scsi /sys/firmware /proc/acpi 2>/dev/null | grep -v :");
  expect(text.trim().split("\n").filter((line) => line !== "0" && line !== "")).toEqual([]);
});

test("read-only paths refuse writes", async () => {
  for (const path of ["/proc/sys/kernel/hostname", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity", "/proc/bus", "/proc/fs"]) {
    expect(await script(`[ -e ${path} ] || { echo Read-only; exit; }; if [ -d ${path} ]; then mkdir ${path}/x; else echo 1 > ${path}; fi 2>&1`)).toMatch(/Read-only|nonexistent|denied|No such file/i);
  }
});

test("/sys and cgroups are read-only", async () => {
  const mounts = (await inside("cat", "/proc/self/mounts")).split("\n").map((line) => line.split(" "));
  const options = (target: string): string[] => mounts.find((fields) => fields[1] === target)?.[3]?.split(",") ?? [];
  expect(options("/sys")).toContain("ro");
  expect(options("/sys")).toContain("nosuid");
  for (const fields of mounts.filter((entry) => entry[1]?.startsWith("/sys/fs/cgroup/"))) expect(fields[3]?.split(",")).toContain("ro");
  expect(options("/proc")).toEqual(expect.arrayContaining(["rw", "nosuid", "nodev", "noexec"]));
  expect(options("/dev/mqueue")).toContain("noexec");
  expect(mounts.find((fields) => fields[1] === "/")?.[2]).toBe("overlay");
});

test("mount, unshare, keyctl, bpf and module calls are refused", async () => {
  expect(await script("mount -t tmpfs none /tmp 2>&1")).toMatch(/permission denied|Operation not permitted/i);
  expect(await script("unshare -m true 2>&1; unshare -U true 2>&1")).toMatch(/Operation not permitted[\s\S]*Operation not permitted/);
});

test("the host's clock and name cannot be set", async () => {
  expect(await script("date -s 2001-01-01 2>&1; hostname other 2>&1")).toMatch(/Operation not permitted|not permitted/);
});

test("no file descriptor of the engine is inherited", async () => {
  expect((await script("ls /proc/self/fd")).trim().split("\n").length).toBeLessThanOrEqual(4);
});

test("the oom score is the default and the limits are the host's", async () => {
  expect(await inside("cat", "/proc/self/oom_score_adj")).toBe("0\n");
});

test("--security-opt no-new-privileges and seccomp=unconfined", async () => {
  const facts = async (...flags: string[]): Promise<string> => (await engine.hako("run", "--rm", "--network", "none", ...flags, BUSYBOX, "grep", "-E", "NoNewPrivs|Seccomp:", "/proc/self/status")).stdout;
  expect(await facts("--security-opt", "no-new-privileges")).toContain("NoNewPrivs:\t1");
  expect(await facts("--security-opt", "seccomp=unconfined")).toContain("Seccomp:\t0");
  expect(await facts("--privileged")).toContain("Seccomp:\t0");
});

test("--privileged may mount and sees the host's devices", async () => {
  const { stdout } = await engine.hako("run", "--rm", "--network", "none", "--privileged", BUSYBOX, "sh", "-c", "mount -t tmpfs none /tmp && echo mounted; ls /dev | wc -l");
  const [mounted, devices] = stdout.trim().split("\n");
  expect(mounted).toBe("mounted");
  expect(Number(devices)).toBeGreaterThan(20);
});

test("a container's mounts never reach the host", async () => {
  const id = await engine.ok("run", "-d", "--tmpfs", "/scratch", BUSYBOX, "sleep", "1000");
  expect((await engine.leaks()).filter((leak) => leak.startsWith("mount"))).toEqual([]);
  await engine.ok("rm", "-f", id);
});
