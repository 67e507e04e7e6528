/** `hako debug`: a toolbox in the namespaces of a container that has no tools. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BUSYBOX, Live, startEngine, type TestEngine } from "../harness.ts";
import { tarFolder } from "../images.ts";

describe("debug", () => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine();
    // Distroless: one program that serves, no shell.
    const root = join(engine.runRoot, "distroless");
    mkdirSync(join(root, "app"), { recursive: true });
    copyFileSync(Bun.which("busybox") ?? "", join(root, "app/busybox"));
    writeFileSync(join(root, "app/hello"), "answer\n");
    await tarFolder(root, join(engine.runRoot, "distroless.tar"));
    await engine.importTar(join(engine.runRoot, "distroless.tar"), "distroless:1");
  }, 120_000);
  afterAll(async () => engine[Symbol.asyncDispose](), 60_000);

  afterEach(async () => engine.clear());

  const serve = async (name: string, ...flags: string[]): Promise<void> => void (await engine.ok("run", "-d", "--name", name, ...flags, "distroless:1", "/app/busybox", "httpd", "-f", "-p", "8080", "-h", "/app"));
  const debug = (...args: string[]): Promise<string> => engine.ok("debug", "--image", BUSYBOX, ...args);

  test("sees the container's processes, network and files, and changes nothing of it", async () => {
    await serve("plain");
    expect(await debug("plain", "ps", "-o", "pid,args")).toMatch(/^ *1 \/app\/busybox httpd/m);
    expect(await debug("plain", "wget", "-qO-", "http://127.0.0.1:8080/hello")).toBe("answer");
    expect(await debug("plain", "ls", "/target/app")).toBe("busybox\nhello");
    expect(await engine.ok("ps", "-a", "--filter", "label=hako.debug", "--format", "{{.Names}}")).toBe("");
    expect(await engine.ok("diff", "plain")).toBe("");
  });

  test("joins what the container itself shares with others", async () => {
    await serve("plain");
    await serve("joined", "--pid", "container:plain", "--network", "none", "--ipc", "shareable");
    expect(await debug("joined", "ls", "/target/app")).toBe("busybox\nhello");
    expect(await debug("joined", "ls", "/sys/class/net")).toBe("lo");
  });

  test("is a shell in a terminal when no command is named", async () => {
    await serve("plain");
    using terminal = Live.terminal(engine.command("debug", "--image", BUSYBOX, "plain"));
    await terminal.until("# ");
    terminal.write("cat /target/proc/1/cmdline | tr '\\0' ' '; exit 7\n");
    expect(await terminal.exitCode()).toBe(7);
    expect(terminal.output).toContain("/app/busybox httpd");
  });

  test("says what to do with a container that does not run", async () => {
    await engine.ok("create", "--name", "still", "distroless:1", "/app/busybox");
    expect(await engine.hako("debug", "still")).toEqual({ code: 1, stdout: "", stderr: "container still is not running, there are no processes to look at: hako start still, or look at its files with hako cp, hako diff and hako explain\n" });
    expect((await engine.hako("debug", "nosuch")).stderr).toBe("Error response from daemon: No such container: nosuch\n");
  });
});
