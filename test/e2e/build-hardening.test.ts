/** Builds that mean harm, or that come to harm: what they cannot reach, and what is left of them. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeTar } from "../../src/archive/mod.ts";
import { BUSYBOX, startEngine, type Result, type TestEngine } from "../harness.ts";
import { containerCgroups } from "../leaks.ts";
import { run } from "../processes.ts";

let engine: TestEngine;
let scratch: string;
/** A folder of this machine that no build may see or change. */
let outside: string;
beforeAll(async () => {
  engine = await startEngine();
  scratch = mkdtempSync(join(engine.runRoot, "build-"));
  outside = join(scratch, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "marker"), "only outside");
  writeFileSync(join(outside, "empty"), "");
});
afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

function project(dockerfile: string, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(scratch, "p-"));
  for (const [path, text] of Object.entries({ Dockerfile: `FROM ${BUSYBOX}\n${dockerfile}`, ...files })) writeFileSync(join(folder, path), text);
  return folder;
}

const build = async (folder: string, ...flags: string[]): Promise<Result> => await engine.hako("build", "--progress", "plain", ...flags, folder);

function expectOutsideUntouched(): void {
  expect(readdirSync(outside).sort()).toEqual(["empty", "marker"]);
  expect(readFileSync(join(outside, "marker"), "utf8")).toBe("only outside");
}

describe("a step that takes too much", () => {
  test("of memory is killed, and the build says so", async () => {
    const { code, stderr } = await build(project("RUN head -c 300m /dev/zero | tail -c 250m >/dev/null\n"), "-m", "32m", "--memory-swap", "32m");
    expect(code).toBe(1);
    expect(stderr).toMatch(/did not complete successfully: exit code: 137: the kernel killed it: out of memory\n$/);
  });

  test("of processes has no more than its share, and none when it is over", async () => {
    const { code, stderr } = await build(project("RUN mkfifo /f; while :; do (read x </f) & done\n"));
    expect(code).toBe(1);
    expect(stderr).toContain("can't fork: Resource temporarily unavailable");
    expect(stderr).toMatch(/did not complete successfully: exit code: \d+\n$/);
    expect(containerCgroups(engine.cgroupParent)).toEqual([]);
    expect(await engine.ok("run", "--rm", BUSYBOX, "echo", "goes on")).toBe("goes on");
  }, 120_000);
});

describe("a link that leads out", () => {
  test("of the context is a link inside of it", async () => {
    for (const source of ["folder/marker", "file"]) {
      const folder = project(`COPY ${source} /got\n`);
      symlinkSync(outside, join(folder, "folder"));
      symlinkSync(join(outside, "marker"), join(folder, "file"));
      const { code, stderr } = await build(folder);
      expect(code).toBe(1);
      expect(stderr).toContain(`failed to calculate checksum of ref: "/${source}": not found`);
    }
  });

  test("of a stage is one of the stage", async () => {
    const { code, stderr } = await build(project(`RUN ln -s ${outside} /out\nFROM ${BUSYBOX}\nCOPY --from=0 /out/marker /got\n`));
    expect(code).toBe(1);
    expect(stderr).toContain('"/out/marker": not found');
  });

  test("of the target is one of the image", async () => {
    const folder = project(`RUN ln -s ${outside} /out\nCOPY file /out/file\nADD archive.tar /out/\nRUN cat ${outside}/file ${outside}/unpacked\n`, { file: "copied\n" });
    writeFileSync(join(folder, "archive.tar"), encodeTar([{ kind: "file", name: "unpacked", mode: 0o644, content: "unpacked\n" }]));
    const { code, stderr } = await build(folder);
    expect([code, stderr]).toEqual([0, expect.stringMatching(/ copied\n#\d+ [\d.]+ unpacked\n/)]);
    expectOutsideUntouched();
  });

  test("of an archive is followed in the image alone", async () => {
    const folder = project("ADD archive.tar /\nRUN ls /\n");
    writeFileSync(join(folder, "archive.tar"), encodeTar([
      { kind: "symlink", name: "link", linkName: outside },
      { kind: "file", name: "link/planted", mode: 0o644, content: "x" },
      { kind: "file", name: "../../../../../../../../../../planted", mode: 0o644, content: "x" },
      { kind: "hardLink", name: "hard", linkName: join(outside, "marker") },
    ]));
    await build(folder);
    expectOutsideUntouched();
    expect(existsSync("/planted")).toBe(false);
  });

  test("in a cache's subfolder leads nowhere (CVE-2024-23651)", async () => {
    const { stderr } = await build(project(`RUN --mount=type=cache,id=race,target=/c ln -s ${outside} /c/sub\nRUN --mount=type=cache,id=race,source=sub,target=/d ls /d; cat /d/marker; touch /d/planted\n`));
    expect(stderr).not.toContain("only outside");
    expectOutsideUntouched();
  });

  test("in place of a mount point's folder takes nothing away (CVE-2024-23652)", async () => {
    const { code } = await build(project(`RUN --mount=type=tmpfs,target=/a/empty mv /a /b 2>/dev/null; mkdir -p /b; rm -rf /a 2>/dev/null; ln -s ${outside} /a; true\nRUN --mount=type=tmpfs,target=${outside}/empty true\n`));
    expect(code).toBe(0);
    expectOutsideUntouched();
  });
});

test.each([3, 7, 8, 9, 10])("a step begins in no folder of the engine's: WORKDIR /proc/self/fd/%d (CVE-2024-21626)", async (fd) => {
  const { stderr } = await build(project(`WORKDIR /proc/self/fd/${fd}\nRUN cat ../../../../../../../..${outside}/marker; ls ../../../../../../../..${outside}\n`));
  expect(stderr).not.toContain("only outside");
  expect(stderr).not.toMatch(/[\d.]+ marker$/m);
});

test("rights are given by --allow alone (CVE-2024-23653)", async () => {
  for (const [flag, name] of [["--security=insecure", "security.insecure"], ["--network=host", "network.host"]] as const) {
    const folder = project(`RUN ${flag} true\n`);
    const { code, stderr } = await build(folder);
    expect([code, stderr]).toEqual([1, expect.stringContaining(name)]);
    expect((await build(folder, "--allow", name)).code).toBe(0);
  }
});

test("a request that makes no sense is refused, and the engine goes on (CVE-2024-23650)", async () => {
  const { pid } = engine;
  const requests: unknown[] = [
    null, [], "x", 1, {}, { context: null }, { context: {} }, { context: { kind: "local" }, platforms: [{}] }, { context: { kind: "local" }, exporters: [null] }, { context: { kind: "local" }, annotations: [{}] },
    { context: { kind: "local" }, ulimits: [{ soft: "x" }] }, { context: { kind: "nothing" } }, { context: { kind: "local" }, resources: { memory: "much" } }, { context: { kind: "local" }, dockerfile: { kind: "device" } },
  ];
  for (const request of requests) {
    const response = await engine.api("POST", "/hako/build", JSON.stringify(request));
    expect({ request, status: response.status }).toEqual({ request, status: 400 });
    await response.body?.cancel();
  }
  expect(await engine.ok("version", "--format", "{{.Server.Os}}")).toBe("linux");
  expect(engine.pid).toBe(pid);
});

test("a Dockerfile that is no file is refused, and nobody waits for it", async () => {
  for (const make of [(path: string) => run(["mkfifo", path]), (path: string) => run(["mknod", path, "c", "1", "5"]), (path: string) => run(["mkdir", path])]) {
    const folder = mkdtempSync(join(scratch, "p-"));
    await make(join(folder, "Dockerfile"));
    const { code, stderr } = await build(folder);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^ERROR: .*(is no regular file|is a directory)/m)]);
  }
});

