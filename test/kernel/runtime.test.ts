import { describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { connectShim, describeStartFailure, readExitFile, readLog, StartError, type Shim } from "../../src/runtime/mod.ts";
import { processSpec, runtimeSpec } from "../runtime/spec-fixture.ts";
import { demultiplex, exitFileOf, gather, missing, noZombies, outputOf, Playground, type Started } from "./runtime-fixture.ts";
import { until } from "../until.ts";

const lacking = missing();
const kernelTest = lacking === undefined ? test : test.skip;
const title = lacking === undefined ? "a container" : `a container (skipped: needs ${lacking})`;

async function failure(playground: Playground, args: string[], more: Parameters<typeof runtimeSpec>[1] = {}): Promise<string> {
  const spec = runtimeSpec(args, more);
  const { shim } = await playground.start(spec);
  const error = await shim.started.then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof StartError)) throw new Error(`started, or failed otherwise: ${String(error)}`);
  const { message, exitCode } = describeStartFailure(error, { kind: "container", process: spec.process, mounts: spec.mounts, sysctl: spec.linux.sysctl });
  return `${exitCode} ${message.slice(message.indexOf("container init: ") + 16)}`;
}

describe(title, () => {
  kernelTest("runs, says what it has to say, and ends with its code", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["sh", "-c", "echo out; echo err >&2; hostname; pwd; exit 7"]));
    const { pid, startedNs } = await container.shim.started;
    expect(pid).toBeGreaterThan(1);
    const status = await container.shim.exited;
    expect(status).toMatchObject({ exitCode: 7, signal: 0, oomKilled: false, startedNs });
    expect(status.finishedNs).toBeGreaterThan(startedNs);
    expect(await outputOf(container)).toEqual({ stdout: "out\nbox\n/\n", stderr: "err\n" });
    expect(readExitFile(container.launch.exitFile)).toEqual(status);
    expect(exitFileOf(container)).toMatchObject({ exitCode: 7 });
  });

  kernelTest("sees Docker's /dev, and none of the host", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["sh", "-c", "ls /dev; ls /; readlink /dev/ptmx; ls /sys/firmware /proc/acpi | head -c 100; echo $$; touch /proc/sys/kernel/hostname; mount | head -n 1; ip -o link | wc -l"]));
    const { stdout, stderr } = await outputOf(container);
    const lines = stdout.split("\n");
    expect(lines.slice(0, 14)).toEqual(["fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]);
    expect(lines.slice(14, 22)).toEqual(["bin", "dev", "dir", "etc", "notexec", "proc", "sys", "tmp"]);
    expect(lines[22]).toBe("pts/ptmx");
    expect(lines).toContain("1");
    expect(stderr).toContain("Read-only file system");
    expect(stdout).toContain("overlay");
  });

  kernelTest("is killed by a signal, and does not outlive it", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["sleep", "60"]));
    await container.shim.started;
    await container.shim.kill(9);
    expect(await container.shim.exited).toMatchObject({ exitCode: 137, signal: 9 });
    expect(await noZombies()).toBe(true);
  });

  kernelTest("reads its input to the end", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["wc", "-c"]), { openStdin: true, stdinOnce: true });
    const stdin = await container.shim.openStdin();
    for (let part = 0; part < 10; part += 1) await stdin.write(new Uint8Array(100_000));
    stdin.end();
    expect((await outputOf(container)).stdout.trim()).toBe("1000000");
  });

  kernelTest("follows its log until it ends, each line once", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["sh", "-c", "for i in $(seq 200); do echo line $i; done; sleep 0.05; echo last"]));
    const { path, indexPath } = container.launch.log ?? { path: "", indexPath: "" };
    let ended = false;
    void container.shim.exited.finally(() => (ended = true));
    const options = { follow: true, stdout: true, stderr: true, signal: new AbortController().signal, watch: (end: number) => container.shim.watchLog(end), ended: () => ended };
    const [plain, stamped] = await Promise.all([gather(readLog({ path, indexPath, tty: false }, { ...options, timestamps: false })), gather(readLog({ path, indexPath, tty: false }, { ...options, timestamps: true }))]);
    const expected = Array.from({ length: 200 }, (_, index) => `line ${index + 1}`).concat("last", "");
    expect(demultiplex(plain).stdout.split("\n")).toEqual(expected);
    expect(demultiplex(stamped).stdout.split("\n").map((line) => line.slice(31))).toEqual(expected);
    expect(demultiplex(stamped).stdout.slice(0, 31)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z $/);
  });

  kernelTest("has a terminal of the size asked for, and another after a resize", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["sh", "-c", "stty size; read x; stty size; tty; ls -l /dev/console | head -c 1"], { process: { terminal: true } }), { openStdin: true, rows: 30, cols: 100 });
    await container.shim.started;
    await container.shim.watchLog(0);
    await container.shim.resize(40, 120);
    const stdin = await container.shim.openStdin();
    await stdin.write(Buffer.from("go\r"));
    const { stdout } = await outputOf(container);
    expect(stdout).toBe("30 100\r\ngo\r\n40 120\r\n/dev/pts/0\r\nc");
  });

  kernelTest("goes on while the engine does not, and is found again", async () => {
    await using playground = new Playground();
    const container = await playground.start(runtimeSpec(["sh", "-c", "echo one; read x; echo $x; exit 3"]), { openStdin: true });
    const { pid, startedNs } = await container.shim.started;
    container.shim.close();
    const shim = await connectShim(container.socket, { exitFile: container.launch.exitFile });
    if (!shim) throw new Error("nobody listens");
    expect(await shim.started).toEqual({ pid, startedNs });
    const stdin = await shim.openStdin();
    await stdin.write(Buffer.from("two\n"));
    expect(await shim.exited).toMatchObject({ exitCode: 3, startedNs });
    expect((await outputOf({ ...container, shim })).stdout).toBe("one\ntwo\n");
    await until(async () => (await connectShim(container.socket)) === undefined, "the shim's end");
    expect(readExitFile(container.launch.exitFile)).toMatchObject({ exitCode: 3 });
  });

  kernelTest("keeps writes, mounts and the read-only root apart", async () => {
    await using playground = new Playground();
    const shared = `${playground.dir}/shared`;
    writeFileSync(shared, "from the host\n");
    const mounts = [
      { destination: "/new/place/file", type: "bind", source: shared, options: ["rbind", "rprivate", "ro"] },
      { destination: "/scratch", type: "tmpfs", source: "tmpfs", options: ["noexec", "nosuid", "nodev", "size=1m"] },
    ];
    const container = await playground.start(runtimeSpec(["sh", "-c", "cat /new/place/file; echo x > /new/place/file; touch /a; touch /scratch/b && ls /scratch"], { mounts, readonly: true }));
    const { stdout, stderr } = await outputOf(container);
    expect(stdout).toBe("from the host\nb\n");
    expect(stderr.split("\n").filter((line) => line.includes("Read-only file system")).length).toBe(2);
    const writing = await playground.start(runtimeSpec(["sh", "-c", "touch /a && pwd"], { process: { cwd: "/work/here" } }));
    expect((await outputOf(writing)).stdout).toBe("/work/here\n");
    expect(existsSync(`${writing.folder}/fs/a`)).toBe(true);
    expect(existsSync(playground.layer("a"))).toBe(false);
  });

  kernelTest("runs as the user, with the capabilities and limits given", async () => {
    await using playground = new Playground();
    const container = await playground.start(
      runtimeSpec(["sh", "-c", "id; cat /proc/self/status; ulimit -n; cat /proc/self/oom_score_adj"], {
        process: { user: { uid: 1000, gid: 1001, additionalGids: [7, 8] }, rlimits: [{ type: "RLIMIT_NOFILE", soft: 100n, hard: 200n }], oomScoreAdj: 321, noNewPrivileges: true },
      }),
    );
    const { stdout } = await outputOf(container);
    expect(stdout).toContain("uid=1000 gid=1001 groups=7,8");
    expect(stdout).toMatch(/CapBnd:\s00000000a80425fb/);
    expect(stdout).toMatch(/CapEff:\s0000000000000000/);
    expect(stdout).toMatch(/NoNewPrivs:\s1/);
    expect(stdout).toContain("\n100\n321\n");
  });

  kernelTest("that cannot start says why, in Docker's words", async () => {
    await using playground = new Playground();
    const missingFile = ": no such file or directory";
    expect(await failure(playground, ["foo"])).toBe('127 exec: "foo": executable file not found in $PATH');
    expect(await failure(playground, [""])).toBe('127 exec: "": executable file not found in $PATH');
    expect(await failure(playground, ["/foo"])).toBe(`127 exec: "/foo": stat /foo${missingFile}`);
    expect(await failure(playground, ["/notexec"])).toBe('126 exec: "/notexec": permission denied');
    expect(await failure(playground, ["/dir"])).toBe('126 exec: "/dir": is a directory: permission denied');
    expect(await failure(playground, ["true"], { linux: { sysctl: { "net.foo": "1" } } })).toBe(`127 open sysctl net.foo file: unsafe procfs detected: openat2 fsmount:fscontext:proc/./sys/net/foo${missingFile}`);
    expect(await failure(playground, ["true"], { linux: { sysctl: { "kernel.msgmax": "zz" } } })).toBe('128 failed to write sysctl kernel.msgmax = "zz": write fsmount:fscontext:proc/./sys/kernel/msgmax: invalid argument');
    expect(await failure(playground, ["true"], { mounts: [{ destination: "/notexec", type: "bind", source: "/etc", options: ["rbind"] }] })).toMatch(
      /^127 error mounting "\/etc" to rootfs at "\/notexec": mount src=\/etc, dst=\/notexec, flags=MS_BIND\|MS_REC: not a directory: Are you trying to mount a directory onto a file/,
    );
    expect(await failure(playground, ["true"], { mounts: [{ destination: "/x", type: "tmpfs", source: "tmpfs", options: ["nosuid", "size=zz"] }] })).toBe('128 error mounting "tmpfs" to rootfs at "/x": mount src=tmpfs, dst=/x, flags=MS_NOSUID, data=size=zz: invalid argument');
    writeFileSync(playground.layer("script"), "#!/nope\n", { mode: 0o755 });
    expect(await failure(playground, ["/script"])).toBe(`127 exec /script${missingFile}`);
    expect(await noZombies()).toBe(true);
  });

  kernelTest("keeps the mode of a folder under a tmpfs", async () => {
    await using playground = new Playground();
    const tmpfs = (destination: string) => ({ destination, type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev"] });
    const container = await playground.start(runtimeSpec(["ls", "-ld", "/dir", "/tmp", "/fresh"], { mounts: ["/dir", "/tmp", "/fresh"].map(tmpfs) }));
    expect((await outputOf(container)).stdout.split("\n").map((line) => line.slice(0, 10))).toEqual(["drwxr-xr-x", "drwxrwxrwt", "drwxrwxrwt", ""]);
  });
});

