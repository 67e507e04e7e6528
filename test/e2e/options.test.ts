/** Options of create and run, each by its effect. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, run, startEngine, type TestEngine } from "../harness.ts";
import { busyboxTar } from "../images.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const box = (...args: string[]) => engine.hako("run", "--rm", ...args);
const removed = async (...names: string[]) => await engine.ok("rm", "-f", ...names);

describe("propagation of binds", () => {
  test("a mount that does not spread is refused, in Docker's words", async () => {
    const plain = join(engine.runRoot, "plain");
    mkdirSync(plain);
    await run(["mount", "-t", "tmpfs", "tmpfs", plain]);
    await run(["mount", "--make-private", plain]);
    try {
      expect((await box("-v", `${plain}:/m:rshared`, BUSYBOX, "true")).stderr).toContain(`path ${plain} is mounted on ${plain} but it is not a shared mount`);
      expect((await box("--mount", `type=bind,src=${plain},dst=/m,bind-propagation=slave`, BUSYBOX, "true")).stderr).toContain(`path ${plain} is mounted on ${plain} but it is not a shared or slave mount`);
      expect((await box("-v", `${plain}:/m:rprivate`, BUSYBOX, "true")).code).toBe(0);
    } finally {
      await run(["umount", plain]);
      rmdirSync(plain);
    }
  });

  test("shared goes both ways, slave one way, and nothing else of the container reaches the host", async () => {
    const shared = join(engine.runRoot, "shared");
    mkdirSync(shared);
    await run(["mount", "-t", "tmpfs", "tmpfs", shared]);
    await run(["mount", "--make-shared", shared]);
    const below = () => readFileSync("/proc/self/mountinfo", "utf8").split("\n").flatMap((line) => (line.includes(engine.runRoot) ? [line.split(" ")[4]?.slice(engine.runRoot.length)] : []));
    try {
      mkdirSync(join(shared, "inner"));
      mkdirSync(join(shared, "outer"));
      await engine.ok("run", "-d", "--name", "peer", "--cap-add", "SYS_ADMIN", "--security-opt", "apparmor=unconfined", "-v", `${shared}:/m:rshared`, BUSYBOX, "sleep", "1000");
      await engine.ok("run", "-d", "--name", "follower", "--cap-add", "SYS_ADMIN", "-v", `${shared}:/m:rslave`, BUSYBOX, "sleep", "1000");
      expect(below()).toEqual(["/shared"]);
      await engine.ok("exec", "peer", "mount", "-t", "tmpfs", "x", "/m/inner");
      expect(below()).toEqual(["/shared", "/shared/inner"]);
      await run(["mount", "-t", "tmpfs", "tmpfs", join(shared, "outer")]);
      for (const name of ["peer", "follower"]) expect(await engine.ok("exec", name, "sh", "-c", "grep -c ' /m/outer ' /proc/mounts")).toBe("1");
      await engine.ok("exec", "follower", "mount", "-t", "tmpfs", "x", "/m/inner");
      expect(below()).toEqual(["/shared", "/shared/inner", "/shared/outer"]);
      await removed("peer", "follower");
    } finally {
      for (const name of ["inner", "outer"]) await run(["umount", join(shared, name)]);
      await run(["umount", shared]);
      rmdirSync(shared);
    }
  });
});

describe("/dev/shm", () => {
  test("of a shareable container is a tmpfs of the size asked for, and is the joining container's too", async () => {
    await engine.ok("run", "-d", "--name", "donor", "--ipc", "shareable", "--shm-size", "10m", BUSYBOX, "sleep", "1000");
    expect(await engine.ok("exec", "donor", "sh", "-c", "grep ' /dev/shm ' /proc/mounts")).toMatch(/^shm \/dev\/shm tmpfs rw,nosuid,nodev,noexec,.*size=10240k/);
    const joined = await box("--ipc", "container:donor", BUSYBOX, "sh", "-c", "grep -o 'size=[0-9]*k' /proc/mounts | tail -1; touch /dev/shm/seen; readlink /proc/self/ns/ipc");
    expect(joined.stderr).toBe("");
    expect(joined.stdout.split("\n")[1]).toBe(await engine.ok("exec", "donor", "readlink", "/proc/self/ns/ipc"));
    expect(await engine.ok("exec", "donor", "ls", "/dev/shm")).toBe("seen");
    await removed("donor");
  });

  test("of a container that is its own is nobody else's", async () => {
    await engine.ok("run", "-d", "--name", "own", BUSYBOX, "sleep", "1000");
    expect((await box("--ipc", "container:own", BUSYBOX, "true")).stderr).toContain("non-shareable IPC (hint: use IpcMode:shareable for the donor container)");
    await removed("own");
  });

  test("that the donor replaced by a link leads nowhere", async () => {
    await engine.ok("run", "-d", "--name", "sly", "--ipc", "shareable", "--cap-add", "SYS_ADMIN", BUSYBOX, "sleep", "1000");
    await engine.ok("exec", "--privileged", "sly", "sh", "-c", "umount /dev/shm && rmdir /dev/shm && ln -s /etc /dev/shm");
    const { code, stderr } = await box("--ipc", "container:sly", BUSYBOX, "ls", "/dev/shm");
    expect(code).not.toBe(0);
    expect(stderr).toContain('rootfs at "/dev/shm"');
    await removed("sly");
  });
});

test("--cgroup-parent is where the container's limits are, over a crash of the engine too", async () => {
  const parent = `${engine.cgroupParent}/below`;
  await engine.ok("run", "-d", "--name", "placed", "--cgroup-parent", `/${parent}`, BUSYBOX, "sleep", "1000");
  const id = await engine.ok("inspect", "-f", "{{.Id}}", "placed");
  expect(readFileSync(`/proc/${await engine.ok("inspect", "-f", "{{.State.Pid}}", "placed")}/cgroup`, "utf8")).toContain(`/${parent}/${id}`);
  await engine.restart();
  expect((await engine.hako("exec", "placed", "true")).code).toBe(0);
  await engine.ok("pause", "placed");
  await engine.ok("unpause", "placed");
  await removed("placed");
  const { stdout } = await run(["find", "/sys/fs/cgroup", "-type", "d", "-name", id]);
  expect(stdout).toBe("");
  await run(["find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", `*/${parent}`, "-exec", "rmdir", "{}", ";"]);
});

test("--link writes the other's address under its names", async () => {
  expect((await box("--link", "nobody:x", BUSYBOX, "true")).stderr).toContain("could not get container for nobody: No such container: nobody");
  await engine.ok("run", "-d", "--name", "web", BUSYBOX, "sleep", "1000");
  const [id = "", ip = ""] = (await engine.ok("inspect", "-f", "{{.Id}} {{.NetworkSettings.IPAddress}}", "web")).split(" ");
  expect(await engine.ok("run", "--rm", "--link", "web:alias", BUSYBOX, "grep", "alias", "/etc/hosts")).toBe(`${ip}\talias ${id.slice(0, 12)} web`);
  await engine.ok("stop", "-t", "0", "web");
  expect((await box("--name", "late", "--link", "web:alias", BUSYBOX, "true")).stderr).toContain("Cannot link to a non running container: /web AS /late/alias");
  await removed("web");
});

test("a user that is not there is the answer of exec, not its output", async () => {
  await engine.ok("run", "-d", "--name", "users", BUSYBOX, "sleep", "1000");
  const { code, stdout, stderr } = await engine.hako("exec", "-u", "nosuch", "users", "true");
  expect([code, stdout, stderr]).toEqual([1, "", "Error response from daemon: unable to find user nosuch: no matching entries in passwd file\n"]);
  await removed("users");
});

test("a platform that an image does not have is refused", async () => {
  for (const command of [["image", "inspect"], ["history"], ["rmi"]]) {
    const { code, stderr } = await engine.hako(...command, "--platform", "linux/riscv64", BUSYBOX);
    expect([command, code]).toEqual([command, 1]);
    expect(stderr).toContain(`image with reference ${BUSYBOX} was found but its platform (linux/`);
  }
  expect((await engine.hako("history", "-q", "--platform", "linux", BUSYBOX)).code).toBe(0);
});

test("top needs the column that it finds processes by", async () => {
  await engine.ok("run", "-d", "--name", "columns", BUSYBOX, "sleep", "1000");
  expect((await engine.hako("top", "columns", "-o", "comm")).stderr).toContain("Couldn't find PID field in ps output");
  await removed("columns");
});

test("global flags that choose what is not there say so", async () => {
  expect((await engine.hako("--context", "x", "ps")).stderr).toContain("conflicting options: cannot specify both --host and --context");
  expect((await box("--kernel-memory", "64m", BUSYBOX, "true")).stderr).toContain("WARNING: --kernel-memory has no effect");
});

test("system df tells what images share, and counts it once", async () => {
  const df = async () => (await (await engine.api("GET", "/system/df")).json()) as { LayersSize: number; Images: { Id: string; Size: number; SharedSize: number; RepoTags: string[] }[] };
  const before = await df();
  expect(before.Images.map(({ SharedSize }) => SharedSize)).toEqual(before.Images.map(() => 0));
  expect(before.LayersSize).toBe(before.Images.reduce((sum, { Size }) => sum + Size, 0));
  await engine.importTar(await busyboxTar(), "twin:latest", "-c", "LABEL a=b");
  const after = await df();
  const sizes = after.Images.filter(({ RepoTags }) => ["twin:latest", BUSYBOX].some((tag) => RepoTags.includes(tag)));
  // Each has a config and a manifest of its own.
  expect(sizes.map(({ Size, SharedSize }) => SharedSize > 1_000_000 && Size - SharedSize < 10_000)).toEqual([true, true]);
  expect(after.LayersSize - before.LayersSize).toBeLessThan(10_000);
  await engine.ok("rmi", "twin:latest");
});

test("a new volume is like the image's folder, and has its files unless asked not to", async () => {
  expect(await engine.ok("run", "--rm", "-v", "filled:/etc", BUSYBOX, "ls", "/etc/passwd")).toBe("/etc/passwd");
  expect(await engine.ok("run", "--rm", "-v", "filled:/x", BUSYBOX, "ls", "/x/passwd")).toBe("/x/passwd");
  expect((await box("--mount", "src=asked,dst=/etc,volume-nocopy", BUSYBOX, "ls", "/etc/passwd")).code).toBe(1);
  const tar = join(engine.runRoot, "owned.tar");
  copyFileSync(await busyboxTar(), tar);
  mkdirSync(join(engine.runRoot, "data-folder", "data"), { recursive: true });
  await run(["tar", "-rf", tar, "--owner=70", "--group=71", "--mode=1750", "-C", join(engine.runRoot, "data-folder"), "data"]);
  await engine.importTar(tar, "owned:latest");
  const { stdout, stderr } = await box("-v", "like:/data", "owned", "stat", "-c", "%u:%g %a", "/data");
  expect([stdout, stderr]).toEqual(["70:71 1750\n", ""]);
  await engine.ok("volume", "rm", "filled", "asked", "like");
});

test("a limit above the host's is refused by its number", async () => {
  expect((await box("--ulimit", "nofile=4000000000:4000000000", BUSYBOX, "true")).stderr).toContain("error setting rlimits for ready process: error setting rlimit type 7: operation not permitted");
});

test("inspect -s shows a writable layer of nothing as 0", async () => {
  await engine.ok("create", "--name", "sized", BUSYBOX, "true");
  expect(await engine.ok("inspect", "-s", "-f", "{{.SizeRw}}", "sized")).toBe("0");
  await removed("sized");
});
