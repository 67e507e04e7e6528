/**
 * Podman with hako-runtime, where a system with Podman is at hand: PODMAN_ROOT is its root folder as seen from here, PODMAN_SHELL a command
 * that runs a shell line in it.
 *
 *   PODMAN_ROOT=/path/to/a/root PODMAN_SHELL='command that runs a line in it' bun test test/contract/podman.test.ts
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { busyboxTar } from "../images.ts";
import { type Result, run } from "../processes.ts";

const root = process.env["PODMAN_ROOT"];
const shell = process.env["PODMAN_SHELL"]?.split(" ");

if (root && shell) podmanTests(root, shell);
else test.skip("podman with hako-runtime (set PODMAN_ROOT and PODMAN_SHELL to a system with Podman)", () => {});

function podmanTests(podmanRoot: string, command: readonly string[]): void {
  const place = `/tmp/hk-podman-${process.pid}`;
  const podman = async (line: string): Promise<Result> =>
    await run([...command, `PODMAN_IGNORE_CGROUPSV1_WARNING=1 podman --root ${place}/storage --runroot ${place}/run --cgroup-manager cgroupfs --runtime ${place}/hako-runtime ${line}`]);
  const ok = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await podman(line);
    if (code !== 0) throw new Error(`podman ${line}: ${code}\n${stderr}`);
    return stdout.trimEnd();
  };

  beforeAll(async () => {
    mkdirSync(join(podmanRoot, place));
    copyFileSync(join(import.meta.dir, "..", "..", "build", "hako"), join(podmanRoot, place, "hako-runtime"));
    copyFileSync(await busyboxTar(), join(podmanRoot, place, "busybox.tar"));
    await ok(`import ${place}/busybox.tar busybox:test`);
  }, 120_000);
  afterAll(async () => {
    await podman("rm -af -t 0");
    await podman("rmi -af");
    await run([...command, `umount ${place}/storage/overlay`]);
    rmSync(join(podmanRoot, place), { recursive: true, force: true });
  }, 120_000);

  describe("podman with hako-runtime", () => {
    test("run: output, code, network, user and limits", async () => {
      expect(await ok("run --rm busybox:test sh -c 'ip -o -4 addr show eth0 | wc -l'")).toBe("1");
      const { code, stdout } = await podman("run --rm --network none -m 64m --pids-limit 50 -u 1000 --read-only --tmpfs /t busybox:test sh -c 'id -u; cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; exit 4'");
      expect([code, stdout]).toEqual([4, "1000\n67108864\n"]);
    }, 120_000);

    test("a program that is not there is 127, one that cannot be run 126", async () => {
      expect((await podman("run --rm --network none busybox:test nosuch")).code).toBe(127);
      expect((await podman("run --rm --network none busybox:test /etc")).code).toBe(126);
    }, 120_000);

    test("start, exec, pause, update, stop, restart, kill", async () => {
      await ok(`run -d --name life --network none busybox:test sh -c 'trap "echo bye; exit 7" TERM; echo ready; while :; do sleep 0.05; done'`);
      expect(await ok("exec life hostname")).not.toBe("");
      expect((await podman("exec life sh -c 'exit 5'")).code).toBe(5);
      expect((await podman("exec life nosuch")).code).toBe(127);
      await ok("pause life");
      expect(await ok("inspect -f '{{.State.Status}}' life")).toBe("paused");
      await ok("unpause life");
      await ok("update -m 80m life");
      expect(await ok("exec life sh -c 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; true'")).toBe("83886080");
      await ok("stop life");
      expect(await ok("inspect -f '{{.State.ExitCode}}' life")).toBe("7");
      expect(await ok("logs life")).toBe("ready\nbye");
      await ok("start life");
      await ok("kill life");
      expect(await ok("wait life")).toBe("137");
      await ok("rm life");
    }, 120_000);

    test("terminals of run and exec", async () => {
      expect((await run([...command, `script -qec "podman --root ${place}/storage --runroot ${place}/run --cgroup-manager cgroupfs --runtime ${place}/hako-runtime run -it --rm --network none busybox:test sh -c 'tty; exit 9'" /dev/null </dev/null`])).code).toBe(9);
    }, 120_000);

    test("a pod's containers share its namespaces; an outgrown limit is told as OOM", async () => {
      await ok("pod create --name pod --network none --infra-image busybox:test --infra-command 'sleep 1000'");
      expect(await ok("run --rm --pod pod busybox:test hostname")).toBe("pod");
      await ok("pod rm -f -t 0 pod");
      expect((await podman("run --name oom --network none -m 16m busybox:test tail /dev/zero")).code).toBe(137);
      expect(await ok("inspect -f '{{.State.OOMKilled}}' oom")).toBe("true");
    }, 120_000);
  });
}
