/** Known ways out of `cp`, tried: the host, and the container's other parts, must stay as they were. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeTar } from "../../src/archive/mod.ts";
import { BUSYBOX, run, startEngine, type TestEngine } from "../harness.ts";
import { changedBusyboxTar } from "../images.ts";

let engine: TestEngine;
let victim: string;
beforeAll(async () => {
  engine = await startEngine();
  victim = join(engine.runRoot, "victim");
  mkdirSync(victim);
  writeFileSync(join(victim, "secret"), "host secret\n");
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

function expectHostUntouched(): void {
  expect(readdirSync(victim)).toEqual(["secret"]);
  expect(readFileSync(join(victim, "secret"), "utf8")).toBe("host secret\n");
}

async function put(container: string, path: string, members: Parameters<typeof encodeTar>[0], query = ""): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://localhost/v1.51/containers/${container}/archive?path=${encodeURIComponent(path)}${query}`, { unix: engine.socket, method: "PUT", body: encodeTar(members) as Uint8Array<ArrayBuffer> });
  return { status: response.status, text: await response.text() };
}

const folderHere = (): string => mkdtempSync(join(engine.runRoot, "out-"));

describe("a running container that swaps a folder for a link (CVE-2018-15664)", () => {
  const SWAP = `mkdir -p /d/real; echo mine > /d/real/secret; ln -s ${"$VICTIM"} /d/link; mv /d/real /d/path; touch /ready; while :; do mv /d/path /d/away; mv /d/link /d/path; mv /d/path /d/link; mv /d/away /d/path; done`;

  test("neither reads the host's files nor writes there", async () => {
    const id = await engine.ok("run", "-d", "-e", `VICTIM=${victim}`, BUSYBOX, "sh", "-c", SWAP);
    await engine.ok("exec", id, "sh", "-c", "until test -e /ready; do sleep 0.05; done");
    const out = folderHere();
    writeFileSync(join(out, "planted"), "planted");
    for (let round = 0; round < 25; round++) {
      await engine.hako("cp", `${id}:/d/path/secret`, join(out, `got-${round}`));
      await engine.hako("cp", join(out, "planted"), `${id}:/d/path/planted`);
      await engine.hako("cp", `${id}:/d/path/.`, join(out, `all-${round}`));
    }
    const found = await run(["grep", "-rl", "host secret", out]);
    expect(found.stdout).toBe("");
    expectHostUntouched();
    await engine.ok("rm", "-f", id);
  });
});

describe("libraries and programs of the image", () => {
  test("are not loaded by what copies (CVE-2019-14271)", async () => {
    const source = join(engine.runRoot, "evil.c");
    const library = join(engine.runRoot, "evil.so");
    writeFileSync(source, '#include <fcntl.h>\n__attribute__((constructor)) static void pwned(void) { open("/pwned", O_CREAT | O_WRONLY, 0600); }\n');
    expect((await run(["cc", "-shared", "-fPIC", "-o", library, source])).code).toBe(0);
    const tar = join(engine.runRoot, "evil.tar");
    await changedBusyboxTar(tar, async (root) => {
      for (const folder of ["lib/x86_64-linux-gnu", "lib64", "usr/lib/x86_64-linux-gnu", "etc"]) mkdirSync(join(root, folder), { recursive: true });
      for (const name of ["libnss_files.so.2", "libnss_dns.so.2", "libnss_compat.so.2", "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libgcc_s.so.1", "ld-linux-x86-64.so.2"]) {
        for (const folder of ["lib/x86_64-linux-gnu", "lib64", "usr/lib/x86_64-linux-gnu"]) writeFileSync(join(root, folder, name), readFileSync(library));
      }
      writeFileSync(join(root, "etc/ld.so.preload"), "/lib64/libm.so.6\n");
      writeFileSync(join(root, "etc/nsswitch.conf"), "passwd: files dns\nhosts: files dns\n");
    });
    await engine.importTar(tar, "evil:libraries");
    const id = await engine.ok("run", "-d", "evil:libraries", "sleep", "1000");
    const out = folderHere();
    await engine.ok("cp", `${id}:/etc`, join(out, "etc"));
    await engine.ok("cp", "-a", source, `${id}:/tmp/`);
    await engine.ok("diff", id);
    await engine.ok("commit", id, "evil:committed");
    await engine.ok("export", "-o", join(out, "all.tar"), id);
    await engine.ok("rm", "-f", id);
    const stopped = await engine.ok("create", "evil:libraries", "true");
    await engine.ok("cp", source, `${stopped}:/tmp/`);
    expect((await engine.hako("cp", `${stopped}:/pwned`, join(out, "pwned"))).stderr).toContain("Could not find the file /pwned");
    expect((await run(["tar", "tf", join(out, "all.tar")])).stdout).not.toContain("pwned");
    await engine.ok("rm", stopped);
    await engine.ok("rmi", "evil:committed");
  });
});

describe("an archive for a container", () => {
  test("with names and links that lead out stays inside", async () => {
    for (const start of [true, false]) {
      const id = await engine.ok("run", ...(start ? ["-d"] : ["--detach=false"]), "--name", "target", BUSYBOX, ...(start ? ["sleep", "1000"] : ["true"])).then(() => "target");
      const members = { kind: "file", content: "planted" } as const;
      expect(await put(id, "/tmp", [{ ...members, name: `../..${victim}/planted` }])).toMatchObject({ status: 400, text: expect.stringContaining("is outside of") });
      await put(id, "/tmp", [{ kind: "symlink", name: "out", linkName: victim }, { ...members, name: "out/planted" }]);
      await put(id, "/tmp", [{ kind: "symlink", name: "up", linkName: `../../../../../..${victim}` }, { ...members, name: "up/planted" }]);
      await put(id, "/tmp", [{ kind: "hardLink", name: "secret", linkName: `../..${victim}/secret` }]);
      await put(id, `/tmp/../../..${victim}`, [{ ...members, name: "planted" }]);
      expectHostUntouched();
      await engine.ok("rm", "-f", id);
    }
  });

  test("never takes away what is mounted in it", async () => {
    const id = await engine.ok("run", "-d", "-v", "/v", BUSYBOX, "sh", "-c", "echo kept > /v/f; exec sleep 1000");
    await engine.ok("exec", id, "sh", "-c", "until test -e /v/f; do sleep 0.05; done");
    expect((await put(id, "/", [{ kind: "file", name: "v", content: "x" }])).status).toBe(400);
    expect((await put(id, "/etc", [{ kind: "file", name: "hosts", content: "x" }])).status).toBe(400);
    expect((await put(id, "/", [{ kind: "file", name: "etc", content: "x" }])).status).toBe(400);
    expect(await engine.ok("exec", id, "sh", "-c", "cat /v/f; grep -c ' /v ' /proc/mounts; grep -c ' /etc/hosts ' /proc/mounts")).toBe("kept\n1\n1");
    await engine.ok("rm", "-f", "-v", id);
  });

  test("that is broken is refused and leaves the engine well", async () => {
    const id = await engine.ok("create", BUSYBOX, "true");
    for (const body of ["not a tar at all, but long enough to be taken for a header of one".repeat(20), encodeTar([{ kind: "file", name: "f", content: "x".repeat(4000) }]).subarray(0, 2000)]) {
      const response = await fetch(`http://localhost/v1.51/containers/${id}/archive?path=/tmp`, { unix: engine.socket, method: "PUT", body: body as Uint8Array<ArrayBuffer> });
      expect(response.status).toBe(400);
    }
    expect((await engine.hako("cp", `${id}:/tmp`, "-")).code).toBe(0);
    await engine.ok("rm", id);
  });
});

describe("what is no ordinary file", () => {
  test("a pipe, a device and a link to one are copied as they are, without being opened", async () => {
    const id = await engine.ok("run", "-d", BUSYBOX, "sh", "-c", "mkdir /odd; mkfifo /odd/pipe; mknod /odd/zero c 1 5; ln -s /dev/zero /odd/link; touch /odd/ready; exec sleep 1000");
    await engine.ok("exec", id, "sh", "-c", "until test -e /odd/ready; do sleep 0.05; done");
    const out = folderHere();
    expect((await engine.hakoWith({ timeoutMs: 60_000 }, "cp", `${id}:/odd`, out)).code).toBe(0);
    expect((await run(["stat", "-c", "%F", join(out, "odd/pipe"), join(out, "odd/zero"), join(out, "odd/link")])).stdout).toBe("fifo\ncharacter special file\nsymbolic link\n");
    await engine.ok("rm", "-f", id);
  });

  test("magic links of a container that sees the host's processes lead nowhere", async () => {
    const id = await engine.ok("run", "-d", "--pid", "host", BUSYBOX, "sleep", "1000");
    const out = folderHere();
    for (const path of ["/proc/1/root/etc/hostname", "/proc/1/cwd/etc/hostname", `/proc/1/root${victim}/secret`, "/proc/self/root/etc/hostname"]) {
      expect((await engine.hako("cp", `${id}:${path}`, join(out, "got"))).code).toBe(1);
      expect((await engine.hako("cp", "-L", `${id}:${path}`, join(out, "got"))).code).toBe(1);
    }
    expect((await put(id, `/proc/1/root${victim}`, [{ kind: "file", name: "planted", content: "x" }])).status).toBeOneOf([400, 404]);
    expect(existsSync(join(out, "got"))).toBe(false);
    expectHostUntouched();
    await engine.ok("rm", "-f", id);
  });

  test("a copy of / leaves the kernel's file systems out", async () => {
    const id = await engine.ok("run", "-d", "--tmpfs", "/scratch", BUSYBOX, "sh", "-c", "echo seen > /scratch/f; exec sleep 1000");
    await engine.ok("exec", id, "sh", "-c", "until test -e /scratch/f; do sleep 0.05; done");
    const out = folderHere();
    await engine.ok("cp", `${id}:/`, join(out, "all"));
    expect(readFileSync(join(out, "all/scratch/f"), "utf8")).toBe("seen\n");
    for (const name of ["proc", "sys", "dev"]) expect(readdirSync(join(out, "all", name))).toEqual([]);
    await engine.ok("rm", "-f", id);
  });
});

test("an image whose folder is a link to the host's is written to inside", async () => {
  const tar = join(engine.runRoot, "linked.tar");
  await changedBusyboxTar(tar, (root) => {
    rmSync(join(root, "tmp"), { recursive: true });
    writeFileSync(join(root, "note"), "x");
  });
  await engine.importTar(tar, "evil:linked");
  const id = await engine.ok("create", "-v", `${victim}-volume:/data`, "evil:linked", "true");
  expect((await put(id, "/", [{ kind: "symlink", name: "data2", linkName: victim }])).status).toBe(200);
  expect((await put(id, "/data2", [{ kind: "file", name: "planted", content: "x" }])).status).toBe(404);
  expectHostUntouched();
  await engine.ok("rm", id);
  rmSync(`${victim}-volume`, { recursive: true, force: true });
});
