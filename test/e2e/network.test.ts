import { afterAll, beforeAll, expect, test } from "bun:test";
import { BUSYBOX, startEngine, type TestEngine } from "../harness.ts";

let engine: TestEngine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(async () => {
  await engine[Symbol.asyncDispose]();
});

const inspect = async (container: string, field: string): Promise<string> => await engine.ok("inspect", "--format", field, container);

test("--network none has only the loopback interface, and it is up", async () => {
  expect(await engine.ok("run", "--rm", "--network", "none", BUSYBOX, "sh", "-c", "ls /sys/class/net; ping -c 1 -W 4 127.0.0.1 | grep -c '1 packets received'")).toBe("lo\n1");
});

test("--network host is the engine's network", async () => {
  expect((await engine.ok("run", "--rm", "--network", "host", BUSYBOX, "ls", "/sys/class/net")).split("\n")).toContain("hakot0");
});

test("the default bridge gives eth0, an address, a route and reaches the gateway", async () => {
  const id = await engine.ok("run", "-d", BUSYBOX, "sleep", "1000");
  const address = await inspect(id, "{{.NetworkSettings.Networks.bridge.IPAddress}}");
  const gateway = await inspect(id, "{{.NetworkSettings.Networks.bridge.Gateway}}");
  expect(await engine.ok("exec", id, "ip", "-o", "-4", "addr", "show", "eth0")).toContain(`${address}/16`);
  expect(await engine.ok("exec", id, "ip", "route")).toContain(`default via ${gateway} dev eth0`);
  expect(await engine.ok("exec", id, "ping", "-c", "1", "-W", "2", gateway)).toContain("1 packets received");
  await engine.ok("rm", "-f", id);
});

test("two containers on the bridge reach each other, by address and not by name", async () => {
  const server = await engine.ok("run", "-d", BUSYBOX, "sh", "-c", "while :; do echo served | nc -l -p 80; done");
  const address = await inspect(server, "{{.NetworkSettings.Networks.bridge.IPAddress}}");
  expect(await engine.ok("run", "--rm", BUSYBOX, "sh", "-c", `for i in 1 2 3 4 5 6 7 8 9; do nc -w 2 ${address} 80 </dev/null && exit; sleep 0.1; done`)).toBe("served");
  await engine.ok("rm", "-f", server);
});

test("/etc/hosts, /etc/hostname and /etc/resolv.conf are the engine's", async () => {
  const text = await engine.ok("run", "--rm", "--hostname", "named", "--add-host", "other:10.9.8.7", "--dns", "192.0.2.53", BUSYBOX, "cat", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf");
  expect(text).toMatch(/127\.0\.0\.1\s+localhost/);
  expect(text).toMatch(/10\.9\.8\.7\s+other/);
  expect(text).toMatch(/\d+\.\d+\.\d+\.\d+\s+named/);
  expect(text).toContain("nameserver 192.0.2.53");
});

test("interfaces are given back", async () => {
  for (let i = 0; i < 5; i++) await engine.ok("run", "--rm", BUSYBOX, "true");
  expect(await engine.settledLeaks()).toEqual([]);
});

test("containers reach what the engine's network reaches, under its address", async () => {
  // A second namespace plays the world: it knows the engine's outer address and nothing of the containers.
  const { holder, stop } = await world();
  try {
    const result = await engine.hako("run", "--rm", BUSYBOX, "sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do nc -w 2 198.51.100.2 7000 </dev/null && exit; sleep 0.2; done; exit 1");
    expect(result.stdout).toContain("198.51.100.1");
  } finally {
    stop();
  }
  expect(holder).toBeGreaterThan(0);
});

async function world(): Promise<{ holder: number; stop: () => void }> {
  const { Live, run } = await import("../harness.ts");
  const holder = Live.spawn(["unshare", "--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"]);
  await holder.until("ready");
  const inWorld = (...command: string[]): Promise<unknown> => run(["nsenter", `--net=/proc/${holder.pid}/ns/net`, "--", ...command]);
  await engine.inNetwork("ip", "link", "add", "outer", "type", "veth", "peer", "name", "inner", "netns", String(holder.pid));
  await engine.inNetwork("ip", "addr", "add", "198.51.100.1/24", "dev", "outer");
  await engine.inNetwork("ip", "link", "set", "outer", "up");
  await inWorld("ip", "addr", "add", "198.51.100.2/24", "dev", "inner");
  await inWorld("ip", "link", "set", "inner", "up");
  // The server answers with the peer's address as it sees it.
  const server = Live.spawn(["nsenter", `--net=/proc/${holder.pid}/ns/net`, "--", "busybox", "nc", "-ll", "-p", "7000", "-e", "/bin/busybox", "sh", "-c", "busybox netstat -tn | busybox grep :7000"]);
  return {
    holder: holder.pid,
    stop: () => {
      server[Symbol.dispose]();
      holder[Symbol.dispose]();
    },
  };
}
