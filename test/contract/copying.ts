/** `cp`, `diff`, `commit` and `export` as their users see them, the same against every engine with its own command line. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, lstatSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeTar } from "../../src/archive/mod.ts";
import { run, type Result } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";
import { call, messageOf, type Answer } from "./wire.ts";

export interface CopySubject {
  readonly name: string;
  readonly kind: "ours" | "docker";
  /** The command line with its connection flags. */
  command(): readonly string[];
  socket(): string;
  /** A busybox image. */
  readonly image: string;
}

const SCENE = [
  "mkdir -p /t/dir/sub /t/existing", "echo hello > /t/file", "chmod 640 /t/file", "chown 77:78 /t/file", "echo a > /t/dir/a", "echo b > /t/dir/sub/b", "ln -s file /t/lfile", "ln -s dir /t/ldir",
  "ln -s nowhere /t/broken", "ln -s /t/existing /t/lexisting", "echo old > /t/efile", "ln -s efile /t/lefile", "mknod /t/null c 1 3", "mkdir /t/odd", "ln -s ../../../x /t/odd/climbs",
];

/** Arguments (`:` stands for the container), exit code, what the container or this machine shows afterwards, standard error. */
type Case = readonly [args: string, code: number, shows: string, stderr?: string];

const INTO: readonly Case[] = [
  ["src/file :/t/new", 0, "cat /t/new = hello"],
  ["src/file :/t/existing", 0, "cat /t/existing/file = hello"],
  ["src/file :/t/existing/", 0, "cat /t/existing/file = hello"],
  ["src/file :/t/efile", 0, "cat /t/efile = hello"],
  ["src/file :/t/lefile", 0, "cat /t/efile; readlink /t/lefile = hello efile"],
  ["src/file :/t/lexisting", 0, "cat /t/existing/file = hello"],
  ["src/file :/t/broken", 0, "cat /t/nowhere = hello"],
  ["src/file :t/new", 0, "cat /t/new = hello"],
  ["src/file :/", 0, "cat /file = hello"],
  ["src/file :/t/efile/", 1, "cat /t/efile = old", "no such directory"],
  ["src/file :/t/newdir/", 1, "ls /t/newdir 2>&1 | wc -l = 1", "no such directory"],
  ["src/file :/t/no/such", 1, "ls /t/no 2>&1 | wc -l = 1", "Error response from daemon: Could not find the file /t/no in container NAME"],
  ["src/file :/t/null", 1, "ls /t/null = /t/null", 'destination "NAME:/t/null" must be a directory or a regular file: got a device'],
  ["src/file :/etc/hosts", 1, "grep -c localhost /etc/hosts = 2", "Error response from daemon: RemoveAll hosts: device or resource busy"],
  ["src/dir :/t/new", 0, "cat /t/new/a /t/new/sub/b = a b"],
  ["src/dir :/t/new/", 0, "cat /t/new/a /t/new/sub/b = a b"],
  ["src/dir :/t/existing", 0, "cat /t/existing/dir/a = a"],
  ["src/dir/ :/t/existing", 0, "cat /t/existing/dir/a = a"],
  ["src/dir/. :/t/existing", 0, "cat /t/existing/a = a"],
  ["src/dir/. :/t/new", 0, "cat /t/new/a = a"],
  ["src/dir :/t/efile", 1, "cat /t/efile = old", "cannot copy directory"],
  ["src/dir/. :/t/efile", 1, "cat /t/efile = old", "cannot copy directory"],
  ["src/dir :/t/lefile", 1, "cat /t/efile = old", "cannot copy directory"],
  ["src/dir :/t/no/such", 1, "ls /t/no 2>&1 | wc -l = 1", "Error response from daemon: Could not find the file /t/no in container NAME"],
  ["src/lfile :/t/new", 0, "readlink /t/new = file"],
  ["-L src/lfile :/t/new", 0, "cat /t/new = hello"],
  ["-L src/lfile :/t/existing", 0, "cat /t/existing/lfile = hello"],
  ["src/ldir :/t/new", 0, "readlink /t/new = dir"],
  ["-L src/ldir :/t/existing", 0, "cat /t/existing/ldir/a = a"],
  ["src/ldir/ :/t/existing", 0, "cat /t/existing/ldir/a = a"],
  ["src/ldir/. :/t/existing", 0, "cat /t/existing/a = a"],
  ["src/broken :/t/new", 0, "readlink /t/new = nowhere"],
  ["-L src/broken :/t/new", 1, "ls /t/new 2>&1 | wc -l = 1", "lstat HERE/src/nowhere: no such file or directory"],
  ["src/nope :/t/new", 1, "ls /t/new 2>&1 | wc -l = 1", "lstat HERE/src/nope: no such file or directory"],
  ["src/no/pe :/t/new", 1, "ls /t/new 2>&1 | wc -l = 1", "lstat HERE/src/no: no such file or directory"],
  ["src/file/ :/t/new", 1, "ls /t/new 2>&1 | wc -l = 1", "not a directory"],
  ["src/climbs :/t/existing", 0, "readlink /t/existing/climbs = ../../../x"],
  ["src/file hako-no-such:/x", 1, "ls /t/new 2>&1 | wc -l = 1", "Error response from daemon: No such container: hako-no-such"],
  ["src/file src/x", 1, "ls /t/new 2>&1 | wc -l = 1", "must specify at least one container source"],
  [":/t/file :/t/x", 1, "ls /t/x 2>&1 | wc -l = 1", "copying between containers is not supported"],
];

