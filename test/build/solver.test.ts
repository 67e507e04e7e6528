/** The solver with real steps: what is run, what is known, what is left. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, lstatSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { context, copy, image, layerFolder, missing, openPlayground, run, solve, TestClient, writeFolder, type Playground } from "./solver-fixture.ts";
import { until } from "../until.ts";

describe.skipIf(missing !== undefined)("the solver", () => {
  let ground: Playground;
  beforeAll(async () => {
    ground = await openPlayground();
  });
  afterAll(async () => {
    await ground[Symbol.asyncDispose]();
  });

  const top = ({ results }: { results: readonly { layers: readonly { n: number }[] }[] }, target = 0): string => layerFolder(ground, results[target]?.layers.at(-1) as never);

  test("runs a command; its changes alone are the layer, without what was mounted", async () => {
    const done = await solve(ground, run(image(), "echo hello; echo made >/made; cat /etc/hosts >/dev/null"));
    expect(done.output).toBe("hello\n");
    expect(readdirSync(top(done))).toEqual(["made"]);
    expect(done.results[0]?.layers).toHaveLength(2);
  });

  test("knows the second time what came of it the first time", async () => {
    const vertex = run(run(image(), "echo one >/one"), "cat /one >/two");
    expect((await solve(ground, vertex)).made).toEqual(["RUN echo one >/one", "RUN cat /one >/two"]);
    const again = await solve(ground, vertex);
    expect(again.made).toEqual([]);
    expect(readFileSync(join(top(again), "two"), "utf8")).toBe("one\n");
  });

  test("a command that fails is told with its code, and what it wrote", async () => {
    const events: string[] = [];
    const failing = solve(ground, run(image(), "echo oh; exit 3"), { tell: (event) => void (event.type === "log" && events.push(Buffer.from(event.bytes).toString())) });
    await expect(failing).rejects.toThrow('process "/bin/sh -c echo oh; exit 3" did not complete successfully: exit code: 3');
    expect(events.join("")).toBe("oh\n");
  });

  test("copies of a context count by content: a touch or another place changes nothing", async () => {
    const first = new TestClient(writeFolder(join(ground.folder, "one"), { "a/file": "same", "a/deep/er": "er" }));
    const second = new TestClient(writeFolder(join(ground.folder, "two"), { "a/file": "same", "a/deep/er": "er" }));
    const third = new TestClient(writeFolder(join(ground.folder, "three"), { "a/file": "other", "a/deep/er": "er" }));
    const vertex = run(copy(image(), context(), "a", "/to/"), "cat /to/file /to/deep/er >/read");
    expect((await solve(ground, vertex, { client: first })).made).toEqual(["COPY a /to/", "RUN cat /to/file /to/deep/er >/read"]);
    expect((await solve(ground, vertex, { client: second })).made).toEqual([]);
    const changed = await solve(ground, vertex, { client: third });
    expect(changed.made).toHaveLength(2);
    expect(readFileSync(join(top(changed), "read"), "utf8")).toBe("otherer");
    expect([first.ended, second.ended, third.ended]).toEqual([1, 1, 1]);
  });

  test("copies from a stage count by content too", async () => {
    const stage = (word: string) => run(image(), `echo ${word} >/noise; echo same >/wanted`);
    const final = (word: string) => copy(image(), stage(word), "/wanted", "/got");
    expect((await solve(ground, final("a"))).made).toHaveLength(2);
    expect((await solve(ground, final("b"))).made).toEqual(["RUN echo b >/noise; echo same >/wanted"]);
  });

  test("of two names in one image none is the other's file, whatever way they came", async () => {
    const first = run(image(), "echo shared >/f");
    const second = copy(image(), first, "/f", "/g");
    const ino = async (vertex: typeof first, name: string): Promise<number> => lstatSync(join(top(await solve(ground, vertex)), name)).ino;
    expect(await ino(second, "g")).toBe(await ino(first, "f"));
    expect(await ino(copy(first, second, "/g", "/h"), "h")).not.toBe(await ino(first, "f"));
  });

  test("equal steps of builds at the same time run once", async () => {
    const vertex = run(image(), "sleep 0.3; echo only once");
    const done = await Promise.all([solve(ground, vertex), solve(ground, vertex)]);
    expect(done.map(({ output }) => output)).toEqual(["only once\n", "only once\n"]);
    expect(done[0]?.results).toEqual(done[1]?.results as never);
  });

  test("a build that is called off ends its step, but not one that another build waits for", async () => {
    const [mine, shared] = [run(image(), "sleep 100"), run(image(), "echo begun; sleep 0.5; echo done >/done")];
    const cancel = new AbortController();
    const begun = Promise.withResolvers<void>();
    const cancelled = solve(ground, [mine, shared], { signal: cancel.signal, tell: (event) => void (event.type === "log" && begun.resolve()) });
    const other = solve(ground, shared);
    await begun.promise;
    cancel.abort(new Error("called off"));
    await expect(cancelled).rejects.toThrow("called off");
    expect(existsSync(join(top(await other), "done"))).toBe(true);
    expect(ground.cgroups.list()).toEqual([]);
    expect(readdirSync(join(ground.runRoot, "c"))).toEqual([]);
  });

  test("mount points that were made for mounts are gone, and those that were there stay", async () => {
    const mounts = [
      { type: "tmpfs", target: "/new/deep/tmp", size: undefined },
      { type: "tmpfs", target: "/tmp", size: undefined },
      { type: "secret", target: "/run/secrets/word", env: undefined, id: "word", required: true, mode: 0o400, uid: 0, gid: 0 },
    ] as const;
    const client = new TestClient();
    client.secrets.set("word", "sesame");
    const done = await solve(ground, run(image(), "cp /run/secrets/word /dev/null && wc -c </run/secrets/word && touch /tmp/x /new/deep/tmp/y && mkdir /kept", { mounts }), { client });
    expect(done.output.trim()).toBe("6");
    expect(readdirSync(top(done))).toEqual(["kept"]);
    expect(JSON.stringify(ground.db.query("SELECT * FROM build_records").all())).not.toContain("sesame");
  });

  test("a secret that is not there is refused when it is required", async () => {
    const secret = { type: "secret", target: "/run/secrets/word", env: undefined, id: "nope", required: true, mode: 0o400, uid: 0, gid: 0 } as const;
    await expect(solve(ground, run(image(), "true", { mounts: [secret] }))).rejects.toThrow("secret nope: not found");
    expect((await solve(ground, run(image(), "test ! -e /run/secrets/word", { mounts: [{ ...secret, required: false }] }))).made).toHaveLength(1);
  });

  test("cache mounts stay, are no part of the layer, and serve one at a time when locked", async () => {
    const cache = { type: "cache", target: "/cache", id: "c", sharing: "locked", readOnly: false, input: undefined, source: "", mode: 0o755, uid: 0, gid: 0 } as const;
    const add = (n: number) => run(image(), `test ! -e /cache/busy && touch /cache/busy && sleep 0.1 && rm /cache/busy && echo ${n} >>/cache/list`, { mounts: [cache] });
    const done = await solve(ground, [add(1), add(2), add(3)]);
    expect(readdirSync(top(done))).toEqual([]);
    const read = await solve(ground, run(image(), "sort /cache/list", { mounts: [cache] }));
    expect(read.output).toBe("1\n2\n3\n");
    const size = (): number | undefined => ground.solver.cache.usage({ type: ["exec.cachemount"] })[0]?.size;
    await until(() => size() === 6, "the mount's size");
  });

  test("bind mounts of a context and of a stage; what is written to them is thrown away", async () => {
    const client = new TestClient(writeFolder(join(ground.folder, "bound"), { "sub/file": "of the context" }));
    const stage = run(run(image(), "echo lower >/l"), "echo upper >/u; mkdir /d; echo in >/d/in");
    const bind = (target: string, input: number, source: string, readWrite = false) => ({ type: "bind", target, input, source, readWrite }) as const;
    const script = "cat /c/file; cat /s/l /s/u; cat /one; echo changed >/rw/in; cat /rw/in; touch /c/x || echo refused";
    const vertex = run(image(), script, { mounts: [bind("/c", 1, "sub"), bind("/s", 2, "/"), bind("/one", 2, "/d/in"), bind("/rw", 2, "/d", true)] }, [context(), stage]);
    const done = await solve(ground, vertex, { client });
    expect(done.output).toContain("of the contextlower\nupper\nin\nchanged\n");
    expect(done.output).toContain("refused");
    expect(readdirSync(top(done))).toEqual([]);
  });

  test("a failed step's file system is there for a shell", async () => {
    const error = await solve(ground, run(image(), "echo left >/left; exit 1"), { keepFailed: true }).catch((failure: unknown) => failure as { failed: import("../../src/build/mod.ts").FailedStep });
    if (!("failed" in error)) throw new Error("it did not fail");
    {
      await using failed = error.failed;
      await using shell = await failed.openShell({ args: ["/bin/cat", "/left"] });
      const pieces: string[] = [];
      for await (const { bytes } of shell.output) pieces.push(Buffer.from(bytes).toString());
      expect(pieces.join("")).toBe("left\n");
      expect((await shell.exited).exitCode).toBe(0);
    }
    expect(ground.cgroups.list()).toEqual([]);
  });

  test("a step has no more processes than the machine can bear, Docker's rights, and nothing of the host's users", async () => {
    const done = await solve(ground, run(image(), "cat /sys/fs/cgroup/pids/pids.max 2>/dev/null || cat /sys/fs/cgroup/pids.max; grep -E 'CapEff|Seccomp:' /proc/self/status; hostname; cat /etc/hosts; env"));
    expect(done.output).toContain("8192\nCapEff:\t00000000a80425fb\nSeccomp:\t2\nbuildkitsandbox\n127.0.0.1\tlocalhost buildkitsandbox\n");
    expect(done.output.split("\n").filter((line) => line.includes("=")).map((line) => line.split("=")[0]).sort()).toEqual(["HOME", "PATH", "PWD", "SHLVL"]);
    const privileged = await solve(ground, run(image(), "grep -E 'Seccomp:' /proc/self/status", { security: "insecure" }));
    expect(privileged.output).toBe("Seccomp:\t0\n");
  });

  test("a program of another architecture is refused in words where nothing interprets it", async () => {
    const foreign = run(image(), "true", { platform: { os: "linux", architecture: "s390x" } });
    await expect(solve(ground, foreign)).rejects.toThrow(/cannot run programs of linux\/s390x: install qemu-user-binfmt/);
  });

  test("users and folders of the image; what cannot be run is told with the command", async () => {
    expect((await solve(ground, run(image(), "id -u; id -g; pwd", { user: "user", cwd: "/home/user" }))).output).toBe("1000\n1000\n/home/user\n");
    await expect(solve(ground, run(image(), "true", { user: "nosuch" }))).rejects.toThrow('process "/bin/sh -c true" did not complete successfully: unable to find user nosuch: no matching entries in passwd file');
    await expect(solve(ground, run(image(), "true", { args: ["/nothere", "x"] }))).rejects.toThrow('process "/nothere x" did not complete successfully: runc run failed: unable to start container process: error during container init: exec: "/nothere": stat /nothere: no such file or directory');
  });

  test("of an endless output the beginning is shown, and the end when it fails", async () => {
    const events: Uint8Array[] = [];
    const long = solve(ground, run(image(), "yes 0123456789012345678901234567890123456789 | head -c 6000000; echo the last words; exit 1"), { tell: (event) => void (event.type === "log" && events.push(event.bytes)) });
    await expect(long).rejects.toThrow("exit code: 1");
    const output = Buffer.concat(events).toString();
    expect(output.length).toBeLessThan(2.2 * 1024 * 1024);
    expect(output).toContain("[output clipped, log limit 2MiB reached]");
    expect(output).toEndWith("the last words\n");
  });

  test("a merge puts a copy's own layer on another base", async () => {
    const client = new TestClient(writeFolder(join(ground.folder, "linked"), { file: "linked" }));
    const { makeVertex } = await import("../../src/build/graph/make-vertex.ts");
    const merged = (base: ReturnType<typeof image>) => makeVertex({ kind: "merge" }, [base, copy(undefined, context(), "file", "/x/")], { name: "merge" });
    const done = await solve(ground, merged(run(image(), "echo base >/base")), { client });
    expect(readFileSync(join(top(done), "x/file"), "utf8")).toBe("linked");
    const other = await solve(ground, merged(run(image(), "echo another >/base")), { client });
    expect(other.made).toEqual(["RUN echo another >/base", "merge"]);
    expect(lstatSync(join(top(other), "x/file")).ino).toBe(lstatSync(join(top(done), "x/file")).ino);
  });

  test("nothing is left when all is done", () => {
    const layers = readdirSync(join(ground.dataRoot, "layers"));
    const rows = ground.db.query<{ n: number }, []>("SELECT n FROM layers").all().map(({ n }) => String(n));
    expect(layers.sort()).toEqual(rows.sort());
    expect(layers.flatMap((n) => readdirSync(join(ground.dataRoot, "layers", n)).filter((name) => name !== "fs" && name !== "empty"))).toEqual([]);
    expect(readdirSync(join(ground.dataRoot, "containers"))).toEqual([]);
    expect(ground.db.query("SELECT owner FROM layer_owners WHERE owner LIKE 'lease:%'").all()).toEqual([]);
  });
});
