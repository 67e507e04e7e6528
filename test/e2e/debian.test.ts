/**
 * A real Debian root file system. The engine's network namespace reaches the world through slirp4netns, a user-mode network:
 * the host's own forwarding and firewall stay untouched.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { debianTar, openUplink } from "../debian.ts";
import { startEngine, type TestEngine } from "../harness.ts";

const IMAGE = "debian:test";

const tar = await debianTar();

describe.skipIf(!tar)("Debian", () => {
  let engine: TestEngine;
  let uplink: AsyncDisposable | undefined;
  beforeAll(async () => {
    engine = await startEngine({ busybox: false });
    await engine.importTar(tar ?? "", IMAGE, "-c", 'CMD ["bash"]');
    uplink = await openUplink(engine);
  }, 120_000);
  afterAll(async () => {
    await uplink?.[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });

  test("the image has the command of the change and the root's size", async () => {
    expect(JSON.parse(await engine.ok("image", "inspect", "--format", "{{json .Config.Cmd}}", IMAGE))).toEqual(["bash"]);
  });

  test("an interactive bash in a terminal", async () => {
    using terminal = engine.terminal("run", "-it", "--rm", "--network", "none", IMAGE);
    await terminal.until(/root@[0-9a-f]{12}:\/#/);
    terminal.write("cat /etc/debian_ver\t\n");
    await terminal.until(/12\.\d+\r/);
    terminal.write("sleep 100 &\njobs\n");
    await terminal.until("Running");
    terminal.write("kill %1; exit 4\n");
    expect(await terminal.exitCode()).toBe(4);
  });

  test("a user who is not root", async () => {
    const { stdout, code } = await engine.hako("run", "--rm", "--network", "none", "-u", "www-data", IMAGE, "bash", "-c", "id -un; touch /x || echo refused; touch /tmp/x && echo made");
    expect(stdout).toBe("www-data\nrefused\nmade\n");
    expect(code).toBe(0);
  });

  test("setuid programs and file modes of the tar are kept", async () => {
    expect(await engine.ok("run", "--rm", "--network", "none", IMAGE, "stat", "-c", "%a %U %n", "/usr/bin/su", "/tmp", "/etc/shadow")).toBe("4755 root /usr/bin/su\n1777 root /tmp\n640 root /etc/shadow");
  });

  test.skipIf(!Bun.which("slirp4netns"))("apt-get update and install through NAT, then nginx under load", async () => {
    await engine.ok("run", "-d", "--name", "web", IMAGE, "sleep", "100000");
    const reachable = await engine.hakoWith({ timeoutMs: 90_000 }, "exec", "web", "apt-get", "-q", "update");
    if (reachable.code !== 0 || /Failed to fetch/.test(reachable.stderr)) {
      console.warn(`the package archive does not answer, left out: ${reachable.stderr.slice(-300)}`);
      await engine.ok("rm", "-f", "web");
      return;
    }
    const installed = await engine.hakoWith({ timeoutMs: 180_000 }, "exec", "-e", "DEBIAN_FRONTEND=noninteractive", "web", "apt-get", "-q", "install", "-y", "--no-install-recommends", "nginx-light");
    expect(installed.stderr.slice(-500) + installed.code).toEndWith("0");
    await engine.ok("exec", "-d", "web", "nginx", "-g", "daemon off;");
    const address = await engine.ok("inspect", "--format", "{{.NetworkSettings.Networks.bridge.IPAddress}}", "web");
    expect(await served(address, 2000)).toBe(2000);
    // A crash of the engine is not felt by the service.
    const load = served(address, 3000);
    await engine.restart();
    expect(await load).toBe(3000);
    await engine.ok("rm", "-f", "web");
  }, 300_000);

  /** How many of `count` requests to the server were answered with 200. */
  async function served(address: string, count: number): Promise<number> {
    const client = `let ok = 0;
      for (let tries = 0; tries < 1000; tries++) { try { await fetch("http://${address}/"); break; } catch { await Bun.sleep(50); } }
      await Promise.all(Array.from({ length: 16 }, async (_, lane) => { for (let i = lane; i < ${count}; i += 16) if ((await fetch("http://${address}/")).status === 200) ok++; }));
      console.log(ok);`;
    const { stdout } = await engine.inNetwork(process.execPath, "-e", client);
    return Number(stdout);
  }
});
