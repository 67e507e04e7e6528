/** Volume plugins, as programs of their own: what they are asked and when, their failures in Docker's words, and what a crash of the engine means for them. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";
import { Live } from "../processes.ts";
import { until } from "../until.ts";

let engine: TestEngine;
let plugin: Live;
let folder: string;
beforeAll(async () => {
  engine = await startEngine();
  folder = join(engine.runRoot, "kept");
  mkdirSync(join(engine.runRoot, "plugins"));
  plugin = await startPlugin(join(engine.runRoot, "plugins", "vault.sock"));
});
afterAll(async () => {
  plugin.signal("SIGKILL");
  await plugin.exited;
  await engine[Symbol.asyncDispose]();
});

async function startPlugin(socket: string): Promise<Live> {
  const started = Live.spawn([process.execPath, join(import.meta.dir, "volume-plugin.ts"), socket, folder]);
  await started.until("ready");
  return started;
}

interface Call {
  readonly method: string;
  readonly Name?: string;
  readonly ID?: string;
  readonly Opts?: unknown;
}

/** What the plugin was asked since the last look; Get and List come as often as they like. */
function asked(...methods: string[]): Call[] {
  const file = join(folder, "calls");
  const calls = existsSync(file) ? readFileSync(file, "utf8").split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as Call) : [];
  writeFileSync(file, "");
  return calls.filter(({ method }) => methods.includes(method.replace("VolumeDriver.", "")));
}
const refusal = async (...args: string[]): Promise<string> => (await engine.hako(...args)).stderr.split("\n")[0] ?? "";
const create = (name: string): Promise<string> => engine.ok("volume", "create", "-d", "vault", name);

test("a volume of a plugin: made, shown, listed, used, removed", async () => {
  await engine.ok("volume", "create", "-d", "vault", "-o", "k=v", "--label", "a=b", "one");
  expect(asked("Create")).toEqual([{ method: "VolumeDriver.Create", Name: "one", Opts: { k: "v" } }]);
  const shown = JSON.parse(await engine.ok("volume", "inspect", "one")) as unknown;
  expect(shown).toEqual([{ CreatedAt: "2026-01-02T03:04:05Z", Driver: "vault", Labels: { a: "b" }, Mountpoint: join(folder, "volumes", "one"), Name: "one", Options: { k: "v" }, Scope: "global", Status: { kept: "here" } }]);
  expect(await engine.ok("volume", "ls", "--filter", "driver=vault", "--format", "{{.Driver}} {{.Name}}")).toBe("vault one");
  expect(await engine.ok("info", "-f", "{{json .Plugins.Volume}}")).toBe('["local","vault"]');
  await engine.ok("run", "--rm", "--network", "none", "-v", "one:/x", BUSYBOX, "sh", "-c", "echo there > /x/f");
  expect(readFileSync(join(folder, "volumes", "one", "f"), "utf8")).toBe("there\n");
  const [mount, unmount, ...more] = asked("Mount", "Unmount");
  expect([mount?.method, unmount?.method, more.length]).toEqual(["VolumeDriver.Mount", "VolumeDriver.Unmount", 0]);
  expect(mount?.ID).toBe(unmount?.ID);
  await engine.ok("volume", "rm", "one");
  expect(asked("Remove")).toEqual([{ method: "VolumeDriver.Remove", Name: "one" }]);
});

test("containers name the driver: --volume-driver and --mount", async () => {
  await engine.ok("run", "--rm", "--network", "none", "--volume-driver", "vault", "-v", "two:/x", BUSYBOX, "touch", "/x/f");
  await engine.ok("run", "--rm", "--network", "none", "--mount", "type=volume,src=three,dst=/x,volume-driver=vault,volume-opt=size=1", BUSYBOX, "touch", "/x/f");
  expect(asked("Create").map(({ Name, Opts }) => [Name, Opts])).toEqual([["two", null], ["three", { size: "1" }]]);
  expect(readdirSync(join(folder, "volumes")).sort()).toEqual(["three", "two"]);
  const id = await engine.ok("create", "-v", "two:/x", BUSYBOX, "true");
  expect(JSON.parse(await engine.ok("inspect", "-f", "{{json .Mounts}}", id))).toEqual([{ Type: "volume", Name: "two", Source: "", Destination: "/x", Driver: "vault", Mode: "z", RW: true, Propagation: "" }]);
  expect(await refusal("volume", "rm", "two")).toBe(`Error response from daemon: remove two: volume is in use - [${id}]`);
  await engine.ok("rm", id);
});

test("files go in and out of a container at rest, and a new one's image content into the volume", async () => {
  await create("four");
  asked();
  await engine.ok("create", "--name", "resting", "-v", "four:/etc", BUSYBOX, "true");
  expect(existsSync(join(folder, "volumes", "four", "passwd"))).toBe(true);
  const target = join(engine.runRoot, "copied");
  await engine.ok("cp", "resting:/etc/passwd", target);
  expect(existsSync(target)).toBe(true);
  await engine.ok("rm", "resting");
  expect(asked("Mount", "Unmount").map(({ method }) => method)).toEqual(["VolumeDriver.Mount", "VolumeDriver.Unmount", "VolumeDriver.Mount", "VolumeDriver.Unmount"]);
});