test("a secret is in nothing that the engine keeps", async () => {
  const secret = `s3cret-${crypto.randomUUID()}`;
  const folder = project("ARG N\nRUN --mount=type=secret,id=file --mount=type=secret,id=word,env=WORD test -s /run/secrets/file && test -n \"$WORD\" && echo \"$WORD\" | wc -c >/length && sleep 0\nRUN echo fine\n", { secret });
  const flags = ["--secret", `id=file,src=${join(folder, "secret")}`, "--secret", "id=word,env=WORD", "--attest", "type=provenance,mode=max", "-t", "kept"];
  writeFileSync(join(folder, ".dockerignore"), "secret\n");
  for (const extra of [[], ["--no-cache"], ["--output", `type=oci,dest=${join(scratch, "kept.tar")}`]]) {
    const { code, stdout, stderr } = await engine.hakoWith({ env: { WORD: secret } }, "build", "--progress", "plain", ...flags, ...extra, folder);
    expect([code, code === 0 ? "" : stderr]).toEqual([0, ""]);
    expect(stdout + stderr).not.toContain(secret);
  }
  expect((await engine.hakoWith({ env: { WORD: secret } }, "build", "--build-arg", "N=1", ...flags, project("RUN --mount=type=secret,id=word,env=WORD false\n"))).code).toBe(1);
  expect(engine.log).not.toContain(secret);
  const { stdout } = await run(["grep", "-rlaF", secret, engine.dataRoot, join(engine.runRoot, "c"), join(engine.runRoot, "e"), join(scratch, "kept.tar")]);
  expect(stdout).toBe("");
});

test("killed while it copies and exports, the engine takes up what is there", async () => {
  const folder = project("COPY many /many\nRUN cat /many/* | md5sum >/sum\n");
  mkdirSync(join(folder, "many"));
  for (let n = 0; n < 3000; n++) writeFileSync(join(folder, "many", `f${n}`), `content ${n}`);
  for (const [turn, when] of [/COPY many/, /exporting to image/].entries()) {
    writeFileSync(join(folder, "many", "changing"), String(turn));
    const going = engine.live("build", "--progress", "plain", "-t", "taken", folder);
    await going.until(when, 60_000);
    await engine.kill9();
    await going.exited;
    await engine.start();
    expect(readdirSync(join(engine.runRoot, "c"))).toEqual([]);
    expect(await engine.ok("build", "-q", "-t", "taken", folder)).toMatch(/^sha256:/);
    expect(await engine.ok("run", "--rm", "taken", "sh", "-c", "cat /many/changing; ls /many | wc -l; cat /many/* | md5sum | cmp - /sum && echo same")).toBe(`${turn}3001\nsame`);
  }
}, 120_000);

test("the same inputs make the same image, on engines that know nothing of each other", async () => {
  const folder = project(
    "ARG A=1\nWORKDIR /app\nCOPY --chown=1:2 f* ./\nRUN mkdir -p d/e && echo $A >d/e/out && ln -s e d/link && touch /etc/made && rm /app/f2\nRUN --mount=type=cache,target=/var/cache/x --mount=type=tmpfs,target=/stub/deep date >/var/cache/x/now\nENV B=$A\nHEALTHCHECK CMD true\nLABEL l=1\n",
    { f1: "one", f2: "two" },
  );
  const flags = ["build", "-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1700000000", "--output", "type=image,name=same,rewrite-timestamp=true", folder];
  await using other = await startEngine({ busybox: false });
  await engine.ok("save", "-o", join(scratch, "base.tar"), BUSYBOX);
  await other.ok("load", "-i", join(scratch, "base.tar"));
  const ids = [await engine.ok(...flags), await other.ok(...flags), await engine.ok(...flags)];
  expect(new Set(ids).size).toBe(1);
}, 120_000);
