/** Images as a store keeps them: saved and loaded, of several platforms, damaged and mended. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { run } from "../processes.ts";
import { scratchFolder } from "../scratch.ts";

let engine: TestEngine;
const folder = scratchFolder();
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

const newest = (path: string): string => readdirSync(path).map((name) => ({ name, changedMs: statSync(join(path, name)).ctimeMs })).sort((a, b) => b.changedMs - a.changedMs)[0]?.name ?? "";

test("what was committed is saved, and runs where it is loaded", async () => {
  await engine.ok("run", "--name", "made", BUSYBOX, "sh", "-c", "echo hi > /etc/new; rm /etc/group; mkdir /empty");
  const id = await engine.ok("commit", "made", "made:1");
  await engine.ok("rm", "made");
  const path = join(folder, "made.tar");
  await engine.ok("save", "-o", path, "made:1", BUSYBOX);
  await using other = await startEngine({ busybox: false });
  expect(await other.ok("load", "-i", path)).toBe(`Loaded image: made:1\nLoaded image: ${BUSYBOX}`);
  expect(await other.ok("images", "-q", "--no-trunc", "made:1")).toBe(id);
  expect(await other.ok("run", "--rm", "--network", "none", "made:1", "sh", "-c", "cat /etc/new; ls -d /empty; test -e /etc/group || echo gone")).toBe("hi\n/empty\ngone");
});

test("layers that were made here are packed one after the other and side by side, also after somebody gave up in the middle", async () => {
  const context = join(folder, "context");
  for (let layer = 0; layer < 8; layer++) {
    mkdirSync(join(context, `layer-${layer}/empty`), { recursive: true });
    writeFileSync(join(context, `layer-${layer}/large`), randomBytes(600_000));
    writeFileSync(join(context, `layer-${layer}/small`), `${layer}\n`);
  }
  writeFileSync(join(context, "Dockerfile"), `FROM ${BUSYBOX}\n${Array.from({ length: 8 }, (_, layer) => `COPY layer-${layer} /made/layer-${layer}\n`).join("")}`);
  await engine.ok("build", "-q", "-t", "made:many", context);
  const save = engine.command("save", "made:many").join(" ");
  const digest = async (): Promise<string> => {
    const { stdout, stderr } = await run(["sh", "-c", `${save} | sha256sum`]);
    return stdout + stderr;
  };
  const whole = await digest();
  await run(["sh", "-c", `${save} | head -c 1500000 > /dev/null`]);
  expect(await Promise.all([digest(), digest(), digest()])).toEqual([whole, whole, whole]);
  await using other = await startEngine({ busybox: false });
  await run(["sh", "-c", `${save} | ${other.command("load").join(" ")}`]);
  expect(await other.ok("run", "--rm", "--network", "none", "made:many", "sh", "-c", "cat /made/*/small; cat /made/*/large | wc -c")).toBe("0\n1\n2\n3\n4\n5\n6\n7\n4800000");
}, 60_000);

test("save to standard output, refusals in docker's words, nothing half-written", async () => {
  const saved = await run(["sh", "-c", `${engine.command("save", BUSYBOX).join(" ")} | tar t`]);
  expect(saved.stdout).toContain("manifest.json\n");
  expect((await engine.hako("save", "nosuch")).stderr).toBe("Error response from daemon: No such image: nosuch\n");
  expect((await engine.hako("save", "-o", "/nowhere/x", BUSYBOX)).stderr).toContain("failed to save image: invalid output path");
  expect((await engine.hako("save", "-o", join(folder, "none.tar"), "nosuch:1")).stderr).toBe("Error response from daemon: reference does not exist\n");
  expect(readdirSync(folder)).not.toContain("none.tar");
});

test("system check finds a changed layer and mends it, finds a damaged blob and says what to do", async () => {
  expect(await engine.ok("system", "check")).toMatch(/^Checked \d+ blobs \(.*\) and \d+ layers: all as they should be$/);
  const layer = newest(join(engine.dataRoot, "layers"));
  await engine.importTar(await withFile(), "damaged:1");
  const own = newest(join(engine.dataRoot, "layers"));
  expect(own).not.toBe(layer);
  writeFileSync(join(engine.dataRoot, "layers", own, "fs", "some", "file"), "tampered");
  expect(await engine.ok("system", "check")).toMatch(/^layer sha256:\S+ of damaged:1: its files have changed; unpacked again\nChecked .*: 1 damaged, 1 of them mended$/);
  const [digest = ""] = JSON.parse(await engine.ok("image", "inspect", "-f", "{{json .RootFS.Layers}}", "damaged:1")) as string[];
  writeFileSync(join(engine.dataRoot, "content", "blobs", "sha256", digest.slice(7)), "damaged");
  const found = await engine.hako("system", "check");
  expect(found.code).toBe(1);
  expect(found.stdout).toContain(`blob ${digest} of damaged:1: its bytes are not what its digest says; removed; load or pull damaged:1 again: only what is missing is fetched\n`);
  await engine.importTar(await withFile(), "damaged:1");
  expect((await engine.hako("system", "check")).code).toBe(0);
});

async function withFile(): Promise<string> {
  const path = join(folder, "with-file.tar");
  if (!existsSync(path)) await run(["sh", "-c", `mkdir -p ${folder}/root/some && echo text > ${folder}/root/some/file && tar -C ${folder}/root -cf ${path} some/file`]);
  return path;
}

test("images --tree shows each platform, and who uses it", async () => {
  const tree = await engine.ok("images", "--tree");
  expect(tree).toContain("IMAGE");
  expect(tree).toMatch(new RegExp(`^${BUSYBOX} +[0-9a-f]{12} .*\\n└─ linux/\\w+ `, "m"));
  expect((await engine.hako("images", "--tree", "-q")).stderr).toBe("--quiet is not yet supported with --tree\n");
});
