/** The kernel tests of control groups, run where only cgroup v2 is. */
import { expect, test } from "bun:test";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runInGuest } from "./run.ts";
import { scratchFolder } from "../scratch.ts";

const ROOT = join(import.meta.dir, "../..");
const TIMEOUT_MS = 240_000;

/** Test file and addon as plain files: the guest has bun and no source tree. */
async function bundle(source: string, folder: string): Promise<Record<string, string>> {
  const built = await Bun.build({ entrypoints: [join(ROOT, source)], target: "bun", outdir: folder, naming: { entry: "[name].[ext]", asset: "[name].[ext]" } });
  if (!built.success) throw new AggregateError(built.logs, `${source} could not be bundled`);
  return Object.fromEntries(readdirSync(folder).map((name) => [`/t/${name}`, join(folder, name)]));
}

test("cgroup v2: limits, devices, freeze, kill, stats and removal work on Debian's kernel", async () => {
  const folder = scratchFolder();
  try {
    const files = await bundle("test/kernel/cgroups.test.ts", folder);
    const { output, exitCode } = await runInGuest({
      files: { ...files, "/bin/bun": process.execPath },
      script: "cd /t && bun test --timeout=60000 ./cgroups.test.js >/tmp/out 2>&1; code=$?; cat /tmp/out; find /sys/fs/cgroup -name 'hk-*-test' | sed 's/^/left behind: /'; exit $code",
      timeoutMs: TIMEOUT_MS,
    });
    expect(output.match(/^\((fail|skip)\).*$/gm) ?? []).toEqual([]);
    expect(output.match(/^\(pass\) cgroup v2 > .*$/gm)?.length ?? output).toBeGreaterThanOrEqual(7);
    expect(output).not.toContain("left behind");
    expect(exitCode).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, TIMEOUT_MS);
