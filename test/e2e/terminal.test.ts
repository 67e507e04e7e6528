import { afterAll, beforeAll, expect, test } from "bun:test";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const DETACH = "\x10\x11"; // ctrl-p ctrl-q

test("run -it is a terminal of the client's size", async () => {
  using terminal = engine.terminal("run", "-it", "--rm", BUSYBOX, "sh");
  await terminal.until("# ");
  terminal.write("tty; stty size; echo term=$TERM\n");
  await terminal.until("term=xterm");
  expect(terminal.output).toContain("/dev/pts/0");
  expect(terminal.output).toContain("24 80");
  terminal.write("exit 5\n");
  expect(await terminal.exitCode()).toBe(5);
});

test("a resize of the client's terminal reaches the container", async () => {
  using terminal = engine.terminal("run", "-it", "--rm", BUSYBOX, "sh");
  await terminal.until("# ");
  terminal.resize(120, 40);
  terminal.write("while [ \"$(stty size)\" != '40 120' ]; do sleep 0.05; done; echo resi''zed\n");
  await terminal.until("resized");
  terminal.write("exit\n");
  expect(await terminal.exitCode()).toBe(0);
});

test("ctrl-c interrupts the command, not the client", async () => {
  using terminal = engine.terminal("run", "-it", "--rm", BUSYBOX, "sh");
  await terminal.until("# ");
  terminal.write("echo wait''ing; cat\n");
  await terminal.until("waiting");
  terminal.write("here\n");
  // The terminal's echo, and the command's own.
  await terminal.until("here\r\nhere\r\n");
  terminal.write("\x03");
  // A shell that prompts takes what was typed before for waste.
  await terminal.until(/\^C\r\n.*# /);
  terminal.write("echo still''here\n");
  await terminal.until("stillhere");
  terminal.write("exit\n");
  await terminal.exitCode();
});

test("ctrl-p ctrl-q detaches and attach comes back", async () => {
  using first = engine.terminal("run", "-it", "--name", "detached", BUSYBOX, "sh");
  await first.until("# ");
  first.write("kept=yes\n");
  first.write(DETACH);
  expect(await first.exitCode()).toBe(0);
  expect(await engine.ok("ps", "-q", "--filter", "name=detached")).not.toBe("");

  using second = engine.terminal("attach", "detached");
  second.write("echo kept=$kept.\n");
  await second.until("kept=yes.");
  second.write("exit 6\n");
  expect(await second.exitCode()).toBe(6);
  await engine.ok("rm", "detached");
});

test("--detach-keys replaces the sequence", async () => {
  using terminal = engine.terminal("run", "-it", "--name", "keys", "--detach-keys", "ctrl-x,d", BUSYBOX, "sh");
  await terminal.until("# ");
  terminal.write("\x18d");
  expect(await terminal.exitCode()).toBe(0);
  await engine.ok("rm", "-f", "keys");
});

test("exec -it has a terminal of its own", async () => {
  await engine.ok("run", "-d", "--name", "host", BUSYBOX, "sleep", "100");
  using terminal = engine.terminal("exec", "-it", "host", "sh");
  await terminal.until("# ");
  terminal.write("tty; echo user=$(id -u)\n");
  await terminal.until("user=0");
  expect(terminal.output).toContain("/dev/pts/");
  terminal.write("exit 9\n");
  expect(await terminal.exitCode()).toBe(9);
  await engine.ok("rm", "-f", "host");
});

test("-t without a terminal on stdin is refused when -i is given", async () => {
  const { code, stderr } = await engine.hakoWith({ stdin: "x" }, "run", "-it", "--rm", BUSYBOX, "true");
  expect(code).toBe(1);
  expect(stderr).toContain("the input device is not a TTY");
});

test("two clients attached to one container see the same output", async () => {
  await engine.ok("run", "-dit", "--name", "shared", BUSYBOX, "sh");
  using one = engine.terminal("attach", "shared");
  using two = engine.terminal("attach", "shared");
  // Attaching resizes the terminal, and the shell draws its prompt anew: both are there.
  await Promise.all([one.until("# "), two.until("# ")]);
  one.write("echo from''one\n");
  await Promise.all([one.until("fromone"), two.until("fromone")]);
  two.write("echo from''two\n");
  await Promise.all([one.until("fromtwo"), two.until("fromtwo")]);
  await engine.ok("rm", "-f", "shared");
});
