/** Mounts whose owners are mapped, and binds of trees with mounts below: what of them is there, and what can be written. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { run } from "../processes.ts";

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = join(engine.runRoot, "host");
  mkdirSync(join(folder, "below"), { recursive: true });
});
afterAll(async () => engine[Symbol.asyncDispose]());

const inside = (mount: string, command: string): Promise<string> => engine.ok("run", "--rm", "--network", "none", "--mount", mount, BUSYBOX, "sh", "-c", command);
const refusal = async (mount: string): Promise<string> => (await engine.hako("run", "--rm", "--network", "none", "--mount", mount, BUSYBOX, "true")).stderr.split("\n")[0] ?? "";

test("a bind's owners are mapped: who is root inside is another on the disk", async () => {
  writeFileSync(join(folder, "of-user"), "");
  chownSync(join(folder, "of-user"), 1000, 1001);
  chownSync(folder, 1000, 1001);
  const mount = `type=bind,src=${folder},dst=/x,idmap=uid:0:1000:1,idmap=gid:0:1001:1`;
  expect(await inside(mount, "touch /x/made && stat -c '%n %u %g' /x/of-user /x/made")).toBe("/x/of-user 0 0\n/x/made 0 0");
  const { uid, gid } = statSync(join(folder, "made"));
  expect([uid, gid]).toEqual([1000, 1001]);
  // Whom the map does not name is nobody, and writes nothing.
  expect(await engine.ok("run", "--rm", "--network", "none", "-u", "5:5", "--mount", mount, BUSYBOX, "sh", "-c", "touch /x/other 2>/dev/null || echo refused")).toBe("refused");
  expect(await inside(`${mount},readonly`, "touch /x/more 2>/dev/null || echo refused")).toBe("refused");
});

test("a volume's owners are mapped in one container and as they are in another", async () => {
  await inside("type=volume,src=mapped,dst=/x", "chown 5000:5000 /x");
  expect(await inside("type=volume,src=mapped,dst=/x,idmap=0:5000:100", "touch /x/f; chown 7:8 /x/f; stat -c '%u %g' /x/f")).toBe("7 8");
  expect(await inside("type=volume,src=mapped,dst=/x", "stat -c '%u %g' /x/f")).toBe("5007 5008");
  // Of users alone: groups are as they are.
  expect(await inside("type=volume,src=mapped,dst=/x,idmap=uid:0:5000:100", "stat -c '%u %g' /x/f")).toBe("7 5008");
  await engine.ok("volume", "rm", "mapped");
});

test("maps that are none, and file systems that map nobody, are told", async () => {
  const bind = `type=bind,src=${folder},dst=/x`;
  for (const [map, words] of [
    ["uid:0:1000", 'invalid idmap "uid:0:1000": it must be uid:CONTAINER:HOST:COUNT or gid:CONTAINER:HOST:COUNT'],
    ["uid:0:1000:0", 'invalid idmap "uid:0:1000:0": there are no such ids'],
    ["uid:0:4294967295:2", 'invalid idmap "uid:0:4294967295:2": there are no such ids'],
  ] as const) expect(await refusal(`${bind},idmap=${map}`)).toBe(`hako: Error response from daemon: invalid mount config for type "bind": ${words}`);
  expect(await refusal(`${bind},idmap=uid:0:5:2,idmap=uid:1:9:1`)).toContain("invalid idmap: ranges overlap");
  expect(await refusal("type=tmpfs,dst=/x,idmap=0:1:1")).toContain('invalid mount config for type "tmpfs": field IDMap must not be specified');
  expect(await refusal("type=bind,src=/proc,dst=/x,idmap=0:1:1")).toContain(`error mounting "/proc" to rootfs at "/x": its file system does not map owners (idmap): `);
  expect((await engine.ok("ps", "-aq")).length).toBe(0);
});

test("what is mounted below a bind is there, and read-only with it, unless that was asked otherwise", async () => {
  const below = join(folder, "below");
  await run(["sh", "-c", `mount -t tmpfs below ${below} && touch ${below}/there`]);
  try {
    const bind = `type=bind,src=${folder},dst=/x`;
    const look = "ls /x/below; touch /x/w 2>/dev/null && echo top; touch /x/below/w 2>/dev/null && echo below; true";
    const seen = async (options: string): Promise<string> => {
      const text = await inside(`${bind}${options}`, look);
      await run(["sh", "-c", `rm -f ${below}/w ${folder}/w; umount -q ${below}/none; true`]);
      return text.replaceAll("\n", " ");
    };
    expect(await seen("")).toBe("there top below");
    expect(await seen(",readonly")).toBe("there");
    expect(await seen(",readonly,bind-recursive=writable")).toBe("there below");
    expect(await seen(",readonly,bind-recursive=readonly,bind-propagation=rprivate")).toBe("there");
    await run(["umount", below]);
    await run(["sh", "-c", `rm -f ${below}/*; mount -t tmpfs below ${below} && touch ${below}/there`]);
    expect(await seen(",bind-recursive=disabled")).toBe("top below");
  } finally {
    await run(["umount", below]);
  }
});