const OUT: readonly Case[] = [
  [":/t/file dst/new", 0, "dst/new hello"],
  [":/t/file dst/existing", 0, "dst/existing/file hello"],
  [":/t/file dst/efile", 0, "dst/efile hello"],
  [":/t/file dst/lefile", 0, "dst/efile hello"],
  [":/t/file dst/lexisting", 0, "dst/existing/file hello"],
  [":/t/file dst/ldangling", 0, "dst/newtarget hello"],
  [":t/file dst/new", 0, "dst/new hello"],
  [":/t/file dst/newdir/", 1, "dst/newdir -", "no such directory"],
  [":/t/file dst/efile/", 1, "dst/efile old", "stat HERE/dst/efile/: not a directory"],
  [":/t/file dst/no/such", 1, "dst/no -", 'invalid output path: directory "HERE/dst/no" does not exist'],
  [":/t/file /dev/null", 1, "dst/new -", 'invalid output path: "/dev/null" must be a directory or a regular file: got a device'],
  [":/t/file/ dst/new", 1, "dst/new -", "Error response from daemon: lstat /t/file/: not a directory"],
  [":/t/dir dst/new", 0, "dst/new/sub/b b"],
  [":/t/dir dst/new/", 0, "dst/new/sub/b b"],
  [":/t/dir dst/existing", 0, "dst/existing/dir/a a"],
  [":/t/dir/ dst/existing", 0, "dst/existing/dir/a a"],
  [":/t/dir/. dst/existing", 0, "dst/existing/a a"],
  [":/t/dir/. dst/new", 0, "dst/new/a a"],
  [":/t/dir dst/efile", 1, "dst/efile old", "cannot copy directory"],
  [":/t/lfile dst/new", 0, "dst/new @file"],
  ["-L :/t/lfile dst/new", 0, "dst/new hello"],
  ["-L :/t/lfile dst/existing", 0, "dst/existing/lfile hello"],
  [":/t/odd dst/new", 1, "dst/new/climbs -", 'invalid symlink "HERE/dst/new/climbs" -> "../../../x"'],
  [":/t/ldir dst/new", 0, "dst/new @dir"],
  ["-L :/t/ldir dst/existing", 0, "dst/existing/ldir/a a"],
  [":/t/ldir/ dst/existing", 0, "dst/existing/ldir/a a"],
  [":/t/ldir/. dst/existing", 0, "dst/existing/a a"],
  [":/t/broken dst/new", 0, "dst/new @nowhere"],
  ["-L :/t/broken dst/new", 1, "dst/new -", "Error response from daemon: Could not find the file /t/nowhere in container NAME"],
  [":/nope dst/new", 1, "dst/new -", "Error response from daemon: Could not find the file /nope in container NAME"],
  [":/proc/version dst/new", 1, "dst/new -", "Error response from daemon: Could not find the file /proc/version in container NAME"],
  ["hako-no-such:/x dst/new", 1, "dst/new -", "Error response from daemon: No such container: hako-no-such"],
];

