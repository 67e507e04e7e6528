import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cgroupFolders } from "./leaks.ts";
import { Live } from "./processes.ts";
import { scratchFolder, sweepAbandoned } from "./scratch.ts";

const own = scratchFolder();
afterAll(() => rmSync(own, { recursive: true }));

/** No process can have this number: the kernel's limit is 2^22. */
const NOBODY = 2 ** 22 + 1;

test("sweepAbandoned() ends and removes what a killed run has left, and nothing of a running one", async () => {
  const name = `hk-${NOBODY}-left`;
  const folder = join("/tmp", name);
  mkdirSync(join(folder, "data"), { recursive: true });
  mkdirSync(join(folder, "run/v/a volume"), { recursive: true });
  expect(Bun.spawnSync(["mount", "-t", "tmpfs", "tmpfs", join(folder, "run/v/a volume")]).exitCode).toBe(0);
  const cgroup = join(existsSync("/sys/fs/cgroup/pids") ? "/sys/fs/cgroup/pids" : "/sys/fs/cgroup", name);
  mkdirSync(join(cgroup, "inner"), { recursive: true });
  using inCgroup = Live.spawn(["sleep", "1000"]);
  writeFileSync(join(cgroup, "inner/cgroup.procs"), String(inCgroup.pid));
  using named = Live.spawn(["sh", "-c", "read line", "engine", `${folder}/data`]);
  using other = Live.spawn(["sh", "-c", "read line", "engine", `${own}/data`]);

  await sweepAbandoned();

  expect(await inCgroup.exitCode()).toBe(137);
  expect(await named.exitCode()).toBe(137);
  expect(existsSync(folder)).toBe(false);
  expect(cgroupFolders(name)).toEqual([]);
  expect(existsSync(own)).toBe(true);
  other.endInput();
  expect(await other.exitCode()).toBe(1);
});
