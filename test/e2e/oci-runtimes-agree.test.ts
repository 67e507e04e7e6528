/** One config.json, three runtimes: what the process finds around it must be the same. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { crunPath, runcPath } from "../foreign-runtimes.ts";
import { removeCgroups } from "../leaks.ts";
import { type Config, unpackBusybox, writeBundle } from "../oci-bundle.ts";
import { run } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
const rootfs = join(folder, "rootfs");
const cgroup = folder.slice("/tmp/".length);
const program = join(folder, "hako-runtime");
const mappedRoot = join(folder, "mapped");
const FIRST_ID = 100_000;
let count = 0;

beforeAll(async () => {
  await unpackBusybox(rootfs);
  await unpackBusybox(mappedRoot);
  // Who is mapped must find the way to its root.
  chmodSync(folder, 0o755);
  await run(["chown", "-R", `${FIRST_ID}:${FIRST_ID}`, mappedRoot]);
  symlinkSync(join(import.meta.dir, "..", "..", "build", "hako"), program);
});
afterAll(() => {
  removeCgroups(cgroup);
  rmSync(folder, { recursive: true, force: true });
});

/**
 * Left out because each runtime has its own way: how masked paths and the folder of cgroups are covered, the hierarchies without
 * controllers, how devices are shown where none can be made, crun's link to the kernel's memory image, the owner of /dev/null, which
 * crun gives to whoever has it as a stream, and that of /dev/mqueue, which is a matter of when a user namespace came to be.
 */
const LOOK = `
awk '{ print $5, $6, $(NF-2) }' /proc/self/mountinfo | grep -vE '^/(proc/.|sys/.|dev/(full|null|random|tty|urandom|zero))' | sort
awk '{ print $5 }' /proc/self/mountinfo | grep -E '^/(proc|sys)/.' | grep -v 'cgroup/\\(systemd\\|unified\\)' | sort
grep -E 'Cap|NoNew|Seccomp|Umask|Groups|Uid|Gid' /proc/self/status
cat /proc/self/limits /proc/self/oom_score_adj; pwd; hostname; env | sort
ls -la /dev | awk '{ print $1, $3, $4, $5, $6, $NF }' | grep -vE 'core$|null$|mqueue$| \\.\\.?$|^total' | sed 's/ [0-9]* Nov.*//'
for file in memory/memory.limit_in_bytes pids/pids.max cpu/cpu.shares cpu/cpu.cfs_quota_us memory.max pids.max cpu.max; do cat /sys/fs/cgroup/$file 2>/dev/null; done
cat /proc/sys/kernel/msgmax; for path in /proc/kcore /sys/firmware; do ls -A $path 2>/dev/null | wc -l; done
echo x > /proc/sys/kernel/hostname || echo readonly; touch /ro || echo no; mknod /dev/n c 1 3 || echo no; unshare -U true || echo no
 ls /proc/self/fd | wc -l
ls -la /etc | awk '{ print $1, $3, $4, $5, $NF }' | grep -vE '^total| [.]$'; head -1 /etc/passwd
exit 3`;

async function look(runtime: string, change: (config: Config) => void): Promise<string> {
  const id = `look${count++}`;
  const dir = join(folder, id);
  writeBundle(dir, rootfs, `/${cgroup}/${id}`, LOOK, change);
  const { code, stdout, stderr } = await run([runtime, "--root", join(folder, `state-${id}`), "run", "--bundle", dir, id]);
  return `${stdout}${stderr}code ${code}\n`;
}

const CASES: readonly [string, (config: Config) => void][] = [
  ["the default config", () => undefined],
  ["a root that is read-only, limits, devices and settings", (config) => {
    config["root"] = { path: rootfs, readonly: true };
    (config["mounts"] as unknown[]).push({ destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=1m", "mode=1777"] }, { destination: "/etc", type: "tmpfs", source: "tmpfs", options: ["nosuid", "tmpcopyup", "size=1m"] }, { destination: "/mnt", type: "bind", source: "/usr/share", options: ["rbind", "ro", "rprivate"] });
    Object.assign(config.process, { cwd: "/tmp", oomScoreAdj: 50, user: { uid: 1000, gid: 1001, additionalGids: [44], umask: 0o27 }, rlimits: [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 }] });
    Object.assign(config.linux, { devices: [{ path: "/dev/more", type: "c", major: 1, minor: 7, fileMode: 0o640, uid: 5, gid: 6 }], sysctl: { "kernel.msgmax": "9000" }, resources: { memory: { limit: 64 << 20 }, pids: { limit: 60 }, cpu: { shares: 300, quota: 30000, period: 100000 } } });
  }],
  ["a system call filter, and every capability", (config) => {
    const all = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_MKNOD", "CAP_SYS_ADMIN", "CAP_SETUID", "CAP_SETGID", "CAP_NET_ADMIN"];
    Object.assign(config.process, { noNewPrivileges: false, capabilities: { bounding: all, effective: all, permitted: all, inheritable: ["CAP_CHOWN"], ambient: ["CAP_CHOWN"] } });
    Object.assign(config.linux, { seccomp: { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"], syscalls: [{ names: ["unshare", "mknod", "mknodat"], action: "SCMP_ACT_ERRNO", errnoRet: 1 }] }, maskedPaths: [], readonlyPaths: [] });
  }],
  ["a user namespace", (config) => {
    const ranges = [{ containerID: 0, hostID: FIRST_ID, size: 65_536 }];
    config["root"] = { path: mappedRoot, readonly: false };
    (config.linux["namespaces"] as unknown[]).push({ type: "user" });
    Object.assign(config.linux, { uidMappings: ranges, gidMappings: ranges });
  }],
];

test.each(CASES)("%s looks the same", async (_name, change) => {
  const ours = await look(program, change);
  expect(ours).toEndWith("code 3\n");
  expect(ours).toBe(await look(runcPath(), change));
  expect(ours).toBe(await look(crunPath(folder), change));
}, 120_000);
