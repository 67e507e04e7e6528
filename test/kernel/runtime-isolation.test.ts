import { describe, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { DEFAULT_CAPABILITIES, defaultSeccompProfile, openCgroups, type Cgroup, type CgroupResources } from "../../src/linux/mod.ts";
import type { ContainerLaunch } from "../../src/runtime/mod.ts";
import type { RuntimeSpec } from "../../src/spec/mod.ts";
import { runtimeSpec } from "../runtime/spec-fixture.ts";
import { missing, outputOf, Playground, type Started } from "./runtime-fixture.ts";
import { scratchName } from "../scratch.ts";

const lacking = missing();
const kernelTest = lacking === undefined ? test : test.skip;
const title = (text: string): string => (lacking === undefined ? text : `${text} (skipped: needs ${lacking})`);

/** A container in a cgroup of this test's own. */
class Limited implements AsyncDisposable {
  readonly playground = new Playground();
  readonly cgroups = openCgroups({ parent: scratchName(randomBytes(4).toString("hex")) });
  readonly #made: Cgroup[] = [];

  async start(spec: RuntimeSpec, resources: Partial<CgroupResources> = {}): Promise<Started & { cgroup: Cgroup }> {
    const { id, socket, folder, launch } = this.playground.launchOf(spec);
    const cgroup = this.cgroups.create(id, { devices: [], ...resources });
    this.#made.push(cgroup);
    const limited: ContainerLaunch = { ...launch, cgroup: cgroup.join, ...(cgroup.oomFile === undefined ? {} : { oomFile: cgroup.oomFile }) };
    const shim = await this.playground.spawner.launchContainer(id, socket, limited);
    this.playground.shims.push(shim);
    return { id, socket, folder, launch: limited, shim, cgroup };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.playground[Symbol.asyncDispose]();
    for (const cgroup of this.#made) await cgroup.remove();
    this.cgroups.removeParent();
  }
}

describe(title("a container's limits"), () => {
  kernelTest("it sees its own cgroup, read-only, and is in it", async () => {
    await using limited = new Limited();
    const container = await limited.start(runtimeSpec(["sh", "-c", "cat /proc/self/cgroup; ls /sys/fs/cgroup; cd /sys/fs/cgroup/memory || cd /sys/fs/cgroup; touch x; sleep 0.2"]));
    const { pid } = await container.shim.started;
    expect(container.cgroup.pids()).toContain(pid);
    const { stdout, stderr } = await outputOf(container);
    expect(stdout).toMatch(/:\/\n/);
    expect(stdout).not.toContain(container.id);
    expect(stdout).toContain(limited.cgroups.version === 1 ? "memory" : "memory.max");
    expect(stderr).toContain("Read-only file system");
  });

  kernelTest("out of memory is told apart from being killed", async () => {
    await using limited = new Limited();
    const eater = await limited.start(runtimeSpec(["sh", "-c", "x=aaaaaaaaaaaaaaaa; while true; do x=$x$x; done"]), { memory: { limit: 16 << 20, swap: 16 << 20 } });
    expect(await eater.shim.exited).toMatchObject({ exitCode: 137, signal: 9, oomKilled: true });
    const killed = await limited.start(runtimeSpec(["sleep", "60"]), { memory: { limit: 16 << 20 } });
    await killed.shim.started;
    await killed.shim.kill(9);
    expect(await killed.shim.exited).toMatchObject({ exitCode: 137, oomKilled: false });
  });

  kernelTest("an exec is in the container's cgroup", async () => {
    await using limited = new Limited();
    const container = await limited.start(runtimeSpec(["sleep", "60"]));
    const { pid: containerPid } = await container.shim.started;
    const shim = await limited.playground.spawner.launchExec("e", `${container.folder}/e`, {
      containerPid,
      process: container.launch.spec.process,
      cgroup: container.launch.cgroup,
      stdio: { tty: false, openStdin: false, rows: 0, cols: 0, attachOutput: false },
      exitFile: `${container.folder}/e-exit`,
    });
    const { pid } = await shim.started;
    expect(container.cgroup.pids().sort()).toEqual([containerPid, pid].sort());
    await container.shim.kill(9);
    await shim.exited;
  });
});

describe(title("the default system call filter"), () => {
  const seccomp = (): RuntimeSpec["linux"]["seccomp"] => defaultSeccompProfile({ capabilities: [...DEFAULT_CAPABILITIES], arch: process.arch === "arm64" ? "arm64" : "x64", kernel: "6.1.0" }) as RuntimeSpec["linux"]["seccomp"];

  for (const noNewPrivileges of [false, true]) {
    kernelTest(`holds for root and for a user, no_new_privs ${noNewPrivileges}`, async () => {
      await using playground = new Playground();
      const filter = seccomp();
      for (const uid of [0, 1000]) {
        const container = await playground.start(
          runtimeSpec(["sh", "-c", "cat /proc/self/status; mount -t tmpfs none /dir"], {
            process: { noNewPrivileges, user: { uid, gid: uid, additionalGids: [] } },
            ...(filter ? { linux: { seccomp: filter } } : {}),
          }),
        );
        const { stdout, stderr } = await outputOf(container);
        expect(stdout).toMatch(/Seccomp:\s2/);
        expect(stdout).toMatch(noNewPrivileges ? /NoNewPrivs:\s1/ : /NoNewPrivs:\s0/);
        expect(stderr).toMatch(/permission denied|not permitted|must be (super)?user|Operation not permitted/i);
      }
    });
  }
});

describe(title("namespaces of others"), () => {
  kernelTest("are joined by path", async () => {
    await using playground = new Playground();
    const first = await playground.start(runtimeSpec(["sleep", "60"]));
    const { pid } = await first.shim.started;
    const path = (name: string): string => `/proc/${pid}/ns/${name}`;
    const spec = runtimeSpec(["sh", "-c", "for n in net ipc uts; do readlink /proc/self/ns/$n; done; cat /proc/1/cmdline; hostname"], {
      linux: { namespaces: [{ type: "mount" }, { type: "pid", path: path("pid") }, { type: "network", path: path("net") }, { type: "ipc", path: path("ipc") }, { type: "uts", path: path("uts") }] },
    });
    const { hostname: _hostname, ...joining } = spec;
    const second = await playground.start(joining);
    const links = ["net", "ipc", "uts"].map((name) => Bun.spawnSync(["readlink", path(name)]).stdout.toString().trim());
    const { stdout } = await outputOf(second);
    expect(stdout.split("\n").slice(0, 3)).toEqual(links);
    expect(stdout).toContain("sleep\x0060\x00");
    expect(stdout.endsWith("box\n")).toBe(true);
  });

  kernelTest("the host's stay as they are", async () => {
    await using playground = new Playground();
    const { hostname: _hostname, ...spec } = runtimeSpec(["sh", "-c", "for n in net uts; do readlink /proc/self/ns/$n; done"], { linux: { namespaces: [{ type: "mount" }, { type: "pid" }, { type: "ipc" }] } });
    const container = await playground.start(spec);
    const links = ["net", "uts"].map((name) => Bun.spawnSync(["readlink", `/proc/self/ns/${name}`]).stdout.toString().trim());
    expect((await outputOf(container)).stdout.trim().split("\n")).toEqual(links);
  });
});