/** Docker's client logs what its own goroutines run into. */
const withoutLog = (stderr: string): string => stderr.replace(/^time=.*\n/gm, "").trimEnd();

export function describeCopying(subject: CopySubject): void {
  const name = `hako-copy-${process.pid}`;
  let here = "";
  const command = async (...args: string[]): Promise<Result> => await run([...subject.command(), ...args], { cwd: here });
  const ok = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await command(...args);
    if (code !== 0) throw new Error(`${args.join(" ")}: exit code ${code}\n${stderr}`);
    return stdout.trimEnd();
  };
  const inside = async (script: string): Promise<string> => await ok("exec", name, "sh", "-c", script);
  const worded = (text: string): string => text.replaceAll("NAME", name).replaceAll("HERE", here);
  const cp = async (args: string): Promise<Result> => await command("cp", ...args.split(" ").map((arg) => (arg.startsWith(":") ? name + arg : arg)));
  const ask = (method: string, target: string, body?: Uint8Array): Promise<Answer> => call(subject.socket(), { method, target: `/v1.51${target}`, ...(body && { body, headers: { "Content-Type": "application/x-tar" } }) });

  function makeLocalFiles(): void {
    here = scratchFolder();
    for (const folder of ["src/dir/sub", "dst/existing"]) mkdirSync(join(here, folder), { recursive: true });
    for (const [path, text] of [["src/file", "hello\n"], ["src/dir/a", "a\n"], ["src/dir/sub/b", "b\n"], ["dst/efile", "old\n"]] as const) writeFileSync(join(here, path), text);
    const links = [["file", "src/lfile"], ["dir", "src/ldir"], ["nowhere", "src/broken"], ["../../../x", "src/climbs"], ["existing", "dst/lexisting"], ["efile", "dst/lefile"], ["newtarget", "dst/ldangling"]] as const;
    for (const [target, path] of links) symlinkSync(target, join(here, path));
  }

  function shown(path: string): string {
    const full = join(here, path);
    const stat = lstatSync(full, { throwIfNoEntry: false });
    if (!stat) return "-";
    return stat.isSymbolicLink() ? `@${readlinkSync(full)}` : readFileSync(full, "utf8").trim();
  }

  describe(`copying: ${subject.name}`, () => {
    beforeAll(async () => {
      makeLocalFiles();
      await ok("run", "-d", "--name", name, "-v", "/v", subject.image, "sleep", "100000");
    });
    beforeEach(async () => {
      rmSync(here, { recursive: true, force: true });
      makeLocalFiles();
      await inside(`rm -rf /t /file; ${SCENE.join("; ")}`);
    });
    afterEach(() => rmSync(here, { recursive: true, force: true }));
    afterAll(async () => {
      makeLocalFiles();
      await command("rm", "-f", "-v", name);
      rmSync(here, { recursive: true, force: true });
    });

    test.each(INTO)("cp %s: exit code %d", async (args, code, shows, stderr = "") => {
      const result = await cp(args);
      expect([withoutLog(result.stderr), result.code]).toEqual([worded(stderr), code]);
      const [script = "", expected = ""] = shows.split(" = ");
      expect((await inside(script)).replaceAll("\n", " ")).toBe(expected);
    });

    test.each(OUT)("cp %s: exit code %d", async (args, code, shows, stderr = "") => {
      const result = await cp(args);
      expect([withoutLog(result.stderr), result.code]).toEqual([worded(stderr), code]);
      const [path = "", expected = ""] = shows.split(" ");
      expect(shown(path)).toBe(expected);
    });

    test("owners and modes go in with the file, only modes come out", async () => {
      await run(["chown", "1234:1235", join(here, "src/file")]);
      chmodSync(join(here, "src/file"), 0o4751);
      expect((await cp("src/file :/t/new")).code).toBe(0);
      expect(await inside("stat -c '%a %u:%g' /t/new")).toBe("4751 1234:1235");
      expect((await cp(":/t/file dst/new")).code).toBe(0);
      const { mode, uid, gid } = lstatSync(join(here, "dst/new"));
      expect([(mode & 0o7777).toString(8), uid, gid]).toEqual(["640", 0, 0]);
    });

    test("a volume is written to and read", async () => {
      expect((await cp("src/dir :/v")).code).toBe(0);
      expect(await inside("cat /v/dir/sub/b")).toBe("b");
      expect((await cp(":/v/dir dst/new")).code).toBe(0);
      expect(shown("dst/new/sub/b")).toBe("b");
    });

    test("a tar goes in by standard input and comes out by standard output", async () => {
      const { code } = await run([...subject.command(), "cp", "-", `${name}:/t/existing`], { stdin: encodeTar([{ kind: "file", name: "from-tar", content: "tarred" }]) });
      expect(code).toBe(0);
      expect(await inside("cat /t/existing/from-tar")).toBe("tarred");
      await run(["sh", "-c", `${[...subject.command(), "cp", `${name}:/t/dir`, "-"].join(" ")} > out.tar`], { cwd: here });
      expect((await run(["tar", "tf", "out.tar"], { cwd: here })).stdout).toBe("dir/\ndir/a\ndir/sub/\ndir/sub/b\n");
      expect((await run([...subject.command(), "cp", "-", `${name}:/t/new`], { stdin: new Uint8Array() })).stderr).toContain(`destination "${name}:/t/new" must be a directory`);
    });

    test("the archive endpoints answer with Docker's words", async () => {
      const header = async (path: string): Promise<unknown> => {
        const { headers } = await ask("HEAD", `/containers/${name}/archive?path=${path}`);
        const { mtime: _, ...stat } = JSON.parse(Buffer.from(headers.get("x-docker-container-path-stat") ?? "", "base64").toString()) as Record<string, unknown>;
        return stat;
      };
      expect(await header("/t/file")).toEqual({ name: "file", size: 6, mode: 0o640, linkTarget: "" });
      expect(await header("t/ldir")).toEqual({ name: "ldir", size: 3, mode: 2 ** 27 + 0o777, linkTarget: "/t/dir" });
      expect(await header("/t/null")).toEqual({ name: "null", size: 0, mode: 2 ** 26 + 2 ** 21 + 0o644, linkTarget: "" });
      expect(await header("/t/broken")).toEqual({ name: "broken", size: 7, mode: 2 ** 27 + 0o777, linkTarget: "/t/nowhere" });
      const expectMessage = async (answer: Promise<Answer>, status: number, message: string): Promise<void> => {
        const settled = await answer;
        expect([settled.status, messageOf(settled)]).toEqual([status, message]);
      };
      await expectMessage(ask("GET", `/containers/${name}/archive?path=`), 400, "bad parameter: pathcannot be empty");
      await expectMessage(ask("GET", `/containers/${name}/archive?path=/nope`), 404, `Could not find the file /nope in container ${name}`);
      await expectMessage(ask("GET", "/containers/hako-no-such/archive?path=/"), 404, "No such container: hako-no-such");
      const tar = (entry: Parameters<typeof encodeTar>[0][number]): Uint8Array => encodeTar([entry]);
      const file = tar({ kind: "file", name: "dir", content: "x" });
      await expectMessage(ask("PUT", `/containers/${name}/archive?path=/t/file`, file), 400, "extraction point is not a directory");
      await expectMessage(ask("PUT", `/containers/${name}/archive?path=/nope`, file), 404, `Could not find the file /nope in container ${name}`);
      // Docker calls what the archive collides with its own failure.
      const collision = subject.kind === "docker" ? 500 : 400;
      await expectMessage(ask("PUT", `/containers/${name}/archive?path=/t&noOverwriteDirNonDir=true`, file), collision, 'cannot overwrite directory "dir" with non-directory "/t"');
      await expectMessage(ask("PUT", `/containers/${name}/archive?path=/t&noOverwriteDirNonDir=true`, tar({ kind: "directory", name: "efile/" })), collision, 'cannot overwrite non-directory "efile" with directory "/t"');
      expect((await ask("PUT", `/containers/${name}/archive?path=/t`, file)).status).toBe(200);
      expect(await inside("cat /t/dir")).toBe("x");
    });

    test("compressed archives are unpacked", async () => {
      const tar = encodeTar([{ kind: "file", name: "packed", content: "deep" }]);
      for (const bytes of [Bun.gzipSync(tar as Uint8Array<ArrayBuffer>), Bun.zstdCompressSync(tar as Uint8Array<ArrayBuffer>)]) {
        await inside("rm -f /t/packed");
        expect((await ask("PUT", `/containers/${name}/archive?path=/t`, bytes)).status).toBe(200);
        expect(await inside("cat /t/packed")).toBe("deep");
      }
    });

    test("diff, commit and export tell of the same changes", async () => {
      const box = `${name}-changed`;
      const image = `${name}:committed`;
      await ok("run", "--name", box, subject.image, "sh", "-c", "mkdir -p /new/sub; echo x > /new/sub/f; rm /bin/ash; chmod 700 /root; cp -p /bin/true /bin/true.new; mv /bin/true.new /bin/true2; ln -s ../../../x /new/climbs");
      try {
        const changes = (await ok("diff", box)).split("\n").sort();
        expect(changes).toEqual(["A /bin/true2", "A /new", "A /new/climbs", "A /new/sub", "A /new/sub/f", "C /bin", "C /root", "D /bin/ash"]);
        const id = await ok("commit", "-a", "me", "-m", "why", "-c", 'CMD ["cat","/new/sub/f"]', "-c", "ENV ADDED=1", box, image);
        expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
        expect(await ok("run", "--rm", image)).toBe("x");
        expect(await ok("run", "--rm", image, "sh", "-c", "ls /bin/ash 2>&1; stat -c %a /root; readlink /new/climbs; echo $ADDED")).toBe("ls: /bin/ash: No such file or directory\n700\n../../../x\n1");
        expect(await ok("image", "inspect", "-f", "{{.Author}} {{.Comment}} {{len .RootFS.Layers}} {{.Parent}}", image)).toBe(`me why 2 ${await ok("inspect", "-f", "{{.Image}}", box)}`);
        expect((await ok("history", "--format", "{{.Comment}}", image)).split("\n")[0]).toBe("why");
        await ok("export", "-o", "all.tar", box);
        const names = (await run(["tar", "tf", "all.tar"], { cwd: here })).stdout.split("\n");
        expect(names).toContain("new/sub/f");
        expect(names).not.toContain("bin/ash");
      } finally {
        await command("rm", "-f", box);
        await command("rmi", "-f", image);
      }
    });

    test("commit refuses what it cannot do", async () => {
      expect((await command("commit", "hako-no-such")).stderr).toContain("No such container: hako-no-such");
      expect((await command("commit", name, "UPPER")).code).toBe(1);
      expect((await command("commit", "-c", "RUN x", name)).stderr).toContain("RUN is not a valid change command");
      const post = async (query: string): Promise<unknown[]> => {
        const answer = await ask("POST", `/commit?${query}`);
        return [answer.status, messageOf(answer)];
      };
      expect(await post("")).toEqual([400, 'invalid name or ID supplied: ""']);
      expect(await post("container=hako-no-such")).toEqual([404, "No such container: hako-no-such"]);
      expect(await post(`container=${name}&repo=a&tag=b:c`)).toEqual([400, "invalid tag format"]);
    });

    test("a read-only volume and a read-only root are not written to", async () => {
      const box = `${name}-ro`;
      const volume = `${name}-vol`;
      await ok("run", "-d", "--name", box, "--read-only", "-v", `${volume}:/r:ro`, "-v", "/w", subject.image, "sleep", "100000");
      try {
        const into = async (path: string): Promise<string> => withoutLog((await command("cp", "src/file", `${box}:${path}`)).stderr);
        expect(await into("/r/x")).toBe("Error response from daemon: mounted volume is marked read-only");
        expect(await into("/tmp/x")).toBe("Error response from daemon: container rootfs is marked read-only");
        expect(await into("/w/x")).toBe("");
        expect(await ok("exec", box, "cat", "/w/x")).toBe("hello");
        await ok("stop", "-t", "0", box);
        expect(await into("/r/x")).toBe("Error response from daemon: mounted volume is marked read-only");
        expect(await into("/tmp/x")).toBe("Error response from daemon: container rootfs is marked read-only");
        expect(await into("/w/y")).toBe("");
        await ok("start", box);
        expect(await ok("exec", box, "cat", "/w/y")).toBe("hello");
      } finally {
        await command("rm", "-f", "-v", box);
        await command("volume", "rm", volume);
      }
    });
  });
}