test("a plugin's failures are told in Docker's words", async () => {
  expect(await refusal("volume", "create", "-d", "vault", "fails-Create")).toBe("Error response from daemon: create fails-Create: no room for it");
  expect(await refusal("volume", "create", "-d", "vault", "breaks-Create")).toBe("Error response from daemon: create breaks-Create: VolumeDriver.Create: out of order");
  expect(await refusal("volume", "create", "-d", "local", "two")).toBe("Error response from daemon: create two: driver 'vault' already has volume 'two': volume name must be unique");
  await create("fails-Mount");
  expect(await refusal("run", "--rm", "-v", "fails-Mount:/x", BUSYBOX, "true")).toBe("hako: Error response from daemon: error while mounting volume '': no room for it");
  await create("breaks-Mount");
  expect(await refusal("run", "--rm", "-v", "breaks-Mount:/x", BUSYBOX, "true")).toBe("hako: Error response from daemon: error while mounting volume '': VolumeDriver.Mount: out of order");
  expect(asked("Unmount")).toEqual([]);
  await create("fails-Remove");
  expect(await refusal("volume", "rm", "fails-Remove")).toBe("Error response from daemon: remove fails-Remove: no room for it");
  await create("fails-Unmount");
  await engine.ok("run", "--rm", "--network", "none", "-v", "fails-Unmount:/x", BUSYBOX, "true");
  for (const kind of ["NotThere", "a/b"]) expect(await refusal("volume", "create", "-d", kind, "ab")).toBe(`Error response from daemon: create ab: error looking up volume plugin ${kind}: plugin "${kind}" not found`);
});

test("every mount has its unmount, though the engine is killed", async () => {
  const runIn = (name: string): Promise<string> => engine.ok("run", "-d", "--network", "none", "-v", `${name}:/x`, BUSYBOX, "sleep", "1000");
  asked();
  const goesOn = await runIn("two");
  const ends = await runIn("two");
  const pid = Number(await engine.ok("inspect", "-f", "{{.State.Pid}}", ends));
  await engine.kill9();
  process.kill(pid, "SIGKILL");
  await engine.ended(ends);
  await engine.start();
  await until(() => readFileSync(join(folder, "calls"), "utf8").includes("VolumeDriver.Unmount"));
  const before = asked("Mount", "Unmount");
  expect(before.map(({ method, ID }) => [method, ID])).toEqual([["VolumeDriver.Mount", goesOn], ["VolumeDriver.Mount", ends], ["VolumeDriver.Unmount", ends]]);
  expect(JSON.parse(await engine.ok("inspect", "-f", "{{json .Mounts}}", goesOn))).toMatchObject([{ Driver: "vault", Name: "two", Source: join(folder, "volumes", "two") }]);
  await engine.ok("start", ends);
  await engine.ok("rm", "-f", goesOn, ends);
  const after = asked("Mount", "Unmount").map(({ method, ID }) => `${method.slice("VolumeDriver.".length)} ${ID}`);
  expect(after.sort()).toEqual([`Mount ${ends}`, `Unmount ${ends}`, `Unmount ${goesOn}`].sort());
});

test("a plugin that hangs holds up only whoever needs it", async () => {
  await create("hangs-Mount");
  const waiting = engine.live("run", "--rm", "-v", "hangs-Mount:/x", BUSYBOX, "true");
  await until(() => readFileSync(join(folder, "calls"), "utf8").includes('"VolumeDriver.Mount","Name":"hangs-Mount"'));
  expect(await engine.ok("run", "--rm", "--network", "none", "-v", "two:/x", BUSYBOX, "ls", "/x")).toBe("f");
  expect(await engine.ok("volume", "ls", "-q", "--filter", "name=two")).toBe("two");
  // The plugin goes: what was asked of it fails, and the engine, started anew, has nothing mounted.
  await engine.kill9();
  waiting.signal("SIGKILL");
  await waiting.exited;
  await engine.start();
  expect(await engine.ok("ps", "-a", "--format", "{{.Status}}")).toMatch(/^(Created)?$/);
  await engine.clear();
});

test("a plugin that listens elsewhere, as a .spec or .json file says", async () => {
  const plugins = join(engine.runRoot, "plugins");
  const elsewhere = join(engine.runRoot, "elsewhere.sock");
  const second = await startPlugin(elsewhere);
  try {
    mkdirSync(join(plugins, "depot"));
    writeFileSync(join(plugins, "depot", "depot.spec"), `unix://${elsewhere}\n`);
    writeFileSync(join(plugins, "store.json"), JSON.stringify({ Name: "store", Addr: `unix://${elsewhere}` }));
    writeFileSync(join(plugins, "broken.json"), "{");
    for (const driver of ["depot", "store"]) {
      await engine.ok("volume", "create", "-d", driver, `of-${driver}`);
      await engine.ok("volume", "rm", `of-${driver}`);
    }
    expect(await refusal("volume", "create", "-d", "broken", "ab")).toContain("of plugin \"broken\" is no JSON");
  } finally {
    second.signal("SIGKILL");
    await second.exited;
    for (const name of ["depot", "store.json", "broken.json"]) rmSync(join(plugins, name), { recursive: true });
  }
});
