/** How long a plugin is waited for, and what is said of one that does not answer as it should. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { VolumePlugins } from "../../src/volume/mod.ts";
import { scratchFolder } from "../scratch.ts";

const folder = scratchFolder();
const log: string[] = [];
const patience = { retryMs: 300, firstPauseMs: 20, longMs: 200, shortMs: 100 };
const plugins = (): VolumePlugins => new VolumePlugins({ folders: { sockets: [folder], specs: [folder] }, patience, log: (sentence) => log.push(sentence) });

type Answer = (method: string) => Response | Promise<Response>;
const running: { stop(): void }[] = [];

/** A plugin of this process: it activates, and answers what it is told to. */
function serve(name: string, answer: Answer): void {
  const server = Bun.serve({ unix: join(folder, `${name}.sock`), fetch: (request) => (request.url.endsWith("/Plugin.Activate") ? Response.json({ Implements: ["VolumeDriver"] }) : answer(new URL(request.url).pathname.slice(1))) });
  running.push({ stop: () => void server.stop(true) });
}

beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => {
  for (const server of running) server.stop();
  rmSync(folder, { recursive: true });
});

const volume = { name: "v1", options: {} };

test("one that hangs is given up", async () => {
  serve("hangs", () => new Promise(() => undefined));
  const driver = await plugins().get("hangs");
  await expect(driver.unmount(volume, "use")).rejects.toThrow('Post "http://plugin.moby.localhost/VolumeDriver.Unmount": context deadline exceeded');
  await expect(driver.mount(volume, "use")).rejects.toThrow("error while mounting volume '': Post \"http://plugin.moby.localhost/VolumeDriver.Mount\": context deadline exceeded");
});

test("one whose socket nobody serves is tried again, with pauses that double, and then given up", async () => {
  const path = join(folder, "dead.sock");
  const dead = Bun.spawn([process.execPath, "-e", `Bun.serve({ unix: ${JSON.stringify(path)}, fetch: () => new Response() }); console.log("ready")`], { stdout: "pipe" });
  await dead.stdout.getReader().read();
  dead.kill("SIGKILL");
  await dead.exited;
  log.length = 0;
  const error = await plugins().get("dead").catch((reason: Error) => reason.message);
  expect(error).toBe(`error looking up volume plugin dead: Post "http://plugin.moby.localhost/Plugin.Activate": dial unix ${path}: connect: connection refused`);
  expect(log.map((line) => /retrying in (\S+)s/.exec(line)?.[1])).toEqual(["0.02", "0.04", "0.08", "0.16"].slice(0, log.length));
  expect(log.length).toBeGreaterThanOrEqual(2);
});

test("answers that are none", async () => {
  let next = Response.json({});
  serve("odd", () => next);
  const driver = await plugins().get("odd");
  const told = async (response: Response): Promise<string> => {
    next = response;
    return await driver.remove(volume).then(() => "done", (error: Error) => error.message);
  };
  expect(await told(Response.json({}))).toBe("done");
  expect(await told(Response.json({ Err: "no" }))).toBe("no");
  expect(await told(Response.json({ Err: "no" }, { status: 500 }))).toBe("VolumeDriver.Remove: no");
  expect(await told(new Response("plain\n", { status: 404 }))).toBe("VolumeDriver.Remove: plain");
  expect(await told(new Response("[1]"))).toBe("VolumeDriver.Remove: the plugin's answer is no JSON object");
  expect(await told(new Response("x".repeat(5 * 1024 * 1024)))).toBe("the plugin's answer is too long");
  expect(await told(new Response("", { status: 302, headers: { Location: "http://127.0.0.1:1/" } }))).toBe("VolumeDriver.Remove: ");
  next = Response.json({ Mountpoint: "relative" });
  await expect(driver.mount(volume, "use")).rejects.toThrow("gave no path");
  next = Response.json({ Volumes: [null, 1, { Name: 5 }, { Name: "ok", Mountpoint: 7 }] });
  expect(await driver.list()).toEqual([{ name: "ok", mountpoint: "", createdAt: "", status: undefined }]);
  next = Response.json({ Volume: "nonsense" });
  expect(await driver.get("v1")).toBeUndefined();
  next = new Response("no", { status: 500 });
  expect(await driver.scope()).toBe("local");
});

test("a plugin of another kind is no volume driver, and neither is a file or a name with a path in it", async () => {
  const server = Bun.serve({ unix: join(folder, "network.sock"), fetch: () => Response.json({ Implements: ["NetworkDriver"] }) });
  running.push({ stop: () => void server.stop(true) });
  writeFileSync(join(folder, "file.sock"), "");
  writeFileSync(join(folder, "bad.spec"), "ftp://x");
  const failure = (name: string): Promise<string> => plugins().get(name).then(() => "", (error: Error) => error.message);
  expect(await failure("network")).toBe("error looking up volume plugin network: plugin does not implement the requested driver");
  expect(await failure("file")).toBe('error looking up volume plugin file: plugin "file" not found');
  expect(await failure("../hangs")).toBe('error looking up volume plugin ../hangs: plugin "../hangs" not found');
  expect(await failure("bad")).toContain('has an address that is none: "ftp://x"');
});