describe("an exec", () => {
  const text = async (shim: Shim): Promise<{ stdout: string; stderr: string }> => demultiplex(await gather(await shim.openOutput()));
  const idle = (playground: Playground): Promise<Started> => playground.start(runtimeSpec(["sleep", "60"]));

  kernelTest("runs beside the first process, in its namespaces", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    const shim = await playground.exec(container, ["sh", "-c", "hostname; cat /proc/1/cmdline; echo oops >&2; exit 5"]);
    expect(await text(shim)).toEqual({ stdout: "box\nsleep\x0060\x00", stderr: "oops\n" });
    expect(await shim.exited).toMatchObject({ exitCode: 5 });
  });

  kernelTest("moves much data both ways", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    const shim = await playground.exec(container, ["cat"], { stdio: { openStdin: true } });
    const stdin = await shim.openStdin();
    const output = text(shim);
    for (let part = 0; part < 50; part += 1) await stdin.write(Buffer.alloc(100_000, "a"));
    stdin.end();
    expect((await output).stdout.length).toBe(5_000_000);
  });

  kernelTest("has a terminal", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    const shim = await playground.exec(container, ["sh", "-c", "stty size; tty"], { process: { terminal: true } });
    expect((await gather(await shim.openOutput())).toString()).toBe("24 80\r\n/dev/pts/0\r\n");
  });

  kernelTest("without listeners ends all the same", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    const shim = await playground.exec(container, ["seq", "100000"], { stdio: { attachOutput: false } });
    expect(await shim.exited).toMatchObject({ exitCode: 0 });
  });

  kernelTest("that cannot start says why", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    const words = async (args: string[], cwd = "/"): Promise<string> => {
      const shim = await playground.exec(container, args, { process: { cwd }, stdio: { attachOutput: false } });
      const error = await shim.started.then(() => undefined, (reason: unknown) => reason);
      if (!(error instanceof StartError)) throw new Error("started");
      const { message, exitCode } = describeStartFailure(error, { kind: "exec", process: processSpec(args, { cwd }) });
      return `${exitCode} ${message}`;
    };
    const preamble = "OCI runtime exec failed: exec failed: unable to start container process: ";
    expect(await words(["foo"])).toBe(`127 ${preamble}exec: "foo": executable file not found in $PATH`);
    expect(await words(["/notexec"])).toBe(`126 ${preamble}exec: "/notexec": permission denied`);
    expect(await words(["true"], "/nodir")).toBe(`127 ${preamble}chdir to cwd ("/nodir") set in config.json failed: no such file or directory`);
    expect(await words(["true"], "/notexec")).toBe(
      `127 ${preamble}chdir to cwd ("/notexec") set in config.json failed: not a directory: Are you trying to mount a directory onto a file (or vice-versa)? Check if the specified host path exists and is the expected type`,
    );
  });

  kernelTest("that cannot start has no output, whoever comes first", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    for (let attempt = 0; attempt < 20; attempt += 1) {
      const shim = await playground.exec(container, ["true"], { process: { cwd: "/nodir" } });
      if (attempt % 2 === 1) await Bun.sleep(5);
      expect(await text(shim)).toEqual({ stdout: "", stderr: "" });
      expect(await shim.started.catch((reason: unknown) => reason)).toBeInstanceOf(StartError);
    }
  });

  kernelTest("ends with its container", async () => {
    await using playground = new Playground();
    const container = await idle(playground);
    const shim = await playground.exec(container, ["sleep", "60"], { stdio: { attachOutput: false } });
    await shim.started;
    await container.shim.kill(9);
    expect(await shim.exited).toMatchObject({ exitCode: 137 });
  });
});
